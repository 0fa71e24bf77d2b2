// Numbers to words: the only place where units and signs are spelled. Pure.

/** @import { AudioEnd } from "./types.js" */

const MINUS = "\u2212";
const NARROW = "\u202f";

/** A level with one decimal and a true minus; silence is −∞. @param {number} level dB */
export function db(level) {
  if (level === -Infinity || Number.isNaN(level)) return `${MINUS}∞`;
  return signed(level, 1);
}

/** Nothing has no sign. @param {number} value @param {number} digits behind the point */
function signed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value < 0 ? MINUS : "+") + text;
}

/** By how much a clock is faster than another. @param {number|null|undefined} value parts per million */
export function ppm(value) {
  return Number.isFinite(value) ? `${signed(Number(value), 1)} ppm` : "–";
}

/** By how much a time is too long: below a millisecond in whole µs. @param {number|null|undefined} value ms */
export function timeError(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return Math.abs(value) < 0.9995 ? `${signed(value * 1000, 0)} µs` : `${signed(value, 2)} ms`;
}

/** A loudness with one decimal and a true minus, without a plus; what is not known yet is a dash. @param {number|null|undefined} value LUFS or LU */
export function loudness(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value === -Infinity ? `${MINUS}∞` : value.toFixed(1).replace(/^-(?!0\.0$)/, MINUS).replace("-", "");
}

/** A moment of the day by this computer's clock. @param {number} value ms since 1970 */
export function timeOfDay(value) {
  const at = new Date(value);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** A time with three digits that mean something. @param {number|null|undefined} value ms */
export function ms(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  if (value >= 100) return `${value.toFixed(0)} ms`;
  if (value >= 10) return `${value.toFixed(1)} ms`;
  return `${value.toFixed(2)} ms`;
}

/** @param {number} fraction of a whole */
export function percent(fraction) {
  if (!Number.isFinite(fraction)) return "–";
  const value = fraction * 100;
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} %`;
}

/** A whole number with its thousands apart. @param {number} value */
export function count(value) {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, NARROW);
}

/** @param {number} value frames per second */
export function rate(value) {
  return value >= 1000 ? `${Number((value / 1000).toFixed(3))} kHz` : `${value} Hz`;
}

/** @param {number} value frames @param {number} framesPerSecond */
export function frames(value, framesPerSecond) {
  const length = `${count(value)} ${value === 1 ? "frame" : "frames"}`;
  return framesPerSecond > 0 ? `${length} · ${ms((value / framesPerSecond) * 1000)}` : length;
}

/** One and many, by their kinds and counters. @type {Record<string, [string, string]>} */
const LOSSES = {
  underrun: ["underrun", "underruns"], overrun: ["overrun", "overruns"], late_callback: ["late callback", "late callbacks"],
  lost_frames: ["lost frame", "lost frames"], record_lost_frames: ["frame missing in the recording", "frames missing in the recording"],
};

/** So many of what was lost. @param {string} kind or its counter @param {number} n */
export function loss(kind, n) {
  const [one, many] = LOSSES[kind] ?? LOSSES[kind.replace(/s$/, "")] ?? [kind, kind];
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A device by its name; a virtual one by what it plays or writes. @param {string} [device] */
export function named(device) {
  if (!device) return "none";
  const [, file] = /^virtual:(?:.*,)?file=(.*)$/.exec(device) ?? [];
  if (file) return `virtual, ${file.split(/[\\/]/).pop()}`;
  const [, tone] = /^virtual:(?:.*,)?tone=([^,]+)/.exec(device) ?? [];
  if (tone) return `virtual, ${tone} Hz tone`;
  return device.replace(/^virtual:.*/, "virtual");
}

/** What a device gave. @param {AudioEnd|null} end */
export function granted(end) {
  if (!end) return "";
  return `${rate(end.rate)}, ${end.channels} ch, ${end.format}, period ${end.period}`;
}

/** A frame of the engine's clock as the time since it began. @param {number} frame @param {number} framesPerSecond */
export function clock(frame, framesPerSecond) {
  return framesPerSecond > 0 ? ms((frame / framesPerSecond) * 1000) : `frame ${count(frame)}`;
}

/** A time that runs: 0:07, 12:34, 1:02:03. @param {number} seconds */
export function elapsed(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const [h, min, s] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  return h > 0 ? `${h}:${String(min).padStart(2, "0")}:${String(s).padStart(2, "0")}` : `${min}:${String(s).padStart(2, "0")}`;
}

/** How long something is past, in one unit. @param {number} seconds */
export function ago(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const [whole, unit] = seconds < 60 ? [seconds, "s"] : seconds < 3600 ? [seconds / 60, "min"] : [seconds / 3600, "h"];
  return `${Math.max(0, Math.floor(whole))} ${unit} ago`;
}

/** Any finite number with four digits that mean something. @param {number|null|undefined} value */
export function figure(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size > 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(2).replaceAll("-", MINUS);
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 || size === 0 ? 3 : 5;
  return value.toFixed(digits).replace("-", MINUS);
}

/** A bound of a range, as short as it is exact. @param {number} value @param {string|null} [unit] */
export function bound(value, unit) {
  const text = String(Number(value.toPrecision(6))).replace("-", MINUS);
  return unit ? `${text} ${unit}` : text;
}

/** A MIDI key by its name; 60 is C4. @param {number} key */
export function keyName(key) {
  const name = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"][key % 12];
  return `${name}${String(Math.floor(key / 12) - 1).replace("-", MINUS)}`;
}

/** The signals that end a process on Linux, as far as a plugin's code raises them. @type {Record<number, [string, string]>} */
const SIGNALS = {
  3: ["SIGQUIT", "quit"], 4: ["SIGILL", "illegal instruction"], 5: ["SIGTRAP", "trap"], 6: ["SIGABRT", "abort"], 7: ["SIGBUS", "bus error"],
  8: ["SIGFPE", "arithmetic error"], 9: ["SIGKILL", "killed"], 11: ["SIGSEGV", "segmentation fault"], 13: ["SIGPIPE", "broken pipe"],
  15: ["SIGTERM", "ended"], 24: ["SIGXCPU", "processor time used up"], 31: ["SIGSYS", "forbidden system call"],
};

/** What ended a process, named; empty for none. @param {number|null|undefined} number */
export function signal(number) {
  if (number === null || number === undefined) return "";
  return SIGNALS[number]?.join(", ") ?? `signal ${number}`;
}

/** file:line:column, as far as it is known. @param {string|null} file @param {number|null} line @param {number|null} [column] */
export function place(file, line, column = null) {
  if (file === null || file === undefined) return "";
  return [file, line, column].filter((part) => part !== null && part !== undefined).join(":");
}

/** The parameter's own text, with its unit unless the plugin wrote it already. @param {string} text @param {string|null} [unit] */
export function withUnit(text, unit) {
  return unit && !text.trimEnd().endsWith(unit) ? `${text} ${unit}` : text;
}

/** Terminal text without its colour codes: a build command of the user may write them. @param {string} text */
export function plain(text) {
  return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
}
