// Loudness after EBU R 128: momentary, short-term, integrated and range of both ends, the distance to
// a target, and how the loudness went. Draws in the page's frame loop. Emits `reset-loudness`.

/** @import { Loudness } from "../lib/sections.js" */
import { History } from "../lib/history.js";
import { button, el, emit, setAttribute, setText } from "../lib/dom.js";
import { elapsed, loudness as words } from "../lib/format.js";
import { clamp } from "../lib/scale.js";
import { Surface } from "../lib/surface.js";
import { paintVersion, token } from "./paint.js";

/** What programmes are brought to, LUFS integrated. */
const TARGETS = [-23, -18, -16, -14];
const TARGET_NAMES = ["−23 EBU R 128", "−18", "−16 podcast", "−14 streaming"];
/** The ends of the history's axis, LUFS, and what is written at it. */
const [LOW, HIGH] = [-48, -3];
const MARKS = [-12, -18, -24, -30, -36, -42];
/** What counts as met, LU. */
const CLOSE = 1;
const TEXT_SECONDS = 0.1;

/** @type {{ id: keyof Loudness, name: string, unit: string, spoken: string, low: number, high: number }[]} */
const READINGS = [
  { id: "momentary", name: "M", unit: "LUFS", spoken: "momentary loudness", low: -60, high: 6 },
  { id: "shortTerm", name: "S", unit: "LUFS", spoken: "short-term loudness", low: -60, high: 6 },
  { id: "integrated", name: "I", unit: "LUFS", spoken: "integrated loudness", low: -60, high: 6 },
  { id: "range", name: "LRA", unit: "LU", spoken: "loudness range", low: 0, high: 60 },
  { id: "truePeak", name: "TP", unit: "dBTP", spoken: "highest true peak", low: -60, high: 6 },
];

