// Sources on the page: strips, pictures, loops, buses, the take, files that are dropped.

import { server } from "./fake-page.js";
import "../static/app.js";
import { Model } from "../static/lib/model.js";
import { GENERATORS, bars, exactTime, moved, readLevel, readPan, stateOf, timeOf, unfit } from "../static/lib/sources.js";
import { union } from "../static/lib/subscriptions.js";
import { decode } from "../static/lib/telemetry.js";
import { at, close, equal, test, until } from "./harness.js";
import { snapshot } from "./snapshot.js";
import { installSources, source, sourceSection } from "./stage-sources.js";

/** @param {ParentNode} root @param {string} selector @returns {HTMLElement} */
function within(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`no ${selector}`);
  return found;
}

/** @param {number} id */
const strip = (id) => at(`[data-source="${id}"]`);

/** @param {HTMLElement} element @param {string} key @param {KeyboardEventInit} [more] */
const press = (element, key, more) => element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));

const MARKUP = `${"<img src=x onerror=pwned()>&amp;".repeat(9)}`.slice(0, 251) + ".wav";

/** A server with these sources, and the page that looks at them. @param {any[]} sources @param {string} [view] */
async function stage(sources, view = "sources") {
  installSources(server, sources.map((one) => ({ ...one })));
  server.asked.length = 0;
  server.notify("event", {
    event: "reloaded", t: 1, generation: 2, first: false, plugin: server.state.plugin, save_to_sound_ms: 1, lost_frames: 0, latency_frames: 0,
    params: { carried: 2, added: 0, removed: 0, clamped: 0 },
  });
  at(`[data-view=${view}]`).click();
  await until(() => server.of("status").length > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  look();
}

/** The last strip comes into the window: what is out of it is not drawn. */
const look = () => document.querySelector("[data-source]:last-child")?.scrollIntoView();

/** Puts everything back for the tests that follow. */
async function leave() {
  server.snapshot = null;
  await stage([], "spectrum");
}

const MIC = source({ id: 0, kind: "mic", name: "Microphone", channels: 2 });
const TONE = source({ id: 2, name: MARKUP, gain_db: -20 });
const LOOP = source({ id: 5, kind: "file", name: "loop.flac", channels: 2, seconds: 24, position: 9, loop: null });

test("a source's state is told with its reason and what was missed", () => {
  const told = (/** @type {object} */ more) => stateOf(source(more));
  equal(told({}), { words: "Playing", level: "good" });
  equal(told({ paused: true, missed_frames: 1 }), { words: "Paused · 1 frame missed", level: "rest" });
  equal(told({ mute: true }), { words: "Muted", level: "rest" });
  equal(told({ counters: { underruns: 1, overruns: 0, lost_frames: 240 } }), { words: "Playing · 1 underrun, 240 frames lost", level: "warn" });
  equal(told({ state: "filling" }), { words: "Filling", level: "warn" });
  equal(told({ state: "waiting" }), { words: "Waiting for a writer", level: "warn" });
  equal(told({ state: "starved", missed_frames: 48_000, reason: "the disk is slow" }), { words: "Starved · 48\u202f000 frames missed · the disk is slow", level: "bad" });
  equal(told({ state: "eof" }), { words: "Ended", level: "rest" });
  equal(told({ state: "failed", reason: "no sound" }), { words: "Failed: no sound", level: "bad" });
});

test("levels and places are read as they are written", () => {
  equal(["-6", "\u221212.5 dB", "+3", "\u2212∞ dB", "-inf"].map(readLevel), [-6, -12.5, 3, -80, -80]);
  equal(["30 % L", "R", "centre", "-0.5", "100 R"].map(readPan), [-0.3, 1, 0, -0.5, 1]);
  for (const wrong of [readLevel("loud"), readLevel("25"), readPan("2"), readPan("200 % L")]) equal(typeof wrong, "string");
  equal([timeOf(7.36), timeOf(3601), timeOf(null), exactTime(0.9996), exactTime(61.25)], ["0:07.3", "1:00:01.0", "–", "0:01.000", "1:01.250"]);
});

test("bars begin on a bar, stay within the file, and are refused where it is too short", () => {
  equal(bars(4, 120, 9.4, 24), { from: 8, to: 16 });
  equal(bars(4, 120, 23, 24), { from: 16, to: 24 });
  equal(bars(4, 120, 0, 8), { from: 0, to: 8 });
  equal(bars(4, 120, 0, 7.9), "4 bars at 120 bpm are 0:08.0; there are 0:07.9");
});

test("the ends of a loop never cross", () => {
  equal(moved({ from: 2, to: 4 }, "from", 9, 10), { from: 3.999, to: 4 });
  equal(moved({ from: 2, to: 4 }, "to", 1, 10), { from: 2, to: 2.001 });
  equal(moved({ from: 2, to: 4 }, "to", 99, 10), { from: 2, to: 10 });
});

test("what is added by name has the server's words, and begins softly", () => {
  equal(GENERATORS.map(({ spec, field }) => spec(field?.value ?? "")), [
    "tone:997,gain=-20", "sweep,gain=-20", "noise:pink,gain=-20", "noise:white,gain=-20", "impulse", "clicks:2,gain=-6", "silence", "push:script",
  ]);
  equal([unfit({ size: 1 }), unfit({ size: 0 }), unfit({ size: 600 * 1024 * 1024 })], ["", "it is empty, or a folder", "too large: 600 MiB, at most 512 MiB"]);
});

test("the telemetry tells where each source stands and how loud it is", () => {
  const buffer = snapshot({ input: [], output: [], frames: 8, sections: [sourceSection([LOOP, { ...TONE, paused: true }], 3)] });
  const records = decode(buffer)?.sections.sources ?? [];
  equal([records.map(({ id }) => id), records[0].position, records[1].peak], [[5, 2], 3, 0]);
  close(records[0].peak, 0.2 + 0.6 * Math.exp(-5 * ((3 + 5 / 7) % 0.5)), 1e-6);
  equal(union([{ sources: true }, {}]), { sources: true });
});

test("events fold into the list: what is new, what has changed, what is gone, and buses", () => {
  const model = new Model();
  for (const one of [TONE, MIC]) model.event({ event: "source", t: 1, ...one });
  equal(model.sources.map(({ id }) => id), [0, 2]);
  model.event({ event: "source", t: 2, id: 2, state: "failed", reason: "gone", name: "tone" });
  equal(model.sources.map(({ id, state, gain_db }) => [id, state, gain_db]), [[0, "ready", 0], [2, "failed", -20]]);
  model.event({ event: "source", t: 3, id: 2, state: "failed", reason: "gone", name: "tone", gain_db: -6 });
  equal(model.journal.map(({ message }) => message), ["source 2, tone, failed: gone"], "told once");
  model.event({ event: "source_removed", t: 3, id: 2 });
  equal(model.sources.map(({ id }) => id), [0]);
  model.buses = [{ bus: "dry", gain_db: 0, mute: false, solo: false }];
  model.event({ event: "bus", bus: "dry", gain_db: null, mute: true, solo: false });
  equal([model.buses[0].gain_db, model.buses[0].mute], [null, true]);
  model.event({ event: "take", looping: { seconds: 8, source: 3, holes: 0, lost_frames: 0 } });
  equal(model.take?.looping?.seconds, 8);
  model.event({ event: "take", looping: null });
  equal(model.take?.looping, null);
});

test("strips stand in order, the live input first; a name is text", async () => {
  await stage([MIC, TONE, LOOP]);
  equal([...document.querySelectorAll("[data-source]")].map((one) => one.getAttribute("data-source")), ["0", "2", "5"]);
  equal([within(strip(2), ".source-name").textContent, document.querySelectorAll("#views img").length, strip(2).ariaLabel], [MARKUP, 0, MARKUP]);
  await stage([MIC, { ...MIC, id: 3, name: "USB" }]);
  const has = (/** @type {number} */ id) => ["play", "remove"].map((what) => strip(id).querySelector(`button.source-${what}`) !== null);
  equal([has(0), has(3), within(strip(3), ".source-mute").ariaPressed], [[false, false], [false, true], "false"], "a second one can be taken away");
  await stage([MIC, TONE, LOOP]);
  equal([within(strip(0), ".source-state").textContent, strip(0).querySelector("button.source-remove, button.source-play")], ["Live input, stereo · Playing", null]);
  equal([within(strip(2), ".source-file").hidden, within(strip(5), ".source-file").hidden], [true, false]);
  await leave();
});

test("a fader asks for its level and shows the echo; its end is silence", async () => {
  await stage([MIC, TONE]);
  const gain = within(strip(2), "[data-kind=slider] input");
  const text = () => within(strip(2), "[data-kind=slider] .parameter-text").textContent;
  equal([text(), gain.getAttribute("aria-valuetext")], ["\u221220.0 dB", "\u221220.0 dB"]);
  press(gain, "ArrowUp");
  await until(() => text() === "\u221219.5 dB");
  press(gain, "Home");
  await until(() => text() === "\u2212∞ dB");
  press(gain, "Enter");
  const field = /** @type {HTMLInputElement} */ (within(strip(2), ".entry-field"));
  field.value = "-6";
  press(field, "Enter");
  await until(() => text() === "\u22126.0 dB");
  equal(server.of("set_source"), [{ id: 2, gain_db: -19.5 }, { id: 2, gain_db: null }, { id: 2, gain_db: -6 }]);
  equal([server.of("set_param"), server.of("gesture"), server.of("text_to_value")], [[], [], []], "nothing of it goes to the plugin");
  server.methods.set_source = () => ({ refusal: { code: -32602, message: "too loud" } });
  press(gain, "End");
  await until(() => within(strip(2), ".source-error").textContent === "too loud");
  await until(() => text() === "\u22126.0 dB" && /** @type {HTMLInputElement} */ (gain).valueAsNumber < 1);
  await leave();
});

test("pan, bus, mute, pause and removal are asked for, and shown by their echo", async () => {
  await stage([MIC, TONE, LOOP]);
  press(within(strip(2), "[data-kind=knob] input"), "ArrowLeft");
  const list = /** @type {HTMLSelectElement} */ (within(strip(2), "select"));
  list.selectedIndex = 1;
  list.dispatchEvent(new Event("change", { bubbles: true }));
  const mute = within(strip(2), ".source-mute");
  mute.click();
  equal(mute.ariaPressed, "false", "asked, not shown");
  within(strip(2), ".source-play").click();
  await until(() => mute.ariaPressed === "true" && within(strip(2), ".source-play").textContent === "Play");
  equal(within(strip(2), "[data-kind=knob] .parameter-text").textContent, "5 % L");
  const remove = within(strip(2), ".source-remove");
  remove.focus();
  remove.click();
  await until(() => !document.querySelector("[data-source='2']"));
  equal(document.activeElement, within(strip(5), ".source-remove"), "the focus stands on the next");
  equal(server.asked.filter(([method]) => /source/.test(method)), [
    ["set_source", { id: 2, pan: -0.05 }], ["set_source", { id: 2, bus: "sidechain" }], ["set_source", { id: 2, mute: true }],
    ["pause_source", { id: 2, on: true }], ["remove_source", { id: 2 }],
  ]);
  await leave();
});

test("meters move with the sound; the playhead moves over a picture that is drawn once", async () => {
  let t = 1;
  await stage([MIC, LOOP]);
  server.snapshot = () => snapshot({ input: [], output: [], frames: 8, sections: [sourceSection(server.state.sources, t)] });
  // The credit that nobody answered is answered now.
  server.line?.credit();
  const wave = within(strip(5), ".wave");
  const canvas = /** @type {HTMLCanvasElement} */ (within(wave, "canvas"));
  await until(() => server.of("waveform").length > 0 && canvas.width > 0);
  await until(() => canvas.getContext("2d")?.getImageData(canvas.width >> 1, canvas.height >> 2, 1, 1).data[3]);
  const [asked] = server.of("waveform");
  equal([asked.id, asked.from, asked.to, asked.n >= Math.min(2048, canvas.width), server.of("waveform").length], [5, 0, 24, true, 1]);
  await until(() => within(wave, ".wave-head").style.transform !== "");
  const pen = CanvasRenderingContext2D.prototype;
  const { fillRect } = pen;
  let n = 0;
  pen.fillRect = function (...box) {
    if (this.canvas === canvas) n += 1;
    return fillRect.apply(this, box);
  };
  const share = () => parseFloat(within(wave, ".wave-head").style.transform.slice("translateX(".length)) / canvas.clientWidth;
  const strokes = async (/** @type {number} */ seconds) => {
    [n, t] = [0, seconds];
    await until(() => Math.abs(share() - seconds / 24) < 0.01);
    await until(() => within(strip(5), ".source-time").textContent === `0:${String(seconds).padStart(2, "0")}.0 / 0:24.0`);
    return n;
  };
  // The browser may still lay the page out anew, once; a picture that follows the playhead is drawn
  // with each of its moves.
  const drawn = [await strokes(6), await strokes(9), await strokes(12)];
  pen.fillRect = fillRect;
  equal(drawn.filter((n) => n > 0).length <= 1, true, `moves without a stroke on the picture: ${drawn}`);
  equal(within(wave, ".wave-seek").getAttribute("aria-valuetext"), "0:12.0 of 0:24.0");
  strip(0).scrollIntoView();
  await until(() => Number(within(strip(0), "[role=meter]").ariaValueNow) > -20);
  equal(within(strip(0), "[role=meter]").ariaValueText?.startsWith("peak \u2212"), true);
  await leave();
});

test("the picture is the file's: silence is a line, a full sample reaches the edge", async () => {
  await stage([MIC]);
  server.methods.waveform = ({ from, to, n }) => {
    // A click in the third quarter, one channel.
    const lane = Array.from({ length: n }, (_, i) => (i === Math.floor(0.625 * n) ? 1 : 0));
    return { from, to, channels: 1, resolution: 1, min: [lane.map((x) => -x)], max: [lane] };
  };
  server.methods.add_source({ spec: "x" });
  Object.assign(server.state.sources[1], { kind: "file", seconds: 10, name: "click.wav" });
  server.notify("event", { event: "source", ...server.state.sources[1] });
  const { id } = server.state.sources[1];
  await until(() => document.querySelector(`[data-source="${id}"] canvas`));
  look();
  const canvas = /** @type {HTMLCanvasElement} */ (within(strip(id), "canvas"));
  const lit = () => {
    const g = canvas.getContext("2d");
    const row = canvas.width > 0 && g ? g.getImageData(0, 2, canvas.width, 1).data : [];
    return Array.from({ length: canvas.width }, (_, x) => x).filter((x) => row[4 * x + 3] > 0);
  };
  await until(() => lit().length > 0);
  close(lit()[0] / canvas.width, 0.625, 2 / canvas.width);
  equal(lit().length <= 2, true, "one column, or the two that it lies between");
  await leave();
});

test("what is not known yet is asked for again; what never will be is told", async () => {
  await stage([MIC]);
  let n = 0;
  server.methods.waveform = () => (++n < 3 ? { refusal: { code: -32002, message: "not yet" } } : { refusal: { code: -32001, message: "too long for a picture" } });
  server.state.sources.push({ ...LOOP });
  server.notify("event", { event: "source", ...LOOP });
  await until(() => document.querySelector("[data-source='5']"));
  look();
  await until(() => document.querySelector("[data-source='5'] .wave-none")?.textContent === "too long for a picture");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  equal(n, 3);
  await leave();
});

/** @param {HTMLElement} element @param {string} kind @param {number} x of the picture, 0…1 */
function point(element, kind, x) {
  const { left, width, top } = within(strip(5), ".wave").getBoundingClientRect();
  element.dispatchEvent(new PointerEvent(kind, { bubbles: true, cancelable: true, button: 0, pointerId: 1, clientX: left + x * width, clientY: top + 20 }));
}

test("a press on the picture seeks, and so do keys", async () => {
  await stage([MIC, LOOP]);
  const ground = within(strip(5), ".wave-seek");
  ground.setPointerCapture = () => {};
  point(ground, "pointerdown", 0.25);
  point(ground, "pointermove", 0.5);
  point(ground, "pointerup", 0.5);
  await until(() => server.of("seek_source").length === 2);
  equal(server.of("seek_source").map(({ seconds }) => Math.round(seconds)), [6, 12]);
  press(ground, "ArrowRight");
  press(ground, "Home");
  await until(() => server.of("seek_source").length === 4);
  close(server.of("seek_source")[2].seconds, 12.24, 0.05);
  equal(server.of("seek_source")[3], { id: 5, seconds: 0 });
  await leave();
});

test("a loop is switched on, its ends are dragged and pressed, and bars follow the tempo", async () => {
  await stage([MIC, LOOP]);
  const shown = () => within(strip(5), ".source-span").textContent;
  const end = (/** @type {string} */ which) => within(strip(5), `[data-end=${which}]`);
  equal([end("from").hidden, /** @type {HTMLButtonElement} */ (within(strip(5), ".source-zoom")).disabled], [true, true]);
  within(strip(5), ".source-loop").click();
  await until(() => shown() === "0:00.000 – 0:24.000");
  end("to").setPointerCapture = () => {};
  point(end("to"), "pointerdown", 1);
  point(end("to"), "pointermove", 0.5);
  equal(end("to").ariaValueText, "0:12.000", "under the hand at once");
  point(end("to"), "pointerup", 0.5);
  await until(() => server.state.sources[1].loop.to === 12);
  press(end("from"), "ArrowRight");
  await until(() => Math.abs(server.state.sources[1].loop.from - 0.24) < 1e-9);
  press(end("from"), "ArrowRight", { shiftKey: true });
  await until(() => Math.abs(server.state.sources[1].loop.from - 0.264) < 1e-9);
  press(end("to"), "Delete");
  await until(() => shown() === "0:00.264 – 0:24.000");
  within(strip(5), ".source-loop").click();
  await until(() => server.state.sources[1].loop === null && shown() === "");
  // It stands at 9 s; a bar of 120 bpm is 2 s.
  within(strip(5), ".source-bars").click();
  await until(() => shown() === "0:08.000 – 0:16.000");
  within(strip(5), ".source-zoom").click();
  await until(() => server.of("waveform").some(({ from, to }) => Math.abs(from - 7.36) < 1e-9 && Math.abs(to - 16.64) < 1e-9));
  const ground = within(strip(5), ".wave-seek");
  ground.setPointerCapture = () => {};
  point(ground, "pointerdown", 0.5);
  point(ground, "pointerup", 0.5);
  await until(() => server.of("seek_source").length === 1);
  close(server.of("seek_source")[0].seconds, 12, 0.05);
  await leave();
});

test("a loop that the server refuses is none, and says why", async () => {
  await stage([MIC, { ...LOOP, loop: { from: 2, to: 4 } }]);
  server.methods.set_source = () => ({ refusal: { code: -32602, message: "loop end 4 s is beyond the end, 3 s" } });
  press(within(strip(5), "[data-end=to]"), "ArrowRight");
  await until(() => within(strip(5), ".source-error").textContent?.includes("beyond the end"));
  await until(() => within(strip(5), "[data-end=to]").ariaValueText === "0:04.000");
  await leave();
});

test("sources are added by name, and a refusal is told there", async () => {
  await stage([MIC]);
  const [kind, value, add] = [at("#source-kind"), at("#source-value"), at("#add-source")];
  /** @type {HTMLInputElement} */ (value).value = "x";
  add.click();
  await until(() => at("#add-error").textContent?.includes("is not a number"));
  /** @type {HTMLInputElement} */ (value).value = "440";
  add.click();
  await until(() => document.querySelectorAll("[data-source]").length === 2 && at("#add-error").textContent === "");
  /** @type {HTMLSelectElement} */ (kind).value = "pink";
  kind.dispatchEvent(new Event("change", { bubbles: true }));
  equal(value.hidden, true);
  add.click();
  await until(() => document.querySelectorAll("[data-source]").length === 3);
  equal(server.of("add_source").map(({ spec }) => spec), ["tone:x,gain=-20", "tone:440,gain=-20", "noise:pink,gain=-20"]);
  await leave();
});

test("a bus has a level, a mute and a solo", async () => {
  await stage([MIC]);
  const bus = at("[data-bus=sidechain]");
  within(bus, ".source-solo").click();
  within(bus, ".source-mute").click();
  press(within(bus, "input"), "ArrowDown");
  await until(() => within(bus, ".source-solo").ariaPressed === "true" && within(bus, ".source-mute").ariaPressed === "true");
  await until(() => within(bus, ".parameter-text").textContent === "\u22120.5 dB");
  equal(server.of("set_bus"), [{ bus: "sidechain", solo: true }, { bus: "sidechain", mute: true }, { bus: "sidechain", gain_db: -0.5 }]);
  await leave();
});

test("R loops the take and ends it, also where nobody sees it; not while a text is typed", async () => {
  await stage([MIC]);
  press(document.body, "r");
  await until(() => at("#take-said").textContent === "looping 8 s, restarts at each reload · 1 hole, 512 frames lost");
  equal([at("#take").textContent, at("#take").ariaPressed, at("#take-save").getAttribute("href")], ["Stop", "true", "/take.wav?seconds=8"]);
  const { source: id } = server.state.take.looping;
  await until(() => document.querySelector(`[data-source="${id}"] .wave`));
  const parts = [".wave-seek", "[data-end=from]"].map((part) => within(strip(id), part).hidden);
  equal([...parts, /** @type {HTMLSelectElement} */ (within(strip(id), "select")).disabled, within(strip(id), ".source-file").dataset.handles], [true, true, true, "false"]);
  press(at("#source-value"), "r");
  await new Promise((resolve) => setTimeout(resolve, 50));
  equal(server.of("take_stop"), [], "while a text is typed");
  at("[data-view=spectrum]").click();
  press(document.body, "r");
  await until(() => server.of("take_stop").length === 1);
  equal(server.of("take_loop"), [{ seconds: 8 }]);
  await leave();
});

/** A request that does what the test says. */
class FakeRequest extends EventTarget {
  /** @type {FakeRequest[]} */
  static sent = [];
  upload = new EventTarget();
  status = 0;
  responseText = "";
  url = "";
  /** @param {string} _method @param {string} url */
  open(_method, url) {
    this.url = url;
  }

  /** @param {File} file */
  send(file) {
    this.file = file;
    FakeRequest.sent.push(this);
  }

  abort() {
    this.dispatchEvent(new Event("abort"));
  }

  /** @param {number} status @param {object} answer */
  answer(status, answer) {
    this.status = status;
    this.responseText = JSON.stringify(answer);
    this.dispatchEvent(new Event("load"));
  }
}

/** @param {string} kind @param {File[]} files */
function drag(kind, files) {
  const dataTransfer = new DataTransfer();
  for (const file of files) dataTransfer.items.add(file);
  const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer });
  document.body.dispatchEvent(event);
  return event.defaultPrevented;
}

