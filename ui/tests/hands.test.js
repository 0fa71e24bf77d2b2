// Hands on knobs and sliders: drag, Shift, wheel, keys that are held; while echoes and reloads come in.

import { Knob } from "../static/components/knob.js";
import { Parameter } from "../static/components/parameter.js";
import { Parameters } from "../static/components/parameters.js";
import { el } from "../static/lib/dom.js";
import { close, equal, test } from "./harness.js";

/** @type {import("../static/lib/types.js").ParamInfo} */
const INFO = {
  id: 9, key: "drive", name: "Drive", group: "", value: 50, default: 20, min: 0, max: 100,
  step: null, unit: "%", taper: null, skew: null, choices: null, text: "50", flags: [],
};

/** What an element wishes for, in its order. @param {HTMLElement} root */
function wishesOf(root) {
  /** @type {(number|boolean)[]} a value that is set; whether a gesture begins */
  const wishes = [];
  root.addEventListener("set", (event) => wishes.push(/** @type {CustomEvent} */ (event).detail.value));
  root.addEventListener("gesture", (event) => wishes.push(/** @type {CustomEvent} */ (event).detail.on));
  return wishes;
}

/** @param {Partial<import("../static/lib/types.js").ParamInfo>} [info] */
function shown(info) {
  const parameter = new Parameter({ ...INFO, ...info });
  document.body.append(parameter.root);
  const { control } = parameter;
  if (!control) throw new Error("no control");
  return { parameter, control, wishes: wishesOf(parameter.root) };
}

/** @param {EventTarget} target @param {string} type @param {number} y @param {PointerEventInit} [more] */
function point(target, type, y, more) {
  target.dispatchEvent(new PointerEvent(type, { clientX: 0, clientY: y, button: 0, pointerId: 7, bubbles: true, cancelable: true, ...more }));
}

/** @param {EventTarget} target @param {string} kind @param {KeyboardEventInit} init */
const key = (target, kind, init) => target.dispatchEvent(new KeyboardEvent(kind, { bubbles: true, cancelable: true, ...init }));

