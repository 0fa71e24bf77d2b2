// The plugin's parameters in their groups. A reload that leaves a parameter as it was leaves its
// control too, with focus and a drag in progress. Emits `reset-params`.

/** @import { ParamInfo } from "../lib/types.js" */
import { el, emit, setText } from "../lib/dom.js";
import { Confirm } from "./confirm.js";
import { Parameter } from "./parameter.js";

/** @typedef {{ name: string, params: ParamInfo[], groups: Map<string, Group> }} Group */

export class Parameters {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.reset = new Confirm({
      attributes: { id: "reset-params" }, label: "Reset all", question: "All to their defaults?", yes: "Reset",
      act: () => emit(root, "reset-params"),
    });
    this.reset.root.classList.add("panel-act");
    this.error = el("p", { id: "parameters-error", class: "error", role: "alert" });
    this.list = el("div", { class: "parameter-groups" });
    this.empty = el("p", { class: "parameters-empty" }, "The plugin has no parameters.");
    this.help = el("p", { class: "parameters-help" },
      "Double-click or Delete sets the default. Click a value, or press Enter, to type. Shift moves finely.");
    root.append(this.reset.root, this.error, this.list, this.empty, this.help);
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
    this.reset.root.hidden = shown.length === 0;
  }

  /** The server did not take a value. @param {number} id @param {string} message @param {string} [text] what was typed */
  refuse(id, message, text) {
    this.byId.get(id)?.refuse(message, text);
  }

  /** Nor a reset. @param {string} message empty = it did */
  refuseReset(message) {
    setText(this.error, message);
  }

  /** @param {ParamInfo[]} params */
  build(params) {
    const before = this.byId;
    this.byId = new Map(params.map((param) => {
      const old = before.get(param.id);
      return [param.id, old?.fits(param) ? old : new Parameter(param)];
    }));
    const focused = document.activeElement;
    const { params: loose, groups } = grouped(params);
    /** @type {Group[]} those without a group first */
    const top = loose.length > 0 ? [{ name: "", params: loose, groups: new Map() }, ...groups.values()] : [...groups.values()];
    this.list.replaceChildren(...top.map((group) => this.section(group, 3)));
    // A control that was moved to its new place lost the focus on the way.
    if (focused instanceof HTMLElement && this.list.contains(focused)) focused.focus();
  }

  /** @param {Group} group @param {number} level of its heading @returns {HTMLElement} */
  section({ name, params, groups }, level) {
    const section = el("div", { class: "parameter-group", role: "group", "aria-label": name || "Parameters" });
    if (name) section.append(el("h3", { "aria-level": String(level) }, name));
    section.append(
      ...params.flatMap(({ id }) => this.byId.get(id)?.root ?? []),
      ...[...groups.values()].map((group) => this.section(group, level + 1)));
    return section;
  }
}

/** The tree of the groups' paths, "Band 1/Shape"; everything in the order of the list. @param {ParamInfo[]} params */
export function grouped(params) {
  /** @type {Group} */
  const root = { name: "", params: [], groups: new Map() };
  for (const param of params) {
    let at = root;
    for (const name of (param.group ?? "").split("/").filter(Boolean)) {
      const next = at.groups.get(name) ?? { name, params: [], groups: new Map() };
      at.groups.set(name, next);
      at = next;
    }
    at.params.push(param);
  }
  return root;
}
