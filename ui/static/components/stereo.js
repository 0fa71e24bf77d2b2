// How the two channels of each end agree (correlation) and which is the stronger (balance): two
// needles per end. Draws in the page's frame loop.

/** @import { Stereo } from "../lib/sections.js" */
import { el, setAttribute, setText } from "../lib/dom.js";
import { clamp } from "../lib/scale.js";
import { Surface } from "../lib/surface.js";
import { paintVersion, token } from "./paint.js";

const TEXT_SECONDS = 0.1;
/** A needle that nothing moves goes out after this long. */
const GONE_SECONDS = 1;

const GAUGES = /** @type {const} */ ([
  { id: "correlation", name: "Correlation", ends: ["−1", "0", "+1"] },
  { id: "balance", name: "Balance", ends: ["L", "C", "R"] },
]);

export class StereoPanel {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.gauges = GAUGES.map((gauge) => ({
      id: gauge.id, needles: [new Needle("output", gauge.id, "--signal"), new Needle("input", gauge.id, "--input")], gauge,
    }));
    root.append(el("div", { class: "gauges" }, ...this.gauges.map(({ gauge, needles }) => el("div", { class: "gauge" },
      el("div", { class: "gauge-head" }, el("span", {}, gauge.name), ...needles.map(({ value }) => value)),
      ...needles.map(({ bar }) => bar),
      el("div", { class: "gauge-ends", "aria-hidden": "true" }, ...gauge.ends.map((end) => el("span", {}, end)))))));
    this.textAge = Infinity;
    this.age = Infinity;
  }

  /** @param {{ input: Stereo, output: Stereo }|undefined} stereo of the newest snapshot, if it had any @param {number} seconds since the last frame */
  draw(stereo, seconds) {
    this.age = stereo ? 0 : this.age + seconds;
    this.textAge += seconds;
    const words = this.textAge >= TEXT_SECONDS;
    if (words) this.textAge = 0;
    for (const { id, needles } of this.gauges) {
      for (const needle of needles) {
        if (stereo) needle.now = stereo[needle.side][id];
        else if (this.age > GONE_SECONDS) needle.now = NaN;
        needle.paint();
        if (words) needle.write();
      }
    }
  }
}

/** One needle on its bar, −1…1. */
class Needle {
  /** @param {"input"|"output"} side @param {"correlation"|"balance"} id @param {string} colour */
  constructor(side, id, colour) {
    this.side = side;
    this.id = id;
    this.colour = colour;
    this.now = NaN;
    this.surface = new Surface();
    this.value = el("b", { class: "number", "data-end": side }, "–");
    this.bar = el("div", {
      class: "needle glass", role: "meter", "data-stereo": `${side}-${id}`, "aria-label": `${side} ${id}`,
      "aria-valuemin": "-1", "aria-valuemax": "1", "aria-valuenow": "0",
    }, this.surface.canvas);
  }

  write() {
    const known = Number.isFinite(this.now);
    const words = known ? figure(this.now) : "–";
    setText(this.value, this.id === "balance" && known ? sided(this.now) : words);
    setAttribute(this.bar, "aria-valuenow", (known ? clamp(this.now, -1, 1) : 0).toFixed(2));
    setAttribute(this.bar, "aria-valuetext", known ? this.value.textContent ?? "" : "not known");
  }

  paint() {
    const { surface, now } = this;
    const { width, height, context, ratio } = surface;
    const middle = Math.round(width / 2);
    const at = Math.round(((clamp(now, -1, 1) + 1) / 2) * (width - 4 * ratio)) + 2 * ratio;
    if (!surface.due(`${width} ${height} ${Number.isNaN(now) ? "none" : at} ${paintVersion()}`)) return;
    const hair = Math.max(1, Math.round(ratio));
    for (let mark = 1; mark < 8; mark++) {
      context.fillStyle = token(mark === 4 ? "--grid-strong" : "--grid");
      context.fillRect(Math.round((mark / 8) * width), 0, hair, height);
    }
    if (Number.isNaN(now)) return;
    const bad = this.id === "correlation" && now < 0;
    context.fillStyle = token(bad ? "--hot" : this.colour);
    context.globalAlpha = 0.35;
    context.fillRect(Math.min(middle, at), 0, Math.abs(at - middle), height);
    context.globalAlpha = 1;
    context.fillRect(at - 1.5 * ratio, 0, 3 * ratio, height);
  }
}

/** @param {number} value −1…1 */
const figure = (value) => `${value > 0.005 ? "+" : value < -0.005 ? "\u2212" : ""}${Math.abs(value).toFixed(2)}`;

/** Percent to a side. @param {number} balance */
function sided(balance) {
  const percent = Math.round(Math.abs(balance) * 100);
  if (percent === 0) return "centre";
  return `${percent} % ${balance < 0 ? "L" : "R"}`;
}
