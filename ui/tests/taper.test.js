// Values along the way of a control: the laws, there and back.

import { kindOf } from "../static/lib/kind.js";
import { Taper } from "../static/lib/taper.js";
import { close, equal, test } from "./harness.js";

const linear = { min: -60, max: 24, step: null, taper: null, choices: null };

test("a linear taper's positions are the plain values", () => {
  const taper = new Taper(linear);
  equal([taper.low, taper.high, taper.position(-6)], [-60, 24, -6]);
  close(taper.at(0.5), -18, 1e-9);
  equal([taper.at(-1), taper.at(2)], [-60, 24]);
});

test("a logarithmic taper has equal ways for equal ratios", () => {
  const taper = new Taper({ ...linear, min: 20, max: 20000, taper: "log" });
  close(taper.fraction(200), 1 / 3, 1e-9);
  close(taper.at(2 / 3), 2000, 1e-6);
  equal([taper.at(0), taper.at(1)].map((v) => v >= 20 && v <= 20000), [true, true], "ends in range");
});

test("a stepped parameter stands on its steps only", () => {
  const taper = new Taper({ ...linear, min: 0, max: 1, step: 0.1 });
  equal([taper.at(0.33), taper.at(0.26), taper.nudge(0.3, 1, false), taper.nudge(1, 1, false)], [0.3, 0.3, 0.4, 1]);
});

test("keys move by a hundredth, by a thousandth when fine", () => {
  const taper = new Taper(linear);
  close(taper.nudge(0, 1, false), 0.84, 1e-9);
  close(taper.nudge(0, -1, true), -0.084, 1e-9);
});

/** The laws as PROTOCOL.md has them, written down again. @type {[string, object, (x: number) => number][]} */
const LAWS = [
  ["linear", { min: -60, max: 12 }, (x) => -60 + 72 * x],
  ["log", { min: 0.1, max: 200 }, (x) => 0.1 * 2000 ** x],
  ["log", { min: -200, max: -0.1 }, (x) => -200 * 0.0005 ** x],
  ["skew", { min: 5, max: 25, skew: 3 }, (x) => 5 + 20 * x ** 3],
  ["skew", { min: -5, max: 25, skew: 0.25 }, (x) => -5 + 30 * x ** 0.25],
  ["symmetric", { min: -10, max: 30, skew: 2 }, (x) => 10 + Math.sign(2 * x - 1) * Math.abs(2 * x - 1) ** 2 * 20],
  ["symmetric", { min: -1, max: 1, skew: 0.5 }, (x) => Math.sign(2 * x - 1) * Math.abs(2 * x - 1) ** 0.5],
];

test("every taper follows its law, and goes there and back", () => {
  for (const [name, range, law] of LAWS) {
    const info = /** @type {import("../static/lib/taper.js").TaperInfo} */ ({ step: null, choices: null, taper: name, ...range });
    const taper = new Taper(info);
    for (let i = 0; i <= 64; i++) {
      const what = `${name} ${JSON.stringify(range)} at ${i}/64`;
      close(taper.at(i / 64), law(i / 64), 1e-9 * (info.max - info.min), what);
      close(taper.fraction(law(i / 64)), i / 64, 1e-9, `${what}, back`);
      close(taper.plain(taper.position(law(i / 64))), law(i / 64), 1e-9 * (info.max - info.min), `${what}, position`);
    }
    equal([taper.at(0), taper.at(1)], [info.min, info.max], `${name}: ends`);
  }
});

test("a range that does not bear its taper is linear, and an empty one does no harm", () => {
  close(new Taper({ ...linear, min: -1, max: 1, taper: "log" }).at(0.25), -0.5, 1e-12);
  close(new Taper({ ...linear, min: 0, max: 1, taper: "of the future" }).at(0.25), 0.25, 1e-12);
  close(new Taper({ ...linear, min: 0, max: 1, taper: "skew", skew: 0 }).at(0.25), 0.25, 1e-12, "no exponent");
  for (const taper of ["linear", "log", "skew", "symmetric"]) {
    const empty = new Taper({ ...linear, min: 3, max: 3, taper, skew: 2 });
    equal([empty.at(0.5), empty.fraction(3), empty.nudge(3, 1, false)], [3, 0, 3], taper);
  }
});

test("a stepped taper stands on its steps along its law", () => {
  const taper = new Taper({ ...linear, min: 1, max: 1000, step: 1, taper: "log" });
  equal([taper.at(0.5), taper.nudge(32, 1, false)], [32, 33]);
});

const plain = { min: 0, max: 10, step: null, choices: null, flags: [] };

test("the hints decide on the control", () => {
  equal([
    kindOf(plain),
    kindOf({ ...plain, unit: "dB" }),
    kindOf({ ...plain, min: NaN }),
    kindOf({ ...plain, step: 0.5 }),
    kindOf({ ...plain, step: 1 }),
    kindOf({ ...plain, max: 1, step: 1 }),
    kindOf({ ...plain, max: 1, choices: ["Low pass", "High pass"] }),
    kindOf({ ...plain, max: 2, step: 1, choices: ["Low", "Band", "High"] }),
    kindOf({ ...plain, max: 1, flags: ["bypass"] }),
    kindOf({ ...plain, max: 1, step: 1, flags: ["readonly", "bypass"] }),
    kindOf({ ...plain, max: 1, step: 1, choices: [] }),
    kindOf({ ...plain, max: 0, step: 1, choices: ["Only"] }),
  ], ["knob", "slider", "value", "knob", "stepper", "toggle", "toggle", "list", "toggle", "value", "toggle", "list"]);
});
