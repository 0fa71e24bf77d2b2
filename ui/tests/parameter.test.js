// One slider under hands and echoes, in the browser's own DOM.

import { Parameter } from "../static/components/parameter.js";
import { Slider } from "../static/components/slider.js";
import { close, equal, test } from "./harness.js";

const INFO = {
  id: 5, key: "gain", name: "Gain", group: "", value: -6, default: 0, min: -60, max: 24,
  step: null, unit: "dB", taper: null, choices: null, text: "-6.0", flags: [],
};

/** A slider on the page, with what it asked for. */
function slider() {
  const parameter = new Parameter(INFO);
  const control = parameter.control;
  if (!(control instanceof Slider)) throw new Error("no slider");
  const { root: track, handle: input } = control;
  /** @type {number[]} */
  const asked = [];
  parameter.root.addEventListener("set", (event) => asked.push(/** @type {CustomEvent} */ (event).detail.value));
  track.style.width = "218px";
  track.style.setProperty("--thumb", "18px");
  // A pointer of the test's own cannot be captured.
  track.setPointerCapture = () => {};
  document.body.append(parameter.root);
  return { parameter, track, input, asked, left: track.getBoundingClientRect().left + 9 };
}

/** @param {{ track: HTMLElement }} slider @param {string} type @param {number} clientX @param {boolean} [shiftKey] */
function point({ track }, type, clientX, shiftKey = false) {
  track.dispatchEvent(new PointerEvent(type, { clientX, shiftKey, button: 0, bubbles: true, cancelable: true }));
}

/** @param {{ input: HTMLElement }} slider @param {string} key @param {boolean} [shiftKey] */
function press({ input }, key, shiftKey = false) {
  input.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true, cancelable: true }));
}

test("a slider shows the echo's text and value", () => {
  const { parameter, input } = slider();
  equal([parameter.text.textContent, input.valueAsNumber], ["-6.0 dB", -6]);
  parameter.echo(3, "3.0");
  equal([parameter.text.textContent, input.valueAsNumber], ["3.0 dB", 3]);
});

test("an echo during a drag changes the text and leaves the thumb", () => {
  const at = slider();
  const { parameter, input, asked, left } = at;
  point(at, "pointerdown", left + 100);
  close(input.valueAsNumber, -18, 0.5);
  point(at, "pointermove", left + 150);
  const thumb = input.valueAsNumber;
  close(thumb, 3, 0.5);
  parameter.echo(asked[0], "old");
  equal([parameter.text.textContent, input.valueAsNumber], ["old dB", thumb]);
  parameter.echo(Math.fround(asked[1]), "same");
  parameter.echo(10, "by the plugin");
  equal(input.valueAsNumber, thumb, "the hand is still on it");
  point(at, "pointerup", left + 150);
  equal(input.valueAsNumber, thumb, "after release, before the echo");
  parameter.echo(Math.fround(asked[1]), "new");
  close(input.valueAsNumber, thumb, 1e-3);
  parameter.echo(-1, "by the plugin");
  equal(input.valueAsNumber, -1, "the thumb is the echo's again");
});

test("Shift moves the pointer's way ten times finer", () => {
  const at = slider();
  const { asked, left } = at;
  point(at, "pointerdown", left + 100, true);
  equal(asked, [], "no jump with Shift");
  point(at, "pointermove", left + 120, true);
  close(asked[0], -6 + 84 * 0.01, 0.02);
  point(at, "pointerup", left + 120);
});

test("keys step from what was asked last, and show nothing before the echo", () => {
  const at = slider();
  const { input, asked } = at;
  press(at, "ArrowUp");
  press(at, "ArrowRight");
  press(at, "ArrowDown", true);
  close(asked[1], -6 + 1.68, 1e-9);
  close(asked[2], -6 + 1.68 - 0.084, 1e-9);
  equal(input.valueAsNumber, -6);
});

test("Home, End, Delete and double-click ask for the ends and the default", () => {
  const at = slider();
  const { track, asked } = at;
  for (const key of ["Home", "End", "Delete"]) press(at, key);
  track.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
  equal(asked, [-60, 24, 0, 0]);
});

test("a readonly parameter is a value without a control", () => {
  const readonly = new Parameter({ ...INFO, flags: ["readonly"] });
  equal([readonly.control, readonly.text.textContent, readonly.root.querySelectorAll("input, button").length], [null, "-6.0 dB", 0]);
});
