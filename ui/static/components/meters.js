// The meter bridges: input and output, one strip per channel and the scale between them. Keeps the
// ballistics of every channel; draws in the page's frame loop. Emits `reset-clips`.

/** @import { Telemetry } from "../lib/types.js" */
import { ChannelMeter } from "../lib/ballistics.js";
import { button, el, emit } from "../lib/dom.js";
import { METER_MARKS, deflection } from "../lib/scale.js";
import { Strip } from "./strip.js";

const TEXT_SECONDS = 0.1;
/** Longer without a rendered frame than this, and the sound is taken to be gone. */
const SILENCE_SECONDS = 0.25;

export class Meters {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.rate = 48000;
    this.bridges = { input: new Bridge("input", "Input"), output: new Bridge("output", "Output") };
    this.textAge = Infinity;
    this.quiet = 0;
    const reset = button({ id: "reset-meters", class: "small panel-act", title: "Forget peaks and clips of all channels" }, "Reset", () => {
      emit(root, "reset-clips");
    });
    root.append(reset, el("div", { class: "bridges" }, this.bridges.input.root, scale(), this.bridges.output.root));
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
    for (const bridge of Object.values(this.bridges)) bridge.fit(0, rate);
  }

  /**
   * @param {Telemetry|null} snapshot what came since the last frame, if anything
   * @param {number} seconds since the last frame
   */
  draw(snapshot, seconds) {
    if (snapshot) {
      this.bridges.input.fit(snapshot.input.length, this.rate);
      this.bridges.output.fit(snapshot.output.length, this.rate);
    }
    if (snapshot && snapshot.mergedFrames > 0) {
      this.quiet = 0;
      this.bridges.input.update(snapshot.input, snapshot.mergedFrames, seconds);
      this.bridges.output.update(snapshot.output, snapshot.mergedFrames, seconds);
    } else {
      this.quiet += seconds;
      for (const { meter } of this.strips()) this.rest(meter, seconds);
    }
    this.textAge += seconds;
    const words = this.textAge >= TEXT_SECONDS;
    if (words) this.textAge = 0;
    for (const strip of this.strips()) strip.draw(words);
  }

  /** @param {ChannelMeter} meter @param {number} seconds */
  rest(meter, seconds) {
    if (this.quiet > SILENCE_SECONDS) meter.idle(seconds);
    else meter.peak.update(-Infinity, seconds);
  }
}

/** One side's strips. */
class Bridge {
  /** @param {"input"|"output"} side @param {string} title */
  constructor(side, title) {
    this.side = side;
    /** @type {Strip[]} */
    this.strips = [];
    this.row = el("div", { class: "strips" });
    this.none = el("p", { class: "bridge-none" }, "none");
    this.root = el("div", { class: "bridge", role: "group", "aria-label": title }, el("h3", {}, title), this.row, this.none);
  }

  /**
   * @param {{ peak: number, meanSquare: number, clips: number }[]} records
   * @param {number} frames that the records cover @param {number} seconds
   */
  update(records, frames, seconds) {
    this.strips.forEach((strip, i) => strip.meter.update(records[i], frames, seconds));
  }

  /** As many strips as channels; a changed count starts them anew. @param {number} count @param {number} rate */
  fit(count, rate) {
    if (count === this.strips.length) return;
    const names = count === 1 ? ["M"] : count === 2 ? ["L", "R"] : Array.from({ length: count }, (_, i) => String(i + 1));
    for (const strip of this.strips) strip.close();
    this.strips = names.map((name, i) => new Strip(`${this.side}-${i}`, `${this.side} ${name}`, name, new ChannelMeter(rate)));
    this.row.replaceChildren(...this.strips.map(({ root }) => root));
    this.none.hidden = count > 0;
    this.row.hidden = count === 0;
  }
}

/** The graduation, at the bars' height. */
function scale() {
  const marks = METER_MARKS.map((mark) => {
    const element = el("span", { "data-mark": String(mark) }, mark > 0 ? `+${mark}` : String(Math.abs(mark)));
    element.style.bottom = `${deflection(mark) * 100}%`;
    return element;
  });
  return el("div", { class: "scale", "aria-hidden": "true" }, el("div", { class: "scale-marks" }, ...marks),
    el("span", { class: "scale-word", "data-row": "peak" }, "peak"), el("span", { class: "scale-word", "data-row": "rms" }, "RMS"));
}
