// A setting of the mixer – of a strip or a bus – under the same control as a plugin's parameter: hand,
// wheel, keys, typing and echo are those. What is wished goes to `wish`, and not to the plugin.

/** @import { ParamInfo } from "../../lib/types.js" */
import { LEVELS_DB, PITCHES, BUS_NAMES, BUSES, levelWords, panWords, pitchWords, readLevel, readPan, readPitch } from "../../lib/sources.js";
import { Parameter } from "../parameter.js";

/** @typedef {{ info: Partial<ParamInfo> & { name: string, min: number, max: number, default: number }, words: (value: number) => string, read?: (text: string) => number|string }} Kind */

/** Below every number that a plugin's parameter can have: only the page's own names are made of it. */
let next = -1;

export class Setting extends Parameter {
  /** @param {Kind} kind @param {(value: number) => void} wish */
  constructor({ info, words, read }, wish) {
    super({
      id: next--, key: "", group: "", value: info.default, step: null, text: "", flags: [], ...info,
    });
    this.spell = words;
    delete this.root.dataset.param;
    delete this.root.dataset.paramId;
    this.root.classList.add("setting");
    this.name.classList.add("silk");
    this.root.addEventListener("gesture", (event) => event.stopPropagation());
    this.root.addEventListener("set", (event) => {
      event.stopPropagation();
      this.refuse("");
      wish(/** @type {CustomEvent} */ (event).detail.value);
    });
    this.root.addEventListener("text", (event) => {
      event.stopPropagation();
      const { text } = /** @type {CustomEvent} */ (event).detail;
      const value = read?.(text) ?? "";
      if (typeof value === "number") this.ask(value);
      else this.refuse(value, text);
    });
  }

  /** What the server has. @param {number} value */
  hear(value) {
    this.echo(value, this.spell(value));
  }
}

/** A fader: most of its way is where levels are set by ear. @type {Kind} */
export const GAIN = {
  info: { name: "Gain", ...LEVELS_DB, default: 0, unit: "dB", step: 0.5, taper: "skew", skew: 0.5 },
  words: (value) => levelWords(value <= LEVELS_DB.min ? null : value), read: readLevel,
};
/** @type {Kind} */
export const PAN = { info: { name: "Pan", min: -1, max: 1, default: 0, step: 0.05 }, words: panWords, read: readPan };
/** @type {Kind} */
export const PITCH = { info: { name: "Pitch", ...PITCHES, default: 1, taper: "log" }, words: pitchWords, read: readPitch };
/** @type {Kind} */
export const BUS = {
  info: { name: "To", min: 0, max: BUSES.length - 1, default: 0, step: 1, choices: BUS_NAMES }, words: (value) => BUS_NAMES[value] ?? "",
};

/** The fader's place of a level; null = silence. @param {number|null} level dB */
export const faderOf = (level) => level ?? LEVELS_DB.min;
/** And back. @param {number} fader */
export const levelOf = (fader) => (fader <= LEVELS_DB.min ? null : fader);
