// All wiring of the page: server → model → components, components' wishes → server. One frame loop
// draws everything; between two frames only the model changes.

/** @import { Probed, Telemetry } from "./lib/types.js" */
/** @import { Wish } from "./lib/undo.js" */
/** @typedef {{ method: string, params: object, key: string, tell: (message: string) => void }} SourceWish */
import { Audit } from "./components/audit.js";
import { Devices } from "./components/devices.js";
import { Health } from "./components/health.js";
import { Help } from "./components/help.js";
import { GenerationHistory } from "./components/history.js";
import { Journal } from "./components/journal.js";
import { Keyboard } from "./components/keyboard.js";
import { Levels } from "./components/levels.js";
import { LoadPanel } from "./components/load.js";
import { Losses } from "./components/losses.js";
import { LoudnessPanel } from "./components/loudness.js";
import { Masthead } from "./components/masthead.js";
import { Notices } from "./components/notices.js";
import { Overlay } from "./components/overlay.js";
import { Parameters } from "./components/parameters.js";
import { Presets } from "./components/presets.js";
import { Probes } from "./components/probes.js";
import { Rack } from "./components/rack.js";
import { Reload } from "./components/reload.js";
import { Drop } from "./components/sources/drop.js";
import { Sources } from "./components/sources/sources.js";
import { StereoPanel } from "./components/stereo.js";
import { Viewdeck } from "./components/viewdeck.js";
import { createViews } from "./components/views/index.js";
import { byId } from "./lib/dom.js";
import { Model } from "./lib/model.js";
import { Notes } from "./lib/notes.js";
import { Poll } from "./lib/poll.js";
import { RpcError, Socket } from "./lib/socket.js";
import { Subscriptions } from "./lib/subscriptions.js";
import { clamp } from "./lib/scale.js";
import { unfit } from "./lib/sources.js";
import { decode } from "./lib/telemetry.js";
import { Undo } from "./lib/undo.js";
import { upload } from "./lib/upload.js";
import { Writes } from "./lib/writes.js";

/** Counters without a place in the telemetry are read this often; it also finds a dead line. */
const STATUS_MS = 5000;
/** And this often while the inputs' clocks are in view. */
const CLOCKS_MS = 1000;
/** Figures that change with every snapshot are written ten times a second: faster cannot be read. */
const FIGURES_MS = 100;
/** Losses have their time in the status: it is asked for soon, but not for each. */
const LOSSES_MS = 500;
const UNKNOWN_METHOD = -32601;
/** Errors that time mends: an answer that is not there yet, a line that comes back. */
const NOT_YET = [-32002, 0];

const model = new Model();
const socket = new Socket(new URL(location.href));
const writes = new Writes((/** @type {number} */ id, /** @type {number} */ value) => told(socket.request("set_param", { id, value }), (message) => parameters.refuse(id, message)));
/** A strip's wishes: of those of one kind only the newest waits. */
const mixing = new Writes((/** @type {string} */ _key, /** @type {SourceWish} */ { method, params, tell }) => told(socket.request(method, params), tell));
const undo = new Undo(() => model.params.map(({ id, value }) => ({ id, value })));
const notes = new Notes((note) => socket.request("note", note));
const poll = new Poll();
/** A server without views draws none of them. */
const subscriptions = new Subscriptions((views) => void socket.request("subscribe", { views }).catch(() => {}));

const levels = new Levels(byId("levels-input"), byId("levels-output"));
const loudness = new LoudnessPanel(byId("loudness"));
const stereo = new StereoPanel(byId("stereo"));
/** The page's views register here. */
const views = new Viewdeck(byId("views"));
const sources = new Sources();
const drop = new Drop(byId("uploads"));
const parameters = new Parameters(byId("parameters"));
const keyboard = new Keyboard(byId("keyboard"));
const presets = new Presets(byId("presets"));
const probes = new Probes(byId("probes"));
const masthead = new Masthead(byId("masthead"));
new Rack(byId("engine"), "Engine");
const devices = new Devices(byId("devices"));
const panels = [
  masthead, new Notices(byId("notices")), new Reload(byId("reload")),
  devices, new Journal(byId("journal")), new Overlay(byId("overlay")),
  new GenerationHistory(byId("history")), new Audit(byId("audit")), keyboard, presets, sources,
];
const help = new Help(byId("help"));
const load = new LoadPanel(byId("load"));
const figures = [load, new Losses(byId("losses")), new Health(byId("health"))];

