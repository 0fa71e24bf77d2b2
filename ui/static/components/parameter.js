// One parameter: name, text, slider. Emits `set` with { id, value }; what it shows is the server's
// echo – except the thumb, which stays under the hand that moves it until the echo has caught up.

/** @import { ParamInfo } from "../lib/types.js" */
import { el, emit, setAttribute, setText } from "../lib/dom.js";
import { withUnit } from "../lib/format.js";
import { Slider, clamp } from "../lib/scale.js";

/** Shift slows the pointer down by this. */
const FINE = 0.1;
/** An echo that does not come within this time will not come: the thumb goes back to the truth. */
const ECHO_MS = 600;
const COARSE_KEYS = new Map([["PageUp", 10], ["PageDown", -10]]);
const KEYS = new Map([["ArrowUp", 1], ["ArrowRight", 1], ["ArrowDown", -1], ["ArrowLeft", -1], ...COARSE_KEYS]);

export class Parameter {
  /** @param {ParamInfo} info */
  constructor(info) {
    this.info = info;
    this.slider = new Slider(info);
    /** The last echo. */
    this.value = info.value;
    /** @type {number|null} the value that was asked for and has not come back yet */
    this.asked = null;
    /** @type {{ x: number, fraction: number }|null} the pointer's last place while it drags */
    this.drag = null;
    /** @type {number|undefined} */
    this.timer = undefined;
    const key = info.key ?? String(info.id);
    this.text = el("span", { class: "parameter-text number" });
    this.input = el("input", {
      type: "range", id: `param-${info.id}`, step: "any",
      min: String(this.slider.low), max: String(this.slider.high),
    });
    this.input.disabled = info.flags?.includes("readonly") ?? false;
    this.track = el("div", { class: "track" }, this.input);
    this.track.style.setProperty("--default", String(this.slider.fraction(info.default)));
    this.root = el("div", { class: "parameter", "data-param": key, "data-param-id": String(info.id) },
      el("label", { for: this.input.id }, info.name), this.text, this.track);
    this.listen();
    this.echo(info.value, info.text);
  }

  /** Whether this slider can stand for `info` as well. @param {ParamInfo} info */
  fits(info) {
    const { value, text, ...fixed } = info;
    const { value: _value, text: _text, ...own } = this.info;
    return JSON.stringify(fixed) === JSON.stringify(own);
  }

  listen() {
    const { input, track } = this;
    input.addEventListener("keydown", (event) => this.key(event));
    // Assistive technology moves the slider itself.
    input.addEventListener("input", () => this.ask(this.slider.settle(this.slider.plain(input.valueAsNumber))));
    // The pointer's own way of moving it: the native slider knows no fine movement.
    track.addEventListener("pointerdown", (event) => this.grab(event));
    track.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) track.addEventListener(end, () => this.release());
    track.addEventListener("dblclick", () => !input.disabled && this.ask(this.info.default));
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (event.button !== 0 || this.input.disabled) return;
    event.preventDefault();
    this.input.focus({ preventScroll: true });
    this.track.setPointerCapture(event.pointerId);
    const fraction = event.shiftKey ? this.slider.fraction(this.value) : this.fractionAt(event.clientX);
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
    const value = this.slider.at(fraction);
    this.thumb(value);
    if (value !== this.asked) this.ask(value);
  }

  release() {
    if (!this.drag) return;
    this.drag = null;
    if (this.caughtUp()) this.giveUp();
    else this.wait();
  }

  /** Where the pointer is along the way of the thumb's middle. @param {number} clientX */
  fractionAt(clientX) {
    const { left, width } = this.track.getBoundingClientRect();
    const thumb = parseFloat(getComputedStyle(this.track).getPropertyValue("--thumb"));
    return (clientX - left - thumb / 2) / Math.max(1, width - thumb);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { slider, info } = this;
    const from = this.asked ?? this.value;
    const presses = KEYS.get(event.key);
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (presses !== undefined) this.ask(slider.nudge(from, presses, event.shiftKey));
    else if (event.key === "Home") this.ask(info.min);
    else if (event.key === "End") this.ask(info.max);
    else if (event.key === "Delete" || event.key === "Backspace") this.ask(info.default);
    else return;
    event.preventDefault();
  }

  /** @param {number} value */
  ask(value) {
    this.asked = value;
    this.wait();
    emit(this.root, "set", { id: this.info.id, value });
  }

  /** For the echo, but not for ever. */
  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.giveUp(), ECHO_MS);
  }

  /** Nothing more is expected: what is shown is what is true, unless a hand is on it. */
  giveUp() {
    if (this.drag) return;
    clearTimeout(this.timer);
    this.asked = null;
    this.thumb(this.value);
  }

  /** The engine's values are single precision: equal means equal up to that. */
  caughtUp() {
    return this.asked !== null && Math.fround(this.asked) === Math.fround(this.value);
  }

  /** The server says so. @param {number} value @param {string} text */
  echo(value, text) {
    this.value = value;
    const words = withUnit(text, this.info.unit);
    setText(this.text, words);
    setAttribute(this.input, "aria-valuetext", words);
    if (this.drag) return;
    if (this.asked === null || this.caughtUp()) this.giveUp();
  }

  /** @param {number} value */
  thumb(value) {
    this.input.valueAsNumber = this.slider.position(value);
    this.track.style.setProperty("--fill", String(this.slider.fraction(value)));
  }
}
