// What a source is called, how its settings are spelled and read, and where a loop may lie. Pure.

/** @import { Source, SourceKind, Span } from "./types.js" */
import { bound, count, db, elapsed } from "./format.js";
import { clamp } from "./scale.js";

/** The levels that a strip or a bus can have, dB; the lowest is silence. */
export const LEVELS_DB = { min: -80, max: 24 };
/** Speeds of a file. */
export const PITCHES = { min: 0.1, max: 4 };
/** A file may have this many bytes. */
export const MOST_BYTES = 512 * 1024 * 1024;
/** Two handles of a loop stay apart by this, seconds. */
export const SHORTEST_LOOP = 0.001;
const MINUS = "\u2212";

export const BUSES = /** @type {const} */ (["plugin-in", "sidechain", "dry", "master"]);
export const BUS_NAMES = ["Plugin in", "Sidechain", "Dry", "Master"];

/** @type {Record<SourceKind, string>} */
const KINDS = {
  mic: "Live input", file: "File", tone: "Tone", sweep: "Sweep", noise: "Noise", impulse: "Impulse", clicks: "Clicks",
  dc: "Offset", silence: "Silence", ebu: "EBU tones", push: "Pushed by a script", fifo: "FIFO", take: "Take",
};

/** What can be seen as a picture. @param {Source} source */
export const hasTime = ({ kind, seconds }) => (kind === "file" || kind === "take") && seconds !== null && seconds > 0;

/** What can be sought in and looped; a take goes round as it was cut. @param {Source} source */
export const hasHandles = ({ kind }) => kind === "file";

/** What is looped; null = nothing. A file whose length is not known yet ends nowhere. @param {Source} source @returns {Span|null} */
export const loopOf = ({ loop, seconds }) => loop && { from: loop.from, to: loop.to ?? seconds ?? loop.from };

/** Whether a hand can set it going. @param {Source} source */
export const isStill = ({ paused, state }) => paused || state === "eof";

/** @param {Source} source */
export function kindWords({ kind, channels }) {
  const layout = channels === null || channels === 0 ? "" : channels < 3 ? ["mono", "stereo"][channels - 1] : `${channels} channels`;
  return [KINDS[kind] ?? kind, layout].filter(Boolean).join(", ");
}

/** @param {number|null|undefined} n @param {string} noun @param {string} [end] empty for none */
const counted = (n, noun, end = "") => (n ? `${count(n)} ${noun}${n === 1 ? "" : "s"} ${end}`.trimEnd() : "");

/** What it does now, with the reason and with what was lost. @param {Source} source @returns {{ words: string, level: "good"|"rest"|"warn"|"bad" }} */
export function stateOf({ kind, state, reason, paused, mute, missed_frames: missed, counters }) {
  const lost = [counted(missed, "frame", "missed"), counted(counters?.underruns, "underrun"), counted(counters?.overruns, "overrun"), counted(counters?.lost_frames, "frame", "lost")].filter(Boolean).join(", ");
  /** @param {string} word */
  const told = (word) => [word, lost, state === "failed" ? "" : reason].filter(Boolean).join(" · ");
  if (state === "failed") return { words: ["Failed", reason].filter(Boolean).join(": "), level: "bad" };
  if (state === "starved") return { words: told("Starved"), level: "bad" };
  if (state === "filling") return { words: told("Filling"), level: "warn" };
  if (state === "waiting") return { words: told(kind === "mic" ? "Waiting for its device" : "Waiting for a writer"), level: "warn" };
  if (state === "eof") return { words: told("Ended"), level: "rest" };
  if (paused) return { words: told("Paused"), level: "rest" };
  if (mute) return { words: told("Muted"), level: "rest" };
  return { words: told("Playing"), level: lost ? "warn" : "good" };
}

/** A place in a file: 0:07.3. @param {number|null} seconds */
export function timeOf(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const tenths = Math.floor(Math.max(0, seconds) * 10 + 1e-6);
  return `${elapsed(Math.floor(tenths / 10))}.${tenths % 10}`;
}

/** A place to the millisecond, for the ends of a loop. @param {number} seconds */
export function exactTime(seconds) {
  const ms = Math.round(Math.max(0, seconds) * 1000);
  return `${elapsed(Math.floor(ms / 1000))}.${String(ms % 1000).padStart(3, "0")}`;
}

/** @param {number|null} level dB, null = silence */
export const levelWords = (level) => `${db(level ?? -Infinity)} dB`;