/** @type {Telemetry|null} what arrived since the last frame */
let fresh = null;
/** @type {Probed|null} what the plugin told since the last frame */
let probed = null;
let dirty = true;
let lastFrame = performance.now();
let lastFigures = 0;
let lastStatus = 0;
let readable = true;

/** What the server has against a wish is told where the wish was made; nothing when it came true. @param {Promise<unknown>} wish @param {(message: string) => void} tell */
function told(wish, tell) {
  return wish.then(() => tell(""), (error) => tell(messageOf(error)));
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** A request whose refusal is told in the journal. @param {string} method @param {object} [params] */
async function ask(method, params) {
  try {
    return await socket.request(method, params);
  } catch (error) {
    model.log({ level: "error", message: `${method}: ${messageOf(error)}` });
    changed();
    throw error;
  }
}

/** The model has news: the next frame draws them; the title cannot wait, a hidden page has no frames. */
function changed() {
  dirty = true;
  const trouble = model.trouble();
  const name = model.plugin?.name ?? "Retake";
  const title = trouble ? `✕ ${trouble} · ${name}` : model.plugin ? `${name} · Retake` : name;
  if (document.title !== title) document.title = title;
  document.body.dataset.connection = model.connection;
}

/** @param {number} rate frames per second of the engine */
function setRate(rate) {
  levels.setRate(rate);
  views.setRate(rate);
}

async function readStatus() {
  lastStatus = performance.now();
  model.status(await socket.request("status"));
  if (model.audio) setRate(model.audio.engine_rate);
  changed();
}

async function readParams() {
  model.params = await socket.request("params");
  changed();
}

async function readPresets() {
  model.presets = (await socket.request("presets")).presets;
  changed();
}

async function readProbes() {
  try {
    probed = await socket.request("probes");
    poll.answered();
  } catch (error) {
    poll.answered(error instanceof RpcError && error.code === UNKNOWN_METHOD);
  }
}

/** Everything that belongs to one generation of the plugin. */
function readPlugin() {
  poll.renew();
  probes.renew();
  quietly(readStatus);
  quietly(readPresets);
}

/** A read that fails fails with the line, which says so itself. @param {() => Promise<void>} read */
const quietly = (read) => void read().catch(() => {});

/** @type {Record<string, (params: any) => void>} */
const notifications = {
  event: (event) => {
    if (model.hasOtherInputs(event)) quietly(readStatus);
    model.event(event);
    if (event.event === "audio_started") {
      setRate(event.engine_rate);
      quietly(readStatus);
    }
    if (["reloaded", "restarted", "promoted"].includes(event.event)) readPlugin();
  },
  param: (echo) => model.param(echo),
  params_changed: () => quietly(readParams),
  presets_changed: () => quietly(readPresets),
  note: (note) => model.note(note),
  reset_clips: () => levels.reset(),
  reset_loudness: () => loudness.reset(),
  log: (line) => model.log(line),
  state: (state) => model.state(state),
};

socket.addEventListener("connection", (event) => {
  model.connected(/** @type {CustomEvent} */ (event).detail);
  changed();
  if (model.connection !== "connected") return loudness.forget();
  notes.connected();
  subscriptions.renew();
  sources.renew();
  readable = true;
  readPlugin();
  quietly(readParams);
});

socket.addEventListener("notification", (event) => {
  const { method, params } = /** @type {CustomEvent} */ (event).detail;
  notifications[method]?.(params);
  changed();
});

/** A snapshot that is cut or of another version: said once per line, there may be sixty a second. */
function unreadable() {
  if (!readable) return;
  readable = false;
  model.log({ level: "warning", message: "The server sends telemetry that this page cannot read; it is left out." });
  changed();
}

socket.addEventListener("telemetry", (event) => {
  const snapshot = decode(/** @type {CustomEvent} */ (event).detail);
  if (!snapshot) return unreadable();
  if (snapshot.running !== model.telemetry?.running) dirty = true;
  model.snapshot(snapshot);
  fresh = snapshot;
  if (model.hasNewLosses() && performance.now() - lastStatus > LOSSES_MS) quietly(readStatus);
});

/** A value as it was typed: only the plugin knows how to read it. @param {number} id @param {string} text */
async function enter(id, text) {
  try {
    const { value } = await socket.request("text_to_value", { id, text });
    parameters.ask(id, value);
  } catch (error) {
    parameters.refuse(id, messageOf(error), text);
  }
}

/** A hand takes hold of a parameter, or lets go; what it moved comes before that on the line. @param {{ id: number, on: boolean, value?: number }} what */
function gesture({ id, on, value }) {
  if (on) undo.begin(id, value ?? NaN);
  else undo.end(id);
  if (!on) writes.flush(id);
  // A server that is gone needs no word of it.
  void socket.request("gesture", { id, on }).catch(() => {});
  undoable();
}

function undoable() {
  parameters.undoable(undo.steps, undo.future.length);
}

/** What moves many parameters at once, as one step. @param {string} method @param {object} [params] */
async function step(method, params) {
  const before = undo.before();
  const answer = await socket.request(method, params);
  undo.mark(before);
  undoable();
  return answer;
}

/** A step back or forth; what the plugin does not have any more is left out. @param {Wish[]} step */
function move(step) {
  for (const { id, value } of step) {
    const info = model.params.find((param) => param.id === id);
    if (info) writes.set(id, clamp(value, info.min, info.max));
  }
  undoable();
}

/** A place in the source, in the editor. @param {{ file: string, line: number, tell: (message: string) => void }} place */
async function open({ file, line, tell }) {
  try {
    const answer = await fetch("/open", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ file, line }),
    });
    tell(answer.ok ? "" : answer.status === 403 ? "not authorised" : (await answer.text()).trim());
  } catch {
    tell("the server is away");
  }
}

