// The control of a parameter with two values: a switch, with a name at each end if they have names.

/** @import { Parameter } from "./parameter.js" */
import { button, el, setAttribute } from "../lib/dom.js";

export class Toggle {
  /** @param {Parameter} parameter */
  constructor(parameter) {
    const { info } = parameter;
    this.info = info;
    this.held = false;
    this.runs = false;
    this.handle = button({
      class: "toggle", role: "switch", "aria-checked": "false", "aria-keyshortcuts": "Delete",
      "aria-labelledby": parameter.nameId,
    }, "", () => parameter.ask(this.isOn(parameter.current()) ? info.min : info.max));
    const [off, on] = info.choices ?? [];
    const named = off !== undefined && on !== undefined && !/^(off|no|false)$/i.test(off);
    this.root = el("div", { class: "toggle-row", "data-named": String(named) }, this.handle);
    if (named) {
      this.handle.setAttribute("aria-labelledby", `${parameter.nameId} ${parameter.nameId}-on`);
      this.handle.before(el("span", { class: "toggle-end", "aria-hidden": "true" }, off));
      this.handle.after(el("span", { class: "toggle-end", id: `${parameter.nameId}-on` }, on));
    }
  }

  /** @param {number} value */
  isOn(value) {
    return value > (this.info.min + this.info.max) / 2;
  }

  /** @param {number} value */
  show(value) {
    setAttribute(this.handle, "aria-checked", String(this.isOn(value)));
  }
}
