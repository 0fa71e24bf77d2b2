// One parameter: its name, its text and the control of its kind. Emits `set` with { id, value }, always
// between two `gesture` with { id, on, value }, and `text` with { id, text } for a value that was typed.
// What it shows is the server's echo – except the control, which stays under the hand that moves it
// until the echo has caught up: an echo of an older value never moves it back.

/** @import { ParamInfo } from "../lib/types.js" */
/** @import { Hand } from "./hand.js" */
import { el, emit, setText } from "../lib/dom.js";
import { withUnit } from "../lib/format.js";
import { kindOf } from "../lib/kind.js";
import { Taper } from "../lib/taper.js";
import { Choice } from "./choice.js";
import { Entry } from "./entry.js";
import { Knob } from "./knob.js";
import { Slider } from "./slider.js";
import { Stepper } from "./stepper.js";
import { Toggle } from "./toggle.js";

/** An echo that does not come within this time will not come: the control goes back to the truth. */
const ECHO_MS = 600;
const PRESSES = new Map([
  ["ArrowUp", 1], ["ArrowRight", 1], ["ArrowDown", -1], ["ArrowLeft", -1], ["PageUp", 10], ["PageDown", -10],
]);

/**
 * What a parameter asks of its control.
 * @typedef {object} Control
 * @property {HTMLElement} root
 * @property {HTMLElement} handle what takes the focus
 * @property {boolean} held whether a hand is on it
 * @property {boolean} runs whether arrow keys move it through its range
 * @property {Hand} [hand] what drags it
 * @property {(value: number) => void} show
 * @property {(words: string) => void} [say] the value in words, for assistive technology
 */

/** @type {Record<string, (parameter: Parameter) => Control>} */
const CONTROLS = {
  toggle: (parameter) => new Toggle(parameter),
  list: (parameter) => new Choice(parameter),
  stepper: (parameter) => new Stepper(parameter),
  slider: (parameter) => new Slider(parameter),
  knob: (parameter) => new Knob(parameter),
};

export class Parameter {
  /** @param {ParamInfo} info */
  constructor(info) {
    this.info = info;
    this.taper = new Taper(info);
    /** The last echo. */
    this.value = info.value ?? NaN;
    /** Its text, as the server wrote it. */
    this.words = "";
    /** A gesture is under way. */
    this.gesture = false;
    /** @type {number|null} the value that was asked for and has not come back yet */
    this.asked = null;
    /** @type {number|undefined} */
    this.timer = undefined;
    const kind = kindOf(info);
    this.nameId = `param-${info.id}-name`;
    this.name = el("span", { id: this.nameId, class: "parameter-name", title: info.name }, info.name);
    this.entry = ["knob", "slider", "stepper"].includes(kind) ? new Entry(info.name) : null;
    this.text = this.entry?.text ?? el("span", { class: "parameter-text number" });
    this.error = el("p", { class: "parameter-error", role: "alert" });
    this.control = CONTROLS[kind]?.(this) ?? null;
    const key = info.key ?? String(info.id);
    this.root = el("div", { class: "parameter", "data-kind": kind, "data-param": key, "data-param-id": String(info.id) },
      this.name, this.entry?.root ?? this.text, this.control?.root ?? "", this.error);
    this.listen();
    this.echo(info.value, info.text);
    this.control?.show(this.value);
  }

  /** Whether this can stand for `info` as well. @param {ParamInfo} info */
  fits(info) {
    const { value, text, ...fixed } = info;
    const { value: _value, text: _text, ...own } = this.info;
    return JSON.stringify(fixed) === JSON.stringify(own);
  }

  listen() {
    if (!this.control) return;
    this.root.addEventListener("keydown", (event) => this.key(event));
    // Keys that are held repeat: one gesture until they are let go.
    for (const end of ["keyup", "focusout"]) this.root.addEventListener(end, () => this.control?.held || this.end());
    this.name.addEventListener("dblclick", () => this.ask(this.info.default));
    this.root.addEventListener("typed", (event) => {
      this.refuse("");
      emit(this.root, "text", { id: this.info.id, text: /** @type {CustomEvent} */ (event).detail.text });
    });
    this.root.addEventListener("typing-ended", () => this.control?.handle.focus());
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target !== this.control?.handle) return;
    const { taper, info } = this;
    const presses = this.control.runs ? PRESSES.get(event.key) : undefined;
    if (presses !== undefined) this.begin();
    if (presses !== undefined) this.ask(taper.nudge(this.current(), presses, event.shiftKey));
    else if (this.control.runs && event.key === "Home") this.ask(info.min);
    else if (this.control.runs && event.key === "End") this.ask(info.max);
    else if (event.key === "Delete" || event.key === "Backspace") this.ask(info.default);
    else if (this.entry && event.key === "Enter") this.entry.open();
    else return;
    event.preventDefault();
  }

  /** What the next step starts from. */
  current() {
    const now = this.asked ?? this.value;
    return Number.isFinite(now) ? now : this.info.default;
  }

  /** A hand takes hold. */
  begin() {
    if (this.gesture) return;
    this.gesture = true;
    emit(this.root, "gesture", { id: this.info.id, on: true, value: this.asked ?? this.value });
  }

  /** It lets go. */
  end() {
    if (!this.gesture) return;
    this.gesture = false;
    emit(this.root, "gesture", { id: this.info.id, on: false });
  }

  /** @param {number} value */
  ask(value) {
    const alone = !this.gesture;
    this.begin();
    this.asked = value;
    this.wait();
    emit(this.root, "set", { id: this.info.id, value });
    if (alone) this.end();
  }

  /** The same parameter with other properties stood here until now: hand and wish go on. @param {Parameter} old */
  succeed(old) {
    clearTimeout(old.timer);
    [this.gesture, old.gesture] = [old.gesture, false];
    const { control } = this;
    if (old.asked !== null && control) {
      this.asked = this.taper.settle(old.asked);
      control.show(this.asked);
      this.wait();
    }
    if (control?.hand && old.control?.hand) control.hand.takeOver(old.control.hand);
    else old.leave();
    if (!control?.held) this.end();
  }

  /** The plugin has it no more. */
  leave() {
    clearTimeout(this.timer);
    this.control?.hand?.drop();
    this.end();
  }

  /** The server did not take it. @param {string} message empty = nothing is wrong @param {string} [text] what was typed */
  refuse(message, text) {
    setText(this.error, message);
    // Whoever is still here may mend it.
    if (message && text && this.control?.handle === document.activeElement) this.entry?.open(text);
  }

  /** The hand has gone. */
  release() {
    this.end();
    if (this.caughtUp()) this.giveUp();
    else this.wait();
  }

  /** For the echo, but not for ever. */
  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.giveUp(), ECHO_MS);
  }

  /** Nothing more is expected: what is shown is what is true, unless a hand is on it. */
  giveUp() {
    if (this.control?.held) return;
    clearTimeout(this.timer);
    this.asked = null;
    this.control?.show(this.value);
  }

  /** The engine's values are single precision: equal means equal up to that. */
  caughtUp() {
    return this.asked !== null && Math.fround(this.asked) === Math.fround(this.value);
  }

  /** The server says so. @param {number|null} value null = what JSON makes of no number @param {string} text */
  echo(value, text) {
    // A steady page costs nothing, however many there are.
    if (this.asked === null && value === this.value && text === this.words) return;
    this.value = value ?? NaN;
    this.words = text;
    const words = withUnit(text, this.info.unit);
    setText(this.text, words);
    this.control?.say?.(words);
    if (this.asked === null || this.caughtUp()) this.giveUp();
  }
}