/** @param {string} method @param {string} name */
async function preset(method, name) {
  try {
    const asked = method === "recall_preset" ? step(method, { name }) : socket.request(method, { name });
    presets.done(method, (await asked).name);
  } catch (error) {
    presets.refuse(messageOf(error));
  }
}

/** Pictures of files come one after the other: they are long. */
let pictures = Promise.resolve();

/** A file's extremes. @param {{ id: number, from: number, to: number, n: number, tell: (reply: any, refusal?: string) => void }} wish */
function picture({ id, from, to, n, tell }) {
  pictures = pictures.then(() => socket.request("waveform", { id, from, to, n })).then(tell, (error) => {
    const mends = error instanceof RpcError && NOT_YET.includes(error.code);
    tell(null, mends ? "" : messageOf(error));
  });
}

/** Files become sources, one after the other; they are seen among these. @param {File[]} files */
async function addFiles(files) {
  const waiting = files.map((file) => {
    let stop = () => {};
    const stopped = { yes: false };
    const item = drop.begin(file.name, () => {
      stopped.yes = true;
      stop();
    });
    return { file, item, stopped, began: (/** @type {() => void} */ abort) => (stop = abort) };
  });
  for (const { file, item } of waiting) if (unfit(file)) item.refuse(unfit(file));
  for (const { file, item, stopped, began } of waiting) {
    if (unfit(file)) continue;
    if (stopped.yes) item.done();
    else await send(file, item, stopped, began);
  }
}

