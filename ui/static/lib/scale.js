// Where a value stands on a scale: the meter's dB scale and a parameter's slider. Pure.

/** The ends of the meters' scale, dBFS: the bar, and what `role="meter"` reports, stay within. */
export const METER_MIN = -60;
export const METER_MAX = 6;
/** The graduation beside the bars. */
export const METER_MARKS = [6, 0, -6, -12, -18, -24, -30, -40, -50, -60];

/** The deflection of IEC 60268-18: points of dB and scale length, straight between, carried on above 0. */
const DEFLECTION = [
  [-70, 0], [-60, 2.5], [-50, 7.5], [-40, 15], [-30, 30], [-20, 50], [0, 100], [METER_MAX, 115],
];

/** @param {number} level dBFS @returns {number} 0 (rest) … 1 (METER_MAX) */
export function deflection(level) {
  if (!(level > DEFLECTION[0][0])) return 0;
  const above = DEFLECTION.findIndex(([mark]) => level < mark);
  if (above < 0) return 1;
  const [x0, y0] = DEFLECTION[above - 1];
  const [x1, y1] = DEFLECTION[above];
  return (y0 + ((level - x0) / (x1 - x0)) * (y1 - y0)) / 115;
}

/**
 * A parameter's slider: its position runs evenly along the track. For a linear taper the position is
 * the plain value itself, for a logarithmic one its logarithm.
 */
export class Slider {
  /** @param {{ min: number, max: number, step: number|null, taper?: string|null, choices?: string[]|null }} info */
  constructor(info) {
    this.min = info.min;
    this.max = info.max;
    this.step = info.step || (info.choices ? 1 : null);
    const log = info.taper === "log" && info.min > 0;
    /** @type {(value: number) => number} */
    this.position = log ? Math.log : (value) => value;
    /** @type {(position: number) => number} */
    this.plain = log ? Math.exp : (position) => position;
    this.low = this.position(info.min);
    this.high = this.position(info.max);
  }

  /** 0…1 along the track. @param {number} value */
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

  /** The value at 0…1 of the track. @param {number} fraction */
  at(fraction) {
    const position = this.low + clamp(fraction, 0, 1) * (this.high - this.low);
    return this.settle(this.plain(position));
  }

  /**
   * One key press from `value`: a step if the parameter has steps, else a hundredth of the track,
   * a thousandth when fine.
   * @param {number} value @param {number} direction in presses, e.g. -1, +10 @param {boolean} fine
   */
  nudge(value, direction, fine) {
    if (this.step) return this.settle(value + direction * this.step);
    return this.at(this.fraction(value) + direction * (fine ? 0.001 : 0.01));
  }
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