test("files that are dropped are sent one after the other, with their way told, and a refusal stays", async () => {
  await stage([MIC], "spectrum");
  const { XMLHttpRequest } = globalThis;
  globalThis.XMLHttpRequest = /** @type {any} */ (FakeRequest);
  const files = [new File(["abc"], MARKUP), new File(["def"], "text.wav"), new File([""], "empty.wav"), new File(["ghi"], "third.wav")];
  const zone = at(".drop-zone");
  equal([drag("dragover", files), zone.hidden], [true, false]);
  equal([drag("drop", files), zone.hidden], [true, true]);
  const uploads = () => [...document.querySelectorAll(".upload")].map((item) => [item.querySelector("b")?.textContent, item.querySelector(".upload-words")?.textContent]);
  equal(uploads().length, 4);
  const [first] = FakeRequest.sent;
  equal([FakeRequest.sent.length, first.url, first.file], [1, `/source?name=${encodeURIComponent(MARKUP)}`, files[0]]);
  first.upload.dispatchEvent(new ProgressEvent("progress", { loaded: 1, total: 3 }));
  equal([uploads()[0], at(".upload [role=progressbar]").ariaValueNow], [[MARKUP, "33 %"], "33"]);
  first.answer(200, LOOP);
  await until(() => FakeRequest.sent.length === 2);
  equal(at("[data-view=sources]").ariaPressed, "true", "what was dropped is seen");
  FakeRequest.sent[1].answer(415, { error: "no sound file" });
  await until(() => FakeRequest.sent.length === 3);
  within(document, ".upload:last-child button").click();
  await until(() => uploads().length === 2);
  equal(uploads(), [["text.wav", "no sound file"], ["empty.wav", "it is empty, or a folder"]]);
  for (const close of document.querySelectorAll(".upload button")) if (close instanceof HTMLElement) close.click();
  equal(uploads(), []);
  globalThis.XMLHttpRequest = XMLHttpRequest;
  const text = new DataTransfer();
  text.setData("text/plain", "words");
  const words = new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: text });
  document.body.dispatchEvent(words);
  equal([words.defaultPrevented, zone.hidden], [false, true], "words are none of ours");
  await leave();
});

