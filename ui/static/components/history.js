// The generations so far, newest first: what each save's way to the sound was spent on, which parameters
// came and went, and what failed where.

/** @import { Model } from "../lib/model.js" */
/** @import { BuildFailed, HistoryEvent, Reloaded, ReloadFailed } from "../lib/types.js" */
import { el } from "../lib/dom.js";
import { ms } from "../lib/format.js";
import { findingsOf, stackOf } from "./findings.js";
import { placeLink } from "./place.js";

const SPLITS = /** @type {const} */ (["detect", "build", "stage", "load", "swap"]);

/** What an event has to tell, and how it went. @type {Record<string, { level: string, body: (event: any) => (Node|string)[] }>} */
const KINDS = {
  reloaded: { level: "good", body: reloaded },
  restarted: { level: "info", body: () => ["restarted at its own wish"] },
  promoted: { level: "warn", body: ({ instead_of: other }) => [`plays on instead of generation ${other}`] },
  reload_failed: { level: "bad", body: refused },
  build_failed: { level: "bad", body: failed },
};

export class GenerationHistory {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = el("ol", { id: "generations", class: "generations", tabindex: "0", "aria-label": "History, newest first" });
    this.empty = el("p", { class: "health-none" }, "Nothing was built yet.");
    root.append(this.list, this.empty);
    this.shown = "";
  }

  /** @param {Model} model */
  draw({ history }) {
    const known = history.filter(({ event }) => event in KINDS);
    const shown = JSON.stringify(known.map(({ event, generation, t }) => [event, generation, t]));
    this.empty.hidden = known.length > 0;
    if (shown === this.shown) return;
    this.shown = shown;
    this.list.replaceChildren(...known.map(entry).reverse());
  }
}

/** @param {HistoryEvent} event */
function entry(event) {
  const { level, body } = KINDS[event.event];
  return el("li", { "data-level": level },
    el("b", { class: "number", title: "Generation" }, String(event.generation)),
    el("span", { class: "number generation-time" }, event.t === undefined ? "" : ms(event.t * 1000)),
    el("div", { class: "generation-body" }, ...body(event)));
}

/** @param {Reloaded} event */
function reloaded(event) {
  const times = SPLITS.map((name) => [name, event[`${name}_ms`] ?? 0, ms(event[`${name}_ms`])]);
  const bar = el("div", { class: "generation-bar", "aria-hidden": "true" });
  for (const [name, time, words] of times) {
    const part = el("i", { "data-split": String(name), title: `${name} ${words}` });
    part.style.flexGrow = String(time);
    bar.append(part);
  }
  return [
    el("p", {}, el("b", { class: "number" }, ms(event.save_to_sound_ms)), event.first ? " from the start to the sound" : " from the save to the sound"),
    bar,
    el("p", { class: "generation-splits number" }, times.map(([name, , words]) => `${name} ${words}`).join(" · ")),
    ...(event.first ? [] : [el("p", { class: "generation-params" }, changes(event.params))]),
    ...findingsOf(event.warnings),
  ];
}

/** @param {Reloaded["params"]} params */
function changes({ carried, added, removed, clamped, added_names: come = [], removed_names: gone = [] }) {
  /** @param {number} n @param {string} what @param {string[]} names */
  const words = (n, what, names) => (n === 0 ? [] : [`${n} ${what}${names.length > 0 ? ` (${names.join(", ")}${names.length < n ? ", …" : ""})` : ""}`]);
  return [`${carried} ${carried === 1 ? "parameter" : "parameters"} carried`,
    ...words(added, "added", come), ...words(removed, "removed", gone), ...words(clamped, "clamped", [])].join(", ");
}

/** @param {ReloadFailed} event */
function refused({ reason, message, file, line, stack }) {
  return [el("p", {}, `refused (${reason}): ${message} `, file ? placeLink(file, line) : ""), ...stackOf(stack, { file: file ?? null, line: line ?? null })];
}

/** @param {BuildFailed} event */
function failed({ exit, diagnostics }) {
  const errors = diagnostics.filter(({ level }) => level.startsWith("error"));
  if (errors.length === 0) return [`build failed, exit code ${exit ?? "none"}`];
  return errors.map(({ message, file, line }) => el("p", {}, `${message} `, file ? placeLink(file, line) : ""));
}
