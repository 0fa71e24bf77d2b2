// The whole page as an instrument: undo, gestures on the wire, help, health, and plugins of any size.

import { server } from "./fake-page.js";
import "../static/app.js";
import { param } from "./fake.js";
import { at, equal, test, until } from "./harness.js";

/** @param {EventTarget} target @param {KeyboardEventInit} init */
function press(target, init) {
  for (const kind of ["keydown", "keyup"]) target.dispatchEvent(new KeyboardEvent(kind, { bubbles: true, cancelable: true, ...init }));
}

/** @param {any[]} params */
async function plugin(params) {
  server.params = params;
  server.notify("params_changed", {});
  const shown = () => [...document.querySelectorAll("#parameters [data-param-id]")].map((root) => root.getAttribute("data-param"));
  await until(() => params.every(({ key }) => shown().includes(key)) && shown().length === params.length);
}

const gain = () => at("[data-param=gain] .parameter-text").textContent;
const tone = () => Math.round(parseFloat(at("[data-param=tone] .parameter-text").textContent ?? ""));
const GAIN = () => param({ id: 1, key: "gain", name: "Gain", min: -60, max: 12, default: 0, unit: "dB" });
const TONE = () => param({ id: 2, key: "tone", name: "Tone", min: 0, max: 200, default: 100, unit: "%" });

test("a hand's movement is one gesture on the wire and one step of the undo", async () => {
  await plugin([GAIN(), TONE()]);
  server.asked.length = 0;
  const knob = at("[data-param=tone] .knob");
  const pointer = (/** @type {EventTarget} */ on, /** @type {string} */ type, /** @type {number} */ clientY) =>
    on.dispatchEvent(new PointerEvent(type, { clientY, pointerId: 3, button: 0, bubbles: true, cancelable: true }));
  pointer(knob, "pointerdown", 100);
  for (const y of [90, 80, 70, 60]) pointer(window, "pointermove", y);
  pointer(window, "pointerup", 60);
  await until(() => tone() === 140);
  const line = server.asked.filter(([method]) => ["gesture", "set_param"].includes(method)).map(([, { on, value }]) => on ?? value);
  equal([line[0], Math.round(line.at(-2)), line.at(-1)], [true, 140, false], "the last value comes before the end");
  press(document.body, { key: "z", ctrlKey: true });
  await until(() => tone() === 100);
  press(document.body, { key: "Z", ctrlKey: true, shiftKey: true });
  await until(() => tone() === 140);
  at("#undo").click();
  await until(() => tone() === 100);
});

test("typed values and a reset of all are steps as well, and a text keeps its own undo", async () => {
  press(at("[data-param=gain] input"), { key: "Enter" });
  const field = /** @type {HTMLInputElement} */ (at("[data-param=gain] .entry-field"));
  field.value = "-6 dB";
  const key = new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true, cancelable: true });
  field.dispatchEvent(key);
  equal(key.defaultPrevented, false, "the field's own undo");
  press(field, { key: "Enter" });
  await until(() => gain() === "-6 dB");
  at("#reset-params").click();
  at("#parameters .confirm-yes").click();
  await until(() => gain() === "0 dB" && !(/** @type {HTMLButtonElement} */ (at("#undo")).disabled));
  press(document.body, { key: "z", metaKey: true });
  await until(() => gain() === "-6 dB");
  press(document.body, { key: "z", ctrlKey: true });
  await until(() => gain() === "0 dB");
  press(document.body, { key: "y", ctrlKey: true });
  await until(() => gain() === "-6 dB");
});

test("an undo leaves out what the plugin does not have any more, and keeps to its range", async () => {
  await plugin([{ ...GAIN(), min: -3, value: 0, text: "0" }]);
  server.asked.length = 0;
  press(document.body, { key: "z", ctrlKey: true });
  press(document.body, { key: "y", ctrlKey: true });
  await until(() => gain() === "-3 dB");
  equal(server.of("set_param").every(({ id, value }) => id === 1 && value >= -3), true);
});

test("? shows all keys, and closes again", async () => {
  press(document.body, { key: "?", shiftKey: true });
  equal([at("#help").hasAttribute("open"), at("#help").textContent?.includes("Double-click")], [true, true]);
  at("#help-close").click();
  equal(at("#help").hasAttribute("open"), false);
  at("#help-open").click();
  equal(at("#help").hasAttribute("open"), true);
  at("#help-close").click();
});

const FAULT = { event: "fault", t: 12.5, generation: 4, kind: "panic", message: "too <b>loud</b>", file: "src/lib.rs", line: 42, action: "bypassed" };

test("health tells what was lost when, and what the plugin did wrong", async () => {
  const xruns = [{ kind: "underrun", n: 1, frame: 48_000, t: 1 }, { kind: "lost_frames", n: 256, frame: 96_000, t: 2 }];
  const none = { unsorted: 0, out_of_block: 0, malformed: 0, replies_lost: 0, events_lost: 0, wrong_thread: 3, probes_lost: 0 };
  server.state = { ...server.state, xruns, plugin_faults: none };
  server.notify("event", { event: "restarted", generation: 3, t: 11 });
  await until(() => at("#xruns").childElementCount === 2);
  equal([...at("#xruns").children].map(({ textContent }) => textContent), ["2.00 s256 lost frames", "1.00 s1 underrun"]);
  equal(at("#faults").textContent, "3 calls from a wrong thread");
  server.state = { ...server.state, fault: FAULT };
  server.notify("event", FAULT);
  await until(() => at("#faults").childElementCount === 2);
  equal(at("#faults").firstElementChild?.textContent, "12.50 spanic in generation 4, bypassed: too <b>loud</b> src/lib.rs:42".replace("12.50 s", "12.5 s"));
});

