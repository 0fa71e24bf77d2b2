// Decodes the sections that follow the fixed part of a snapshot (PROTOCOL.md, "Telemetry"): what this
// page subscribed to. Pure. Samples are views into the message, not copies; a message is little-endian
// and so is every machine that a browser runs on.

/** @typedef {{ momentary: number, shortTerm: number, integrated: number, range: number, truePeak: number }} Loudness  LUFS, LU and dBTP; NaN = not known yet. */
/** @typedef {{ correlation: number, balance: number, points: Float32Array }} Stereo  Points: left, right, left, right …; newest last. Correlation is NaN for mono or silence. */
/** @typedef {{ size: number, rate: number, input: Int16Array, output: Int16Array }} Spectrum  Hundredths of dB per bin; -32768 = silence. */
/** @typedef {{ triggered: boolean, done: boolean, frame: number, trigger: number, input: Float32Array, output: Float32Array }} Scope  trigger: index of the frame. */
/** @typedef {{ index: number, samples: Float32Array }} ProbeTrace  index into the subscribed names. */
/** @typedef {{ id: number, position: number, peak: number }} SourceLook  Seconds (NaN = none); linear. */
/** @typedef {{ max: number, maxFrame: number, counts: Uint32Array }} LoadHistogram  2.5 % of the budget per bucket; the last holds all above. */

/**
 * @typedef {object} Sections  Those that the snapshot carried.
 * @property {Float32Array} [levels] true peaks, linear, inputs first
 * @property {{ input: Loudness, output: Loudness, seconds: number }} [loudness] and of how much sound
 * @property {{ input: Stereo, output: Stereo }} [stereo]
 * @property {Spectrum} [spectrum]
 * @property {Scope} [scope]
 * @property {ProbeTrace[]} [probes]
 * @property {LoadHistogram} [load]
 * @property {SourceLook[]} [sources]
 */

const HEAD_BYTES = 8;

/** One payload, read from its start; reading beyond its end is a RangeError. */
class Reader {
  /** @param {ArrayBuffer} buffer @param {number} at @param {number} nBytes */
  constructor(buffer, at, nBytes) {
    this.buffer = buffer;
    this.view = new DataView(buffer, at, nBytes);
    this.at = 0;
  }

  /** Moves on. @param {number} nBytes @returns {number} where they begin in the payload */
  pass(nBytes) {
    const at = this.at;
    if (at + nBytes > this.view.byteLength) throw new RangeError("a section is shorter than it says");
    this.at += nBytes;
    return at;
  }

  u32() {
    return this.view.getUint32(this.pass(4), true);
  }

  f32() {
    return this.view.getFloat32(this.pass(4), true);
  }

  f64() {
    return this.view.getFloat64(this.pass(8), true);
  }

  /** @param {number} count */
  floats(count) {
    return new Float32Array(this.buffer, this.view.byteOffset + this.pass(count * 4), count);
  }

  /** @param {number} count */
  words(count) {
    return new Uint32Array(this.buffer, this.view.byteOffset + this.pass(count * 4), count);
  }

  /** @param {number} count */
  shorts(count) {
    return new Int16Array(this.buffer, this.view.byteOffset + this.pass(count * 2), count);
  }
}

/** @param {Reader} reader @returns {Loudness} */
const loudness = (reader) => ({
  momentary: reader.f32(), shortTerm: reader.f32(), integrated: reader.f32(), range: reader.f32(), truePeak: reader.f32(),
});

/** @param {Reader} reader @returns {Stereo} */
const stereo = (reader) => ({ correlation: reader.f32(), balance: reader.f32(), points: reader.floats(2 * reader.u32()) });

/** @param {Reader} reader @returns {Spectrum} */
function spectrum(reader) {
  const [size, rate, nBins] = [reader.u32(), reader.f32(), reader.u32()];
  return { size, rate, input: reader.shorts(nBins), output: reader.shorts(nBins) };
}

/** @param {Reader} reader @returns {Scope} */
function scope(reader) {
  const [flags, frame, nFrames, trigger] = [reader.u32(), reader.f64(), reader.u32(), reader.u32()];
  return { triggered: (flags & 1) !== 0, done: (flags & 2) !== 0, frame, trigger, input: reader.floats(nFrames), output: reader.floats(nFrames) };
}

/** @param {Reader} reader @returns {ProbeTrace[]} */
const probes = (reader) => Array.from({ length: reader.u32() }, () => ({ index: reader.u32(), samples: reader.floats(reader.u32()) }));

/** @param {Reader} reader @returns {LoadHistogram} */
const load = (reader) => ({ max: reader.f32(), maxFrame: reader.f64(), counts: reader.words(reader.u32()) });

const SOURCE_BYTES = 16;

/** @param {Reader} reader @returns {SourceLook[]} */
const sources = (reader) =>
  Array.from({ length: reader.view.byteLength / SOURCE_BYTES }, () => ({ id: reader.u32(), position: reader.f64(), peak: reader.f32() }));

/** By kind: how its payload is read into the sections. @type {Record<number, (into: Sections, reader: Reader) => void>} */
const KINDS = {
  1: (into, reader) => (into.levels = reader.floats(reader.view.byteLength / 4)),
  2: (into, reader) => (into.loudness = { input: loudness(reader), output: loudness(reader), seconds: reader.f32() }),
  3: (into, reader) => (into.stereo = { input: stereo(reader), output: stereo(reader) }),
  4: (into, reader) => (into.spectrum = spectrum(reader)),
  5: (into, reader) => (into.scope = scope(reader)),
  6: (into, reader) => (into.probes = probes(reader)),
  7: (into, reader) => (into.load = load(reader)),
  8: (into, reader) => (into.sources = sources(reader)),
};

/**
 * The sections from byte `at` to the end. Kinds that this page does not know are skipped.
 * @param {ArrayBuffer} buffer @param {number} at a multiple of 4
 * @returns {Sections|null} null when a section is cut or shorter than its own counts say
 */
export function sections(buffer, at) {
  /** @type {Sections} */
  const found = {};
  try {
    while (at < buffer.byteLength) {
      const head = new DataView(buffer, at, HEAD_BYTES);
      const nBytes = head.getUint32(4, true);
      if (nBytes % 4 !== 0) return null;
      const reader = new Reader(buffer, at + HEAD_BYTES, nBytes);
      KINDS[head.getUint16(0, true)]?.(found, reader);
      at += HEAD_BYTES + nBytes;
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return found;
}
