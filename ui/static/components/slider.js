// The control of a level: a track with a thumb, and a mark at the default.

/** @import { Point } from "./hand.js" */
/** @import { Parameter } from "./parameter.js" */
import { el, setAttribute } from "../lib/dom.js";
import { Hand } from "./hand.js";
import { turnable } from "./wheel.js";

export class Slider {
  /** @param {Parameter} parameter */
  constructor(parameter) {
    this.parameter = parameter;
    this.taper = parameter.taper;
    this.runs = true;
    this.handle = range(parameter);
    this.root = el("div", { class: "track" }, this.handle);
    this.root.style.setProperty("--default", String(this.taper.fraction(parameter.info.default)));
    this.hand = new Hand(this);
    turnable(this.root, parameter);
  }

  get held() {
    return this.hand.drag !== null;
  }

  /** Along the way of the thumb's middle. @param {Point} point */
  at({ x }) {
    const { left, width } = this.root.getBoundingClientRect();
    const thumb = parseFloat(getComputedStyle(this.root).getPropertyValue("--thumb"));
    return (x - left - thumb / 2) / Math.max(1, width - thumb);
  }

  /** @param {Point} from @param {Point} to */
  way(from, to) {
    return this.at(to) - this.at(from);
  }

  /** @param {number} value */
  show(value) {
    place(this.handle, this.taper.position(value));
    this.root.style.setProperty("--fill", String(Number.isFinite(value) ? this.taper.fraction(value) : 0));
  }

  /** @param {string} words */
  say(words) {
    setAttribute(this.handle, "aria-valuetext", words);
  }
}

/** The browser's own range takes the keys and speaks; what is seen of it is the control's. @param {Parameter} parameter */
export function range(parameter) {
  const { taper } = parameter;
  const handle = el("input", {
    type: "range", step: "any", "aria-labelledby": parameter.nameId, "aria-keyshortcuts": "Enter Delete",
    min: String(taper.low), max: String(taper.high),
  });
  // Assistive technology moves it itself.
  handle.addEventListener("input", () => parameter.ask(taper.settle(taper.plain(handle.valueAsNumber))));
  return handle;
}

/** A value that is no number has no place. @param {HTMLInputElement} handle @param {number} position */
export function place(handle, position) {
  handle.toggleAttribute("data-nowhere", !Number.isFinite(position));
  if (Number.isFinite(position)) handle.valueAsNumber = position;
}
