// What the sound comes from and goes to, as it was granted; how its thread is scheduled, and the live
// inputs' clocks.

/** @import { Model } from "../lib/model.js" */
/** @import { AudioStarted, Layout, Priority } from "../lib/types.js" */
import { el, setAttribute, setText } from "../lib/dom.js";
import { granted, named, rate } from "../lib/format.js";
import { Inputs } from "./inputs.js";

/** Facts of the audio path. @type {{ id: string, name: string, value: (audio: AudioStarted) => string, full?: (audio: AudioStarted) => string|undefined }[]} */
const LINES = [
  { id: "audio-host", name: "Host", value: ({ host, mode }) => `${host}, ${mode}` },
  { id: "audio-input", name: "Input", full: ({ input }) => input?.device, value: ({ input }) => named(input?.device) },
  { id: "audio-input-format", name: "", value: ({ input }) => granted(input) },
  { id: "audio-output", name: "Output", full: ({ output }) => output?.device, value: ({ output }) => named(output?.device) },
  { id: "audio-output-format", name: "", value: ({ output }) => granted(output) },
  { id: "engine-rate", name: "Engine", value: ({ engine_rate, max_block }) => `${rate(engine_rate)}, blocks to ${max_block}` },
  { id: "audio-clock", name: "Clock", value: ({ clock }) => clock },
];

export class Devices {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.lines = LINES.map((line) => ({ ...line, element: el("dd", { id: line.id }, "–") }));
    this.priority = fact("audio-priority", "Priority");
    this.layout = fact("plugin-layout", "Plugin");
    this.lacks = el("div", { id: "audio-lacks" });
    this.inputs = new Inputs();
    root.append(
      el("dl", { class: "facts" },
        ...this.lines.map(({ name, element }) => el("div", {}, el("dt", {}, name), element)), this.priority.row, this.layout.row),
      this.lacks, this.inputs.root);
    /** Whether anyone looks: the inputs' clocks are asked for meanwhile. */
    this.seen = false;
    new IntersectionObserver((entries) => (this.seen = entries.at(-1)?.isIntersecting ?? false)).observe(root);
    /** What is told of the priority, as text: each status has its own. */
    this.scheduled = "";
    /** @type {AudioStarted|null|undefined} */
    this.shown = undefined;
  }

  /** @param {Model} model */
  draw(model) {
    const { audio, lastReload, bpm, priority } = model;
    this.inputs.draw(model);
    this.schedule(priority);
    this.layout.show([channels(lastReload?.layout), bpm === null ? "" : `${bpm} bpm`].filter(Boolean).join(" · "));
    if (audio === this.shown) return;
    this.shown = audio;
    for (const { element, value, full } of this.lines) {
      const words = audio ? value(audio) : "–";
      setText(element, words);
      element.title = (audio && full?.(audio)) || words;
    }
  }

  /** @param {Priority|null} priority */
  schedule(priority) {
    const told = JSON.stringify(priority);
    if (told === this.scheduled) return;
    this.scheduled = told;
    this.priority.show(priority ? scheduled(priority) : "");
    setAttribute(this.priority.element, "data-level", priority?.policy === "normal" ? "warn" : "none");
    this.lacks.replaceChildren(...(priority?.lacks ?? []).map((lack) => el("p", { class: "audio-lack" }, "Lacks ", ...withCode(lack))));
  }
}

/** How the thread is scheduled that calls the engine. @param {Priority} priority */
function scheduled({ policy, value }) {
  if (policy === "host") return "the audio system's own";
  return policy === "normal" ? "ordinary" : value === null ? "real-time" : `real-time ${value}`;
}

/** Words with `code` in them. @param {string} words */
function withCode(words) {
  return words.split("`").map((part, i) => (i % 2 === 1 ? el("code", {}, part) : part));
}

/** A line that is there only while it is known. @param {string} id @param {string} name */
function fact(id, name) {
  const element = el("dd", { id });
  const row = el("div", {}, el("dt", {}, name), element);
  return {
    row, element,
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
