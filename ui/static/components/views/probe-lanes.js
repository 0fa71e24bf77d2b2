// The plugin's own signals, one lane each: signal probes as traces, declared meters and scalar probes
// as their course over the last seconds with a bar for now.

/** @import { Part } from "../../lib/subscriptions.js" */
/** @import { ProbeTrace, Sections } from "../../lib/sections.js" */
/** @import { Probed, Telemetry } from "../../lib/types.js" */
import { figure, withUnit } from "../../lib/format.js";
import { MAX_PROBES } from "../../lib/subscriptions.js";
import { hair, trace, word } from "./draw.js";
import { Plot } from "./plot.js";

const POLL_MS = 50;
/** While there is nothing: a probe may sit where only a note leads. */
const LOOK_MS = 1000;
const SECONDS = 10;
const COURSE = (SECONDS * 1000) / POLL_MS;
const COLOURS = ["--trace-output", "--trace-difference", "--trace-extra", "--trace-input"];
const BAR = 8;
/** Figures that change faster cannot be read. */
const WORDS_SECONDS = 0.1;

/** @typedef {{ name: string, unit: string|null, low: number, high: number, now: number|null, course: number[] }} Scalar  low, high: the range, declared or seen. */

export class ProbesView extends Plot {
  constructor() {
    super("probes", "Probes");
    this.margins = { left: 10, top: 6, right: 10, bottom: 6 };
    /** @type {string[]} */
    this.names = [];
    /** @type {ProbeTrace[]} */
    this.traces = [];
    /** @type {Scalar[]} */
    this.scalars = [];
    /** Name and figures of each lane, as they are written. @type {[string, string][]} */
    this.words = [];
    this.wordsAge = Infinity;
  }

  /** @returns {Part} */
  part() {
    return { probes: this.names };
  }

  /** @param {Telemetry|null} snapshot @param {number} seconds */
  frame(snapshot, seconds) {
    this.wordsAge += seconds;
    super.frame(snapshot, seconds);
  }

  pollMs() {
    if (!this.visible || this.frozen) return Infinity;
    return this.names.length + this.scalars.length > 0 ? POLL_MS : LOOK_MS;
  }

  /** @param {Probed} probed */
  know({ meters, probes }) {
    if (this.frozen) return;
    const own = new Set(meters.map(({ key }) => key));
    const before = new Map(this.scalars.map((scalar) => [scalar.name, scalar]));
    this.scalars = [
      ...meters.map(({ name, unit, min, max, value }) => scalarOf(before.get(name), { name, unit, min, max, value })),
      ...probes.filter(({ kind, name }) => kind === "scalar" && !own.has(name)).map(({ name, min, max, value }) => scalarOf(before.get(name), { name, unit: null, min, max, value }, true)),
    ].slice(0, MAX_PROBES);
    this.dirty = true;
    const names = probes.filter(({ kind }) => kind === "signal").map(({ name }) => name).slice(0, MAX_PROBES);
    if (names.join("\n") === this.names.join("\n")) return;
    this.names = names;
    this.traces = [];
    this.changed();
  }

  /** @param {Sections} sections */
  take({ probes }) {
    if (!probes) return false;
    this.traces = probes.filter(({ index }) => index < this.names.length);
    return true;
  }

  scale() {
    if (this.wordsAge >= WORDS_SECONDS) {
      this.wordsAge = 0;
      this.words = this.spell();
    }
    return this.words.join("\n");
  }

  /** @returns {[string, string][]} */
  spell() {
    return [
      ...this.names.map((name, i) => /** @type {[string, string]} */ ([name, spanOf(this.samplesOf(i))])),
      ...this.scalars.map(({ name, unit, now }) => /** @type {[string, string]} */ ([name, now === null ? "–" : withUnit(figure(now), unit)])),
    ];
  }

  /** @param {number} i of the signals' names */
  samplesOf(i) {
    return this.traces.find(({ index }) => index === i)?.samples ?? NOTHING;
  }

  /** @param {number} i @returns {import("./plot.js").Box} */
  lane(i) {
    const { left, top, width, height } = this.box;
    const high = height / Math.max(1, this.names.length + this.scalars.length);
    return { left: left + 4, top: top + i * high + 18, width: width - 8 - BAR - 8, height: Math.max(4, high - 24) };
  }

