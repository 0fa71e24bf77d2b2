// How a meter moves. Pure arithmetic in seconds and frames, so that it reads the same at any display
// rate and at any block size; levels are dBFS, silence is -Infinity.

export const HOLD_SECONDS = 1.5;
export const FALL_DB_PER_SECOND = 20;
/** What an RMS can be taken over; the first is the one at the start. @type {{ name: string, seconds: number }[]} */
export const RMS_WINDOWS = [
  { name: "300 ms", seconds: 0.3 }, { name: "50 ms", seconds: 0.05 }, { name: "600 ms", seconds: 0.6 },
  { name: "1 s", seconds: 1 }, { name: "3 s", seconds: 3 },
];
const FLOOR_DB = -120;

/** @param {number} linear @returns {number} dBFS of an absolute sample value */
export const decibels = (linear) => (linear > 0 ? 20 * Math.log10(linear) : -Infinity);

/** @param {number} meanSquare @returns {number} dBFS of a mean square (full-scale sine: -3.01) */
export const decibelsOfPower = (meanSquare) => (meanSquare > 0 ? 10 * Math.log10(meanSquare) : -Infinity);

/** A sample peak meter: rises at once, falls steadily, with a line that rests on the highest peak. */
export class Peak {
  constructor() {
    /** The falling level, dBFS. */
    this.level = -Infinity;
    /** The hold line, dBFS: rests for HOLD_SECONDS, then falls. */
    this.hold = -Infinity;
    this.rested = 0;
  }

  /** @param {number} peak dBFS, the highest since the last call @param {number} seconds since then */
  update(peak, seconds) {
    this.level = Math.max(peak, fall(this.level, seconds));
    if (peak >= this.hold) {
      this.hold = peak;
      this.rested = 0;
      return;
    }
    this.rested += seconds;
    const falling = Math.min(seconds, Math.max(0, this.rested - HOLD_SECONDS));
    this.hold = Math.max(this.level, fall(this.hold, falling));
  }
}

/** @param {number} level @param {number} seconds */
function fall(level, seconds) {
  const fallen = level - FALL_DB_PER_SECOND * seconds;
  return fallen < FLOOR_DB ? -Infinity : fallen;
}

/** The mean square over the last `frames` frames, from interval records of any length. */
export class MeanSquare {
  /** @param {number} frames length of the window */
  constructor(frames) {
    this.frames = frames;
    /** @type {{ frames: number, meanSquare: number }[]} newest last; never more than the window needs */
    this.records = [];
    this.total = 0;
  }

  /** @param {number} frames @param {number} meanSquare over these frames */
  push(frames, meanSquare) {
    if (frames <= 0) return;
    this.records.push({ frames, meanSquare });
    this.total += frames;
    while (this.total - this.records[0].frames >= this.frames) {
      this.total -= this.records[0].frames;
      this.records.shift();
    }
  }

  /** The oldest record counts with the part of it that still lies in the window. */
  value() {
    let sum = 0;
    let counted = 0;
    for (let i = this.records.length - 1; i >= 0; i--) {
      const part = Math.min(this.records[i].frames, this.frames - counted);
      sum += part * this.records[i].meanSquare;
      counted += part;
    }
    return counted > 0 ? sum / counted : 0;
  }
}

/** One channel's whole meter. */
export class ChannelMeter {
  /** @param {number} rate frames per second of the engine @param {number} [window] of the RMS, s */
  constructor(rate, window = RMS_WINDOWS[0].seconds) {
    this.rate = rate;
    this.peak = new Peak();
    this.power = new MeanSquare(rate * window);
    /** The highest peak since the last reset, dBFS. */
    this.max = -Infinity;
    /** The highest true peak since the last reset, dBTP; null = not told. @type {number|null} */
    this.trueMax = null;
    /** Samples above 0 dBFS since the last reset. */
    this.clips = 0;
    /** When the last of them came, ms since 1970. @type {number|null} */
    this.clippedAt = null;
  }

  /**
   * @param {{ peak: number, meanSquare: number, clips: number }} record
   * @param {number} frames that the record covers @param {number} seconds since the last call
   * @param {number} now ms since 1970
   */
  update(record, frames, seconds, now) {
    const peak = decibels(record.peak);
    this.peak.update(peak, seconds);
    this.power.push(frames, record.meanSquare);
    this.max = Math.max(this.max, peak);
    this.clips += record.clips;
    if (record.clips > 0) this.clippedAt = now;
  }

  /** @param {number} peak dBTP, the highest since the last call */
  truePeak(peak) {
    this.trueMax = Math.max(this.trueMax ?? -Infinity, peak);
  }

  /** @param {number} seconds length of the RMS's window */
  setWindow(seconds) {
    this.power.frames = seconds * this.rate;
  }

  /** Time passes without sound: nothing arrives, and the meter comes to rest. @param {number} seconds */
  idle(seconds) {
    this.peak.update(-Infinity, seconds);
    this.power.push(seconds * this.rate, 0);
  }

  rms() {
    return decibelsOfPower(this.power.value());
  }

  reset() {
    this.max = -Infinity;
    this.trueMax = null;
    this.clips = 0;
    this.clippedAt = null;
  }
}
