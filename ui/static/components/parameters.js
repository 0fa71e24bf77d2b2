// The plugin's parameters in their groups. A reload that leaves a parameter as it was leaves its
// slider too, with focus and a drag in progress.

/** @import { ParamInfo } from "../lib/types.js" */
import { el } from "../lib/dom.js";
import { Parameter } from "./parameter.js";

export class Parameters {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = el("div", { class: "parameter-groups" });
    this.empty = el("p", { class: "parameters-empty" }, "The plugin has no parameters.");
    this.help = el("p", { class: "parameters-help" }, "Double-click or Delete sets the default. Shift moves finely.");
    root.append(this.list, this.empty, this.help);
    /** @type {Map<number, Parameter>} */
    this.byId = new Map();
    this.order = "";
  }

  /** @param {ParamInfo[]} params */
  draw(params) {
    const shown = params.filter(({ flags }) => !flags?.includes("hidden"));
    const order = JSON.stringify(shown.map(({ value, text, ...fixed }) => fixed));
    if (order !== this.order) this.build(shown);
    this.order = order;
    for (const param of shown) this.byId.get(param.id)?.echo(param.value, param.text);
    this.empty.hidden = shown.length > 0;
    this.help.hidden = shown.length === 0;
  }

  /** @param {ParamInfo[]} params */
  build(params) {
    const before = this.byId;
    this.byId = new Map(params.map((param) => {
      const old = before.get(param.id);
      return [param.id, old?.fits(param) ? old : new Parameter(param)];
    }));
    const focused = document.activeElement;
    this.list.replaceChildren(...[...groupBy(params)].map(([name, members]) => {
      const group = el("div", { class: "parameter-group", role: "group", "aria-label": name || "Parameters" });
      if (name) group.append(el("h3", {}, name));
      group.append(...members.flatMap(({ id }) => this.byId.get(id)?.root ?? []));
      return group;
    }));
    // A slider that was moved to its new place lost the focus on the way.
    if (focused instanceof HTMLElement && this.list.contains(focused)) focused.focus();
  }
}

/** @param {ParamInfo[]} params */
function groupBy(params) {
  /** @type {Map<string, ParamInfo[]>} */
  const groups = new Map();
  for (const param of params) groups.set(param.group, [...(groups.get(param.group) ?? []), param]);
  return groups;
}
