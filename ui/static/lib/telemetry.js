// Decodes the binary telemetry snapshot (PROTOCOL.md, "Telemetry"). Pure; the offsets live here only.

/** @import { ChannelRecord, Telemetry } from "./types.js" */
import { sections } from "./sections.js";

export const VERSION = 1;
const HEADER_BYTES = 88;
const CHANNEL_BYTES = 12;
const FLAG = { running: 1, bypass: 2, mute: 4, faulted: 8 };

/**
 * The snapshot in `buffer`, or null when it is of another version or shorter than it says: the page
 * would rather show nothing new than numbers read from the wrong place.
 * @param {ArrayBuffer} buffer
 * @returns {Telemetry|null}
 */
export function decode(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < HEADER_BYTES || view.getUint8(0) !== VERSION) return null;
  const nInput = view.getUint8(1);
  const nOutput = view.getUint8(2);
  const fixedBytes = HEADER_BYTES + (nInput + nOutput) * CHANNEL_BYTES;
  const more = buffer.byteLength < fixedBytes ? null : sections(buffer, fixedBytes);
  if (!more) return null;
  const flags = view.getUint8(3);
  return {
    running: (flags & FLAG.running) !== 0,
    bypass: (flags & FLAG.bypass) !== 0,
    mute: (flags & FLAG.mute) !== 0,
    faulted: (flags & FLAG.faulted) !== 0,
    generation: view.getUint32(4, true),
    frame: view.getFloat64(8, true),
    load: {
      mean: view.getFloat32(16, true),
      p99: view.getFloat32(20, true),
      max: view.getFloat32(24, true),
    },
    latencyFrames: view.getUint32(28, true),
    fillFrames: view.getUint32(32, true),
    targetFrames: view.getUint32(36, true),
    underruns: view.getFloat64(40, true),
    overruns: view.getFloat64(48, true),
    lostFrames: view.getFloat64(56, true),
    discardedFrames: view.getFloat64(64, true),
    nonFinite: view.getFloat64(72, true),
    mergedFrames: view.getUint32(80, true),
    lostRecords: view.getUint32(84, true),
    input: channels(view, 0, nInput),
    output: channels(view, nInput, nOutput),
    sections: more,
  };
}

/**
 * @param {DataView} view @param {number} first @param {number} count
 * @returns {ChannelRecord[]}
 */
function channels(view, first, count) {
  return Array.from({ length: count }, (_, i) => {
    const at = HEADER_BYTES + (first + i) * CHANNEL_BYTES;
    return {
      peak: view.getFloat32(at, true),
      meanSquare: view.getFloat32(at + 4, true),
      clips: view.getUint32(at + 8, true),
    };
  });
}
