// How a parameter's value lies along the way of its control. Pure; the laws are those of PROTOCOL.md.

import { clamp } from "./scale.js";

/** @typedef {{ min: number, max: number, step: number|null, taper?: string|null, skew?: number|null, choices?: string[]|null }} TaperInfo */
/** @typedef {{ plain: (way: number) => number, way: (plain: number) => number }} Law  0…1 of the way to the plain value, and back. */

/** @type {Record<string, (info: TaperInfo, skew: number) => Law|null>} null: the range does not bear the law */
const LAWS = {
  log: ({ min, max }) => (min * max > 0 ? {
    plain: (way) => min * (max / min) ** way,
    way: (plain) => Math.log(plain / min) / Math.log(max / min),
  } : null),
  skew: ({ min, max }, skew) => ({
    plain: (way) => min + (max - min) * way ** skew,
    way: (plain) => ((plain - min) / (max - min)) ** (1 / skew),
  }),
  symmetric: ({ min, max }, skew) => {
    const [middle, half] = [(min + max) / 2, (max - min) / 2];
    return {
      plain: (way) => middle + half * signedPower(2 * way - 1, skew),
      way: (plain) => (1 + signedPower((plain - middle) / half, 1 / skew)) / 2,
    };
  },
};

/**
 * A parameter's way from end to end. A position is what a native range input holds: the plain value
 * where the taper is linear, else 0…1.
 */
export class Taper {
  /** @param {TaperInfo} info */
  constructor(info) {
    this.min = info.min;
    this.max = info.max;
    this.step = info.step || (info.choices ? 1 : null);
    const skew = info.skew && info.skew > 0 ? info.skew : 1;
    const law = info.max > info.min ? LAWS[info.taper ?? "linear"]?.(info, skew) : null;
    /** @type {(value: number) => number} */
    this.position = law ? (value) => law.way(clamp(value, this.min, this.max)) : (value) => value;
    /** @type {(position: number) => number} */
    this.plain = law ? law.plain : (position) => position;
    this.low = law ? 0 : info.min;
    this.high = law ? 1 : info.max;
  }

  /** 0…1 along the way. @param {number} value */
  fraction(value) {
    const length = this.high - this.low;
    return length > 0 ? clamp((this.position(value) - this.low) / length, 0, 1) : 0;
  }

  /** The nearest value that the parameter can take, always within its range. @param {number} value */
  settle(value) {
    if (!this.step) return clamp(value, this.min, this.max);
    const steps = Math.round((clamp(value, this.min, this.max) - this.min) / this.step);
    // 0.1 × 3 is not 0.3: twelve digits are more than any parameter has.
    return clamp(Number((this.min + steps * this.step).toPrecision(12)), this.min, this.max);
  }

  /** The value at 0…1 of the way. @param {number} fraction */
  at(fraction) {
    const position = this.low + clamp(fraction, 0, 1) * (this.high - this.low);
    return this.settle(this.plain(position));
  }

  /**
   * One key press from `value`: a step if the parameter has steps, else a hundredth of the way,
   * a thousandth when fine.
   * @param {number} value @param {number} direction in presses, e.g. -1, +10 @param {boolean} fine
   */
  nudge(value, direction, fine) {
    if (this.step) return this.settle(value + direction * this.step);
    return this.at(this.fraction(value) + direction * (fine ? 0.001 : 0.01));
  }
}

/** @param {number} base @param {number} exponent */
function signedPower(base, exponent) {
  return Math.sign(base) * Math.abs(base) ** exponent;
}
