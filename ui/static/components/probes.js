// What the plugin says about itself while it runs: declared meters as bars, scalar probes as a list
// with the lowest and highest since the reset. Hidden while it says nothing.

/** @import { PluginMeter, Probe, Probed } from "../lib/types.js" */
import { button, el, setAttribute, setText } from "../lib/dom.js";
import { bound, figure, withUnit } from "../lib/format.js";
import { clamp } from "../lib/scale.js";

/** Faster than this nobody reads; the bars move with every answer. */
const TEXT_MS = 100;

export class Probes {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.meters = el("div", { id: "plugin-meters", class: "plugin-meters" });
    this.rows = el("tbody", { id: "plugin-probes" });
    this.table = el("table", { class: "plugin-probes" },
      el("thead", {}, el("tr", {}, ...["Probe", "Value", "Lowest", "Highest"].map((name) => el("th", { scope: "col" }, name)))),
      this.rows);
    const reset = button({ id: "reset-probes", class: "small panel-act", title: "Forget the lowest and highest values" }, "Reset", () => this.extremes.clear());
    this.reset = reset;
    root.append(reset, this.meters, this.table);
    /** @type {((meter: PluginMeter, readable: boolean) => void)[]} */
    this.bars = [];
    /** @type {((probe: Probe, readable: boolean) => void)[]} */
    this.lines = [];
    /** @type {Map<string, { min: number, max: number }>} since the reset */
    this.extremes = new Map();
    this.shape = "";
    this.written = -Infinity;
    this.seen = false;
    new IntersectionObserver((entries) => (this.seen = entries.at(-1)?.isIntersecting ?? false)).observe(root);
    this.show({ meters: [], probes: [] });
  }

  /** Whether the plugin has anything to show. */
  get any() {
    return !this.root.hidden;
  }

  /** Another generation measures anew. */
  renew() {
    this.extremes.clear();
  }

  /** @param {Probed} probed @param {number} [now] ms */
  show({ meters, probes }, now = performance.now()) {
    // The value of a declared meter is itself a probe of that name.
    const own = new Set(meters.map(({ key }) => key));
    const scalars = probes.filter(({ kind, name }) => kind === "scalar" && !own.has(name));
    const shape = JSON.stringify([meters.map(({ value, ...fixed }) => fixed), scalars.map(({ name }) => name)]);
    const readable = shape !== this.shape || now - this.written >= TEXT_MS;
    if (shape !== this.shape) this.build(meters, scalars);
    this.shape = shape;
    if (readable) this.written = now;
    meters.forEach((meter, i) => this.bars[i](meter, readable));
    scalars.forEach((probe, i) => this.lines[i](probe, readable));
  }

  /** @param {PluginMeter[]} meters @param {Probe[]} scalars */
  build(meters, scalars) {
    const bars = meters.map(bar);
    const lines = scalars.map((probe) => this.line(probe));
    this.bars = bars.map(({ draw }) => draw);
    this.lines = lines.map(({ draw }) => draw);
    this.meters.replaceChildren(...bars.map(({ root }) => root));
    this.rows.replaceChildren(...lines.map(({ root }) => root));
    this.root.hidden = meters.length + scalars.length === 0;
    this.table.hidden = this.reset.hidden = scalars.length === 0;
  }

  /** @param {Probe} probe */
  line({ name }) {
    const [value, low, high] = [0, 1, 2].map(() => el("td", { class: "number" }, "–"));
    const root = el("tr", { "data-probe": name }, el("th", { scope: "row", title: name }, name), value, low, high);
    /** @param {Probe} probe @param {boolean} readable */
    const draw = (probe, readable) => {
      const extremes = this.extend(probe);
      if (!readable) return;
      setText(value, figure(probe.value));
      setText(low, figure(extremes?.min));
      setText(high, figure(extremes?.max));
    };
    return { root, draw };
  }

  /** The extremes with those of the last moment. @param {Probe} probe */
  extend({ name, min, max }) {
    const before = this.extremes.get(name);
    if (min === null || max === null) return before;
    const after = before ? { min: Math.min(before.min, min), max: Math.max(before.max, max) } : { min, max };
    this.extremes.set(name, after);
    return after;
  }
}

/** @param {PluginMeter} meter what is fixed of it */
function bar({ key, name, unit, min, max }) {
  const value = el("span", { class: "number" }, "–");
  const fill = el("div", {
    class: "plugin-bar", role: "meter", "aria-label": name, "aria-valuemin": String(min), "aria-valuemax": String(max), "aria-valuenow": String(min),
  });
  const range = el("span", { class: "plugin-range number" }, el("span", {}, bound(min)), el("span", {}, bound(max, unit)));
  const root = el("div", { class: "plugin-meter", "data-plugin-meter": key }, el("span", { class: "plugin-meter-name", title: name }, name), value, fill, range);
  /** @param {PluginMeter} meter @param {boolean} readable whether words are due too */
  const draw = ({ value: now }, readable) => {
    const words = now === null ? "–" : withUnit(figure(now), unit);
    const shown = clamp(now ?? min, min, max);
    fill.style.setProperty("--shown", String(max > min ? (shown - min) / (max - min) : 0));
    if (!readable) return;
    setText(value, words);
    setAttribute(fill, "aria-valuenow", String(shown));
    setAttribute(fill, "aria-valuetext", words);
  };
  return { root, draw };
}