/** @param {File} file @param {ReturnType<Drop["begin"]>} item @param {{ yes: boolean }} stopped @param {(abort: () => void) => void} began */
async function send(file, item, stopped, began) {
  const { done, abort } = upload(file, "", item.progress);
  began(abort);
  try {
    await done;
    item.done();
    views.open("sources");
  } catch (error) {
    if (stopped.yes) item.done();
    else item.refuse(messageOf(error));
  }
}

/** What components wish for, by the name of their event. @type {Record<string, (detail: any) => void>} */
const wishes = {
  gesture,
  set: ({ id, value }) => {
    undo.set(id, value);
    writes.set(id, value);
  },
  undo: () => move(undo.undo()),
  redo: () => move(undo.redo()),
  help: () => help.show(),
  open: (place) => void open(place),
  text: ({ id, text }) => void enter(id, text),
  "reset-params": () => void told(step("reset_params"), (message) => parameters.refuseReset(message)),
  note: (note) => {
    const sent = notes.play(note);
    if (note.on) void told(sent, (message) => keyboard.refuse(message));
    changed();
  },
  preset: ({ method, name }) => void preset(method, name),
  bypass: ({ on }) => void ask("bypass", { on }).catch(() => {}),
  mute: ({ on }) => void ask("mute", { on }).catch(() => {}),
  subscribe: ({ view, part }) => subscriptions.set(view, part),
  "reset-loudness": () => void ask("reset_loudness").catch(() => {}),
  "reset-clips": () => void ask("reset_clips").catch(() => {}),
  dismiss: () => changed(),
  source: (wish) => mixing.set(wish.key, wish),
  waveform: picture,
  "add-source": ({ spec, tell }) => void told(socket.request("add_source", { spec }), tell),
  "add-files": ({ files }) => void addFiles(files),
  "show-view": ({ view }) => views.open(view),
  "show-source": ({ id }) => {
    views.open("sources");
    sources.reveal(id);
  },
  request: ({ method, params, tell }) => void socket.request(method, params).then((reply) => tell("", reply), (error) => tell(messageOf(error))),
};
for (const [name, act] of Object.entries(wishes)) {
  document.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
}

/** Everything that moves with the sound. @param {Telemetry|null} snapshot what came since the last frame @param {number} seconds since then */
function drawSound(snapshot, seconds) {
  const sections = snapshot?.sections;
  levels.draw(snapshot, seconds);
  if (sections?.load) load.take(sections.load);
  if (sections?.levels) levels.truePeaks(sections.levels);
  loudness.draw(sections?.loudness, seconds);
  stereo.draw(sections?.stereo, seconds);
  views.draw(snapshot, seconds);
}

/** @param {number} now ms */
function frame(now) {
  requestAnimationFrame(frame);
  const seconds = Math.max(0, now - lastFrame) / 1000;
  lastFrame = now;
  drawSound(fresh, seconds);
  fresh = null;
  if (now - lastFigures >= FIGURES_MS) {
    lastFigures = now;
    for (const panel of figures) panel.draw(model);
    masthead.vitals.show(model);
  }
  if (model.connection === "connected" && poll.due(now, probes.any, probes.seen, views.pollMs())) void readProbes();
  if (probed) {
    probes.show(probed, now);
    views.know(probed);
  }
  probed = null;
  if (dirty) {
    dirty = false;
    for (const panel of panels) panel.draw(model);
    views.warn("sources", model.sources.some(({ state }) => state === "failed" || state === "starved"));
    parameters.draw(model.params);
  }
  if (!document.hidden) socket.credit();
}

for (const view of [...createViews(), sources]) views.register(view);
subscriptions.set("page", { levels: true, loudness: true, stereo: { points: 0 } });
subscriptions.hide(document.hidden);
document.addEventListener("visibilitychange", () => subscriptions.hide(document.hidden));
const looks = () => model.connection === "connected" && !document.hidden;
setInterval(() => looks() && quietly(readStatus), STATUS_MS);
setInterval(() => looks() && devices.seen && model.inputs.length > 0 && quietly(readStatus), CLOCKS_MS);
changed();
socket.connect();
requestAnimationFrame(frame);
