// The controls of each kind, and values that are typed.

import { Parameter } from "../static/components/parameter.js";
import { Parameters, grouped } from "../static/components/parameters.js";
import { el } from "../static/lib/dom.js";
import { equal, test } from "./harness.js";

/** @type {import("../static/lib/types.js").ParamInfo} */
const INFO = {
  id: 7, key: "mode", name: "Mode", group: "", value: 0, default: 0, min: 0, max: 10,
  step: 1, unit: null, taper: null, skew: null, choices: null, text: "0", flags: [],
};

/** A parameter on the page, with what it wished for. @param {Partial<import("../static/lib/types.js").ParamInfo>} info */
function shown(info) {
  const parameter = new Parameter({ ...INFO, ...info });
  /** @type {[string, unknown][]} */
  const wishes = [];
  for (const name of ["set", "text"]) {
    parameter.root.addEventListener(name, (event) => {
      const { value, text } = /** @type {CustomEvent} */ (event).detail;
      wishes.push([name, value ?? text]);
    });
  }
  document.body.append(parameter.root);
  const handle = parameter.control?.handle;
  if (!handle) throw new Error("no control");
  return { parameter, wishes, handle, field: () => parameter.root.querySelector("input[type=text]") };
}

/** @param {Element|null|undefined} at @param {string} key */
function press(at, key) {
  at?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

test("a toggle asks for the other end, and shows the echo", () => {
  const { parameter, wishes, handle } = shown({ max: 1, text: "Off" });
  handle.click();
  equal([wishes, handle.getAttribute("aria-checked")], [[["set", 1]], "false"], "asked, not shown");
  parameter.echo(1, "On");
  equal([handle.getAttribute("aria-checked"), parameter.text.textContent], ["true", "On"]);
  handle.click();
  equal(wishes[1], ["set", 0]);
});

test("a toggle between two names says both", () => {
  const { parameter } = shown({ max: 1, choices: ["Low pass", "High pass"], text: "Low pass" });
  equal([...parameter.root.querySelectorAll(".toggle-end")].map(({ textContent }) => textContent), ["Low pass", "High pass"]);
});

test("a list has the names, asks for a value from min on, and follows the echo", () => {
  const { parameter, wishes, handle } = shown({ min: 3, max: 5, value: 4, default: 5, choices: ["Low", "Band", "High"], text: "Band" });
  const list = /** @type {HTMLSelectElement} */ (handle);
  equal([[...list.options].map(({ text }) => text), list.value], [["Low", "Band", "High"], "Band"]);
  list.selectedIndex = 0;
  list.dispatchEvent(new Event("change", { bubbles: true }));
  equal(wishes, [["set", 3]]);
  parameter.echo(5, "High");
  equal(list.value, "Low", "an older echo leaves it under the hand");
  parameter.echo(3, "Low");
  parameter.echo(5, "High");
  equal(list.value, "High");
  press(list, "Delete");
  equal(wishes[1], ["set", 5]);
});

test("a choice that is refused goes back to the truth", async () => {
  const { parameter, handle } = shown({ max: 2, choices: ["Low", "Band", "High"], text: "Low" });
  const list = /** @type {HTMLSelectElement} */ (handle);
  list.selectedIndex = 2;
  list.dispatchEvent(new Event("change", { bubbles: true }));
  parameter.refuse("no");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  equal([list.value, parameter.error.textContent], ["Low", "no"]);
});

test("a stepper goes by steps, by ten, to the ends, and not beyond", () => {
  const { parameter, wishes, handle } = shown({ value: 2, default: 4, text: "2" });
  for (const key of ["ArrowUp", "ArrowUp", "PageUp", "Home", "End", "Delete"]) press(handle, key);
  equal(wishes.map(([, value]) => value), [3, 4, 10, 0, 10, 4]);
  const [less, more] = parameter.root.querySelectorAll("button.step");
  equal([less, more].map((button) => /** @type {HTMLButtonElement} */ (button).disabled), [false, false]);
  parameter.echo(4, "4");
  parameter.echo(10, "10");
  equal(/** @type {HTMLButtonElement} */ (more).disabled, true);
  equal(["aria-valuemin", "aria-valuenow", "aria-valuemax", "aria-valuetext"].map((name) => handle.getAttribute(name)), ["0", "10", "10", "10"]);
});

test("a value that is typed goes to the server as text", () => {
  const { parameter, wishes, handle, field } = shown({ step: null, unit: "Hz", text: "440" });
  handle.focus();
  press(handle, "Enter");
  const input = /** @type {HTMLInputElement} */ (field());
  equal([input.value, document.activeElement === input], ["440 Hz", true]);
  input.value = " 2k ";
  press(input, "Delete");
  press(input, "ArrowUp");
  equal(wishes, [], "keys in the field are the field's");
  press(input, "Enter");
  equal([wishes, field(), document.activeElement === handle], [[["text", "2k"]], null, true]);
  equal(parameter.text.textContent, "440 Hz", "until the echo");
});

test("typed text that is refused comes back to be mended", () => {
  const { parameter, handle, field } = shown({ step: null, text: "0" });
  handle.focus();
  parameter.refuse("no number in “abc”", "abc");
  equal([parameter.error.textContent, /** @type {HTMLInputElement} */ (field()).value], ["no number in “abc”", "abc"]);
  /** @type {HTMLElement} */ (field()).blur();
  equal(parameter.error.textContent, "", "asked again");
});

test("Escape leaves the value, and no one else hears of it", () => {
  const { parameter, wishes, field } = shown({ step: null, text: "0" });
  let heard = 0;
  parameter.root.addEventListener("keydown", () => (heard += 1));
  parameter.text.click();
  const input = /** @type {HTMLInputElement} */ (field());
  input.value = "5";
  press(input, "Escape");
  equal([wishes, field(), heard], [[], null, 0]);
});

test("groups nest by their path, in the order of the list", () => {
  const tree = grouped(["", "Band 1", "Band 1/Shape", "Band 2", "Band 1"].map((group, id) => ({ ...INFO, id, group })));
  const band = tree.groups.get("Band 1");
  equal([tree.params.length, [...tree.groups.keys()]], [1, ["Band 1", "Band 2"]]);
  equal([band?.params.map(({ id }) => id), [...(band?.groups.keys() ?? [])]], [[1, 4], ["Shape"]]);
});

test("groups are headed sections, hidden parameters are not there", () => {
  const parameters = new Parameters(el("section"));
  parameters.draw([
    { ...INFO, id: 1, group: "A/B" }, { ...INFO, id: 2, flags: ["hidden"] }, { ...INFO, id: 3, group: "A" },
  ]);
  const heads = [...parameters.list.querySelectorAll("h3")].map((head) => [head.textContent, head.getAttribute("aria-level")]);
  equal(heads, [["A", "3"], ["B", "4"]]);
  equal([...parameters.list.querySelectorAll("[data-param-id]")].map((root) => root.getAttribute("data-param-id")), ["3", "1"]);
});
