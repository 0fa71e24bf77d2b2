// The control of a parameter whose values have names: the browser's own list.

/** @import { Parameter } from "./parameter.js" */
import { el } from "../lib/dom.js";

export class Choice {
  /** @param {Parameter} parameter */
  constructor(parameter) {
    const { min, choices } = parameter.info;
    this.min = min;
    this.held = false;
    this.runs = false;
    this.handle = el("select", { class: "choice", "aria-labelledby": parameter.nameId, "aria-keyshortcuts": "Delete" },
      ...(choices ?? []).map((name) => el("option", {}, name)));
    this.handle.addEventListener("change", () => parameter.ask(min + this.handle.selectedIndex));
    this.root = this.handle;
  }

  /** @param {number} value */
  show(value) {
    const index = Number.isFinite(value) ? Math.round(value - this.min) : -1;
    if (this.handle.selectedIndex !== index) this.handle.selectedIndex = index;
  }
}
