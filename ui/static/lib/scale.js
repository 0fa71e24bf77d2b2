// Where a level stands on the meters' dB scale. Pure.

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

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