test("while another view is shown nothing of it is asked, built or drawn", async () => {
  await stage([MIC, LOOP], "spectrum");
  await new Promise((resolve) => setTimeout(resolve, 300));
  equal([server.of("waveform"), document.querySelector(".sources"), server.of("subscribe").some(({ views }) => views.sources)], [[], null, false]);
  at("[data-view=sources]").click();
  look();
  await until(() => server.of("subscribe").some(({ views }) => views.sources) && server.of("waveform").length === 1);
  server.asked.length = 0;
  at("[data-view=spectrum]").click();
  await until(() => server.of("subscribe").length > 0);
  equal(server.of("subscribe").at(-1).views.sources, undefined);
  server.notify("event", { event: "source", ...LOOP, state: "failed", reason: "gone" });
  await until(() => at("[data-view=sources]").hasAttribute("data-alarm"));
  await leave();
  await until(() => !at("[data-view=sources]").hasAttribute("data-alarm"));
});

test("of sixty-four files only those in the window are asked for", async () => {
  await stage([MIC, ...Array.from({ length: 63 }, (_, i) => ({ ...LOOP, id: i + 10, name: `file ${i}` }))]);
  equal(document.querySelectorAll("[data-source]").length, 64);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const n = server.of("waveform").length;
  equal(n > 0 && n < 40, true, `${n} pictures asked for`);
  // The next frame draws nothing of what stands still.
  const pen = CanvasRenderingContext2D.prototype;
  const { fillRect } = pen;
  let strokes = 0;
  pen.fillRect = function (...box) {
    if (this.canvas.matches(".wave-picture")) strokes += 1;
    return fillRect.apply(this, box);
  };
  await new Promise((resolve) => setTimeout(resolve, 300));
  pen.fillRect = fillRect;
  equal(strokes, 0);
  await leave();
});
