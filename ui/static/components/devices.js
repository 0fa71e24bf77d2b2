// What the sound comes from and goes to, as it was granted.

/** @import { Model } from "../lib/model.js" */
/** @import { AudioEnd, AudioStarted, Layout } from "../lib/types.js" */
import { el, setText } from "../lib/dom.js";
import { rate } from "../lib/format.js";

/** Facts of the audio path. @type {{ id: string, name: string, value: (audio: AudioStarted) => string, full?: (audio: AudioStarted) => string|undefined }[]} */
const LINES = [
  { id: "audio-host", name: "Host", value: ({ host, mode }) => `${host}, ${mode}` },
  { id: "audio-input", name: "Input", full: ({ input }) => input?.device, value: ({ input }) => named(input) },
  { id: "audio-input-format", name: "", value: ({ input }) => granted(input) },
  { id: "audio-output", name: "Output", full: ({ output }) => output?.device, value: ({ output }) => named(output) },
  { id: "audio-output-format", name: "", value: ({ output }) => granted(output) },
  { id: "engine-rate", name: "Engine", value: ({ engine_rate, max_block }) => `${rate(engine_rate)}, blocks to ${max_block}` },
  { id: "audio-clock", name: "Clock", value: ({ clock }) => clock },
];

export class Devices {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.lines = LINES.map((line) => ({ ...line, element: el("dd", { id: line.id }, "–") }));
    this.layout = fact("plugin-layout", "Plugin");
    root.append(el("dl", { class: "facts" },
      ...this.lines.map(({ name, element }) => el("div", {}, el("dt", {}, name), element)), this.layout.row));
    /** @type {AudioStarted|null|undefined} */
    this.shown = undefined;
  }

  /** @param {Model} model */
  draw({ audio, lastReload, bpm }) {
    this.layout.show([channels(lastReload?.layout), bpm === null ? "" : `${bpm} bpm`].filter(Boolean).join(" · "));
    if (audio === this.shown) return;
    this.shown = audio;
    for (const { element, value, full } of this.lines) {
      const words = audio ? value(audio) : "–";
      setText(element, words);
      element.title = (audio && full?.(audio)) || words;
    }
  }
}

/** A line that is there only while it is known. @param {string} id @param {string} name */
function fact(id, name) {
  const element = el("dd", { id });
  const row = el("div", {}, el("dt", {}, name), element);
  return {
    row,
    /** @param {string} words */
    show(words) {
      setText(element, words);
      row.hidden = words === "";
    },
  };
}

/** @param {Layout} [layout] */
function channels(layout) {
  if (!layout) return "";
  const { inputs, outputs, sidechain } = layout;
  return `${inputs} in, ${outputs} out${sidechain ? `, ${sidechain} sidechain` : ""}`;
}

/** A virtual device is told by what it plays or writes; its other keys are in the line below. @param {AudioEnd|null} end */
function named(end) {
  const [, file] = /^virtual:(?:.*,)?file=(.*)$/.exec(end?.device ?? "") ?? [];
  if (file) return `virtual, ${file.split(/[\\/]/).pop()}`;
  const [, tone] = /^virtual:(?:.*,)?tone=([^,]+)/.exec(end?.device ?? "") ?? [];
  if (tone) return `virtual, ${tone} Hz tone`;
  return end?.device.replace(/^virtual:.*/, "virtual") ?? "none";
}

/** @param {AudioEnd|null} end */
function granted(end) {
  if (!end) return "";
  return `${rate(end.rate)}, ${end.channels} ch, ${end.format}, period ${end.period}`;
}
