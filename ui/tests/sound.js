// Sections of known signals, as the server would write them: what the tests of the views look at.

import { section } from "./snapshot.js";

export const RATE = 48000;
export const N_BINS = 512;

/** @param {number} bin @param {number} [nBins] */
export const hzOfBin = (bin, nBins = N_BINS) => 20 * (RATE / 2 / 20) ** (bin / (nBins - 1));
/** @param {number} hz @param {number} [nBins] */
export const binOfHz = (hz, nBins = N_BINS) => ((nBins - 1) * Math.log(hz / 20)) / Math.log(RATE / 2 / 20);

/** Section 4. @param {(bin: number) => number} input dB of a bin; -Infinity = silence @param {(bin: number) => number} output @param {number} [nBins] */
export function spectrum(input, output, nBins = N_BINS) {
  const buffer = new ArrayBuffer(8 + 12 + Math.ceil((nBins * 4) / 4) * 4);
  const view = new DataView(buffer);
  view.setUint16(0, 4, true);
  view.setUint32(4, buffer.byteLength - 8, true);
  view.setUint32(8, 4096, true);
  view.setFloat32(12, RATE, true);
  view.setUint32(16, nBins, true);
  [input, output].forEach((levelOf, row) => {
    for (let bin = 0; bin < nBins; bin++) {
      const level = levelOf(bin);
      view.setInt16(20 + 2 * (row * nBins + bin), level === -Infinity ? -32768 : Math.round(level * 100), true);
    }
  });
  return buffer;
}

/** A tone as a window of that size shows it. @param {number} hz @param {number} level dBFS @param {number} floor dBFS */
export const tone = (hz, level, floor = -120) => (/** @type {number} */ bin) => Math.max(floor, level - ((bin - binOfHz(hz)) * 1.6) ** 2);

/** Section 5. @param {{ flags?: number, frame?: number, trigger: number, input: number[], output: number[] }} what */
export function scope({ flags = 1, frame = 0, trigger, input, output }) {
  const buffer = section(5, flags, 0, 0, input.length, trigger, input, output);
  new DataView(buffer).setFloat64(12, frame, true);
  return buffer;
}

/** Section 3. @param {[number, number, number[]]} input correlation, balance, left and right in turn @param {[number, number, number[]]} output */
export const stereo = (input, output) => section(3, ...[input, output].flatMap(([correlation, balance, points]) => [[correlation, balance], points.length / 2, points]));

/** Section 6. @param {[number, number[]][]} traces index and samples */
export const probes = (traces) => section(6, traces.length, ...traces.flatMap(([index, samples]) => [index, samples.length, samples]));

/** @template Value @param {number} count @param {(i: number) => Value} value */
export const list = (count, value) => Array.from({ length: count }, (_, i) => value(i));
