// The way from the speaker back to the microphone: a button that has it measured, what was measured
// last, how long ago, and what is reported. Emits `request` with { method, params, tell }.

/** @import { Model } from "../lib/model.js" */
import { button, el, emit, setAttribute, setText } from "../lib/dom.js";
import { ago, frames } from "../lib/format.js";

export class RoundTripLine {
  constructor() {
    this.measure = button({
      id: "measure-latency", class: "small", title: "Plays a tenth of a second of noise at −20 dBFS, and looks for it in what the plugin hears",
    }, "Measure", () => this.ask());
    this.measured = el("dd", { id: "round-trip-measured", class: "number" });
    this.reported = el("dd", { id: "round-trip-reported", class: "number" });
    this.facts = el("dl", { class: "facts", hidden: "" },
      el("div", {}, el("dt", {}, "Measured"), this.measured), el("div", {}, el("dt", {}, "Reported"), this.reported));
    // How long ago is no news: it is beside what is read out.
    this.said = el("p", { id: "round-trip-said", class: "round-trip-said", role: "status" });
    this.age = el("span", { class: "number round-trip-age" });
    this.error = el("p", { id: "round-trip-error", class: "error", role: "alert" });
    this.root = el("div", { class: "health-part", id: "round-trip" },
      el("div", { class: "round-trip-head" }, el("h3", {}, "Speaker to microphone"), this.age, this.measure),
      this.facts, this.said, this.error);
    this.isMeasuring = false;
  }

  ask() {
    if (this.isMeasuring) return;
    this.measuring(true);
    setText(this.error, "");
    emit(this.root, "request", {
      method: "measure_latency", params: {},
      tell: (/** @type {string} */ refusal) => {
        this.measuring(false);
        setText(this.error, refusal);
      },
    });
  }

  /** The button stays where the hand is. @param {boolean} on */
  measuring(on) {
    this.isMeasuring = on;
    setText(this.measure, on ? "Measuring…" : "Measure");
    if (on) this.measure.setAttribute("aria-disabled", "true");
    else this.measure.removeAttribute("aria-disabled");
  }

  /** @param {Model} model */
  draw({ roundTrip, audio, telemetry }) {
    const rate = audio?.engine_rate ?? 0;
    this.root.hidden = !audio?.input || !audio.output;
    this.facts.hidden = !roundTrip?.found;
    setText(this.measured, roundTrip?.found ? frames(roundTrip.frames ?? 0, rate) : "");
    setText(this.reported, roundTrip?.found ? frames(roundTrip.reported_frames ?? 0, rate) : "");
    setText(this.said, roundTrip && !roundTrip.found ? sentence(roundTrip.reason ?? "not found") : "");
    setAttribute(this.said, "data-level", roundTrip?.found === false ? "warn" : "none");
    const seconds = roundTrip && telemetry && rate ? (telemetry.frame - roundTrip.frame) / rate : NaN;
    setText(this.age, ago(seconds));
  }
}

/** @param {string} words */
const sentence = (words) => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
