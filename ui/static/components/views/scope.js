// The oscilloscope: input and output of one channel over the same moment, held still by a trigger.

/** @import { Part, ScopePart, TriggerMode } from "../../lib/subscriptions.js" */
/** @import { Scope, Sections } from "../../lib/sections.js" */
/** @import { Telemetry } from "../../lib/types.js" */
import { decibels } from "../../lib/ballistics.js";
import { button, el, setAttribute } from "../../lib/dom.js";
import { db, figure } from "../../lib/format.js";
import { among, between, recall } from "../../lib/remember.js";
import { clamp } from "../../lib/scale.js";
import { token } from "../paint.js";
import { choice, number } from "./controls.js";
import { crosshair, hair, legend, trace, word } from "./draw.js";
import { Plot } from "./plot.js";

const SCALES = [1, 0.5, 0.2, 0.1, 0.05, 0.01];
/** @type {[TriggerMode, string][]} */
const TRIGGERS = [["auto", "Auto"], ["normal", "Normal"], ["single", "Single"], ["off", "Free run"]];
const PRES = [0, 0.1, 0.25, 0.5, 0.9];
const FRAMES = [128, 256, 512, 1024];
const RULES = {
  frames: among(FRAMES), channel: among(Array.from({ length: 64 }, (_, i) => i)), trigger: among(TRIGGERS.map(([mode]) => mode)),
  level: between(-1, 1), slope: among(["rising", "falling"]), pre: among(PRES), reach: among(SCALES),
};
/** So near to its line the trigger's level is taken hold of, CSS pixels. */
const NEAR = 9;

export class ScopeView extends Plot {
  constructor() {
    super("scope", "Oscilloscope");
    this.margins = { left: 36, top: 8, right: 10, bottom: 20 };
    const { reach = 1, ...kept } = recall(this.id, RULES);
    /** @type {ScopePart} */
    this.wanted = { frames: 1024, channel: 0, trigger: "auto", level: 0, slope: "rising", pre: 0.25, ...kept };
    /** Full deflection, linear. */
    this.reach = reach;
    this.rate = 48000;
    this.nChannels = 2;
    /** @type {Scope|null} */
    this.last = null;
    this.arm = button({ class: "small", title: "Wait for the next trigger" }, "Arm", () => this.rearm());
    this.level = number("Level", { min: -1, max: 1, step: 0.01, value: this.wanted.level }, (level) => this.set({ level }));
    this.channel = choice("Channel", [], "", (value) => this.set({ channel: Number(value) }));
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
    this.canvas.addEventListener("pointermove", (event) => this.drag(event));
  }

  settings() {
    return { ...this.wanted, reach: this.reach };
  }

  /** The section counts in frames: how long one is, is the engine's. @param {number} rate frames per second */
  setRate(rate) {
    if (rate === this.rate) return;
    this.rate = rate;
    this.dirty = true;
  }

  /** @returns {Part} */
  part() {
    return { scope: { ...this.wanted } };
  }

  /** @param {Partial<ScopePart>} more */
  set(more) {
    Object.assign(this.wanted, more);
    this.arm.disabled = this.wanted.trigger !== "single";
    this.changed();
  }

  controls() {
    const { wanted } = this;
    this.arm.disabled = wanted.trigger !== "single";
    this.offerChannels();
    return [
      choice("Trigger", TRIGGERS, wanted.trigger, (value) => this.set({ trigger: /** @type {TriggerMode} */ (value) })),
      this.arm,
      choice("Slope", [["rising", "Rising"], ["falling", "Falling"]], wanted.slope, (value) => this.set({ slope: value === "falling" ? "falling" : "rising" })),
      this.level,
      choice("Before the trigger", PRES.map((pre) => [String(pre), `Pre ${pre * 100} %`]), String(wanted.pre), (value) => this.set({ pre: Number(value) })),
      choice("Frames", FRAMES.map((n) => [String(n), `${n} frames`]), String(wanted.frames), (value) => this.set({ frames: Number(value) })),
      this.channel,
      choice("Scale", SCALES.map((reach) => [String(reach), `±${reach}`]), String(this.reach), (value) => {
        this.reach = Number(value);
        this.changed();
      }),
    ];
  }

  /** As many as there are; one that is wished for and missing stays on the list. */
  offerChannels() {
    const count = Math.max(this.nChannels, this.wanted.channel + 1);
    if (this.channel.length === count) return;
    this.channel.replaceChildren(...Array.from({ length: count }, (_, i) => el("option", { value: String(i) }, `Channel ${i + 1}`)));
    this.channel.value = String(this.wanted.channel);
  }

  /** Whether a hand there takes the trigger's level. @param {PointerEvent} event */
  isOnLevel({ offsetY }) {
    return this.wanted.trigger !== "off" && this.last !== null && Math.abs(offsetY - clamp(this.y(this.wanted.level), this.box.top, this.box.top + this.box.height)) <= NEAR;
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (event.button !== 0 || !this.isOnLevel(event)) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.dataset.drags = "level";
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const held = this.canvas.hasPointerCapture(event.pointerId);
    setAttribute(this.canvas, "data-drags", held || this.isOnLevel(event) ? "level" : "");
    if (!held) return;
    const { top, height } = this.box;
    const level = (1 - (2 * (event.offsetY - top)) / height) * this.reach;
    // A hundredth of the picture is as fine as a hand is.
    const step = this.reach / 100;
    this.set({ level: Number((Math.round(clamp(level, -this.reach, this.reach) / step) * step).toPrecision(6)) });
    const entry = this.level.querySelector("input");
    if (entry) entry.value = String(this.wanted.level);
  }