  /** @param {CanvasRenderingContext2D} g */
  paintGround(g) {
    const { left, top, width, height } = this.box;
    const count = this.words.length;
    for (let i = 1; i < count; i++) hair(g, "--grid-strong", left, top + (i * height) / count, width, 1);
    if (count === 0) word(g, "The plugin has no probes: ctx.probe(\"env\", x) or a Meter makes one.", left + width / 2, top + height / 2, "center");
    const right = left + width - 4;
    this.words.forEach(([name, words], i) => {
      const lane = this.lane(i);
      word(g, words, right, lane.top - 9, "right", "--ink");
      word(g, fitted(g, name, right - lane.left - g.measureText(words).width - 16), lane.left, lane.top - 9, "left", "--ink-soft");
    });
  }

  /** @param {CanvasRenderingContext2D} g */
  paint(g) {
    this.names.forEach((_, i) => {
      const samples = this.samplesOf(i);
      const [low, high] = rangeOf(samples);
      this.paintLane(g, i, { low, high, values: samples, count: samples.length });
    });
    this.scalars.forEach(({ low, high, now, course }, i) => {
      const at = this.names.length + i;
      this.paintLane(g, at, { low, high, values: course, count: COURSE });
      if (now !== null) this.paintBar(g, at, (now - low) / (high - low || 1));
    });
  }

  /** A course shorter than `count` stands at the right. @param {CanvasRenderingContext2D} g @param {number} i @param {{ low: number, high: number, values: ArrayLike<number>, count: number }} what */
  paintLane(g, i, { low, high, values, count }) {
    const lane = this.lane(i);
    const missing = count - values.length;
    const [bottom, scale] = [lane.top + lane.height, lane.height / (high - low || 1)];
    trace(g, lane, count, (at) => (at < missing ? NaN : bottom - (values[at - missing] - low) * scale), { colour: COLOURS[i % COLOURS.length] });
  }

  /** @param {CanvasRenderingContext2D} g @param {number} i @param {number} part 0…1 */
  paintBar(g, i, part) {
    const lane = this.lane(i);
    const x = lane.left + lane.width + 8;
    const high = lane.height * Math.max(0, Math.min(1, part));
    hair(g, "--grid", x, lane.top, BAR, lane.height);
    hair(g, COLOURS[i % COLOURS.length], x, lane.top + lane.height - high, BAR, high);
  }

  essence() {
    const words = this.scalars.map(({ name, unit, now }) => `${name} ${now === null ? "not known" : withUnit(figure(now), unit)}`);
    const signals = this.names.length > 0 ? [`signals ${this.names.join(", ")}`] : [];
    return [...words, ...signals].join("; ") || "the plugin has none";
  }

  table() {
    return {
      columns: ["probe", "kind", "index", "value"],
      rows: [
        ...this.traces.flatMap(({ index, samples }) => Array.from(samples, (value, i) => [this.names[index], "signal", i, value])),
        ...this.scalars.flatMap(({ name, course }) => course.map((value, i) => [name, "scalar", i, value])),
      ],
    };
  }
}

/** @param {Scalar|undefined} before @param {{ name: string, unit: string|null, min: number|null, max: number|null, value: number|null }} now @param {boolean} [grows] whether the range is only what was seen @returns {Scalar} */
function scalarOf(before, { name, unit, min, max, value }, grows = false) {
  const course = before?.course ?? [];
  if (value !== null) course.push(value);
  if (course.length > COURSE) course.shift();
  const [low, high] = [min ?? value ?? 0, max ?? value ?? 0];
  if (!grows || !before) return { name, unit, low, high, now: value, course };
  return { name, unit, low: Math.min(before.low, low), high: Math.max(before.high, high), now: value, course };
}

const NOTHING = new Float32Array(0);

/** @param {Float32Array} samples */
const spanOf = (samples) => (samples.length > 0 ? rangeOf(samples).map(figure).join(" … ") : "–");

/** @param {Float32Array} samples @returns {[number, number]} */
function rangeOf(samples) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of samples) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** A name as far as there is room. @param {CanvasRenderingContext2D} g @param {string} name @param {number} width */
function fitted(g, name, width) {
  if (g.measureText(name).width <= width) return name;
  const share = Math.floor((name.length * width) / g.measureText(name).width) - 1;
  return `${name.slice(0, Math.max(1, share))}…`;
}
