// The meter bridges at both ends of the page: what goes in, what comes out, one strip per channel
// beside a scale. Keeps the ballistics of every channel; draws in the page's frame loop. Emits `reset-clips` and `show-view`.

/** @import { ChannelRecord, Telemetry } from "../lib/types.js" */
import { ChannelMeter, RMS_WINDOWS, decibels } from "../lib/ballistics.js";
import { button, el, emit, setText } from "../lib/dom.js";
import { timeOfDay, count } from "../lib/format.js";
import { SCALES, deflection } from "../lib/scale.js";
import { Strip } from "./strip.js";

const TEXT_SECONDS = 0.1;
/** Longer without a rendered frame than this, and the sound is taken to be gone. */
const SILENCE_SECONDS = 0.25;
/** Marks nearer than this, of the scale's length, stand apart only on a long scale. */
const DENSE = 0.075;

export class Levels {
  /** @param {HTMLElement} input @param {HTMLElement} output */
  constructor(input, output) {
    this.rate = 48000;
    this.window = RMS_WINDOWS[0].seconds;
    const scale = choice("meter-scale", "Scale of the meters", SCALES.map(({ name }) => name), (i) => this.setScale(i));
    const window = choice("meter-window", "Window of the RMS", RMS_WINDOWS.map(({ name }) => name), (i) => this.setWindow(i));
    this.bridges = { input: new Bridge("input", "Scale", scale), output: new Bridge("output", "RMS", window) };
    this.textAge = Infinity;
    this.quiet = 0;
    const reset = button({ id: "reset-meters", class: "small panel-act", title: "Forget peaks and clips of all channels" }, "Reset", () => {
      emit(output, "reset-clips");
    });
    const sources = button({ id: "show-sources", class: "small panel-act", title: "What the plugin hears" }, "Sources", () => {
      emit(input, "show-view", { view: "sources" });
    });
    input.append(sources, this.bridges.input.root);
    output.append(reset, this.bridges.output.root);
  }

  strips() {
    return [...this.bridges.input.strips, ...this.bridges.output.strips];
  }

  /** Every page forgets at once: the server says when. */
  reset() {
    for (const { meter } of this.strips()) meter.reset();
  }

  /** The window of the RMS is in frames of the engine's rate. @param {number} rate */
  setRate(rate) {
    if (rate === this.rate) return;
    this.rate = rate;
    for (const bridge of Object.values(this.bridges)) bridge.fit(0, rate, this.window);
  }

  /** @param {number} index of SCALES */
  setScale(index) {
    for (const bridge of Object.values(this.bridges)) bridge.setScale(index);
    this.textAge = Infinity;
  }

  /** @param {number} index of RMS_WINDOWS */
  setWindow(index) {
    this.window = RMS_WINDOWS[index].seconds;
    for (const { meter } of this.strips()) meter.setWindow(this.window);
  }

  /**
   * @param {Telemetry|null} snapshot what came since the last frame, if anything
   * @param {number} seconds since the last frame
   */
  draw(snapshot, seconds) {
    const { input, output } = this.bridges;
    if (snapshot) {
      input.fit(snapshot.input.length, this.rate, this.window);
      output.fit(snapshot.output.length, this.rate, this.window);
    }
    if (snapshot && snapshot.mergedFrames > 0) {
      this.quiet = 0;
      input.update(snapshot.input, snapshot.mergedFrames, seconds);
      output.update(snapshot.output, snapshot.mergedFrames, seconds);
    } else {
      this.quiet += seconds;
      for (const { meter } of this.strips()) this.rest(meter, seconds);
    }
    this.textAge += seconds;
    const words = this.textAge >= TEXT_SECONDS;
    if (words) this.textAge = 0;
    input.draw(words);
    output.draw(words);
  }

  /** The true peaks of a snapshot that has them. @param {ArrayLike<number>} peaks linear, inputs first */
  truePeaks(peaks) {
    this.strips().forEach(({ meter }, i) => meter.truePeak(decibels(peaks[i] ?? 0)));
  }

  /** @param {ChannelMeter} meter @param {number} seconds */
  rest(meter, seconds) {
    if (this.quiet > SILENCE_SECONDS) meter.idle(seconds);
    else meter.peak.update(-Infinity, seconds);
  }
}

/** One side's strips. */
class Bridge {
  /** @param {"input"|"output"} side @param {string} word of the setting @param {HTMLElement} setting at its foot */
  constructor(side, word, setting) {
    this.side = side;
    /** @type {Strip[]} */
    this.strips = [];
    this.scale = 0;
    this.marks = el("div", { class: "scale-marks" });
    this.row = el("div", { class: "strips" });
    this.none = el("p", { class: "bridge-none" }, "none");
    this.over = el("p", { class: "over number", "data-over-of": side });
    const words = [["peak", "Peak"], ["true", "True"], ["rms", "RMS"]].map(([row, text]) => el("span", { class: "scale-word", "data-row": row }, text));
    this.root = el("div", { class: "bridge" },
      el("div", { class: "bridge-strips" }, el("div", { class: "scale", "aria-hidden": "true" }, this.marks, ...words), this.row, this.none),
      this.over,
      el("label", { class: "bridge-setting" }, el("span", { class: "silk" }, word), setting));
    this.setScale(0);
  }

  /** @param {ChannelRecord[]} records @param {number} frames that the records cover @param {number} seconds */
  update(records, frames, seconds) {
    const now = Date.now();
    this.strips.forEach(({ meter }, i) => meter.update(records[i], frames, seconds, now));
  }

  /** As many strips as channels; a changed count starts them anew. @param {number} count @param {number} rate @param {number} window s */
  fit(count, rate, window) {
    if (count === this.strips.length) return;
    this.none.hidden = count > 0;
    const names = count === 1 ? ["M"] : count === 2 ? ["L", "R"] : Array.from({ length: count }, (_, i) => String(i + 1));
    for (const strip of this.strips) strip.close();
    this.strips = names.map((name, i) => new Strip(`${this.side}-${i}`, `${this.side} ${name}`, name, new ChannelMeter(rate, window)));
    this.row.replaceChildren(...this.strips.map(({ root }) => root));
    this.setScale(this.scale);
  }

  /** @param {number} index of SCALES */
  setScale(index) {
    this.scale = index;
    const scale = SCALES[index];
    for (const strip of this.strips) strip.scale = scale;
    let above = Infinity;
    this.marks.replaceChildren(...scale.marks.map((mark) => {
      const place = deflection(mark + scale.zero);
      const dense = above - place < DENSE;
      if (!dense) above = place;
      const element = el("span", { "data-mark": String(mark), "data-dense": String(dense) }, mark > 0 ? `+${mark}` : String(Math.abs(mark)));
      element.style.bottom = `${place * 100}%`;
      return element;
    }));
  }

  /** @param {boolean} words */
  draw(words) {
    for (const strip of this.strips) strip.draw(words);
    if (!words) return;
    const clips = this.strips.reduce((sum, { meter }) => sum + meter.clips, 0);
    const last = Math.max(...this.strips.map(({ meter }) => meter.clippedAt ?? 0));
    setText(this.over, clips > 0 ? `${count(clips)} over · ${timeOfDay(last)}` : "");
  }
}

/** A list of the browser's own. @param {string} id @param {string} name @param {string[]} names @param {(index: number) => void} act */
function choice(id, name, names, act) {
  const element = el("select", { id, class: "small", "aria-label": name }, ...names.map((text) => el("option", {}, text)));
  element.addEventListener("change", () => act(element.selectedIndex));
  return element;
}
