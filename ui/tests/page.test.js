// The whole page against a server that is not there: from a hand to the wire, from the wire to the eye.

import { server } from "./fake-page.js";
import "../static/app.js";
import { at, equal, test, until } from "./harness.js";

/** @param {HTMLElement} element @param {string} value */
function type(element, value) {
  /** @type {HTMLInputElement} */ (element).value = value;
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {EventTarget} target @param {string} kind @param {KeyboardEventInit} init */
const key = (target, kind, init) => target.dispatchEvent(new KeyboardEvent(kind, { bubbles: true, cancelable: true, ...init }));
const names = () => [...document.querySelectorAll("#preset-list li")].map((item) => item.getAttribute("data-preset"));
const said = () => at("#presets-said").textContent;

test("the page finds its server", async () => {
  await until(() => document.body.dataset.connection === "connected");
  await until(() => at("[data-param=gain] .parameter-text").textContent === "0 dB");
});

test("a value that is typed is read by the plugin, set, and shown by its echo", async () => {
  server.asked.length = 0;
  key(at("[data-param=gain] input"), "keydown", { key: "Enter" });
  type(at("[data-param=gain] .entry-field"), "-6 dB");
  key(at("[data-param=gain] .entry-field"), "keydown", { key: "Enter" });
  await until(() => at("[data-param=gain] .parameter-text").textContent === "-6 dB");
  equal([server.of("text_to_value"), server.of("set_param").filter(({ id }) => id === 1)], [[{ id: 1, text: "-6 dB" }], [{ id: 1, value: -6 }]]);
});

test("what the server refuses is told at the parameter", async () => {
  const error = () => at("[data-param=gain] .parameter-error").textContent;
  for (const [text, message] of [["loud", "no value in “loud”"], ["100", "out of range: -60 to 12"]]) {
    at("[data-param=gain] .parameter-text").click();
    type(at("[data-param=gain] .entry-field"), text);
    at("[data-param=gain] .entry-field").blur();
    await until(() => error() === message);
  }
  key(at("[data-param=gain] input"), "keydown", { key: "Home" });
  await until(() => error() === "" && at("[data-param=gain] .parameter-text").textContent === "-60 dB");
});

test("all parameters are reset once the question is answered", async () => {
  at("#reset-params").click();
  equal(server.of("reset_params"), []);
  at("#parameters .confirm-yes").click();
  await until(() => at("[data-param=gain] .parameter-text").textContent === "0 dB");
  equal(server.of("reset_params"), [{}]);
});

test("a reset that is refused says so among the parameters", async () => {
  const { reset_params } = server.methods;
  server.methods.reset_params = () => ({ refusal: { code: -32001, message: "no plugin" } });
  at("#reset-params").click();
  at("#parameters .confirm-yes").click();
  await until(() => at("#parameters-error").textContent === "no plugin");
  server.methods.reset_params = reset_params;
});

test("a reload says how the sound went over, and what the plugin is connected to", async () => {
  const reloaded = {
    event: "reloaded", t: 1, generation: 2, first: false, plugin: server.state.plugin, save_to_sound_ms: 1, lost_frames: 0, latency_frames: 0,
    params: { carried: 2, added: 0, removed: 0, clamped: 0 }, fade: "out_in", warm_frames: 4800, layout: { inputs: 2, outputs: 2, sidechain: 1 },
  };
  server.state = { ...server.state, generation: 2, last_reload: reloaded };
  server.notify("event", reloaded);
  const note = "0 frames lost, 2 parameters carried, faded out and in, warmed up with 4\u202f800 frames";
  await until(() => at("#reload-note").textContent === note);
  equal(at("#plugin-layout").textContent, "2 in, 2 out, 1 sidechain · 120 bpm");
});

test("a preset is saved, replaced, recalled and deleted", async () => {
  await until(() => names().length === 2);
  type(at("#preset-name"), "  Bright ");
  equal(at("#save-preset").textContent, "Save");
  at("#save-preset").click();
  await until(() => names().length === 3 && said() === "Saved “Bright”.");
  type(at("#preset-name"), "Bright");
  equal(at("#save-preset").textContent, "Replace");
  at("[data-preset=Bright] .preset-recall").click();
  await until(() => said() === "Recalled “Bright”.");
  at("[data-preset=Bright] .confirm button").click();
  equal(server.of("delete_preset"), [], "asked first");
  key(at("[data-preset=Bright] .confirm"), "keydown", { key: "Escape" });
  at("[data-preset=Bright] .confirm button").click();
  at("[data-preset=Bright] .confirm-yes").click();
  await until(() => names().length === 2 && said() === "Deleted “Bright”.");
  equal([server.of("save_preset"), server.of("recall_preset"), server.of("delete_preset")], Array(3).fill([{ name: "Bright" }]));
});

test("a preset that cannot be recalled says why, where it was asked for", async () => {
  at("[data-preset=broken] .preset-recall").click();
  await until(() => said() === "the preset is corrupt");
  equal(at("#presets-said").dataset.level, "bad");
});

test("a recalled preset is taken back as one step, and comes again", async () => {
  const values = () => server.params.map(({ value }) => value);
  server.set(1, 0);
  server.set(2, 0);
  server.presets = [{ name: "Both", modified: 0, values: { 1: -12, 2: 2 } }];
  server.notify("presets_changed", {});
  await until(() => names()[0] === "Both");
  at("[data-preset=Both] .preset-recall").click();
  await until(() => values().join() === "-12,2" && at("[data-param=gain] .parameter-text").textContent === "-12 dB");
  at("#undo").click();
  await until(() => values().join() === "0,0");
  at("#redo").click();
  await until(() => values().join() === "-12,2");
  at("#undo").click();
  await until(() => values().join() === "0,0");
});

test("someone else's preset appears", async () => {
  server.presets = [{ name: "Elsewhere", modified: 0 }];
  server.notify("presets_changed", {});
  await until(() => names()[0] === "Elsewhere");
});

test("the plugin's meter is seen, and asked for while it is", async () => {
  await until(() => document.querySelector("[data-plugin-meter=gr] [role=meter]")?.ariaValueText === "3.000 dB");
  at("#probes").scrollIntoView();
  const before = server.of("probes").length;
  await until(() => server.of("probes").length >= before + 3);
});

test("a note refused is told at the keys", async () => {
  const { note } = server.methods;
  server.methods.note = () => ({ refusal: { code: -32001, message: "the plugin takes no notes" } });
  key(document.body, "keydown", { code: "KeyA" });
  await until(() => at("#keyboard .error").textContent === "the plugin takes no notes");
  key(document.body, "keyup", { code: "KeyA" });
  server.methods.note = note;
});

test("a flood of log lines is bounded and keeps its colours", async () => {
  for (let flood = 1; flood <= 3; flood++) {
    for (let i = 0; i < 5000; i++) server.notify("log", { level: ["debug", "info", "warning", "error"][i % 4], message: `${flood}.${i}` });
    await until(() => at("#journal-lines").lastElementChild?.textContent === `${flood}.4999`);
  }
  equal([at("#journal-lines").childElementCount, at("#journal-lines").lastElementChild?.getAttribute("data-level")], [100, "error"]);
});

test("a note held when the line breaks is released over the next one", async () => {
  server.asked.length = 0;
  key(document.body, "keydown", { code: "KeyA" });
  await until(() => server.of("note").length === 1);
  server.line?.close();
  const fetched = globalThis.fetch;
  globalThis.fetch = () => Promise.resolve(new Response());
  await until(() => document.body.dataset.connection === "connected" && server.of("note").length === 2);
  globalThis.fetch = fetched;
  key(document.body, "keyup", { code: "KeyA" });
  const [press, release] = server.of("note");
  equal([press.on, release.on, release.key === press.key], [true, false, true]);
});

test("what a plugin is, is asked anew when it restarts; without notes it has no keyboard", async () => {
  const before = server.of("presets").length;
  server.state = { ...server.state, plugin_takes_notes: false };
  server.notify("event", { event: "restarted", generation: 1, latency_frames: 64, t: 1 });
  await until(() => at("#keyboard").hidden && server.of("presets").length > before);
  equal(at("#journal-lines").lastElementChild?.textContent, "1.00 sgeneration 1 restarted at its own wish");
});

test("a snapshot that is cut is left out, and the journal says so once", async () => {
  const lines = () => [...document.querySelectorAll("#journal-lines li")].filter((line) => line.textContent?.includes("telemetry that this page cannot read")).length;
  const cut = new ArrayBuffer(90);
  new DataView(cut).setUint8(0, 1);
  new DataView(cut).setUint8(2, 2);
  for (let i = 0; i < 3; i++) server.line?.dispatchEvent(new MessageEvent("message", { data: cut }));
  await until(() => lines() > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  equal(lines(), 1);
});

test("a page that nobody sees subscribes to nothing and sends no credits", async () => {
  await until(() => server.of("subscribe").at(-1)?.views.levels);
  let credits = 0;
  const line = /** @type {any} */ (server.line);
  const send = line.send;
  line.send = (/** @type {any} */ data) => {
    if (typeof data !== "string") credits += 1;
    send.call(line, data);
  };
  const see = (/** @type {boolean} */ hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
    document.dispatchEvent(new Event("visibilitychange"));
    line.dispatchEvent(new MessageEvent("message", { data: new ArrayBuffer(0) }));
  };
  see(true);
  await until(() => Object.keys(server.of("subscribe").at(-1).views).length === 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  credits = 0;
  line.dispatchEvent(new MessageEvent("message", { data: new ArrayBuffer(0) }));
  await new Promise((resolve) => setTimeout(resolve, 200));
  equal(credits, 0);
  see(false);
  await until(() => credits > 0 && server.of("subscribe").at(-1).views.levels);
  Reflect.deleteProperty(document, "hidden");
  line.send = send;
});

test("the inputs' clocks are asked for each second while they are in view, and new streams at once", async () => {
  const end = { device: "Mic", rate: 48_000, channels: 1, format: "f32", period: 128 };
  const audio = { host: "ALSA", mode: "duplex", clock: "real", input: end, output: end, engine_rate: 48_000, max_block: 128, latency_frames: 256 };
  Object.assign(server.state, { audio, inputs: [{ device: "Mic", state: "locking", ppm: 0, delay_error_ms: 0, fill_frames: 1, reseeds: 0 }] });
  server.asked.length = 0;
  server.notify("event", { event: "audio_started", ...audio });
  await new Promise((resolve) => setTimeout(resolve, 50));
  equal(server.of("status").length, 1, "new streams");
  await until(() => document.querySelector(".live-input dd")?.textContent === "locking");
  const asked = async () => {
    server.asked.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 3500));
    return server.of("status").length;
  };
  equal(await asked() <= 1, true, "out of view");
  at("#devices-tab").click();
  await until(() => at(".live-input").checkVisibility());
  server.state.inputs[0].state = "locked";
  equal(await asked() >= 3, true, "in view");
  equal(at(".live-input dd").textContent, "locked");
  at("#load-tab").click();
  Object.assign(server.state, { audio: null, inputs: [] });
});
