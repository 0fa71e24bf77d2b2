// The goniometer: left against right, turned so that mono stands upright and an inverted channel lies
// flat. Correlation and balance stand in the panel beside; here they are told to ears and in the CSV.

/** @import { Part } from "../../lib/subscriptions.js" */
/** @import { Sections, Stereo } from "../../lib/sections.js" */
import { figure } from "../../lib/format.js";
import { among, recall } from "../../lib/remember.js";
import { token } from "../paint.js";
import { choice } from "./controls.js";
import { hair, legend, word } from "./draw.js";
import { Plot } from "./plot.js";

const POINTS = 256;
const GAINS = [1, 2, 4, 8];
/** CSS pixels. */
const DOT = 1.5;
/** @type {Stereo} */
const SILENCE = { correlation: NaN, balance: NaN, points: new Float32Array(0) };
/** What is left of the points before, at each new set of them. */
const FADES = 0.4;

export class GoniometerView extends Plot {
  constructor() {
    super("goniometer", "Goniometer");
    this.margins = { left: 10, top: 8, right: 10, bottom: 10 };
    this.side = "both";
    this.gain = 1;
    /** @type {{ input: Stereo, output: Stereo }|null} */
    this.now = null;
    /** Another set of points came; what is drawn fades. */
    this.fades = false;
    Object.assign(this, recall(this.id, { side: among(["both", "output", "input"]), gain: among(GAINS) }));
  }

  settings() {
    return { side: this.side, gain: this.gain };
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
      choice("Gain", GAINS.map((gain) => [String(gain), `×${gain}`]), String(this.gain), (value) => {
        this.gain = Number(value);
        this.changed();
      }),
    ];
  }

  /** @param {Sections} sections */
  take({ stereo }) {
    if (!stereo) return false;
    this.now = stereo;
    this.fades = this.state() === this.painted;
    return true;
  }

  /** @returns {("input"|"output")[]} */
  sides() {
    return this.side === "both" ? ["input", "output"] : [this.side === "input" ? "input" : "output"];
  }

  scale() {
    return `${this.side} ${this.gain}`;
  }

  /** The dial's middle and radius. */
  dial() {
    const { left, top, width, height } = this.box;
    return { x: left + width / 2, y: top + height / 2, radius: Math.max(10, Math.min(width, height) / 2 - 4) };
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

  /** There is nothing to read off at a place. */
  point() {}

  /** @param {CanvasRenderingContext2D} g */
  wipe(g) {
    if (!this.fades) return super.wipe(g);
    const { left, top, width, height } = this.box;
    this.fades = false;
    g.globalCompositeOperation = "destination-out";
    g.globalAlpha = 1 - FADES;
    g.fillRect(left, top, width, height);
    g.globalCompositeOperation = "source-over";
    g.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} g */
  paint(g) {
    for (const side of this.sides()) this.dots(g, (this.now?.[side] ?? SILENCE).points, side);
  }

  /** @param {CanvasRenderingContext2D} g @param {Float32Array} points @param {"input"|"output"} side */
  dots(g, points, side) {
    const { x, y, radius } = this.dial();
    const by = (radius / 2) * this.gain;
    const [left, top] = [x - DOT / 2, y - DOT / 2];
    g.fillStyle = token(side === "input" ? "--trace-input" : "--trace-output");
    for (let i = 0; i + 1 < points.length; i += 2) {
      g.fillRect(left + (points[i + 1] - points[i]) * by, top - (points[i] + points[i + 1]) * by, DOT, DOT);
    }
  }

  essence() {
    const now = this.now;
    if (!now) return "no sound yet";
    return `output correlation ${said(now.output.correlation)}, balance ${said(now.output.balance)}; input correlation ${said(now.input.correlation)}`;
  }

  table() {
    const { input, output } = this.now ?? { input: SILENCE, output: SILENCE };
    const length = Math.max(input.points.length, output.points.length) / 2;
    return {
      columns: ["input_left", "input_right", "output_left", "output_right", "input_correlation", "output_correlation", "input_balance", "output_balance"],
      rows: Array.from({ length }, (_, i) => [
        ...[input.points, output.points].flatMap((points) => [points[2 * i] ?? NaN, points[2 * i + 1] ?? NaN]),
        input.correlation, output.correlation, input.balance, output.balance,
      ]),
    };
  }
}

/** @param {number} value −1…1 */
const said = (value) => (Number.isNaN(value) ? "–" : `${value > 0.005 ? "+" : ""}${figure(value).slice(0, value < 0 ? 5 : 4)}`);
