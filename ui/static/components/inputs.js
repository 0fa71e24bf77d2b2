// The microphones, each with its clock against the engine's: how far they are apart, whether the delay
// stays what it is, and what was lost there; how to change it, take it away, or add one. Emits `source`
// (as the strips do), `add-source` with { spec, tell } and `show-source` with { id }.

/** @import { Model } from "../lib/model.js" */
/** @import { LiveInput } from "../lib/types.js" */
/** @import { Tell } from "./device-pick.js" */
import { button, el, emit, setAttribute, setText } from "../lib/dom.js";
import { count, frames, granted, loss, named, ppm, timeError } from "../lib/format.js";
import { DevicePick } from "./device-pick.js";

/** In words, and how grave it is. @type {Record<string, [string, string]>} */
const STATES = {
  shared: ["shared clock", "good"], locking: ["locking", "none"], locked: ["locked", "good"],
  "at limit": ["at limit: more than 0.5 % apart, re-seeds instead", "bad"],
};

const LOSSES = /** @type {const} */ (["underruns", "overruns", "lost_frames"]);

/** How it stands: whether its device is away, and the engine's rate. @typedef {{ away: boolean, rate: number }} Around */
/** Name, what it means, value, how grave that is; a device that is away has neither drift nor delay. @type {{ name: string, title: string, value: (input: LiveInput, around: Around) => string, level?: (input: LiveInput, around: Around) => string }[]} */
const LINES = [
  { name: "State", title: "Whether its delay stays what it is",
    value: ({ state }, { away }) => (away ? "away" : STATES[state]?.[0] ?? state),
    level: ({ state }, { away }) => (away ? "warn" : STATES[state]?.[1] ?? "none") },
  { name: "Drift", title: "By how much its clock is faster than the engine's, parts per million",
    value: (input, { away }) => ppm(away ? null : input.ppm) },
  { name: "Delay error", title: "How much longer its delay is than it should be",
    value: (input, { away }) => timeError(away ? null : input.delay_error_ms) },
  { name: "Latency", title: "From this microphone to the speaker, without the plugin's part",
    value: (input, { away, rate }) => (away ? "–" : frames(input.latency_frames, rate)) },
  { name: "Ring", title: "What lies in its ring, and what it is held at",
    value: (input, { away }) => (away ? "–" : `${count(input.fill_frames)} of ${count(input.target_frames)} frames`) },
  { name: "Re-seeds", title: "Times that its delay was set anew, behind a fade of 5 ms",
    value: ({ reseeds }) => count(reseeds) },
  { name: "Losses", title: "Times its ring ran dry or was full, and the frames that were not heard for it",
    value: ({ counters }) => LOSSES.flatMap((kind) => (counters[kind] ? [loss(kind, counters[kind])] : [])).join(", ") || "none",
    level: ({ counters }) => (LOSSES.some((kind) => counters[kind]) ? "bad" : "none") },
];

/** The lines of one input, and what can be done with it. */
class InputLines {
  /** @param {LiveInput} input */
  constructor({ source }) {
    this.source = source;
    this.name = el("h3");
    this.format = el("dd", { class: "number" });
    this.formatRow = el("div", {}, el("dt", {}, "Granted"), this.format);
    this.lines = LINES.map((line) => ({ ...line, element: el("dd", { class: "number" }) }));
    const rows = this.lines.map(({ name, title, element }) => el("div", { title }, el("dt", {}, name), element));
    this.strip = button({ class: "small live-strip" }, "Strip", () => emit(this.root, "show-source", { id: source }));
    this.pick = new DevicePick({
      attributes: { class: "small live-change" }, label: "Change…", list: "Another microphone", verb: "Use",
      act: ({ id }, tell) => this.ask("set_input", { device: id }, tell),
    });
    this.remove = button({ class: "small live-remove" }, "Remove", () => this.ask("remove_source", {}, (refusal) => this.pick.tell(refusal)));
    // The engine's input is as wide as the first one: it can be another, not none.
    this.remove.hidden = source === 0;
    this.root = el("div", { class: "live-input", role: "group", "data-live-input": String(source) },
      this.name, el("dl", { class: "facts" }, ...rows, this.formatRow),
      el("div", { class: "live-acts" }, this.strip, this.remove, this.pick.root));
  }

  /** @param {string} method @param {object} params @param {Tell} tell */
  ask(method, params, tell) {
    emit(this.root, "source", { method, params: { id: this.source, ...params }, key: `${method} ${this.source}`, tell });
  }

  /** @param {LiveInput} input @param {Around} around @param {string} format as it was granted; of the first input it stands above */
  show(input, around, format) {
    const name = named(input.device);
    setText(this.name, name);
    setAttribute(this.name, "title", input.device);
    setAttribute(this.root, "aria-label", name);
    for (const { element, value, level } of this.lines) {
      setText(element, value(input, around));
      setAttribute(element, "data-level", level?.(input, around) ?? "none");
    }
    setText(this.format, format);
    this.formatRow.hidden = format === "";
    setAttribute(this.strip, "aria-label", `Strip of ${name} among the sources`);
    setAttribute(this.pick.button, "aria-label", `Change ${name} to another microphone`);
    setAttribute(this.remove, "aria-label", `Remove ${name}`);
  }
}

export class Inputs {
  constructor() {
    this.list = el("div");
    this.add = new DevicePick({
      attributes: { id: "add-input", class: "small" }, label: "Add a microphone…", list: "Microphone to add", verb: "Add",
      act: ({ id }, tell) => emit(this.root, "add-source", { spec: `mic:${id}`, tell }),
    });
    this.root = el("div", { id: "live-inputs" }, this.list, el("div", { class: "live-acts" }, this.add.root));
    /** By their numbers. @type {Map<number, InputLines>} */
    this.inputs = new Map();
  }

  /** @param {Model} model */
  draw(model) {
    const numbers = new Set(model.inputs.map(({ input }) => input));
    for (const [number, lines] of this.inputs) if (!numbers.has(number)) this.forget(number, lines);
    const rate = model.audio?.engine_rate ?? 0;
    model.inputs.forEach((input, i) => {
      const lines = this.inputs.get(input.input) ?? new InputLines(input);
      this.inputs.set(input.input, lines);
      if (this.list.children[i] !== lines.root) this.list.insertBefore(lines.root, this.list.children[i] ?? null);
      const end = input.input === 0 ? null : model.audio?.more?.find(({ device }) => device === input.device);
      lines.show(input, { away: isAway(model, input), rate }, granted(end ?? null));
    });
  }

  /** The hand that was on it goes on to the next. @param {number} number @param {InputLines} lines */
  forget(number, lines) {
    const hadFocus = lines.root.contains(document.activeElement);
    const next = lines.root.nextElementSibling ?? lines.root.previousElementSibling;
    lines.root.remove();
    this.inputs.delete(number);
    if (!hadFocus) return;
    const heir = next?.querySelector(".live-remove:not([hidden])") ?? this.add.button;
    if (heir instanceof HTMLElement) heir.focus();
  }
}

/** The status knows one missing end; the strips of the others tell for themselves. @param {Model} model @param {LiveInput} input */
function isAway({ lostDevice, sources }, { input, source }) {
  if (lostDevice?.end === "input" && (lostDevice.input ?? 0) === input) return true;
  return input > 0 && sources.some(({ id, state }) => id === source && ["starved", "waiting"].includes(state));
}
