// The live inputs, each with its clock against the engine's: how far they are apart, whether the delay
// stays what it is, and what was lost there.

/** @import { Model } from "../lib/model.js" */
/** @import { LiveInput } from "../lib/types.js" */
import { el, setAttribute, setText } from "../lib/dom.js";
import { count, granted, loss, named, ppm, timeError } from "../lib/format.js";

/** In words, and how grave it is. @type {Record<string, [string, string]>} */
const STATES = {
  shared: ["shared clock", "good"], locking: ["locking", "none"], locked: ["locked", "good"],
  "at limit": ["at limit: more than 0.5 % apart, re-seeds instead", "bad"],
};

const LOSSES = /** @type {const} */ (["underruns", "overruns", "lost_frames"]);

/** Name, what it means, value, how grave that is; a device that is away has neither drift nor delay. @type {{ name: string, title: string, value: (input: LiveInput, away: boolean) => string, level?: (input: LiveInput, away: boolean) => string }[]} */
const LINES = [
  { name: "State", title: "Whether its delay stays what it is",
    value: ({ state }, away) => (away ? "away" : STATES[state]?.[0] ?? state),
    level: ({ state }, away) => (away ? "warn" : STATES[state]?.[1] ?? "none") },
  { name: "Drift", title: "By how much its clock is faster than the engine's, parts per million",
    value: (input, away) => ppm(away ? null : input.ppm) },
  { name: "Delay error", title: "How much longer its delay is than it should be",
    value: (input, away) => timeError(away ? null : input.delay_error_ms) },
  { name: "Ring", title: "What lies in its ring, and what it is held at",
    value: (input, away) => (away ? "–" : ring(input)) },
  { name: "Re-seeds", title: "Times that its delay was set anew, behind a fade of 5 ms",
    value: ({ reseeds }) => count(reseeds) },
  { name: "Losses", title: "Times its ring ran dry or was full, and the frames that were not heard for it",
    value: ({ counters }) => (counters ? LOSSES.flatMap((kind) => (counters[kind] ? [loss(kind, counters[kind])] : [])).join(", ") || "none" : "–"),
    level: ({ counters }) => (counters && LOSSES.some((kind) => counters[kind]) ? "bad" : "none") },
];

/** @param {LiveInput} input */
function ring({ fill_frames: fill, counters }) {
  const target = counters?.target_frames;
  return target === undefined ? `${count(fill)} frames` : `${count(fill)} of ${count(target)} frames`;
}

/** The lines of one input. */
class InputLines {
  constructor() {
    this.name = el("h3");
    this.format = el("dd", { class: "number" });
    this.formatRow = el("div", {}, el("dt", {}, "Granted"), this.format);
    this.lines = LINES.map((line) => ({ ...line, element: el("dd", { class: "number" }) }));
    const rows = this.lines.map(({ name, title, element }) => el("div", { title }, el("dt", {}, name), element));
    this.root = el("div", { class: "live-input" }, this.name, el("dl", { class: "facts" }, ...rows, this.formatRow));
  }

  /** @param {LiveInput} input @param {boolean} away @param {string} format as it was granted; of the first input it stands above */
  show(input, away, format) {
    setText(this.name, named(input.device));
    setAttribute(this.name, "title", input.device);
    for (const { element, value, level } of this.lines) {
      setText(element, value(input, away));
      setAttribute(element, "data-level", level?.(input, away) ?? "none");
    }
    setText(this.format, format);
    this.formatRow.hidden = format === "";
  }
}

export class Inputs {
  constructor() {
    this.root = el("div", { id: "live-inputs" });
    /** @type {InputLines[]} */
    this.inputs = [];
  }

  /** @param {Model} model */
  draw(model) {
    while (this.inputs.length > model.inputs.length) this.inputs.pop()?.root.remove();
    model.inputs.forEach((input, i) => {
      if (!this.inputs[i]) {
        this.inputs[i] = new InputLines();
        this.root.append(this.inputs[i].root);
      }
      this.inputs[i].show(input, isAway(model, i), i === 0 ? "" : granted(model.audio?.more?.[i - 1] ?? null));
    });
  }
}

/** The status knows one missing end; the strips of the others tell for themselves. @param {Model} model @param {number} i */
function isAway({ lostDevice, inputs, sources }, i) {
  if (lostDevice?.end === "input" && (lostDevice.input ?? 0) === i) return true;
  return i > 0 && sources.some(({ id, state }) => id === inputs[i].source && state === "starved");
}