export class LoudnessPanel {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.target = TARGETS[0];
    this.history = new History();
    this.surface = new Surface();
    this.textAge = Infinity;
    this.ends = { output: new End("output", "Out"), input: new End("input", "In") };
    this.difference = el("span", { id: "loudness-difference", class: "loudness-difference number" });
    // A page that comes later, or looked away, did not miss anything: the server goes on.
    this.time = el("span", { id: "loudness-time", class: "loudness-time number", title: "How much sound integrated loudness, range and true peak are of" });
    const target = el("select", { id: "loudness-target", class: "small", "aria-label": "Loudness target, LUFS" }, ...TARGET_NAMES.map((name) => el("option", {}, name)));
    target.addEventListener("change", () => {
      this.target = TARGETS[target.selectedIndex];
      this.textAge = Infinity;
    });
    const reset = button({ id: "reset-loudness", class: "small", title: "Measure integrated loudness, range and true peak anew" }, "Reset", () => emit(root, "reset-loudness"));
    const heads = READINGS.map(({ name, unit }) => el("th", { scope: "col" }, name, " ", el("small", {}, unit)));
    root.append(
      el("div", { class: "panel-act loudness-act" }, this.difference, target, reset),
      el("div", { class: "loudness-body" },
        el("table", { class: "readings" }, el("thead", {}, el("tr", {}, el("td"), ...heads)), el("tbody", {}, this.ends.output.root, this.ends.input.root)),
        el("div", { class: "loudness-history glass" }, this.surface.canvas, this.time)));
    this.write(undefined);
  }

  /** Measured anew. */
  reset() {
    this.history = new History();
  }

  /** @param {{ input: Loudness, output: Loudness, seconds: number }|undefined} loudness of the newest snapshot, if it had any @param {number} seconds since the last frame */
  draw(loudness, seconds) {
    if (loudness) this.newest = loudness;
    this.history.push(seconds, loudness ? [loudness.input.shortTerm, loudness.output.shortTerm, loudness.output.momentary] : null);
    this.textAge += seconds;
    if (this.textAge >= TEXT_SECONDS) {
      this.textAge = 0;
      this.write(this.newest);
    }
    this.paint();
  }

  /** Nothing is known any more: another line, or no audio. */
  forget() {
    this.newest = undefined;
  }

  /** @param {{ input: Loudness, output: Loudness, seconds: number }|undefined} loudness */
  write(loudness) {
    this.ends.input.write(loudness?.input);
    this.ends.output.write(loudness?.output);
    setText(this.time, elapsed(loudness?.seconds ?? NaN));
    const away = (loudness?.output.integrated ?? NaN) - this.target;
    const known = Number.isFinite(away);
    setText(this.difference, known ? `${away > 0 ? "+" : ""}${words(away)} LU` : "");
    setAttribute(this.difference, "data-met", known ? (away > CLOSE ? "above" : away < -CLOSE ? "below" : "met") : "unknown");
    setAttribute(this.difference, "title", "Integrated output against the target");
  }

  paint() {
    const { surface, history } = this;
    if (!surface.due(`${surface.width}x${surface.height} ${history.count} ${this.target} ${paintVersion()}`)) return;
    this.grid();
    const [input, output, momentary] = history.traces;
    this.trace(momentary, token("--signal-deep"), 1);
    this.trace(input, token("--trace-input"), 1.25);
    this.trace(output, token("--trace-output"), 1.75);
  }

  /** @param {number} level LUFS @returns {number} device pixels from the top */
  y(level) {
    return (1 - (clamp(level, LOW, HIGH) - LOW) / (HIGH - LOW)) * this.surface.height;
  }

  grid() {
    const { context, width, height, ratio } = this.surface;
    const hair = Math.max(1, Math.round(ratio));
    context.font = `${10 * ratio}px ${token("--font")}`;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const sparse = height / ratio < 90;
    for (const mark of sparse ? MARKS.filter((_, i) => i % 2 === 0) : MARKS) {
      context.fillStyle = token("--grid");
      context.fillRect(0, Math.round(this.y(mark)), width, hair);
      context.fillStyle = token("--ink-faint");
      context.fillText(String(-mark), width - 6 * ratio, this.y(mark));
    }
    const y = Math.round(this.y(this.target));
    context.fillStyle = token("--accent");
    for (let x = 0; x < width - 24 * ratio; x += 8 * ratio) context.fillRect(x, y, 4 * ratio, hair);
  }

  /** @param {Float32Array} trace oldest first, NaN = a gap @param {string} colour @param {number} thick */
  trace(trace, colour, thick) {
    const { context, width, ratio } = this.surface;
    const right = width - 24 * ratio;
    const step = right / (trace.length - 1);
    context.beginPath();
    let open = false;
    for (let i = 0; i < trace.length; i++) {
      const level = this.history.at(trace, i);
      if (!Number.isFinite(level)) {
        open = false;
        continue;
      }
      if (open) context.lineTo(i * step, this.y(level));
      else context.moveTo(i * step, this.y(level));
      open = true;
    }
    context.strokeStyle = colour;
    context.lineWidth = thick * ratio;
    context.lineJoin = "round";
    context.stroke();
  }
}

/** One end's row of readings. */
class End {
  /** @param {"input"|"output"} side @param {string} name */
  constructor(side, name) {
    this.cells = READINGS.map((reading) => {
      const value = el("b", {
        class: "number", role: "meter", "data-loudness": `${side}-${reading.id}`, "aria-label": `${side} ${reading.spoken}`,
        "aria-valuemin": String(reading.low), "aria-valuemax": String(reading.high), "aria-valuenow": String(reading.low),
      }, "–");
      return { ...reading, value };
    });
    this.root = el("tr", { "data-end": side }, el("th", { scope: "row" }, name), ...this.cells.map(({ value }) => el("td", {}, value)));
  }

  /** @param {Loudness|undefined} loudness */
  write(loudness) {
    for (const { id, unit, low, high, value } of this.cells) {
      const now = loudness?.[id] ?? NaN;
      setText(value, words(now));
      setAttribute(value, "data-over", String(id === "truePeak" && now > 0));
      setAttribute(value, "aria-valuenow", (Number.isNaN(now) ? low : clamp(now, low, high)).toFixed(1));
      setAttribute(value, "aria-valuetext", Number.isNaN(now) ? "not known" : `${words(now)} ${unit}`);
    }
  }
}
