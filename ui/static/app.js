// All wiring of the page: server → model → components, components' wishes → server. One frame loop
// draws everything; between two frames only the model changes.

/** @import { Telemetry } from "./lib/types.js" */
import { Devices } from "./components/devices.js";
import { Journal } from "./components/journal.js";
import { LoadPanel } from "./components/load.js";
import { Losses } from "./components/losses.js";
import { Masthead } from "./components/masthead.js";
import { Meters } from "./components/meters.js";
import { Notices } from "./components/notices.js";
import { Overlay } from "./components/overlay.js";
import { Parameters } from "./components/parameters.js";
import { Reload } from "./components/reload.js";
import { byId } from "./lib/dom.js";
import { Model } from "./lib/model.js";
import { Socket } from "./lib/socket.js";
import { decode } from "./lib/telemetry.js";
import { Writes } from "./lib/writes.js";

/** Counters without a place in the telemetry are read this often; it also finds a dead line. */
const STATUS_MS = 5000;
/** Figures that change with every snapshot are written ten times a second: faster cannot be read. */
const FIGURES_MS = 100;

const model = new Model();
const socket = new Socket(new URL(location.href));
const writes = new Writes((id, value) => ask("set_param", { id, value }));

const meters = new Meters(byId("meters"));
const parameters = new Parameters(byId("parameters"));
const panels = [
  new Masthead(byId("masthead")), new Notices(byId("notices")), new Reload(byId("reload")),
  new Devices(byId("devices")), new Journal(byId("journal")), new Overlay(byId("overlay")),
];
const figures = [new LoadPanel(byId("load")), new Losses(byId("losses"))];

/** @type {Telemetry|null} what arrived since the last frame */
let fresh = null;
let dirty = true;
let lastFrame = performance.now();
let lastFigures = 0;

/** A request whose refusal is told in the journal. @param {string} method @param {object} [params] */
async function ask(method, params) {
  try {
    return await socket.request(method, params);
  } catch (error) {
    model.log({ level: "error", message: `${method}: ${error instanceof Error ? error.message : error}` });
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

async function readStatus() {
  model.status(await socket.request("status"));
  meters.setRate(model.audio?.engine_rate ?? 48000);
  changed();
}

async function readParams() {
  model.params = await socket.request("params");
  changed();
}

/** A read that fails fails with the line, which says so itself. @param {() => Promise<void>} read */
const quietly = (read) => void read().catch(() => {});

/** @type {Record<string, (params: any) => void>} */
const notifications = {
  event: (event) => {
    model.event(event);
    if (event.event === "audio_started") meters.setRate(event.engine_rate);
  },
  param: (echo) => model.param(echo),
  params_changed: () => quietly(readParams),
  reset_clips: () => meters.reset(),
  log: (line) => model.log(line),
  state: (state) => model.state(state),
};

socket.addEventListener("connection", (event) => {
  model.connected(/** @type {CustomEvent} */ (event).detail);
  changed();
  if (model.connection !== "connected") return;
  quietly(readStatus);
  quietly(readParams);
});

socket.addEventListener("notification", (event) => {
  const { method, params } = /** @type {CustomEvent} */ (event).detail;
  notifications[method]?.(params);
  changed();
});

socket.addEventListener("telemetry", (event) => {
  const snapshot = decode(/** @type {CustomEvent} */ (event).detail);
  if (!snapshot) return;
  if (snapshot.running !== model.telemetry?.running) dirty = true;
  model.snapshot(snapshot);
  fresh = snapshot;
});

/** What components wish for, by the name of their event. @type {Record<string, (detail: any) => void>} */
const wishes = {
  set: ({ id, value }) => writes.set(id, value),
  bypass: ({ on }) => void ask("bypass", { on }).catch(() => {}),
  mute: ({ on }) => void ask("mute", { on }).catch(() => {}),
  "reset-clips": () => void ask("reset_clips").catch(() => {}),
  dismiss: () => changed(),
};
for (const [name, act] of Object.entries(wishes)) {
  document.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
}

/** @param {number} now ms */
function frame(now) {
  requestAnimationFrame(frame);
  const seconds = Math.max(0, now - lastFrame) / 1000;
  lastFrame = now;
  meters.draw(fresh, seconds);
  fresh = null;
  if (now - lastFigures >= FIGURES_MS) {
    lastFigures = now;
    for (const panel of figures) panel.draw(model);
  }
  if (dirty) {
    dirty = false;
    for (const panel of panels) panel.draw(model);
    parameters.draw(model.params);
  }
  socket.credit();
}

setInterval(() => model.connection === "connected" && !document.hidden && quietly(readStatus), STATUS_MS);
changed();
socket.connect();
requestAnimationFrame(frame);
