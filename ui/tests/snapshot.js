// Writes snapshots as PROTOCOL.md has them: a server's side of lib/telemetry.js and lib/sections.js.

/** @typedef {{ peak: number, meanSquare: number, clips: number }} Channel */

/**
 * @param {{ input: Channel[], output: Channel[], frames: number, sections?: ArrayBuffer[], load?: number[], generation?: number, frame?: number }} what
 * @returns {ArrayBuffer}
 */
export function snapshot({ input, output, frames, sections = [], load = [0.06, 0.09, 0.12], generation = 1, frame = 0 }) {
  const channels = [...input, ...output];
  const fixed = 88 + 12 * channels.length;
  const bytes = new Uint8Array(fixed + sections.reduce((sum, { byteLength }) => sum + byteLength, 0));
  const view = new DataView(bytes.buffer);
  [1, input.length, output.length, 1].forEach((byte, at) => view.setUint8(at, byte));
  view.setUint32(4, generation, true);
  view.setFloat64(8, frame, true);
  load.forEach((value, i) => view.setFloat32(16 + 4 * i, value, true));
  [544, 498, 512].forEach((value, i) => view.setUint32(28 + 4 * i, value, true));
  view.setUint32(80, frames, true);
  channels.forEach(({ peak, meanSquare, clips }, i) => {
    view.setFloat32(88 + 12 * i, peak, true);
    view.setFloat32(92 + 12 * i, meanSquare, true);
    view.setUint32(96 + 12 * i, clips, true);
  });
  let at = fixed;
  for (const section of sections) {
    bytes.set(new Uint8Array(section), at);
    at += section.byteLength;
  }
  return bytes.buffer;
}

/** A section of four-byte items. @param {number} kind @param {...(number|number[])} items numbers are u32, lists are f32 */
export function section(kind, ...items) {
  const flat = items.flat();
  const isFloat = items.flatMap((item) => (typeof item === "number" ? [false] : item.map(() => true)));
  const view = new DataView(new ArrayBuffer(8 + 4 * flat.length));
  view.setUint16(0, kind, true);
  view.setUint32(4, 4 * flat.length, true);
  flat.forEach((value, i) => (isFloat[i] ? view.setFloat32(8 + 4 * i, value, true) : view.setUint32(8 + 4 * i, value, true)));
  return view.buffer;
}