/** A level as a person types it; the lowest is silence. @param {string} text @returns {number|string} why not */
export function readLevel(text) {
  const plain = text.replaceAll(MINUS, "-").trim();
  if (/^-\s*(∞|inf)/i.test(plain)) return LEVELS_DB.min;
  return within(parseFloat(plain), LEVELS_DB, "dB");
}

/** @param {number} pan */
export function panWords(pan) {
  const percent = Math.round(Math.abs(pan) * 100);
  return percent === 0 ? "centre" : `${percent} % ${pan < 0 ? "L" : "R"}`;
}

/** "30 % L", "R", "centre", or a number from −1 to 1. @param {string} text @returns {number|string} why not */
export function readPan(text) {
  const plain = text.replaceAll(MINUS, "-").trim().toUpperCase();
  if (/^C/.test(plain)) return 0;
  const side = /[LR]/.exec(plain)?.[0];
  if (!side) return within(parseFloat(plain), { min: -1, max: 1 });
  const percent = plain === side ? 100 : parseFloat(plain.replace(side, ""));
  const pan = within(percent, { min: 0, max: 100 }, "%");
  return typeof pan === "number" ? (pan / 100) * (side === "L" ? -1 : 1) : pan;
}

/** @param {number} pitch */
export const pitchWords = (pitch) => `${pitch.toFixed(pitch < 1 ? 3 : 2)}×`;

/** @param {string} text @returns {number|string} why not */
export const readPitch = (text) => within(parseFloat(text), PITCHES);

/** @param {number} value @param {{ min: number, max: number }} range @param {string} [unit] */
function within(value, { min, max }, unit) {
  if (value >= min && value <= max) return value;
  return `it is a number from ${bound(min, unit)} to ${bound(max, unit)}`;
}

/** One handle of a loop goes elsewhere; the other stays, and they never cross. @param {Span} loop @param {"from"|"to"} end @param {number} at @param {number} seconds length of the file @returns {Span} */
export function moved({ from, to }, end, at, seconds) {
  if (end === "from") return { from: clamp(at, 0, Math.max(0, to - SHORTEST_LOOP)), to };
  return { from, to: clamp(at, Math.min(seconds, from + SHORTEST_LOOP), seconds) };
}

/**
 * Bars of four beats, counted from the file's start: those that begin where it is looped, or stands.
 * @param {number} nBars @param {number} bpm @param {number} start s @param {number} seconds length of the file
 * @returns {Span|string} or why there are none
 */
export function bars(nBars, bpm, start, seconds) {
  const bar = 240 / bpm;
  const length = nBars * bar;
  if (length > seconds + 1e-9) return `${nBars} bars at ${bpm} bpm are ${timeOf(length)}; there are ${timeOf(seconds)}`;
  const from = clamp(Math.floor(start / bar + 1e-6) * bar, 0, Math.max(0, seconds - length));
  return { from, to: Math.min(seconds, from + length) };
}

/** What can be added without a file: its name, how a spec of it is written, and what it has to be told. */
export const GENERATORS = /** @type {{ id: string, name: string, field?: { name: string, value: string }, spec: (value: string) => string }[]} */ ([
  // Full scale is loud: what was not chosen by ear begins softly.
  { id: "tone", name: "Tone", field: { name: "Hz", value: "997" }, spec: (hz) => `tone:${hz},gain=-20` },
  { id: "sweep", name: "Sweep", spec: () => "sweep,gain=-20" },
  { id: "pink", name: "Pink noise", spec: () => "noise:pink,gain=-20" },
  { id: "white", name: "White noise", spec: () => "noise:white,gain=-20" },
  { id: "impulse", name: "Impulse", spec: () => "impulse" },
  { id: "clicks", name: "Clicks", field: { name: "per second", value: "2" }, spec: (hz) => `clicks:${hz},gain=-6` },
  { id: "silence", name: "Silence", spec: () => "silence" },
  { id: "push", name: "Pushed by a script", field: { name: "name", value: "script" }, spec: (name) => `push:${name}` },
]);

/** @param {number} nBytes */
export function bytes(nBytes) {
  const mebi = nBytes / (1024 * 1024);
  if (mebi >= 10) return `${mebi.toFixed(0)} MiB`;
  return mebi >= 0.1 ? `${mebi.toFixed(1)} MiB` : `${Math.ceil(nBytes / 1024)} KiB`;
}

/** Why a file cannot be a source, before it is sent; empty = it may. @param {{ size: number }} file */
export function unfit({ size }) {
  if (size === 0) return "it is empty, or a folder";
  return size > MOST_BYTES ? `too large: ${bytes(size)}, at most ${bytes(MOST_BYTES)}` : "";
}
