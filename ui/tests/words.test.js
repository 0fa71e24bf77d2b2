// Numbers as words, values on scales, events folded into what the page knows.

import { bound, count, db, elapsed, figure, frames, keyName, ms, percent, place, plain, rate, withUnit } from "../static/lib/format.js";
import { Model } from "../static/lib/model.js";
import { deflection } from "../static/lib/scale.js";
import { backOff } from "../static/lib/socket.js";
import { Writes } from "../static/lib/writes.js";
import { equal, test } from "./harness.js";

test("levels have a true minus and silence is minus infinity", () => {
  equal([-Infinity, NaN, -12.04, 0, -0.04, 0.04, 1.25, -0.05].map(db), ["−∞", "−∞", "−12.0", "0.0", "0.0", "0.0", "+1.3", "−0.1"]);
});

test("times, parts, counts and rates keep the digits that mean something", () => {
  equal([0.214, 12.34, 156.4, 1420, 12345, null].map(ms), ["0.21 ms", "12.3 ms", "156 ms", "1.42 s", "12.3 s", "–"]);
  equal([0.0612, 0.118, 1.2, NaN].map(percent), ["6.12 %", "11.8 %", "120 %", "–"]);
  equal([0, 999, 1280, 1234567].map(count), ["0", "999", "1\u202f280", "1\u202f234\u202f567"]);
  equal([44100, 48000, 800].map(rate), ["44.1 kHz", "48 kHz", "800 Hz"]);
  equal(frames(480, 48000), "480 frames · 10.0 ms");
  equal(frames(1, 0), "1 frame");
  equal([NaN, 0, 7.9, 61, 3599.9, 3723].map(elapsed), ["", "0:00", "0:07", "1:01", "59:59", "1:02:03"]);
});

test("any number has four digits that mean something, and a true minus", () => {
  equal([0, -6.25, 440, 12345.6, 0.03125, 2e-5, -3e7, null].map(figure), ["0.000", "−6.250", "440.0", "12346", "0.03125", "2.00e−5", "−3.00e+7", "–"]);
  equal([bound(-60, "dB"), bound(0.1), bound(1 / 3)], ["−60 dB", "0.1", "0.333333"]);
});

test("a key has its name, middle C is C4", () => {
  equal([0, 60, 61, 127].map(keyName), ["C−1", "C4", "C♯4", "G9"]);
});

test("a place is told as far as it is known", () => {
  equal([place("a.rs", 3, 7), place("a.rs", 3), place("a.rs", null), place(null, null)], ["a.rs:3:7", "a.rs:3", "a.rs", ""]);
});

test("a unit is added once", () => {
  equal([withUnit("-6.0 dB", "dB"), withUnit("-6.0", "dB"), withUnit("35 %", null)], ["-6.0 dB", "-6.0 dB", "35 %"]);
});

test("colour codes of a terminal are left out", () => equal(plain("\u001b[1;31merror\u001b[0m: x"), "error: x"));

test("the meter's scale rises from end to end", () => {
  equal([deflection(-Infinity), deflection(-100), deflection(6), deflection(20)], [0, 0, 1, 1]);
  let last = 0;
  for (let level = -69; level <= 6; level += 0.5) {
    if (!(deflection(level) > last)) throw new Error(`not rising at ${level}`);
    last = deflection(level);
  }
});

test("the wait between attempts doubles to two seconds and no further", () => {
  equal([0, 1, 2, 3, 4, 5, 1000].map(backOff), [100, 200, 400, 800, 1600, 2000, 2000]);
});

test("writes: one on its way, the newest waits, the last arrives", async () => {
  /** @type {number[]} */
  const sent = [];
  /** @type {(() => void)[]} */
  const replies = [];
  const writes = new Writes((_, value) => {
    sent.push(value);
    return new Promise((resolve, reject) => replies.push(value === 3 ? reject : () => resolve(null)));
  });
  for (const value of [1, 2, 3]) writes.set(7, value);
  equal(sent, [1]);
  for (const reply of [0, 1]) {
    replies[reply]();
    await new Promise((resolve) => setTimeout(resolve));
  }
  equal(sent, [1, 3], "2 was overtaken");
  writes.set(7, 4);
  equal(sent, [1, 3, 4], "free again after a refusal");
});

const failed = { event: "build_failed", generation: 3, exit: 101, diagnostics: [], t: 2 };
const sounding = {
  event: "reloaded", generation: 4, first: false, plugin: { id: "a", name: "A", version: "1" }, t: 3,
  params: { carried: 1, added: 0, removed: 0, clamped: 0 },
};

test("new code that sounds clears what was wrong with the old", () => {
  const model = new Model();
  model.connected("connected");
  model.event(failed);
  equal(model.trouble(), "build failed");
  model.event({ event: "fault", generation: 2, kind: "panic", message: "m", file: "f", line: 1, action: "bypassed" });
  equal(model.trouble(), "panic");
  model.event(sounding);
  equal([model.trouble(), model.generation, model.build, model.fault, model.faulted], [null, 4, null, null, false]);
});

test("an echo changes its parameter and no other", () => {
  const model = new Model();
  const info = { key: null, name: "", group: "", default: 0, min: 0, max: 1, step: null, unit: null, taper: null, choices: null, flags: [] };
  model.params = [{ ...info, id: 1, value: 0, text: "0" }, { ...info, id: 2, value: 0, text: "0" }];
  model.param({ id: 2, value: 0.5, text: "half", frame: 0 });
  model.param({ id: 9, value: 1, text: "gone", frame: 0 });
  equal(model.params.map(({ value, text }) => [value, text]), [[0, "0"], [0.5, "half"]]);
});

test("an event that the page does not know does no harm", () => {
  const model = new Model();
  model.event({ event: "of the future" });
  equal(model.journal, []);
});

test("the journal is bounded", () => {
  const model = new Model();
  for (let i = 0; i < 250; i++) model.log({ level: "info", message: String(i) });
  equal([model.journal.length, model.journal[99].message, model.journalCount], [100, "249", 250]);
});

test("a line of the journal is bounded too", () => {
  const model = new Model();
  model.log({ level: "info", message: "x".repeat(60_000) });
  equal(model.journal[0].message.length, 2001);
});

test("what the plugin holds is forgotten with its generation", () => {
  const model = new Model();
  const note = { key: 60, velocity: 1, on: true, channel: 2 };
  model.note(note);
  model.note({ ...note, channel: 3 });
  model.note({ ...note, on: false });
  equal([...model.sounding], [3 * 128 + 60]);
  model.event(sounding);
  equal([...model.sounding], []);
});
