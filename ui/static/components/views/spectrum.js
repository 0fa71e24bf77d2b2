// The spectrum: what goes in, what comes out, and – their difference – what the plugin does to it.

/** @import { Part, Smoothing } from "../../lib/subscriptions.js" */
/** @import { Sections, Spectrum } from "../../lib/sections.js" */
/** @import { Telemetry } from "../../lib/types.js" */
import { db } from "../../lib/format.js";
import { among, isSwitch, recall } from "../../lib/remember.js";
import { Average, binOf, differenceOf, hertz, hzOf, levelOf, noteOf, peakOf } from "../../lib/spectrum.js";
import { check, choice } from "./controls.js";
import { crosshair, eachHz, hair, legend, trace, word } from "./draw.js";
import { Plot } from "./plot.js";

const TOP_DB = 6;
const BOTTOM_DB = -102;
const GRID_DB = 12;
/** The slope turns about this frequency. */
const PIVOT_HZ = 1000;

const SIZES = [512, 1024, 2048, 4096, 8192, 16384];
/** @type {[Smoothing, string][]} */
const SMOOTHINGS = [["none", "No smoothing"], ["twelfth", "1/12 octave"], ["sixth", "1/6 octave"], ["third", "1/3 octave"]];
/** Seconds. */
const AVERAGES = [0, 0.1, 0.5, 2];
/** dB per octave. */
const SLOPES = [0, 3, 4.5];
/** dB. */
const REACHES = [6, 12, 24, 48];
const RULES = {
  size: among(SIZES), smoothing: among(SMOOTHINGS.map(([name]) => name)), within: among(AVERAGES), slope: among(SLOPES), reach: among(REACHES), holding: isSwitch,
};

export class SpectrumView extends Plot {
  constructor() {
    super("spectrum", "Spectrum");
    this.margins = { left: 32, top: 8, right: 32, bottom: 20 };
    this.size = 4096;
    /** @type {Smoothing} */
    this.smoothing = "none";
    this.slope = 0;
    this.within = 0.1;
    /** The difference's axis reaches so far up and down, dB. */
    this.reach = 24;
    this.holding = false;
    this.rate = 48000;
    /** @type {Spectrum|null} */
    this.last = null;
    this.input = new Average(0);
    this.output = new Average(0);
    this.tilt = new Float64Array(0);
    Object.assign(this, recall(this.id, RULES));
  }

  settings() {
    const { size, smoothing, within, slope, reach, holding } = this;
    return { size, smoothing, within, slope, reach, holding };
  }

  /** @returns {Part} */
  part() {
    return { spectrum: { size: this.size, smoothing: this.smoothing } };
  }

  controls() {
    /** @param {string} name @param {number[]} values @param {(value: number) => string} word @param {"size"|"slope"|"within"|"reach"} key */
    const figure = (name, values, word, key) => choice(name, values.map((value) => [String(value), word(value)]), String(this[key]), (value) => {
      this[key] = Number(value);
      this.renew(this.input.level.length);
      this.changed();
    });
    return [
      figure("FFT size", SIZES, String, "size"),
      choice("Smoothing", SMOOTHINGS, this.smoothing, (value) => {
        this.smoothing = /** @type {Smoothing} */ (value);
        this.changed();
      }),
      figure("Average", AVERAGES, (seconds) => (seconds > 0 ? `Average ${seconds} s` : "No average"), "within"),
      figure("Slope", SLOPES, (slope) => `${slope} dB/oct`, "slope"),
      figure("Difference range", REACHES, (reach) => `Δ ±${reach} dB`, "reach"),
      check("Peak hold", this.holding, (on) => {
        this.holding = on;
        for (const average of [this.input, this.output]) average.forget();
        this.changed();
      }),
    ];
  }

  /** @param {number} nBins */
  renew(nBins) {
    this.tilt = Float64Array.from({ length: nBins }, (_, bin) => this.slope * Math.log2(hzOf(bin, nBins, this.rate) / PIVOT_HZ));
    if (nBins === this.input.level.length) return;
    this.input = new Average(nBins);
    this.output = new Average(nBins);
  }

  /** @param {Sections} sections @param {Telemetry} _snapshot @param {number} seconds */
  take({ spectrum }, _snapshot, seconds) {
    if (!spectrum) return false;
    const nBins = spectrum.input.length;
    if (nBins !== this.tilt.length || spectrum.rate !== this.rate) {
      this.rate = spectrum.rate;
      this.renew(nBins);
    }
    this.last = spectrum;
    this.input.push(spectrum.input, seconds, this.within);
    this.output.push(spectrum.output, seconds, this.within);
    return true;
  }

  scale() {
    return `${this.rate} ${this.reach}`;
  }

