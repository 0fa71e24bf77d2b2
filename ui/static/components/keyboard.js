// The note keyboard: the drawn keys, and the computer's own by their physical place. There is one only
// while the plugin takes notes. Emits `note` with a Note; whatever takes the hands away – another
// window, a broken line, another plugin – releases what they hold.

/** @import { Model } from "../lib/model.js" */
import { button, el, emit, setText } from "../lib/dom.js";
import { keyName } from "../lib/format.js";
import { Held, SEMITONES } from "../lib/notes.js";
import { clamp } from "../lib/scale.js";
import { N_KEYS, Piano } from "./piano.js";

const HIGHEST_BASE = 96;
const LETTERS = [...SEMITONES.keys()].map((code) => ({ Semicolon: ";", Quote: "'" })[code] ?? code.slice(3));

export class Keyboard {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.live = false;
    this.base = 48;
    this.tenths = 8;
    /** @type {Set<number>} keys that the plugin holds */
    this.sounding = new Set();
    this.held = new Held((note) => emit(root, "note", note));
    this.piano = new Piano(this.held, LETTERS);
    this.octave = el("output", { id: "keyboard-octave", "aria-live": "polite" });
    this.velocity = el("output", { id: "keyboard-velocity", "aria-live": "polite" });
    this.error = el("p", { class: "error", role: "alert" });
    root.append(
      el("div", { class: "keyboard-head" },
        this.stepper("Octave", this.octave, ["Z", "X"], (way) => this.shift(way)),
        this.stepper("Velocity", this.velocity, ["C", "V"], (way) => this.press(way))),
      this.piano.root, this.error,
      el("p", { class: "keyboard-help" }, "The letters on the keys play; Z and X shift the octave, C and V the velocity of the letters. With the pointer, lower on a key is louder."));
    /** @type {Map<string, () => void>} */
    this.shifts = new Map([
      ["KeyZ", () => this.shift(-1)], ["KeyX", () => this.shift(1)],
      ["KeyC", () => this.press(-1)], ["KeyV", () => this.press(1)],
    ]);
    this.write();
    this.listen();
    void this.relabel();
  }

  /** @param {string} name @param {HTMLElement} value @param {[string, string]} keys @param {(way: number) => void} act */
  stepper(name, value, [less, more], act) {
    const down = button({ class: "small", "aria-label": `${name} down`, "aria-keyshortcuts": less }, "−", () => act(-1));
    const up = button({ class: "small", "aria-label": `${name} up`, "aria-keyshortcuts": more }, "+", () => act(1));
    return el("div", { class: "keyboard-step" }, el("span", {}, name), down, value, up);
  }

  listen() {
    document.addEventListener("keydown", (event) => this.down(event));
    document.addEventListener("keyup", ({ code }) => this.held.release(code));
    const letGo = () => this.held.releaseAll();
    // With a menu open the release of a key goes elsewhere.
    for (const name of ["blur", "pagehide", "contextmenu"]) addEventListener(name, letGo);
    document.addEventListener("visibilitychange", letGo);
  }

  /** @param {KeyboardEvent} event */
  down(event) {
    // A system that takes a combination for itself keeps the release of its keys.
    if (event.metaKey) this.held.releaseAll();
    const semitone = SEMITONES.get(event.code);
    const shift = this.shifts.get(event.code);
    if (semitone === undefined && !shift) return;
    if (!this.live || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    event.preventDefault();
    if (event.repeat) return;
    if (shift) return shift();
    // Held still? Then its release was lost on the way.
    this.held.release(event.code);
    this.held.hold(event.code, this.base + (semitone ?? 0), this.tenths / 10);
  }

  /** @param {number} way octaves */
  shift(way) {
    this.base = clamp(this.base + 12 * way, 0, HIGHEST_BASE);
    this.write();
  }

  /** @param {number} way tenths of the full velocity */
  press(way) {
    this.tenths = clamp(this.tenths + way, 1, 10);
    this.write();
  }

  write() {
    setText(this.octave, `${keyName(this.base)} to ${keyName(this.base + N_KEYS - 1)}`);
    setText(this.velocity, `${this.tenths * 10} %`);
    this.piano.draw(this.base, this.sounding);
  }

  /** The server did not take a note. @param {string} message empty = it did */
  refuse(message) {
    setText(this.error, message);
  }

  /** The letters as they stand on this computer's keys, where the browser tells. */
  async relabel() {
    const { keyboard } = /** @type {{ keyboard?: { getLayoutMap?: () => Promise<Map<string, string>> } }} */ (navigator);
    const layout = await keyboard?.getLayoutMap?.().catch(() => null);
    if (layout) this.piano.label([...SEMITONES.keys()].map((code, i) => layout.get(code)?.toUpperCase() ?? LETTERS[i]));
  }

  /** @param {Model} model */
  draw({ takesNotes, connection, sounding }) {
    this.live = takesNotes && connection === "connected";
    this.sounding = new Set([...sounding].map((note) => note % 128));
    if (!this.live) this.held.releaseAll();
    this.root.hidden = !takesNotes;
    this.piano.draw(this.base, this.sounding);
  }
}

/** Letters belong to whoever takes text, and to lists, which search by them. @param {EventTarget|null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input:not([type=range]), textarea, select, [contenteditable]") !== null;
}
