// The control of a parameter in whole steps: less, the value, more.

/** @import { Parameter } from "./parameter.js" */
import { button, el, setAttribute } from "../lib/dom.js";
import { turnable } from "./wheel.js";

export class Stepper {
  /** @param {Parameter} parameter */
  constructor(parameter) {
    const { info, taper } = parameter;
    this.parameter = parameter;
    this.held = false;
    this.runs = true;
    /** @param {string} label @param {string} words @param {number} presses */
    const step = (label, words, presses) => button(
      { class: "step", tabindex: "-1", "aria-label": `${info.name}: ${words}` }, label,
      () => {
        this.handle.focus();
        parameter.ask(taper.nudge(parameter.current(), presses, false));
      });
    this.less = step("−", "less", -1);
    this.more = step("+", "more", 1);
    // The buttons are for the pointer; one stop of the Tab key takes the arrows, and speaks.
    this.handle = el("span", {
      class: "stepper-handle", role: "spinbutton", tabindex: "0", "aria-labelledby": parameter.nameId,
      "aria-keyshortcuts": "Enter Delete", "aria-valuemin": String(info.min), "aria-valuemax": String(info.max),
    });
    this.root = el("div", { class: "stepper" }, this.handle, this.less, this.more);
    turnable(this.root, parameter);
  }

  /** @param {number} value */
  show(value) {
    const { min, max } = this.parameter.info;
    if (Number.isFinite(value)) setAttribute(this.handle, "aria-valuenow", String(value));
    else this.handle.removeAttribute("aria-valuenow");
    this.less.disabled = value <= min;
    this.more.disabled = value >= max;
  }

  /** @param {string} words */
  say(words) {
    setAttribute(this.handle, "aria-valuetext", words);
  }
}
