// The small native controls of a view.

import { el } from "../../lib/dom.js";

/**
 * A list to choose from.
 * @param {string} name spoken and shown @param {[string, string][]} options value and word @param {string} value chosen at first @param {(value: string) => void} act
 */
export function choice(name, options, value, act) {
  const select = el("select", { "aria-label": name, title: name, "data-control": name },
    ...options.map(([option, word]) => el("option", { value: option }, word)));
  select.value = value;
  select.addEventListener("change", () => act(select.value));
  return select;
}

/** @param {string} name @param {boolean} on @param {(on: boolean) => void} act */
export function check(name, on, act) {
  const input = el("input", { type: "checkbox", "data-control": name });
  input.checked = on;
  input.addEventListener("change", () => act(input.checked));
  return el("label", { class: "plot-check" }, input, name);
}

/** @param {string} name @param {{ min: number, max: number, step: number, value: number }} range @param {(value: number) => void} act */
export function number(name, { min, max, step, value }, act) {
  const input = el("input", { type: "number", "data-control": name, min: String(min), max: String(max), step: String(step), value: String(value) });
  input.addEventListener("change", () => {
    const typed = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : value;
    input.value = String(Math.min(max, Math.max(min, typed)));
    act(Number(input.value));
  });
  return el("label", { class: "plot-number" }, name, input);
}

/** Hands a file to the browser's own downloads. @param {string} name @param {Blob} blob */
export function download(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
