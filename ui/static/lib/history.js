// The last minutes of a few readings at a steady pace, however fast they come. Pure; seconds.

/** One point of the history stands for this long; with COUNT of them it shows two minutes. */
export const STEP_SECONDS = 0.4;
export const COUNT = 300;

export class History {
  /** @param {number} [nTraces] */
  constructor(nTraces = 3) {
    /** Rings, the oldest at count % COUNT; NaN = nothing known. */
    this.traces = Array.from({ length: nTraces }, () => new Float32Array(COUNT).fill(NaN));
    /** Points since the beginning. */
    this.count = 0;
    this.age = 0;
    /** @type {number[]|null} the newest of the point that is being filled */
    this.pending = null;
  }

  /** @param {number} seconds since the last call @param {number[]|null} values the newest, null = nothing came */
  push(seconds, values) {
    this.pending = values ?? this.pending;
    this.age += seconds;
    if (this.age < STEP_SECONDS) return;
    const steps = Math.min(COUNT, Math.floor(this.age / STEP_SECONDS));
    this.age %= STEP_SECONDS;
    for (let step = 1; step <= steps; step++) {
      // What came belongs to now; the time before it that nobody drew is a gap.
      const last = step === steps ? this.pending : null;
      this.traces.forEach((trace, i) => (trace[this.count % COUNT] = last?.[i] ?? NaN));
      this.count += 1;
    }
    this.pending = null;
  }

  /** @param {Float32Array} trace @param {number} i 0 = the oldest */
  at(trace, i) {
    return trace[(this.count + i) % COUNT];
  }
}
