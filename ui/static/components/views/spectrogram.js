// The spectrogram: the last seconds of the input's or the output's spectrum, newest at the right. Time
// is the engine's, so a page that draws fewer frames shows the same picture, only coarser.

/** @import { Part } from "../../lib/subscriptions.js" */
/** @import { Sections } from "../../lib/sections.js" */
/** @import { Telemetry } from "../../lib/types.js" */
import { db } from "../../lib/format.js";
import { binOf, hertz, hzOf, levelOf, noteOf, peakOf } from "../../lib/spectrum.js";
import { paintVersion, token } from "../paint.js";
import { choice } from "./controls.js";
import { among, recall } from "../../lib/remember.js";
import { crosshair, eachHz, hair, word } from "./draw.js";
import { Plot } from "./plot.js";

const SECONDS = 10;
const COLUMNS = 400;
/** What nobody looked at for more columns than these is left dark. */
const GAP = 20;
/** The colours' range, hundredths of dB. */
const DARKEST = -9000;
const BRIGHTEST = 0;
const SILENCE = -32768;
const TONES = 256;

export class SpectrogramView extends Plot {
  constructor() {
    super("spectrogram", "Spectrogram");
    this.margins = { left: 32, top: 8, right: 10, bottom: 20 };
    /** @type {"input"|"output"} */
    this.side = "output";
    this.rate = 48000;
    this.nBins = 0;
    /** A ring of columns, as the wire has them. */
    this.history = new Int16Array(0);
    this.silence = new Int16Array(0);
    /** Number of the newest column since the engine's start; its place in the ring is the rest of the division. */
    this.newest = -1;
    /** Up to this column the picture is right; the newest may still grow. */
    this.coloured = -1;
    /** One pixel per column and bin; a ring of columns. */
    this.picture = el2d(COLUMNS, 1);
    /** One column of it. */
    this.strip = this.picture.createImageData(1, 1);
    this.pixels = new Uint32Array(this.strip.data.buffer);
    this.tones = new Uint32Array(TONES);
    this.toned = -1;
    Object.assign(this, recall(this.id, { side: among(["input", "output"]) }));
  }

  settings() {
    return { side: this.side };
  }

  /** @param {number} nBins */
  renew(nBins) {
    this.nBins = nBins;
    this.history = new Int16Array(COLUMNS * nBins).fill(SILENCE);
    this.silence = new Int16Array(nBins).fill(SILENCE);
    this.newest = -1;
    if (nBins > 0) {
      this.picture = el2d(COLUMNS, nBins);
      this.strip = this.picture.createImageData(1, nBins);
      this.pixels = new Uint32Array(this.strip.data.buffer);
    }
    this.toned = -1;
  }

  /** @returns {Part} as the spectrum has it, if that is shown too */
  part() {
    return { spectrum: {} };
  }

  controls() {
    return [choice("Side", [["output", "Output"], ["input", "Input"]], this.side, (value) => {
      this.side = value === "input" ? "input" : "output";
      this.renew(this.nBins);
      this.changed();
    })];
  }

  /** @param {Sections} sections @param {Telemetry} snapshot */
  take({ spectrum }, snapshot) {
    if (!spectrum) return false;
    const bins = spectrum[this.side];
    if (bins.length !== this.nBins || spectrum.rate !== this.rate) {
      this.rate = spectrum.rate;
      this.renew(bins.length);
    }
    const column = Math.floor((snapshot.frame / this.rate / SECONDS) * COLUMNS);
    if (this.newest < 0 || column < this.newest || column - this.newest > COLUMNS) this.clear(column);
    const moves = column !== this.newest;
    const first = Math.max(this.newest, 0);
    const unseen = column - this.newest > GAP ? this.silence : bins;
    for (let at = first === column ? column : first + 1; at <= column; at++) this.keep(at % COLUMNS, at < column ? unseen : bins, at !== this.newest);
    this.newest = column;
    return moves;
  }

  /** A gap in time, or another time: nothing of the old one is shown. @param {number} column */
  clear(column) {
    this.history.fill(SILENCE);
    this.newest = column - 1;
    this.toned = -1;
  }

  /** @param {number} place in the ring @param {Int16Array} bins @param {boolean} fresh else the loudest of all that fell into it */
  keep(place, bins, fresh) {
    const { history, nBins } = this;
    for (let bin = 0; bin < nBins; bin++) {
      const at = place * nBins + bin;
      if (fresh || bins[bin] > history[at]) history[at] = bins[bin];
    }
  }

  /** Colours what is new, and all of it when the theme is another. */
  tone() {
    if (this.toned !== paintVersion()) {
      this.toned = paintVersion();
      this.tones = ramp();
      this.coloured = this.newest - COLUMNS;
    }
    for (let at = this.coloured + 1; at <= this.newest; at++) this.colour((at + COLUMNS) % COLUMNS);
    this.coloured = this.newest - 1;
  }

