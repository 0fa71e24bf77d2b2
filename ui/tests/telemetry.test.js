// The binary snapshot, byte by byte as PROTOCOL.md has it.

import { decode } from "../static/lib/telemetry.js";
import { close, equal, test } from "./harness.js";

/** A snapshot with one input and two outputs, every field different. */
function snapshot() {
  const buffer = new ArrayBuffer(88 + 3 * 12);
  const view = new DataView(buffer);
  [1, 1, 2, 0b1011].forEach((byte, at) => view.setUint8(at, byte));
  view.setUint32(4, 7, true);
  view.setFloat64(8, 2 ** 40 + 3, true);
  [0.0625, 0.125, 0.25].forEach((load, i) => view.setFloat32(16 + 4 * i, load, true));
  [1024, 498, 512].forEach((frames, i) => view.setUint32(28 + 4 * i, frames, true));
  [1, 2, 3, 4, 5].forEach((count, i) => view.setFloat64(40 + 8 * i, count, true));
  view.setUint32(80, 768, true);
  view.setUint32(84, 9, true);
  [[0.5, 0.125, 0], [1.5, 1.125, 4], [0.75, 0.25, 1]].forEach(([peak, square, clips], i) => {
    view.setFloat32(88 + 12 * i, peak, true);
    view.setFloat32(92 + 12 * i, square, true);
    view.setUint32(96 + 12 * i, clips, true);
  });
  return buffer;
}

test("every field of a snapshot is read from its place", () => {
  equal(decode(snapshot()), {
    running: true, bypass: true, mute: false, faulted: true, generation: 7, frame: 2 ** 40 + 3,
    load: { mean: 0.0625, p99: 0.125, max: 0.25 }, latencyFrames: 1024, fillFrames: 498, targetFrames: 512,
    underruns: 1, overruns: 2, lostFrames: 3, discardedFrames: 4, nonFinite: 5, mergedFrames: 768, lostRecords: 9,
    input: [{ peak: 0.5, meanSquare: 0.125, clips: 0 }],
    output: [{ peak: 1.5, meanSquare: 1.125, clips: 4 }, { peak: 0.75, meanSquare: 0.25, clips: 1 }],
    sections: {},
  });
});

test("a snapshot of another version is not read", () => {
  const other = snapshot();
  new DataView(other).setUint8(0, 2);
  equal(decode(other), null);
});

test("a cut snapshot is not read, wherever it is cut", () => {
  const whole = snapshot();
  for (let length = 0; length < whole.byteLength; length++) equal(decode(whole.slice(0, length)), null, `${length} bytes`);
});

test("a snapshot may grow at its end", () => {
  const longer = new Uint8Array(snapshot().byteLength + 8);
  longer.set(new Uint8Array(snapshot()));
  close(decode(longer.buffer)?.output[1].peak ?? NaN, 0.75, 0);
});
