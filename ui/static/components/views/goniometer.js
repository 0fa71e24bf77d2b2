// The goniometer: left against right, turned so that mono stands upright and an inverted channel lies
// flat; with correlation and balance of both ends in figures.

/** @import { Part } from "../../lib/subscriptions.js" */
/** @import { Sections, Stereo } from "../../lib/sections.js" */
import { figure } from "../../lib/format.js";
import { token } from "../paint.js";
import { choice } from "./controls.js";
import { hair, legend, word } from "./draw.js";
import { Plot } from "./plot.js";

const POINTS = 256;
/** Older sets of points fade out. */
const TRAIL = [0.95, 0.35];
const GAUGE = 14;

export class GoniometerView extends Plot {
  constructor() {
    super("goniometer", "Goniometer");
    this.margins = { left: 10, top: 8, right: 10, bottom: 10 };
    this.side = "both";
    this.gain = 1;
    /** Newest first. @type {{ input: Stereo, output: Stereo }[]} */
    this.past = [];
  }

  /** @returns {Part} */
  part() {
    return { stereo: { points: POINTS } };
  }

  controls() {
    return [
      choice("Side", [["both", "Input and output"], ["output", "Output"], ["input", "Input"]], this.side, (value) => {
        this.side = value;
        this.changed();
      }),
      choice("Gain", [1, 2, 4, 8].map((gain) => [String(gain), `×${gain}`]), String(this.gain), (value) => {
        this.gain = Number(value);
        this.changed();
      }),
    ];
  }

  /** @param {Sections} sections */
  take({ stereo }) {
    if (!stereo) return false;
    this.past.unshift(stereo);
    this.past.length = Math.min(this.past.length, TRAIL.length);
    return true;
  }

  /** @returns {("input"|"output")[]} */
  sides() {
    return this.side === "both" ? ["input", "output"] : [this.side === "input" ? "input" : "output"];
  }

  scale() {
    return `${this.side} ${this.gain}`;
  }

  /** The dial's middle and radius; the gauges stand below it. */
  dial() {
    const { left, top, width, height } = this.box;
    const radius = Math.max(10, Math.min(width / 2 - 12, (height - 64) / 2));
    return { x: left + width / 2, y: top + radius + 4, radius };
  }

  /** @param {number} left @param {number} right linear @returns {[number, number]} where it is in the picture */
  place(left, right) {
    const { x, y, radius } = this.dial();
    const by = (radius / 2) * this.gain;
    return [x + (right - left) * by, y - (left + right) * by];
  }

  /** @param {CanvasRenderingContext2D} g */
  paintGround(g) {
    const { x, y, radius } = this.dial();
    g.strokeStyle = token("--grid-strong");
    g.lineWidth = 1;
    for (const part of [1, 0.5]) {
      g.beginPath();
      g.moveTo(x, y - radius * part);
      g.lineTo(x + radius * part, y);
      g.lineTo(x, y + radius * part);
      g.lineTo(x - radius * part, y);
      g.closePath();
      g.stroke();
      g.strokeStyle = token("--grid");
    }
    hair(g, "--grid", x, y - radius, 1, 2 * radius);
    hair(g, "--grid", x - radius, y, 2 * radius, 1);
    word(g, "L", x - radius / 2 - 10, y - radius / 2 - 8, "center");
    word(g, "R", x + radius / 2 + 10, y - radius / 2 - 8, "center");
    const names = { input: ["--trace-input", "Input"], output: ["--trace-output", "Output"] };
    legend(g, this.box, this.sides().map((side) => /** @type {[string, string]} */ (names[side])));
  }

  /** @param {CanvasRenderingContext2D} g */
  paint(g) {
    const { left, top, width, height } = this.box;
    g.save();
    g.beginPath();
    g.rect(left, top, width, 2 * this.dial().radius + 8);
    g.clip();
    for (let age = this.past.length - 1; age >= 0; age--) {
      g.globalAlpha = TRAIL[age];
      for (const side of this.sides()) this.dots(g, this.past[age][side].points, side);
    }
    g.restore();
    const y = top + height - 40;
    const middle = Math.round(left + width / 2);
    this.gauge(g, { x: left + 4, y, width: middle - left - 16 }, "correlation", ["−1", "Correlation", "+1"]);
    this.gauge(g, { x: middle + 12, y, width: left + width - middle - 16 }, "balance", ["L", "Balance", "R"]);
  }

  /** @param {CanvasRenderingContext2D} g @param {Float32Array} points @param {"input"|"output"} side */
  dots(g, points, side) {
    const { x, y, radius } = this.dial();
    const by = (radius / 2) * this.gain;
    g.fillStyle = token(side === "input" ? "--trace-input" : "--trace-output");
    for (let i = 0; i + 1 < points.length; i += 2) {
      g.fillRect(x + (points[i + 1] - points[i]) * by - 0.75, y - (points[i] + points[i + 1]) * by - 0.75, 1.5, 1.5);
    }
  }

  /** @param {CanvasRenderingContext2D} g @param {{ x: number, y: number, width: number }} at @param {"correlation"|"balance"} key @param {string[]} words */
  gauge(g, { x, y, width }, key, words) {
    ["left", "center", "right"].forEach((align, i) => word(g, words[i], x + (width * i) / 2, y - 8, /** @type {CanvasTextAlign} */ (align)));
    const sides = this.sides();
    sides.forEach((side, row) => {
      const top = y + 2 + (row * 2 + (sides.length === 1 ? 1 : 0)) * (GAUGE / 2) + row * 4;
      hair(g, "--grid-strong", x, top + GAUGE / 2 - 2, width - 40, 2);
      hair(g, "--grid-strong", x + (width - 40) / 2, top, 1, GAUGE - 2);
      const value = this.past[0]?.[side][key] ?? NaN;
      word(g, said(value), x + width, top + GAUGE / 2 - 1, "right", "--ink-soft");
      if (Number.isNaN(value)) return;
      const bad = key === "correlation" && value < 0;
      hair(g, bad ? "--hot" : side === "input" ? "--trace-input" : "--trace-output", x + ((Math.max(-1, Math.min(1, value)) + 1) / 2) * (width - 40) - 1.5, top, 3, GAUGE - 2);
    });
  }

  essence() {
    const now = this.past[0];
    if (!now) return "no sound yet";
    return `output correlation ${said(now.output.correlation)}, balance ${said(now.output.balance)}; input correlation ${said(now.input.correlation)}`;
  }

  table() {
    const now = this.past[0];
    const length = Math.max(now?.input.points.length ?? 0, now?.output.points.length ?? 0) / 2;
    return {
      columns: ["input_left", "input_right", "output_left", "output_right", "input_correlation", "output_correlation", "input_balance", "output_balance"],
      rows: Array.from({ length }, (_, i) => [
        ...[now.input.points, now.output.points].flatMap((points) => [points[2 * i] ?? NaN, points[2 * i + 1] ?? NaN]),
        now.input.correlation, now.output.correlation, now.input.balance, now.output.balance,
      ]),
    };
  }
}

/** @param {number} value −1…1 */
const said = (value) => (Number.isNaN(value) ? "–" : `${value > 0.005 ? "+" : ""}${figure(value).slice(0, value < 0 ? 5 : 4)}`);