  /** Off and on again: a new subscription waits for a new trigger. */
  rearm() {
    this.freeze(false);
    this.api?.subscribe({});
    queueMicrotask(() => this.changed());
  }

  /** @param {Sections} sections @param {Telemetry} snapshot */
  take({ scope }, { input, output }) {
    this.nChannels = Math.max(1, input.length, output.length);
    this.offerChannels();
    if (!scope || (scope.input.length === 0 && this.last)) return false;
    this.last = scope;
    setAttribute(this.arm, "data-done", String(scope.done));
    return true;
  }

  scale() {
    return `${this.rate} ${this.reach} ${this.last?.input.length} ${this.last?.trigger} ${this.wanted.level} ${this.wanted.trigger}`;
  }

  /** Milliseconds from the trigger. @param {number} i frame of the picture */
  msOf(i) {
    return ((i - (this.last?.trigger ?? 0)) / this.rate) * 1000;
  }

  /** @param {number} value linear */
  y(value) {
    const { top, height } = this.box;
    return top + (height / 2) * (1 - value / this.reach);
  }

  /** @param {number} i frame of the picture */
  x(i) {
    return this.box.left + (i / Math.max(1, (this.last?.input.length ?? 2) - 1)) * this.box.width;
  }

  /** @param {CanvasRenderingContext2D} g */
  paintGround(g) {
    const { left, top, width, height } = this.box;
    for (let part = -1; part <= 1; part += 0.25) {
      const y = this.y(part * this.reach);
      hair(g, part === 0 ? "--grid-strong" : "--grid", left, y, width, 1);
      if (part * 2 === Math.round(part * 2)) word(g, figure(part * this.reach).replace(/\.?0+$/, "") || "0", left - 6, y, "right");
    }
    const nFrames = this.last?.input.length ?? 0;
    const every = stepOf(this.msOf(nFrames) - this.msOf(0), Math.max(3, width / 80));
    for (let time = Math.ceil(this.msOf(0) / every) * every; nFrames > 0 && time <= this.msOf(nFrames - 1); time += every) {
      const x = this.x((time / 1000) * this.rate + (this.last?.trigger ?? 0));
      hair(g, "--grid", x, top, 1, height);
      word(g, `${Number(time.toFixed(3))} ms`.replace("-", "−"), Math.min(x, left + width - 14), top + height + 10, "center");
    }
    if (this.wanted.trigger !== "off" && nFrames > 0) this.paintTrigger(g);
    legend(g, this.box, [["--trace-input", "Input"], ["--trace-output", "Output"]]);
  }

  /** The trigger stands where its index says, and how high. @param {CanvasRenderingContext2D} g */
  paintTrigger(g) {
    const { left, top, width, height } = this.box;
    const x = Math.round(this.x(this.last?.trigger ?? 0));
    g.globalAlpha = 0.6;
    hair(g, "--accent", x, top, 1, height);
    g.globalAlpha = 0.3;
    const level = clamp(this.y(this.wanted.level), top, top + height);
    hair(g, "--accent", left, level, width, 1);
    g.globalAlpha = 1;
    g.fillStyle = token("--accent");
    g.beginPath();
    g.moveTo(x - 5, top);
    g.lineTo(x + 6, top);
    g.lineTo(x + 0.5, top + 7);
    // The handle that the level is dragged by.
    g.moveTo(left + width, level - 6);
    g.lineTo(left + width, level + 6);
    g.lineTo(left + width - 8, level);
    g.fill();
  }

  /** @param {CanvasRenderingContext2D} g */
  paint(g) {
    const { last, box } = this;
    if (last) {
      const [zero, scale] = [this.y(0), this.y(0) - this.y(1)];
      /** @param {Float32Array} wave @returns {(i: number) => number} */
      const line = (wave) => (i) => zero - wave[i] * scale;
      trace(g, box, last.input.length, line(last.input), { colour: "--trace-input", width: 1.2 });
      trace(g, box, last.output.length, line(last.output), { colour: "--trace-output" });
    }
    word(g, this.state(), box.left + box.width - 8, box.top + 10, "right", last?.triggered ? "--ink-soft" : "--ink-faint");
    crosshair(g, box, this.cursor);
  }

  /** What the trigger is doing. */
  state() {
    if (this.wanted.trigger === "off") return "free run";
    if (this.last?.done) return "held: single";
    return this.last?.triggered ? "triggered" : this.wanted.trigger === "auto" ? "auto" : "waiting for trigger";
  }

  /** @param {{ x: number }} cursor */
  read({ x }) {
    const { last } = this;
    if (!last || last.input.length === 0) return "";
    const i = Math.round(x * (last.input.length - 1));
    const [input, output] = [last.input[i], last.output[i]];
    return `${this.msOf(i).toFixed(3).replace("-", "−")} ms · in ${figure(input)} · out ${figure(output)} · ${db(decibels(Math.abs(output)))} dBFS`;
  }

  essence() {
    if (!this.last) return "no sound yet";
    const peak = this.last.output.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return `${this.state()}, output peak ${db(decibels(peak))} dBFS`;
  }

  table() {
    const { last } = this;
    return {
      columns: ["frame", "ms", "input", "output"],
      rows: Array.from(last?.input ?? [], (value, i) => [(last?.frame ?? 0) + i, this.msOf(i), value, last?.output[i] ?? NaN]),
    };
  }
}

/** A round step of the axis: 1, 2 or 5 times a power of ten. @param {number} span @param {number} count steps at most */
function stepOf(span, count) {
  const raw = Math.max(span, 1e-6) / count;
  const ten = 10 ** Math.floor(Math.log10(raw));
  return ten * ([1, 2, 5, 10].find((n) => n * ten >= raw) ?? 10);
}