test("a place opens in the editor by POST, and says why it does not", async () => {
  /** @type {[string, any][]} */
  const sent = [];
  const fetched = globalThis.fetch;
  let answer = new Response("");
  globalThis.fetch = (url, init) => {
    sent.push([String(url), init]);
    return Promise.resolve(answer);
  };
  at("#fault .place-link").click();
  await until(() => sent.length === 1);
  const [url, { method, headers, body }] = sent[0];
  equal([url, method, headers, JSON.parse(body)], ["/open", "POST", { "Content-Type": "application/json" }, { file: "src/lib.rs", line: 42 }]);
  answer = new Response("no editor is known\n", { status: 501 });
  at("#faults .place-link").click();
  await until(() => at("#faults .place-said").textContent === "no editor is known");
  globalThis.fetch = fetched;
});

test("the generations are told with their times, their parameters and their failures", async () => {
  const reloaded = {
    event: "reloaded", t: 20, generation: 5, first: false, plugin: server.state.plugin, detect_ms: 1, build_ms: 200, stage_ms: 2, load_ms: 3, swap_ms: 4,
    save_to_sound_ms: 210, lost_frames: 0, latency_frames: 0,
    params: { carried: 2, added: 1, removed: 9, clamped: 0, added_names: ["<i>Tilt</i>"], removed_names: ["A", "B"] },
  };
  const failed = { event: "build_failed", t: 21, generation: 6, exit: 101, diagnostics: [{ level: "error", message: "no such thing", file: "src/lib.rs", line: 3, column: 1, code: null }] };
  const refused = { event: "reload_failed", t: 22, generation: 7, reason: "panic", message: "at its birth", keeps: 5, file: "src/lib.rs", line: 9 };
  server.state = { ...server.state, fault: null, refused, history: [reloaded, failed, refused] };
  server.notify("event", { event: "restarted", generation: 5, t: 23 });
  await until(() => at("#generations").childElementCount === 3);
  equal([...document.querySelectorAll("#generations .generation-body")].map(({ textContent }) => textContent), [
    "refused (panic): at its birth src/lib.rs:9",
    "no such thing src/lib.rs:3",
    "210 ms from the save to the sounddetect 1.00 ms · build 200 ms · stage 2.00 ms · load 3.00 ms · swap 4.00 ms2 parameters carried, 1 added (<i>Tilt</i>), 9 removed (A, B, …)",
  ]);
  equal(at("#reload-refused .place-link").textContent, "src/lib.rs:9");
  server.state = { ...server.state, refused: null };
  server.notify("event", { ...reloaded, generation: 8, t: 30 });
  server.state = { ...server.state, history: [...server.state.history, { ...reloaded, generation: 8, t: 30 }] };
  await until(() => at("#generations").firstElementChild?.textContent?.startsWith("8"));
});

test("a plugin without parameters says so", async () => {
  await plugin([]);
  await until(() => !at(".parameters-empty").hidden);
  equal([at(".parameters-acts").hidden, at(".parameters-help").hidden], [true, true]);
});

test("a plugin with 500 parameters of any name shows them all, as text", async () => {
  const name = `<img src=x onerror="globalThis.pwned = true"><script>globalThis.pwned = true</script>`.padEnd(500, "ü");
  const kinds = [{}, { unit: "dB" }, { step: 1 }, { step: 1, max: 1 }, { step: 1, max: 2, choices: [name, "b", "c"] }];
  await plugin(Array.from({ length: 500 }, (_, i) => param({
    id: 1000 + i, key: `${name}${i}`, name, group: i % 3 ? `${name}/${i % 7}` : "", min: 0, max: 100, default: 0, text: name, unit: name, ...kinds[i % 5],
  })));
  equal([document.querySelectorAll("#parameters img, #parameters script").length, "pwned" in globalThis], [0, false]);
  equal([...document.querySelectorAll("#parameters .parameter-name")].every(({ textContent }) => textContent === name), true);
  server.notify("param", { id: 1499, value: 1, text: "b", frame: 0 });
  await until(() => at("[data-param-id='1499'] select option:checked").textContent === "b");
});

test("a plugin whose values are no numbers is shown with its words", async () => {
  await plugin([{ ...GAIN(), value: null, text: "NaN" }, { ...TONE(), default: null }, { ...TONE(), id: 3, key: "odd", min: null, max: null }]);
  await until(() => gain() === "NaN dB");
  server.notify("param", { id: 2, value: null, text: "nan", frame: 0 });
  await until(() => at("[data-param=tone] .parameter-text").textContent === "nan %");
  equal(at("[data-param=odd]").dataset.kind, "value");
  server.notify("param", { id: 2, value: 30, text: "30", frame: 0 });
  await until(() => at("[data-param=tone] .parameter-text").textContent === "30 %");
});
