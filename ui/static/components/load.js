// How much of each block's time the work takes – in figures, and how the blocks of the last second are
// spread – and how far the sound lags behind. Emits `subscribe` for the spread while it is seen.

/** @import { Model } from "../lib/model.js" */
/** @import { LoadHistogram } from "../lib/sections.js" */
import { el, emit, setAttribute, setText } from "../lib/dom.js";
import { count, frames, percent } from "../lib/format.js";
import { clamp } from "../lib/scale.js";
import { Surface } from "../lib/surface.js";
import { paintVersion, token } from "./paint.js";

const FIGURES = /** @type {const} */ (["mean", "p99", "max"]);
/** Of the block's time, each bucket of the spread; the last one is all above. */
const BUCKET = 0.025;

/** @type {ArrayLike<number>} */
const NOTHING = [];

/** The median and what lies at the end. @param {number[]} counts @param {number} sum */
function spoken(counts, sum) {
  if (sum === 0) return "not known";
  let below = 0;
  const middle = counts.findIndex((n) => (below += n) * 2 >= sum);
  const over = counts.slice(Math.ceil(0.5 / BUCKET)).reduce((a, b) => a + b, 0);
  return `half of ${count(sum)} blocks below ${percent((middle + 1) * BUCKET)}, ${count(over)} above half of their time`;
}

export class LoadPanel {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.rows = FIGURES.map((name) => {
      const value = el("span", { class: "number", id: `load-${name}` }, "–");
      const bar = el("div", {
        class: "load-bar", role: "meter", "aria-label": `Load ${name}, percent of the block's time`,
        "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0",
      });
      return { name, value, bar, root: el("div", { class: "load-row" }, el("span", {}, name), bar, value) };
    });
    this.surface = new Surface();
    this.spread = el("div", { id: "load-spread", class: "load-spread glass", role: "img", "aria-label": "Spread of the load: not known" }, this.surface.canvas);
    /** @type {LoadHistogram|null} the newest */
    this.histogram = null;
    new IntersectionObserver((entries) => this.look(entries.at(-1)?.isIntersecting ?? false)).observe(this.spread);
    this.latency = el("dd", { class: "number", id: "latency" }, "–");
    this.fill = el("dd", { class: "number", id: "fill" }, "–");
    root.append(
      ...this.rows.map((row) => row.root),
      el("div", { class: "load-chart" }, this.spread, el("div", { class: "load-ends number", "aria-hidden": "true" }, el("span", {}, "0"), el("span", {}, "40"), el("span", {}, "80 %"))),
      el("dl", { class: "facts" },
        el("div", {}, el("dt", {}, "Latency"), this.latency),
        el("div", {}, el("dt", {}, "Input ring"), this.fill)),
    );
  }

  /** Asks for the spread while someone can see it. @param {boolean} seen */
  look(seen) {
    emit(this.spread, "subscribe", { view: "load", part: seen ? { load: true } : {} });
  }

  /** @param {LoadHistogram} histogram of the newest snapshot */
  take(histogram) {
    this.histogram = histogram;
  }

  /** @param {Model} model */
  draw({ telemetry, audio }) {
    this.paint(telemetry ? this.histogram?.counts ?? NOTHING : NOTHING);
    for (const { name, value, bar } of this.rows) {
      const load = telemetry?.load[name] ?? NaN;
      setText(value, percent(load));
      const shown = clamp(Number.isFinite(load) ? load : 0, 0, 1);
      bar.style.setProperty("--load", String(shown));
      setAttribute(bar, "data-level", shown > 0.8 ? "bad" : shown > 0.5 ? "warn" : "good");
      setAttribute(bar, "aria-valuenow", (shown * 100).toFixed(0));
      setAttribute(bar, "aria-valuetext", percent(load));
    }
    const rate = audio?.engine_rate ?? 0;
    setText(this.latency, telemetry ? frames(telemetry.latencyFrames, rate) : "–");
    setText(this.fill, telemetry ? `${telemetry.fillFrames} of ${telemetry.targetFrames} frames` : "–");
  }

  /** Each bucket as high as the root of its share: one block of a thousand is seen. @param {ArrayLike<number>} counts */
  paint(counts) {
    const all = Array.from(counts);
    const { surface } = this;
    const { width, height, context } = surface;
    if (!surface.due(`${width} ${height} ${all.join()} ${paintVersion()}`)) return;
    const sum = all.reduce((a, b) => a + b, 0);
    const wide = width / Math.max(1, all.length);
    context.fillStyle = token("--grid");
    context.fillRect(Math.round(width / 2), 0, 1, height);
    all.forEach((n, i) => {
      const high = n === 0 ? 0 : Math.max(2, Math.sqrt(n / sum) * height);
      const load = (i + 0.5) * BUCKET;
      context.fillStyle = token(i === all.length - 1 ? "--hot" : load > 0.5 ? "--warm" : "--signal");
      context.fillRect(Math.round(i * wide), height - high, Math.max(1, Math.round((i + 1) * wide) - Math.round(i * wide) - 1), high);
    });
    setAttribute(this.spread, "aria-label", `Spread of the load: ${spoken(all, sum)}`);
  }
}