  /** @param {number} place in the ring */
  colour(place) {
    const { history, nBins, tones, pixels } = this;
    if (nBins === 0) return;
    const first = place * nBins;
    for (let bin = 0; bin < nBins; bin++) {
      const tone = ((history[first + bin] - DARKEST) / (BRIGHTEST - DARKEST)) * (TONES - 1);
      pixels[nBins - 1 - bin] = tones[tone < 0 ? 0 : tone > TONES - 1 ? TONES - 1 : Math.round(tone)];
    }
    this.picture.putImageData(this.strip, place, 0);
  }

  scale() {
    return `${this.rate} ${this.side}`;
  }

  /** @param {CanvasRenderingContext2D} g */
  paintGround(g) {
    const { left, top, width, height } = this.box;
    let free = Infinity;
    eachHz(this.rate, (hz, mark) => {
      const y = top + height * (1 - binOf(hz, 2, this.rate));
      if (mark && y < free) {
        word(g, mark, left - 6, y, "right");
        free = y - 12;
      }
    });
    for (let ago = 0; ago <= SECONDS; ago += 2) {
      const x = left + width * (1 - ago / SECONDS);
      word(g, ago === 0 ? "now" : `−${ago} s`, x, top + height + 10, ago === 0 ? "right" : ago === SECONDS ? "left" : "center");
      hair(g, "--grid-strong", x, top + height, 1, 3);
    }
  }

  /** @param {CanvasRenderingContext2D} g */
  paint(g) {
    const { left, top, width, height } = this.box;
    const { canvas } = this.picture;
    this.tone();
    const oldest = (this.newest + 1 + COLUMNS) % COLUMNS;
    const split = ((COLUMNS - oldest) / COLUMNS) * width;
    g.imageSmoothingEnabled = true;
    if (this.nBins) {
      // Half a column in: smoothing would mix the newest, its neighbour in the ring, into the oldest.
      g.drawImage(canvas, oldest + 0.5, 0, COLUMNS - oldest - 0.5, this.nBins, left, top, split, height);
      if (oldest > 0) g.drawImage(canvas, 0, 0, oldest, this.nBins, left + split, top, width - split, height);
    }
    word(g, this.side === "input" ? "Input" : "Output", left + 8, top + 10, "left", this.side === "input" ? "--trace-input" : "--trace-output");
    crosshair(g, this.box, this.cursor, true);
  }

  /** The column `ago` columns before the newest. @param {number} ago @returns {Int16Array} */
  column(ago) {
    const { nBins, history } = this;
    const place = (this.newest - ago + 2 * COLUMNS) % COLUMNS;
    return history.subarray(place * nBins, (place + 1) * nBins);
  }

  /** @param {{ x: number, y: number }} cursor */
  read({ x, y }) {
    const { nBins } = this;
    if (nBins === 0) return "";
    const bin = Math.round((1 - y) * (nBins - 1));
    const hz = hzOf(bin, nBins, this.rate);
    const ago = Math.round((1 - x) * (COLUMNS - 1));
    return `${hertz(hz)} · ${noteOf(hz)} · ${db(levelOf(this.column(ago)[bin]))} dB · ${((ago * SECONDS) / COLUMNS).toFixed(1)} s ago`;
  }

  essence() {
    const peak = this.nBins ? peakOf(Array.from(this.column(0), levelOf)) : null;
    return peak ? `${this.side} now loudest at ${hertz(hzOf(peak.bin, this.nBins, this.rate))}, ${db(peak.level)} dBFS` : "silence";
  }

  /** One row per column of the picture, oldest first. */
  table() {
    const { nBins } = this;
    return {
      columns: ["seconds", ...Array.from({ length: nBins }, (_, bin) => `${hzOf(bin, nBins, this.rate).toFixed(2)} Hz`)],
      rows: Array.from({ length: nBins > 0 ? COLUMNS : 0 }, (_, i) => [((i + 1 - COLUMNS) * SECONDS) / COLUMNS, ...Array.from(this.column(COLUMNS - 1 - i), levelOf)]),
    };
  }
}

/** A canvas off the page. @param {number} width @param {number} height */
function el2d(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/** From nothing to loud in the theme's own colours: glass, sound, light. */
function ramp() {
  const g = el2d(TONES, 1);
  const fill = g.createLinearGradient(0, 0, TONES, 0);
  const stops = ["--well", "--signal-deep", "--trace-output", "--trace-difference", "--ink"];
  [0, 0.4, 0.7, 0.88, 1].forEach((at, i) => fill.addColorStop(at, token(stops[i])));
  g.fillStyle = fill;
  g.fillRect(0, 0, TONES, 1);
  return new Uint32Array(g.getImageData(0, 0, TONES, 1).data.buffer);
}
