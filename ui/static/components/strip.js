// One channel's strip: clip lamp, bar and numbers. The bar is a canvas: RMS full, peak above it pale,
// the held peak a line. Its lamp resets this channel on this page.

/** @import { ChannelMeter } from "../lib/ballistics.js" */
import { button, el, setAttribute, setText } from "../lib/dom.js";
import { count, db } from "../lib/format.js";
import { METER_MAX, METER_MIN, clamp, deflection } from "../lib/scale.js";
import { meterPaint } from "./paint.js";

export class Strip {
  /** @param {string} id such as input-0 @param {string} label spoken @param {string} name shown @param {ChannelMeter} meter */
  constructor(id, label, name, meter) {
    this.meter = meter;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.bar = el("div", {
      class: "bar", role: "meter", "data-meter": id, "aria-label": `${label} level`,
      "aria-valuemin": String(METER_MIN), "aria-valuemax": String(METER_MAX), "aria-valuenow": String(METER_MIN),
    }, this.canvas);
    this.clip = button({ class: "clip", "data-clip": id }, "", () => meter.reset());
    // The lamp resets the peak as well: one stop per channel is enough for the Tab key.
    this.max = button({ class: "max number", "data-peak-max": id, title: "Highest peak, dBFS; press to reset", tabindex: "-1" }, "", () => {
      meter.max = -Infinity;
    });
    this.rms = el("span", { class: "rms number", "data-rms": id, title: "RMS over 300 ms, dBFS" });
    this.root = el("div", { class: "strip" }, this.clip, this.bar, el("span", { class: "channel" }, name), this.max, this.rms);
    this.label = label;
    this.drawn = "";
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.canvas);
  }

  close() {
    this.sizes.disconnect();
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    this.drawn = "";
  }

  /** @param {boolean} words whether numbers and spoken values are due too */
  draw(words) {
    const rms = this.meter.rms();
    const { level, hold } = this.meter.peak;
    this.paint(rms, level, hold);
    if (words) this.write(rms, hold);
  }

  /** @param {number} rms @param {number} level @param {number} hold all dBFS */
  paint(rms, level, hold) {
    const { width, height } = this.canvas;
    const paint = meterPaint();
    const [rmsTop, levelTop, holdTop] = [rms, level, hold].map((v) => Math.round(deflection(v) * height));
    const drawn = `${width} ${rmsTop} ${levelTop} ${holdTop} ${paint.version}`;
    const context = drawn === this.drawn ? null : this.canvas.getContext("2d");
    if (!context) return;
    this.drawn = drawn;
    context.clearRect(0, 0, width, height);
    context.fillStyle = paint.gradient(context, height);
    context.globalAlpha = 0.38;
    context.fillRect(0, height - levelTop, width, levelTop);
    context.globalAlpha = 1;
    context.fillRect(0, height - rmsTop, width, rmsTop);
    context.fillStyle = paint.ground;
    const zero = Math.round(height * (1 - deflection(0)));
    context.fillRect(0, zero, width, Math.max(1, Math.round(height / 240)));
    if (holdTop > 0) {
      context.fillStyle = hold > 0 ? paint.hot : paint.ink;
      context.fillRect(0, height - holdTop, width, Math.max(2, Math.round(height / 160)));
    }
  }

  /** @param {number} rms @param {number} hold dBFS */
  write(rms, hold) {
    const { max, clips } = this.meter;
    setText(this.max, db(max));
    setAttribute(this.max, "data-over", String(max > 0));
    setAttribute(this.max, "aria-label", `${this.label} highest peak ${db(max)} dBFS, reset`);
    setText(this.rms, db(rms));
    setAttribute(this.clip, "data-clipped", String(clips > 0));
    setText(this.clip, clips > 999 ? "999+" : clips > 0 ? count(clips) : "");
    const clipped = `${count(clips)} ${clips === 1 ? "sample" : "samples"} above 0 dBFS`;
    setAttribute(this.clip, "title", clipped);
    setAttribute(this.clip, "aria-label", `${this.label}: ${clipped}, reset`);
    setAttribute(this.bar, "aria-valuenow", clamp(hold, METER_MIN, METER_MAX).toFixed(1));
    setAttribute(this.bar, "aria-valuetext", `peak ${db(hold)} dBFS, RMS ${db(rms)} dBFS`);
  }
}
