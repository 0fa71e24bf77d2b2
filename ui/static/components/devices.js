// What the sound comes from and goes to, as it was granted.

/** @import { Model } from "../lib/model.js" */
/** @import { AudioEnd, AudioStarted } from "../lib/types.js" */
import { el, setText } from "../lib/dom.js";
import { rate } from "../lib/format.js";

/** @type {{ id: string, name: string, value: (audio: AudioStarted) => string }[]} */
const LINES = [
  { id: "audio-host", name: "Host", value: ({ host, mode }) => `${host}, ${mode}` },
  { id: "audio-input", name: "Input", value: ({ input }) => input?.device ?? "none" },
  { id: "audio-input-format", name: "", value: ({ input }) => granted(input) },
  { id: "audio-output", name: "Output", value: ({ output }) => output?.device ?? "none" },
  { id: "audio-output-format", name: "", value: ({ output }) => granted(output) },
  { id: "engine-rate", name: "Engine", value: ({ engine_rate, max_block }) => `${rate(engine_rate)}, blocks to ${max_block}` },
  { id: "audio-clock", name: "Clock", value: ({ clock }) => clock },
];

export class Devices {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.lines = LINES.map((line) => ({ ...line, element: el("dd", { id: line.id }, "–") }));
    root.append(el("dl", { class: "facts" }, ...this.lines.map(({ name, element }) => el("div", {}, el("dt", {}, name), element))));
    /** @type {AudioStarted|null|undefined} */
    this.shown = undefined;
  }

  /** @param {Model} model */
  draw({ audio }) {
    if (audio === this.shown) return;
    this.shown = audio;
    for (const { element, value } of this.lines) {
      const words = audio ? value(audio) : "–";
      setText(element, words);
      element.title = words;
    }
  }
}

/** @param {AudioEnd|null} end */
function granted(end) {
  if (!end) return "";
  return `${rate(end.rate)}, ${end.channels} ch, ${end.format}, period ${end.period}`;
}
