// The plugin's parameters in their groups. A reload that leaves a parameter as it was leaves its
// control too, with focus and a drag in progress. Emits `reset-params`, `undo`, `redo` and `help`.

/** @import { ParamInfo } from "../lib/types.js" */
import { button, el, emit, setText } from "../lib/dom.js";
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
    this.back = button({ id: "undo", class: "small", "aria-keyshortcuts": "Control+Z", title: "Ctrl+Z" }, "Undo", () => emit(root, "undo"));
    this.again = button({ id: "redo", class: "small", "aria-keyshortcuts": "Control+Shift+Z", title: "Ctrl+Shift+Z" }, "Redo", () => emit(root, "redo"));
    this.acts = el("div", { class: "panel-act parameters-acts" }, this.back, this.again, this.reset.root);
    this.error = el("p", { id: "parameters-error", class: "error", role: "alert" });
    this.list = el("div", { class: "parameter-groups" });
    this.empty = el("p", { class: "parameters-empty" }, "The plugin has no parameters.");
    this.help = el("p", { class: "parameters-help" },
      "Drag or turn the wheel; Shift moves finely. Double-click or Delete sets the default. Click a value, or press Enter, to type. ",
      button({ id: "help-open", class: "small", "aria-haspopup": "dialog", "aria-keyshortcuts": "?" }, "All keys: ?", () => emit(root, "help")));
    root.append(this.acts, this.error, this.list, this.empty, this.help);
    /** @type {Map<number, Parameter>} */
    this.byId = new Map();
    this.order = "";
    /** @type {ParamInfo[]|null} */
    this.known = null;
    this.undoable(0, 0);
  }

  /** @param {number} back steps that can be taken back @param {number} again taken back, and to be had again */
  undoable(back, again) {
    this.back.disabled = back === 0;
    this.again.disabled = again === 0;
  }

  /** @param {ParamInfo[]} params */
  draw(params) {
    const shown = params.filter(({ flags }) => !flags?.includes("hidden"));
    if (params !== this.known) this.renew(shown);
    this.known = params;
    for (const param of shown) this.byId.get(param.id)?.echo(param.value, param.text);
    this.empty.hidden = shown.length > 0;
    this.help.hidden = shown.length === 0;
    this.acts.hidden = shown.length === 0;
  }

  /** Another list, perhaps of the same. @param {ParamInfo[]} shown */
  renew(shown) {
    const order = JSON.stringify(shown.map(({ value, text, ...fixed }) => fixed));
    if (order !== this.order) this.build(shown);
    this.order = order;
  }

  /** As a hand would. @param {number} id @param {number} value */
  ask(id, value) {
    this.byId.get(id)?.ask(value);
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
    const focused = document.activeElement;
    const focusedId = Number(focused?.closest("[data-param-id]")?.getAttribute("data-param-id") ?? NaN);
    this.byId = new Map(params.map((param) => {
      const old = before.get(param.id);
      return [param.id, old?.fits(param) ? old : new Parameter(param)];
    }));
    // Those that are no more, and those with others in their place.
    for (const [id, old] of before) {
      const now = this.byId.get(id);
      if (now === undefined) old.leave();
      else if (now !== old) now.succeed(old);
    }
    const { params: loose, groups } = grouped(params);
    /** @type {Group[]} those without a group first */
    const top = loose.length > 0 ? [{ name: "", params: loose, groups: new Map() }, ...groups.values()] : [...groups.values()];
    this.list.replaceChildren(...top.map((group) => this.section(group, 3)));
    // A control that was moved to its new place lost the focus on the way.
    if (focused instanceof HTMLElement && this.list.contains(focused)) focused.focus();
    else this.byId.get(focusedId)?.control?.handle.focus();
  }

  /** @param {Group} group @param {number} level of its heading @returns {HTMLElement} */
  section({ name, params, groups }, level) {
    const section = el("div", { class: "parameter-group", role: "group", "aria-label": name || "Parameters" });
    if (name) section.append(el("h3", { "aria-level": String(level) }, name));
    section.append(
      ...besideEachOther(params.flatMap(({ id }) => this.byId.get(id)?.root ?? [])),
      ...[...groups.values()].map((group) => this.section(group, level + 1)));
    return section;
  }
}

/** Knobs that follow each other stand in a row. @param {HTMLElement[]} roots */
function besideEachOther(roots) {
  /** @type {HTMLElement[]} */
  const lines = [];
  for (const root of roots) {
    if (root.dataset.kind !== "knob") lines.push(root);
    else if (lines.at(-1)?.className === "knobs") lines.at(-1)?.append(root);
    else lines.push(el("div", { class: "knobs" }, root));
  }
  return lines;
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
