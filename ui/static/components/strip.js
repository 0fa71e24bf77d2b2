// One channel's strip: clip lamp, bar and numbers. The bar is a canvas: RMS full, peak above it pale,
// the held peak a line, the scale's marks behind them. Its lamp resets this channel on this page.

/** @import { ChannelMeter } from "../lib/ballistics.js" */
/** @import { Scale } from "../lib/scale.js" */
import { button, el, setAttribute, setText } from "../lib/dom.js";
import { timeOfDay, count, db } from "../lib/format.js";
import { METER_MAX, METER_MIN, SCALES, clamp, deflection } from "../lib/scale.js";
import { Surface } from "../lib/surface.js";
import { paintVersion, token } from "./paint.js";

export class Strip {
  /** @param {string} id such as input-0 @param {string} label spoken @param {string} name shown @param {ChannelMeter} meter */
  constructor(id, label, name, meter) {
    this.meter = meter;
    this.side = id.startsWith("input") ? "input" : "signal";
    /** @type {Scale} */
    this.scale = SCALES[0];
    this.surface = new Surface();
    this.bar = el("div", {
      class: "bar glass", role: "meter", "data-meter": id, "aria-label": `${label} level`,
      "aria-valuemin": String(METER_MIN), "aria-valuemax": String(METER_MAX), "aria-valuenow": String(METER_MIN),
    }, this.surface.canvas);
    this.clip = button({ class: "clip number", "data-clip": id }, "", () => meter.reset());
    // The lamp resets the peaks as well: one stop per channel is enough for the Tab key.
    this.max = this.highest("data-peak-max", id, "Highest sample peak; press to reset", () => (meter.max = -Infinity));
    this.truePeak = this.highest("data-true-peak", id, "Highest true peak; press to reset", () => (meter.trueMax = null));
    this.rms = el("span", { class: "rms number", "data-rms": id });
    this.root = el("div", { class: "strip" },
      this.clip, this.bar, el("span", { class: "channel" }, name), this.max, this.truePeak, this.rms);
    this.label = label;
    /** @type {CanvasGradient|null} */
    this.fill = null;
    this.fillKey = "";
  }

  /** @param {string} mark @param {string} id @param {string} title @param {() => void} reset */
  highest(mark, id, title, reset) {
    return button({ class: "max number", [mark]: id, title, tabindex: "-1" }, "", reset);
  }

  close() {
    this.surface.close();
  }

  /** @param {boolean} words whether numbers and spoken values are due too */
  draw(words) {
    const { level, hold } = this.meter.peak;
    const rms = this.meter.rms() + this.scale.rms;
    this.paint(rms, level, hold);
    if (words) this.write(rms, hold);
  }

  /** @param {number} rms @param {number} level @param {number} hold all dBFS */
  paint(rms, level, hold) {
    const { surface, scale } = this;
    const { width, height, context } = surface;
    const [rmsTop, levelTop, holdTop] = [rms, level, hold].map((v) => Math.round(deflection(v) * height));
    if (!surface.due(`${width} ${rmsTop} ${levelTop} ${holdTop} ${scale.id} ${paintVersion()}`)) return;
    const hair = Math.max(1, Math.round(surface.ratio));
    context.fillStyle = token("--grid");
    for (const mark of scale.marks) context.fillRect(0, Math.round(height * (1 - deflection(mark + scale.zero))), width, hair);
    context.fillStyle = this.gradient();
    context.globalAlpha = 0.4;
    context.fillRect(0, height - levelTop, width, levelTop);
    context.globalAlpha = 1;
    context.fillRect(0, height - rmsTop, width, rmsTop);
    context.fillStyle = token("--well");
    context.fillRect(0, Math.round(height * (1 - deflection(0))), width, hair);
    if (holdTop > 0) {
      context.fillStyle = hold > 0 ? token("--hot") : token("--ink");
      context.fillRect(0, height - holdTop, width, 2 * hair);
    }
  }

  /** The bar's colours, with a step where the scale says so; made anew only when something of it changed. */
  gradient() {
    const { height, context } = this.surface;
    const { id, warm, hot } = this.scale;
    const key = `${height} ${id} ${paintVersion()}`;
    if (this.fill && this.fillKey === key) return this.fill;
    const fill = context.createLinearGradient(0, height, 0, 0);
    const [deep, full] = [token(`--${this.side}-deep`), token(`--${this.side}`)];
    /** @type {[number, string][]} */
    const stops = [
      [METER_MIN, deep], [Math.min(-24, warm - 12), full], [warm, full], [warm + 1.5, token("--warm")], [hot, token("--warm")], [hot, token("--hot")],
    ];
    for (const [level, colour] of stops) fill.addColorStop(deflection(level), colour);
    fill.addColorStop(1, token("--hot"));
    this.fill = fill;
    this.fillKey = key;
    return fill;
  }

  /** @param {number} rms @param {number} hold dBFS */
  write(rms, hold) {
    const { max, trueMax, clips } = this.meter;
    this.writeHighest(this.max, max, "peak");
    this.writeHighest(this.truePeak, trueMax, "true peak");
    const { zero, name } = this.scale;
    const unit = zero === 0 ? "dBFS" : `dB ${name}`;
    setText(this.rms, db(rms - zero));
    const shown = clips > 999 ? "999+" : clips > 0 ? count(clips) : "";
    setText(this.clip, shown);
    setAttribute(this.clip, "data-clipped", String(clips > 0));
    const when = this.meter.clippedAt === null ? "" : `, last at ${timeOfDay(this.meter.clippedAt)}`;
    const clipped = `${count(clips)} ${clips === 1 ? "sample" : "samples"} above 0 dBFS${when}`;
    setAttribute(this.clip, "title", clipped);
    // What is seen is said, too: voice control finds a button by it.
    setAttribute(this.clip, "aria-label", `${this.label}: ${clips > 999 ? `${shown}, ` : ""}${clipped}, reset`);
    setAttribute(this.bar, "aria-valuenow", clamp(hold, METER_MIN, METER_MAX).toFixed(1));
    setAttribute(this.bar, "aria-valuetext", `peak ${db(hold)} dBFS, RMS ${db(rms - zero)} ${unit}`);
  }

  /** @param {HTMLElement} element @param {number|null} level dBFS, null = not told @param {string} what */
  writeHighest(element, level, what) {
    const words = level === null ? "–" : db(level);
    setText(element, words);
    setAttribute(element, "data-over", String(level !== null && level > 0));
    setAttribute(element, "aria-label", `${this.label} highest ${what} ${words} ${what === "peak" ? "dBFS" : "dBTP"}, reset`);
  }
}