  /** @param {number} level dB @returns {number} y */
  y(level) {
    const { top, height } = this.box;
    return top + ((TOP_DB - level) / (TOP_DB - BOTTOM_DB)) * height;
  }

  /** @param {number} difference dB @returns {number} y; NaN stays */
  differenceY(difference) {
    const { top, height } = this.box;
    return top + height / 2 - (difference / (2 * this.reach)) * height;
  }

  /** @param {number} hz */
  x(hz) {
    return this.box.left + binOf(hz, 2, this.rate) * this.box.width;
  }

  /** @param {CanvasRenderingContext2D} g */
  paintGround(g) {
    const { left, top, width, height } = this.box;
    const right = left + width;
    let free = -Infinity;
    eachHz(this.rate, (hz, mark) => {
      const x = this.x(hz);
      hair(g, mark ? "--grid-strong" : "--grid", x, top, 1, height);
      if (!mark || x < free) return;
      word(g, mark, x, top + height + 10, "center");
      free = x + 26;
    });
    const every = height < 180 ? 2 * GRID_DB : GRID_DB;
    for (let level = 0; level > BOTTOM_DB; level -= every) {
      hair(g, level === 0 ? "--grid-strong" : "--grid", left, this.y(level), width, 1);
      word(g, String(level).replace("-", "−"), left - 6, this.y(level), "right");
    }
    for (const part of [-1, -0.5, 0, 0.5, 1]) {
      const y = this.differenceY(part * this.reach);
      if (part === 0) {
        g.globalAlpha = 0.35;
        hair(g, "--trace-difference", left, y, width, 1);
        g.globalAlpha = 1;
      }
      word(g, `${part > 0 ? "+" : part < 0 ? "−" : ""}${Math.abs(part * this.reach)}`, right + 6, y, "left", "--trace-difference");
    }
    legend(g, this.box, [["--trace-input", "Input"], ["--trace-output", "Output"], ["--trace-difference", "Difference"]]);
  }

  /** @param {CanvasRenderingContext2D} g */
  paint(g) {
    const { input, output, tilt, box, reach } = this;
    const nBins = tilt.length;
    const [zero, scale] = [this.y(0), box.height / (TOP_DB - BOTTOM_DB)];
    /** Silence is below the picture, not a gap. @param {Float64Array} levels @returns {(i: number) => number} */
    const line = (levels) => (i) => zero - Math.max(levels[i] + tilt[i], 2 * BOTTOM_DB) * scale;
    trace(g, box, nBins, line(output.level), { colour: "--trace-output", filled: true });
    trace(g, box, nBins, line(input.level), { colour: "--trace-input", width: 1.2 });
    if (this.holding) {
      trace(g, box, nBins, line(input.hold), { colour: "--trace-input", width: 1, alpha: 0.6 });
      trace(g, box, nBins, line(output.hold), { colour: "--trace-output", width: 1, alpha: 0.6 });
    }
    const [middle, step] = [this.differenceY(0), box.height / (2 * reach)];
    trace(g, box, nBins, (i) => middle - differenceOf(input.level[i], output.level[i]) * step, { colour: "--trace-difference" });
    crosshair(g, box, this.cursor);
  }

  /** Levels as they are, whatever the slope draws. @param {{ x: number }} cursor */
  read({ x }) {
    const nBins = this.tilt.length;
    if (nBins === 0) return "";
    const bin = Math.round(x * (nBins - 1));
    const hz = hzOf(bin, nBins, this.rate);
    const [input, output] = [this.input.level[bin], this.output.level[bin]];
    const difference = differenceOf(input, output);
    return `${hertz(hz)} · ${noteOf(hz)} · in ${db(input)} · out ${db(output)} · Δ ${Number.isNaN(difference) ? "–" : db(difference)} dB`;
  }

  /** Where the output is loudest. */
  loudest() {
    const peak = peakOf(this.output.level);
    return peak && { hz: hzOf(peak.bin, this.tilt.length, this.rate), level: peak.level };
  }

  essence() {
    const loudest = this.loudest();
    return loudest ? `output loudest at ${hertz(loudest.hz)}, ${db(loudest.level)} dBFS` : "silence";
  }

  /** The newest data as they came, not the averages. */
  table() {
    const { last } = this;
    const nBins = last?.input.length ?? 0;
    return {
      columns: ["hz", "input_db", "output_db", "difference_db"],
      rows: Array.from({ length: nBins }, (_, bin) => {
        const [input, output] = [levelOf(last?.input[bin] ?? NaN), levelOf(last?.output[bin] ?? NaN)];
        return [hzOf(bin, nBins, last?.rate ?? NaN), input, output, differenceOf(input, output)];
      }),
    };
  }
}
