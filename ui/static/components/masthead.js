// The head of the page: which plugin, which generation, whether the line and the audio stand, how much
// of the time the work takes and what was lost, and the two switches. Emits `bypass` and `mute` with { on }; shows what the server says, not what was clicked.

/** @import { Model } from "../lib/model.js" */
import { button, el, emit, setAttribute, setText } from "../lib/dom.js";
import { count, percent } from "../lib/format.js";

const CONNECTION = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  refused: "Not authorised",
};

export class Masthead {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.name = el("h1", { id: "plugin-name", class: "plugin-name" }, "Retake");
    this.id = el("span", { id: "plugin-id", class: "plugin-id number" });
    this.generation = el("b", { id: "generation", class: "number" }, "–");
    this.connection = lamp("connection", "Page");
    this.audio = lamp("audio", "Audio");
    this.vitals = vitals();
    this.bypass = this.toggle("bypass", "Bypass", "Pass the input through, past the plugin");
    this.mute = this.toggle("mute", "Mute", "Silence the output");
    root.append(
      el("img", { class: "mark", src: "/icon.svg", alt: "Retake", width: "32", height: "32" }),
      el("div", { class: "plugin" }, this.name, this.id),
      el("div", { class: "generation", title: "The number of the code that plays" }, el("span", {}, "Generation"), this.generation),
      el("div", { class: "lamps" }, this.connection.root, this.audio.root, this.vitals.root),
      el("div", { class: "switches" }, this.bypass, this.mute),
    );
  }

  /** @param {string} name @param {string} label @param {string} title */
  toggle(name, label, title) {
    const element = button({ id: name, class: `switch switch-${name}`, "aria-pressed": "false", title }, label, () => {
      emit(element, name, { on: element.getAttribute("aria-pressed") !== "true" });
    });
    return element;
  }

  /** @param {Model} model */
  draw(model) {
    const { plugin } = model;
    setText(this.name, plugin?.name ?? "No plugin yet");
    setText(this.id, plugin ? `${plugin.id}  ${plugin.version}` : "");
    setText(this.generation, model.generation > 0 ? String(model.generation) : "–");
    this.vitals.show(model);
    this.connection.show(CONNECTION[model.connection], model.connection);
    this.audio.show(...audioState(model));
    for (const [element, on] of /** @type {const} */ ([[this.bypass, model.bypass], [this.mute, model.mute]])) {
      setAttribute(element, "aria-pressed", String(on));
      element.disabled = model.connection !== "connected";
    }
    setText(this.mute, model.mute ? "Unmute" : "Mute");
  }
}

/**
 * The audio's own state: a page that is connected says nothing about sound.
 * @param {Model} model @returns {[string, string]} words and state
 */
function audioState(model) {
  if (model.connection !== "connected") return ["Unknown", "unknown"];
  if (model.lostDevice) return [`${model.lostDevice.end === "input" ? "Input" : "Output"} lost`, "lost"];
  if (!model.audio || !model.telemetry) return ["Not started", "stopped"];
  if (!model.telemetry.running) return ["Stopped", "stopped"];
  if (model.faulted) return ["Running, faulted", "faulted"];
  if (model.mute) return ["Running, muted", "silent"];
  if (model.bypass) return ["Running, bypassed", "running"];
  return ["Running", "running"];
}

/** A small light with its words. @param {string} id @param {string} label */
function lamp(id, label) {
  const words = el("span", { class: "lamp-words" });
  const root = el("div", { id, class: "lamp", role: "status" }, el("span", { class: "lamp-label" }, label), words);
  return {
    root,
    /** @param {string} text @param {string} state */
    show(text, state) {
      setText(words, text);
      setAttribute(root, "data-state", state);
    },
  };
}

/** Load and losses in one glance; what they are made of is told further down. */
function vitals() {
  const load = el("span", { class: "lamp-words number" }, "–");
  const lost = el("span", { class: "lamp-words number" }, "–");
  const root = el("div", { id: "vitals", class: "vitals" },
    el("div", { title: "Highest load of the last second, of the block's time" }, el("span", { class: "lamp-label" }, "Load"), load),
    el("div", { title: "Underruns, overruns and late callbacks since the start" }, el("span", { class: "lamp-label" }, "Drop-outs"), lost));
  return {
    root,
    /** @param {Model} model */
    show({ telemetry, counters }) {
      setText(load, percent(telemetry?.load.max ?? NaN));
      const late = counters?.late_callbacks ?? 0;
      setText(lost, telemetry ? count(telemetry.underruns + telemetry.overruns + late) : "–");
      setAttribute(lost, "data-lossy", String(telemetry !== null && telemetry.underruns + telemetry.overruns + late > 0));
    },
  };
}
