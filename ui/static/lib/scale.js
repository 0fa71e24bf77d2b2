// Where a level stands on the meters' dB scales. Pure.

/** The ends of the meters' scale, dBFS: the bar, and what `role="meter"` reports, stay within. */
export const METER_MIN = -60;
export const METER_MAX = 6;

/**
 * A graduation: what is written where, and where the colours change. `zero` is the dBFS of its 0;
 * `rms` is added to an RMS: the K-System (AES-17) gives a sine the same RMS as peak.
 * @typedef {{ id: string, name: string, zero: number, rms: number, marks: number[], warm: number, hot: number }} Scale
 */

/** @param {number} headroom dB above the scale's 0 @returns {Scale} after Katz: amber from 0, red from +4 */
const kScale = (headroom) => ({
  id: `k${headroom}`, name: `K-${headroom}`, zero: -headroom, rms: 10 * Math.log10(2),
  marks: [...new Set([headroom, 12, 8, 4, 0, -4, -8, -12, -20, -30, headroom - 60])].filter((mark) => mark <= headroom && mark >= headroom - 60),
  warm: -headroom, hot: 4 - headroom,
});

/** @type {Scale[]} the first is the one at the start */
export const SCALES = [
  { id: "dbfs", name: "dBFS", zero: 0, rms: 0, marks: [6, 0, -6, -12, -18, -24, -30, -40, -50, -60], warm: -6, hot: 0 },
  kScale(20), kScale(14), kScale(12),
];

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

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