/** @param {EventTarget} target @param {number} deltaY @param {WheelEventInit} [more] */
function wheel(target, deltaY, more) {
  const event = new WheelEvent("wheel", { deltaY, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}

/** @param {number} ms */
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {{ handle: HTMLElement }} control */
const shows = ({ handle }) => /** @type {HTMLInputElement} */ (handle).valueAsNumber;

test("a knob is dragged up from where it stands, finely with Shift, in one gesture", () => {
  const { control, wishes } = shown();
  equal([control instanceof Knob, control.runs], [true, true]);
  point(control.root, "pointerdown", 100);
  equal(wishes, [true], "a press alone moves nothing");
  point(window, "pointermove", 80);
  point(window, "pointermove", 60, { shiftKey: true });
  point(window, "pointermove", -1000);
  point(window, "pointermove", 0, { pointerId: 8 });
  point(window, "pointerup", -1000);
  point(window, "pointermove", 100);
  equal(wishes, [true, 60, 61, 100, false]);
  equal(shows(control), 100, "until the echo");
});

test("an echo of an older value never moves a control back", async () => {
  const { parameter, control, wishes } = shown();
  point(control.root, "pointerdown", 100);
  for (const y of [90, 80, 70]) point(window, "pointermove", y);
  equal(wishes.map((wish) => Math.round(Number(wish))).slice(1), [55, 60, 65]);
  for (const old of [50, 55, 60]) {
    parameter.echo(old, String(old));
    equal([Math.round(shows(control)), parameter.text.textContent], [65, `${old} %`]);
  }
  point(window, "pointerup", 70);
  parameter.echo(55, "55");
  equal(Math.round(shows(control)), 65, "let go, its own echo is still to come");
  parameter.echo(65, "65");
  parameter.echo(64, "64");
  equal(shows(control), 64, "the server's again");
  parameter.ask(10);
  await later(1000);
  equal(shows(control), 64, "what never comes back was not taken");
});

test("a reload in the middle of a drag leaves the hand where it is", () => {
  const parameters = new Parameters(el("section"));
  document.body.append(parameters.list);
  const wishes = wishesOf(parameters.list);
  const other = { ...INFO, id: 10, key: "mix", name: "Mix" };
  parameters.draw([INFO]);
  const control = parameters.byId.get(9)?.control;
  if (!control) throw new Error("no knob");
  point(control.root, "pointerdown", 100);
  point(window, "pointermove", 80);
  // Another parameter in front of it: the element moves.
  parameters.draw([other, INFO]);
  equal([parameters.byId.get(9)?.control === control, shows(control)], [true, 60]);
  point(window, "pointermove", 60);
  equal([wishes, shows(control)], [[true, 60, 70], 70]);
  // Another range: another element, the same hand.
  parameters.draw([{ ...INFO, max: 200, value: 50 }, other]);
  const next = parameters.byId.get(9)?.control;
  if (!next || next === control) throw new Error("the same knob for another range");
  equal([shows(next), next.held], [70, true]);
  point(window, "pointermove", 50);
  parameters.draw([{ ...INFO, max: 200, value: 60 }, other]);
  equal(shows(next), 80);
  point(window, "pointerup", 50);
  equal(wishes, [true, 60, 70, 80, false], "one gesture");
  // Gone while it is held.
  point(next.root, "pointerdown", 50);
  parameters.draw([other]);
  point(window, "pointermove", 0);
  equal(wishes, [true, 60, 70, 80, false, true, false], "nobody asks for a parameter that is gone");
});

test("a focus survives a reload that changes the parameter under it", () => {
  const parameters = new Parameters(el("section"));
  document.body.append(parameters.list);
  parameters.draw([INFO]);
  parameters.byId.get(9)?.control?.handle.focus();
  parameters.draw([{ ...INFO, default: 30 }]);
  equal(document.activeElement === parameters.byId.get(9)?.control?.handle, true);
});

test("keys that are held are one gesture, a press of a button is one as well", () => {
  const { control, wishes } = shown();
  key(control.handle, "keydown", { key: "ArrowUp" });
  key(control.handle, "keydown", { key: "ArrowUp", repeat: true });
  key(control.handle, "keyup", { key: "ArrowUp" });
  key(control.handle, "keydown", { key: "Delete" });
  equal(wishes, [true, 51, 52, false, true, 20, false]);
  const toggle = shown({ max: 1, step: 1, value: 0 });
  toggle.control.handle.click();
  equal(toggle.wishes, [true, 1, false]);
});

test("the wheel turns by steps, finely with Shift, and what is turned without a pause is one gesture", async () => {
  const { control, wishes } = shown();
  await later(400);
  equal(wheel(control.root, -100), true, "the page does not scroll");
  wheel(control.root, -40);
  equal(wishes, [true, 51], "less than a notch waits");
  wheel(control.root, -60);
  wheel(control.root, 0, { deltaX: 100, shiftKey: true });
  close(Number(wishes[3]), 51.9, 1e-9);
  await later(600);
  equal([wishes.length, wishes.at(-1)], [5, false]);
  wheel(control.root, 3, { deltaMode: 1 });
  equal(wishes[5], true, "the next gesture");
  await later(600);
  equal(wheel(control.root, -100, { ctrlKey: true }), false, "that zooms the page");
});

test("a scroll that passes over a control goes on", async () => {
  const { control, wishes } = shown();
  await later(400);
  wheel(document.body, 100);
  equal([wheel(control.root, 100), wishes], [false, []]);
});

test("a value that is no number is told, and has no place", () => {
  for (const info of [{}, { unit: "dB" }, { step: 1 }, { step: 1, max: 2, choices: ["A", "B", "C"] }, { step: 1, max: 1 }, { flags: ["readonly"] }]) {
    const parameter = new Parameter({ ...INFO, ...info, value: /** @type {any} */ (null), text: "NaN" });
    equal(parameter.text.textContent?.startsWith("NaN"), true);
    parameter.echo(1, "1");
    parameter.echo(null, "nan");
    equal(parameter.text.textContent?.startsWith("nan"), true);
    for (const name of ["aria-valuenow", "aria-checked", "style"]) {
      equal(parameter.control?.root.outerHTML.includes(`${name}="NaN"`), parameter.control ? false : undefined);
    }
  }
  const { parameter, control, wishes } = shown({ value: /** @type {any} */ (null), text: "NaN" });
  equal([control.handle.hasAttribute("data-nowhere"), control.root.style.getPropertyValue("--fill")], [true, "0"]);
  key(control.handle, "keydown", { key: "ArrowUp" });
  close(Number(wishes[1]), 21, 1e-9, "from the default");
  parameter.echo(Math.fround(Number(wishes[1])), "21");
  equal([control.handle.hasAttribute("data-nowhere"), Math.round(shows(control))], [false, 21]);
});
