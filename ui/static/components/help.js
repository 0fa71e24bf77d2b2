// All keys of the page, shown by `?` and closed by Escape. Emits `undo` and `redo` for their keys.

import { button, el, emit } from "../lib/dom.js";

/** @type {[string, [string, string][]][]} */
const KEYS = [
  ["Everywhere", [
    ["?", "these keys"], ["Ctrl Z", "undo the last movement"], ["Ctrl Shift Z", "redo it"],
    ["Tab", "to the next control"], ["Escape", "close what is open"],
  ]],
  ["On a control", [
    ["↑ ↓ ← →", "a step, or a hundredth of the way"], ["Shift + arrow", "a thousandth"], ["Page ↑ ↓", "ten steps"],
    ["Home End", "the ends of the range"], ["Delete", "the default"], ["Enter", "type a value, with its unit"],
  ]],
  ["With the pointer", [
    ["Drag", "move; knobs up and down"], ["Shift + drag", "ten times finer"], ["Wheel", "a step per notch"],
    ["Double-click", "the default"], ["Click a value", "type it"],
  ]],
  ["Sources", [["R", "loop the take, or stop"], ["← →", "on a picture or a loop's end: a hundredth of it"], ["Delete", "back to the start, or the end"]]],
  ["Notes, when the plugin takes them", [["A … '", "play"], ["Z X", "an octave down, up"], ["C V", "softer, louder"]]],
];

export class Help {
  /** @param {HTMLElement} root a dialog */
  constructor(root) {
    if (!(root instanceof HTMLDialogElement)) throw new Error("#help is a dialog");
    this.root = root;
    root.append(
      el("div", { class: "help-head" }, el("h2", { id: "help-title" }, "Keys"), button({ id: "help-close" }, "Close", () => root.close())),
      el("div", { class: "help-parts" }, ...KEYS.map(([title, keys]) => el("section", {},
        el("h3", {}, title),
        el("dl", {}, ...keys.map(([key, words]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, words))))))));
    // Its Escape is nobody else's.
    root.addEventListener("keydown", (event) => event.stopPropagation());
    root.addEventListener("click", ({ target }) => target === root && root.close());
    document.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.defaultPrevented || isTyping(event.target)) return;
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    const wish = (ctrlKey || metaKey) && !altKey ? commandOf(key.toLowerCase(), shiftKey) : null;
    if (wish) emit(this.root, wish);
    else if (key === "?" && !ctrlKey && !metaKey) this.show();
    else return;
    event.preventDefault();
  }

  show() {
    if (!this.root.open) this.root.showModal();
  }
}

/** @param {string} key @param {boolean} shift @returns {"undo"|"redo"|null} */
function commandOf(key, shift) {
  if (key === "y" && !shift) return "redo";
  return key === "z" ? (shift ? "redo" : "undo") : null;
}

/** A text has its own undo. @param {EventTarget|null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input:not([type=range]), textarea, [contenteditable]") !== null;
}
