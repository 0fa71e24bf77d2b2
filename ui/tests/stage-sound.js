// The stage's sound, made up: a chord with a saturator behind it.

const NOTES = [110, 164.8, 220, 277.2, 440];

/** @param {number} n frames @param {number} t s, where they begin @param {number} level */
export function signal(n, t, level) {
  return Array.from({ length: n }, (_, i) => {
    const at = t + i / 48000;
    return level * NOTES.reduce((sum, hertz, k) => sum + Math.sin(2 * Math.PI * hertz * at + k) / (k + 1), 0) / 2;
  });
}

/** 512 bins of input, then of output, two of them to a number: hundredths of dB. @param {number} t s */
export function spectrum(t) {
  const bins = Array.from({ length: 512 }, (_, b) => 20 * (24000 / 20) ** (b / 511));
  const input = bins.map((hertz) => level(hertz, t));
  const output = bins.map((hertz, b) => input[b] + 5 - 9 / (1 + (90 / hertz) ** 2) + 5 * Math.exp(-((Math.log2(hertz / 2600)) ** 2)) - 14 * Math.max(0, Math.log2(hertz / 9000)));
  return [...packed(input), ...packed(output)];
}

/** @param {number} hertz @param {number} t */
function level(hertz, t) {
  const noise = 4 * Math.sin(hertz * 0.37 + t * 9) * Math.sin(hertz * 0.011 + t * 5);
  const slope = -34 - 4.2 * Math.log2(Math.max(hertz, 60) / 60) - 12 * Math.max(0, Math.log2(55 / hertz));
  const peaks = NOTES.flatMap((note) => [1, 2, 3, 4].map((k) => 22 / k ** 0.7 * Math.exp(-((Math.log2(hertz / (note * k)) * 26) ** 2))));
  return Math.max(-110, slope + noise + Math.max(...peaks));
}

/** @param {number[]} levels dB */
function packed(levels) {
  const words = new Int16Array(levels.map((value) => Math.round(value * 100)));
  return [...new Uint32Array(words.buffer)];
}
