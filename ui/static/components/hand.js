// A hand on a control that runs through a range: it drags, finely with Shift, and a double-click sets
// the default. The window is listened to, not the element: a reload may move that while it is held.

/** @import { Parameter } from "./parameter.js" */
import { clamp } from "../lib/scale.js";

/** Shift slows the pointer down by this. */
const FINE = 0.1;

/** @typedef {{ x: number, y: number }} Point  In the window, px. */

/**
 * What a hand holds.
 * @typedef {object} Held
 * @property {Parameter} parameter
 * @property {HTMLElement} root takes the pointer
 * @property {HTMLElement} handle takes the focus
 * @property {(value: number) => void} show
 * @property {(from: Point, to: Point) => number} way how far a movement goes, in parts of the whole way
 * @property {(point: Point) => number} [at] where a press lands; without it a press alone moves nothing
 */

export class Hand {
  /** @param {Held} control */
  constructor(control) {
    this.control = control;
    /** @type {{ pointer: number, point: Point, fraction: number }|null} the pointer's last place while it drags */
    this.drag = null;
    control.root.addEventListener("pointerdown", (event) => this.grab(event));
    control.root.addEventListener("dblclick", () => control.parameter.ask(control.parameter.info.default));
    this.move = this.move.bind(this);
    this.let = this.let.bind(this);
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (event.button !== 0 || this.drag) return;
    event.preventDefault();
    const { control } = this;
    const { parameter, handle } = control;
    handle.focus({ preventScroll: true });
    const point = { x: event.clientX, y: event.clientY };
    const jumps = control.at !== undefined && !event.shiftKey;
    const fraction = jumps ? clamp(control.at?.(point) ?? 0, 0, 1) : parameter.taper.fraction(parameter.current());
    this.hold({ pointer: event.pointerId, point, fraction });
    parameter.begin();
    if (jumps) this.follow(fraction);
  }

  /** @param {NonNullable<Hand["drag"]>} drag */
  hold(drag) {
    this.drag = drag;
    addEventListener("pointermove", this.move);
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, this.let);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.drag || event.pointerId !== this.drag.pointer) return;
    const point = { x: event.clientX, y: event.clientY };
    const way = this.control.way(this.drag.point, point) * (event.shiftKey ? FINE : 1);
    const fraction = clamp(this.drag.fraction + way, 0, 1);
    this.drag = { ...this.drag, point, fraction };
    this.follow(fraction);
  }

  /** @param {number} fraction */
  follow(fraction) {
    const { parameter } = this.control;
    const value = parameter.taper.at(fraction);
    this.control.show(value);
    if (value !== parameter.asked) parameter.ask(value);
  }

  /** @param {Event} event */
  let(event) {
    if (event instanceof PointerEvent && event.pointerId === this.drag?.pointer) this.release();
  }

  release() {
    if (!this.drag) return;
    this.drop();
    this.control.parameter.release();
  }

  /** @returns {Hand["drag"]} what was held */
  drop() {
    const { drag } = this;
    this.drag = null;
    removeEventListener("pointermove", this.move);
    for (const end of ["pointerup", "pointercancel"]) removeEventListener(end, this.let);
    return drag;
  }

  /** Another control's drag goes on here: the parameter came back from a reload with another range. @param {Hand} other */
  takeOver(other) {
    const drag = other.drop();
    const { parameter } = this.control;
    if (drag) this.hold({ ...drag, fraction: parameter.taper.fraction(parameter.current()) });
  }
}
