// How much of each block's time the work takes, and how far the sound lags behind.

/** @import { Model } from "../lib/model.js" */
import { el, setAttribute, setText } from "../lib/dom.js";
import { frames, percent } from "../lib/format.js";
import { clamp } from "../lib/scale.js";

const FIGURES = /** @type {const} */ (["mean", "p99", "max"]);

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
    this.latency = el("dd", { class: "number", id: "latency" }, "–");
    this.fill = el("dd", { class: "number", id: "fill" }, "–");
    root.append(
      ...this.rows.map((row) => row.root),
      el("dl", { class: "facts" },
        el("div", {}, el("dt", {}, "Latency"), this.latency),
        el("div", {}, el("dt", {}, "Input ring"), this.fill)),
    );
  }

  /** @param {Model} model */
  draw({ telemetry, audio }) {
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
}
