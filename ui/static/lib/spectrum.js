// Bins, frequencies and notes of the log-spaced spectrum (PROTOCOL.md, section 4), and its averages. Pure.

import { keyName } from "./format.js";

export const LOWEST_HZ = 20;
/** What the wire says for "no level at all". */
const SILENCE = -32768;
/** Below this a level is noise of the arithmetic: no ratio is made of it. dBFS */
const FLOOR_DB = -110;

/** Hundredths of dB as the wire has them. @param {number} value @returns {number} dBFS */
export const levelOf = (value) => (value === SILENCE ? -Infinity : value / 100);

/** @param {number} bin may lie between two @param {number} nBins @param {number} rate frames per second */
export const hzOf = (bin, nBins, rate) => LOWEST_HZ * (rate / 2 / LOWEST_HZ) ** (bin / (nBins - 1));

/** @param {number} hz @param {number} nBins @param {number} rate @returns {number} bin, in general between two */
export const binOf = (hz, nBins, rate) => ((nBins - 1) * Math.log(hz / LOWEST_HZ)) / Math.log(rate / 2 / LOWEST_HZ);

/** The highest bin, refined by a parabola through its neighbours. @param {ArrayLike<number>} levels dB @returns {{ bin: number, level: number }|null} */
export function peakOf(levels) {
  let best = 0;
  for (let i = 1; i < levels.length; i++) if (levels[i] > levels[best]) best = i;
  if (!(levels[best] > -Infinity)) return null;
  const [before, level, after] = [levels[best - 1], levels[best], levels[best + 1]];
  const bend = before - 2 * level + after;
  const shift = Number.isFinite(bend) && bend < 0 ? (before - after) / (2 * bend) : 0;
  return { bin: best + shift, level: shift === 0 ? level : level - ((before - after) * shift) / 4 };
}

/** The nearest note and how far off: "A4 +12 ct". @param {number} hz */
export function noteOf(hz) {
  const key = 69 + 12 * Math.log2(hz / 440);
  const nearest = Math.round(key);
  const cents = Math.round((key - nearest) * 100);
  return `${keyName(Math.max(0, nearest))} ${cents < 0 ? "−" : "+"}${Math.abs(cents)} ct`;
}

/** @param {number} hz */
export function hertz(hz) {
  if (hz >= 10_000) return `${(hz / 1000).toFixed(2)} kHz`;
  return hz >= 1000 ? `${(hz / 1000).toFixed(3)} kHz` : `${hz.toFixed(hz >= 100 ? 0 : 1)} Hz`;
}

/** Powers of the levels that the wire can say down to where nothing is drawn, hundredths of dB each. */
const LOWEST = -20_000;
const POWERS = Float64Array.from({ length: 1 - LOWEST }, (_, i) => 10 ** ((i + LOWEST) / 1000));

/** @param {number} value hundredths of dB @returns {number} */
const powerOf = (value) => (value < LOWEST ? 0 : value <= 0 ? POWERS[value - LOWEST] : 10 ** (value / 1000));

/** The mean power of each bin over about `seconds`, and the highest level since it was begun. */
export class Average {
  /** @param {number} nBins */
  constructor(nBins) {
    this.power = new Float64Array(nBins);
    /** dBFS, now. */
    this.level = new Float64Array(nBins).fill(-Infinity);
    /** dBFS, the highest of `level`. */
    this.hold = new Float64Array(nBins).fill(-Infinity);
    this.empty = true;
  }

  /** @param {Int16Array} values as the wire has them @param {number} seconds since the last @param {number} within time constant, seconds; 0 = none */
  push(values, seconds, within) {
    const share = this.empty || within === 0 ? 1 : 1 - Math.exp(-seconds / within);
    this.empty = false;
    const { power, level, hold } = this;
    for (let i = 0; i < values.length; i++) {
      const mean = power[i] + (powerOf(values[i]) - power[i]) * share;
      const now = mean > 1e-20 ? Math.log(mean) * (10 / Math.LN10) : -Infinity;
      power[i] = mean;
      level[i] = now;
      if (now > hold[i]) hold[i] = now;
    }
  }

  forget() {
    this.hold.set(this.level);
  }
}

/** What the plugin does to a bin, dB; NaN where too little goes in or comes out to tell. @param {number} input dBFS @param {number} output dBFS */
export const differenceOf = (input, output) => (input > FLOOR_DB && output > FLOOR_DB ? output - input : NaN);
