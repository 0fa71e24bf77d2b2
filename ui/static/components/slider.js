// The control of a parameter that runs: a track with a thumb, and a mark at the default.

/** @import { Parameter } from "./parameter.js" */
import { el, setAttribute } from "../lib/dom.js";
import { clamp } from "../lib/scale.js";

/** Shift slows the pointer down by this. */
const FINE = 0.1;

export class Slider {
  /** @param {Parameter} parameter */
  constructor(parameter) {
    this.parameter = parameter;
    this.taper = parameter.taper;
    this.runs = true;
    /** @type {{ x: number, fraction: number }|null} the pointer's last place while it drags */
    this.drag = null;
    this.handle = el("input", {
      type: "range", step: "any", "aria-labelledby": parameter.nameId, "aria-keyshortcuts": "Enter Delete",
      min: String(this.taper.low), max: String(this.taper.high),
    });
    this.root = el("div", { class: "track" }, this.handle);
    this.root.style.setProperty("--default", String(this.taper.fraction(parameter.info.default)));
    this.listen();
  }

  get held() {
    return this.drag !== null;
  }

  listen() {
    const { handle, root, parameter, taper } = this;
    // Assistive technology moves the slider itself.
    handle.addEventListener("input", () => parameter.ask(taper.settle(taper.plain(handle.valueAsNumber))));
    // The pointer's own way of moving it: the native slider knows no fine movement.
    root.addEventListener("pointerdown", (event) => this.grab(event));
    root.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) root.addEventListener(end, () => this.release());
    root.addEventListener("dblclick", () => parameter.ask(parameter.info.default));
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.handle.focus({ preventScroll: true });
    this.root.setPointerCapture(event.pointerId);
    const fraction = event.shiftKey ? this.taper.fraction(this.parameter.value) : this.fractionAt(event.clientX);
    this.drag = { x: event.clientX, fraction };
    if (!event.shiftKey) this.follow(fraction);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.drag) return;
    const { x, fraction } = this.drag;
    const way = this.fractionAt(event.clientX) - this.fractionAt(x);
    const next = event.shiftKey ? clamp(fraction + way * FINE, 0, 1) : clamp(fraction + way, 0, 1);
    this.drag = { x: event.clientX, fraction: next };
    this.follow(next);
  }

  /** @param {number} fraction */
  follow(fraction) {
    const value = this.taper.at(fraction);
    this.show(value);
    if (value !== this.parameter.asked) this.parameter.ask(value);
  }

  release() {
    if (!this.drag) return;
    this.drag = null;
    this.parameter.release();
  }

  /** Where the pointer is along the way of the thumb's middle. @param {number} clientX */
  fractionAt(clientX) {
    const { left, width } = this.root.getBoundingClientRect();
    const thumb = parseFloat(getComputedStyle(this.root).getPropertyValue("--thumb"));
    return (clientX - left - thumb / 2) / Math.max(1, width - thumb);
  }

  /** @param {number} value */
  show(value) {
    this.handle.valueAsNumber = this.taper.position(value);
    this.root.style.setProperty("--fill", String(this.taper.fraction(value)));
  }

  /** @param {string} words */
  say(words) {
    setAttribute(this.handle, "aria-valuetext", words);
  }
}
