// The oscilloscope: input and output of one channel over the same moment, held still by a trigger.

/** @import { Part, ScopePart, TriggerMode } from "../../lib/subscriptions.js" */
/** @import { Scope, Sections } from "../../lib/sections.js" */
/** @import { Telemetry } from "../../lib/types.js" */
/** @import { ViewApi } from "../viewdeck.js" */
import { decibels } from "../../lib/ballistics.js";
import { button, setAttribute } from "../../lib/dom.js";
import { db, figure } from "../../lib/format.js";
import { token } from "../paint.js";
import { choice, number } from "./controls.js";
import { crosshair, hair, legend, trace, word } from "./draw.js";
import { Plot } from "./plot.js";

const SCALES = [1, 0.5, 0.2, 0.1, 0.05, 0.01];

export class ScopeView extends Plot {
  constructor() {
    super("scope", "Oscilloscope");
    this.margins = { left: 36, top: 8, right: 10, bottom: 20 };
    /** @type {ScopePart} */
    this.settings = { frames: 1024, channel: 0, trigger: "auto", level: 0, slope: "rising", pre: 0.25 };
    /** Full deflection, linear. */
    this.reach = 1;
    this.rate = 48000;
    this.nChannels = 2;
    /** @type {Scope|null} */
    this.last = null;
    this.arm = button({ class: "small", title: "Wait for the next trigger" }, "Arm", () => this.rearm());
  }

  /** @param {HTMLElement} host @param {ViewApi} api */
  mount(host, api) {
    super.mount(host, api);
    // The section counts in frames: how long one is stands in the status only.
    void api.request("status").then((status) => {
      this.rate = status?.audio?.engine_rate ?? this.rate;
      this.changed();
    }, () => {});
  }

  /** @returns {Part} */
  part() {
    return { scope: { ...this.settings } };
  }

  controls() {
    /** @param {Partial<ScopePart>} more */
    const set = (more) => {
      Object.assign(this.settings, more);
      this.arm.disabled = this.settings.trigger !== "single";
      this.changed();
    };
    const { settings } = this;
    this.arm.disabled = settings.trigger !== "single";
    return [
      choice("Trigger", [["auto", "Auto"], ["normal", "Normal"], ["single", "Single"], ["off", "Free run"]], settings.trigger, (value) => set({ trigger: /** @type {TriggerMode} */ (value) })),
      this.arm,
      choice("Slope", [["rising", "Rising"], ["falling", "Falling"]], settings.slope, (value) => set({ slope: value === "falling" ? "falling" : "rising" })),
      number("Level", { min: -1, max: 1, step: 0.01, value: settings.level }, (level) => set({ level })),
      choice("Before the trigger", [0, 0.1, 0.25, 0.5, 0.9].map((pre) => [String(pre), `Pre ${pre * 100} %`]), String(settings.pre), (value) => set({ pre: Number(value) })),
      choice("Frames", [128, 256, 512, 1024].map((n) => [String(n), `${n} frames`]), String(settings.frames), (value) => set({ frames: Number(value) })),
      choice("Channel", Array.from({ length: this.nChannels }, (_, i) => [String(i), `Channel ${i + 1}`]), String(settings.channel), (value) => set({ channel: Number(value) })),
      choice("Scale", SCALES.map((reach) => [String(reach), `±${reach}`]), String(this.reach), (value) => {
        this.reach = Number(value);
        this.changed();
      }),
    ];
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
    if (!scope || (scope.input.length === 0 && this.last)) return false;
    this.last = scope;
    setAttribute(this.arm, "data-done", String(scope.done));
    return true;
  }

  scale() {
    return `${this.rate} ${this.reach} ${this.last?.input.length} ${this.last?.trigger} ${this.settings.level} ${this.settings.trigger}`;
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
    if (this.settings.trigger !== "off" && nFrames > 0) this.paintTrigger(g);
    legend(g, this.box, [["--trace-input", "Input"], ["--trace-output", "Output"]]);
  }

  /** The trigger stands where its index says, and how high. @param {CanvasRenderingContext2D} g */
  paintTrigger(g) {
    const { left, top, width, height } = this.box;
    const x = Math.round(this.x(this.last?.trigger ?? 0));
    g.globalAlpha = 0.6;
    hair(g, "--accent", x, top, 1, height);
    g.globalAlpha = 0.3;
    hair(g, "--accent", left, this.y(this.settings.level), width, 1);
    g.globalAlpha = 1;
    g.fillStyle = token("--accent");
    g.beginPath();
    g.moveTo(x - 5, top);
    g.lineTo(x + 6, top);
    g.lineTo(x + 0.5, top + 7);
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
    if (this.settings.trigger === "off") return "free run";
    if (this.last?.done) return "held: single";
    return this.last?.triggered ? "triggered" : this.settings.trigger === "auto" ? "auto" : "waiting for trigger";
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
