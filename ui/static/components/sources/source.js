// One source's strip: what it is and does, how loud, how it is heard; a file's transport and picture.
// Emits `source` with { id, method, params, key, tell }: one request of the server; of those with the
// same key only the newest waits. What it shows is the server's word.

/** @import { SourceLook } from "../../lib/sections.js" */
/** @import { Source } from "../../lib/types.js" */
import { Peak, decibels } from "../../lib/ballistics.js";
import { button, el, emit, setAttribute, setText } from "../../lib/dom.js";
import { db, withUnit } from "../../lib/format.js";
import { METER_MAX, METER_MIN, clamp, deflection } from "../../lib/scale.js";
import { BUSES, bars, exactTime, hasHandles, hasTime, isStill, kindWords, loopOf, stateOf, timeOf } from "../../lib/sources.js";
import { BUS, GAIN, PAN, PITCH, Setting, faderOf, levelOf } from "./setting.js";
import { Waveform } from "./waveform.js";

const BARS = 4;
/** The meter's bar moves in these steps of its length. */
const STEPS = 400;

export class SourceStrip {
  /** @param {Source} source */
  constructor(source) {
    this.source = source;
    this.id = source.id;
    this.peak = new Peak();
    this.bpm = 120;
    this.name = el("b", { class: "source-name" });
    this.state = el("span", { class: "source-state" });
    this.play = button({ class: "small source-play" }, "", () => this.ask("pause_source", { on: !isStill(this.source) }));
    this.mute = this.toggle("Mute", "source-mute", () => this.set({ mute: !this.source.mute }));
    this.remove = button({ class: "small source-remove" }, "Remove", () => this.ask("remove_source", {}));
    this.gain = new Setting(GAIN, (value) => this.set({ gain_db: levelOf(value) }));
    this.pan = new Setting(PAN, (pan) => this.set({ pan }));
    this.bus = new Setting(BUS, (index) => this.set({ bus: BUSES[index] }));
    this.meter = meter();
    this.error = el("p", { class: "error source-error", role: "alert" });
    this.file = el("div", { class: "source-file", hidden: "" });
    // A microphone is what its device gives: it cannot be paused, and the first one not taken away.
    const live = source.kind === "mic";
    const stays = source.id === 0;
    this.root = el("div", { class: "source", role: "group", "data-source": String(source.id), "data-kind-of-source": source.kind },
      el("div", { class: "source-row" },
        el("div", { class: "source-title" }, this.name, this.state),
        live ? el("span", { class: "source-play" }) : this.play, this.mute, this.meter.root,
        this.gain.root, this.pan.root, this.bus.root, stays ? el("span", { class: "source-remove" }) : this.remove),
      this.file, this.error);
    /** @type {Waveform|null} while it is something with a length */
    this.wave = null;
    this.position = source.position;
    /** Whether it is in the window: what nobody sees is neither drawn nor asked for. */
    this.onScreen = false;
    this.screen = new IntersectionObserver((entries) => (this.onScreen = entries.at(-1)?.isIntersecting ?? false));
    this.screen.observe(this.root);
    this.show(source, this.bpm);
  }

  /** @param {string} label @param {string} mark @param {() => void} act */
  toggle(label, mark, act) {
    return button({ class: `small source-toggle ${mark}`, "aria-pressed": "false" }, label, act);
  }

  /** @param {object} params */
  set(params) {
    this.ask("set_source", params, `set_source ${Object.keys(params)}`);
  }

  /** @param {string} method @param {object} params @param {string} [key] */
  ask(method, params, key = method) {
    emit(this.root, "source", { method, params: { id: this.id, ...params }, key: `${key} ${this.id}`, tell: (/** @type {string} */ message) => this.refuse(message) });
  }

  /** @param {string} message empty = nothing is wrong */
  refuse(message) {
    setText(this.error, message);
    // A loop that was not taken is no loop.
    if (message) this.wave?.giveUp();
  }

  /** @param {Source} source @param {number} bpm */
  show(source, bpm) {
    // Between two snapshots, or without any, the status knows it as well.
    if (source.position !== this.source.position) this.position = source.position;
    this.source = source;
    this.bpm = bpm;
    const { words, level } = stateOf(source);
    setText(this.name, source.name);
    setAttribute(this.name, "title", source.name);
    setAttribute(this.root, "aria-label", source.name);
    setText(this.state, `${kindWords(source)} · ${words}`);
    setAttribute(this.state, "title", words);
    setAttribute(this.state, "data-level", level);
    setAttribute(this.root, "data-state", source.state);
    setText(this.play, isStill(source) ? "Play" : "Pause");
    setAttribute(this.mute, "aria-pressed", String(source.mute));
    setAttribute(this.meter.bar, "aria-label", `${source.name} level`);
    this.gain.hear(faderOf(source.gain_db));
    this.pan.hear(source.pan);
    this.bus.hear(BUSES.indexOf(source.bus));
    // A take is heard where it was heard.
    this.bus.control?.handle.toggleAttribute("disabled", source.kind === "take");
    this.showFile(hasTime(source));
  }

  /** @param {boolean} has whether it has a length */
  showFile(has) {
    if (has && !this.wave) this.buildFile();
    this.file.hidden = !has;
    if (!has || !this.wave) return;
    const { source } = this;
    const loop = loopOf(source);
    this.file.dataset.handles = String(hasHandles(source));
    this.wave.show(source);
    this.pitch?.hear(source.pitch);
    for (const [element, on] of /** @type {const} */ ([[this.looped, loop !== null], [this.zoom, this.wave.zoomed && loop !== null]])) {
      if (element) setAttribute(element, "aria-pressed", String(on));
    }
    if (this.zoom) this.zoom.disabled = loop === null;
    if (this.span) setText(this.span, loop ? `${exactTime(loop.from)} – ${exactTime(loop.to)}` : "");
    this.writeTime();
  }

  buildFile() {
    const wave = new Waveform({
      seek: (seconds) => this.ask("seek_source", { seconds }),
      loop: (loop) => {
        if (this.span) setText(this.span, `${exactTime(loop.from)} – ${exactTime(loop.to)}`);
        this.set({ loop });
      },
    });
    this.wave = wave;
    this.time = el("span", { class: "source-time number" });
    this.start = button({ class: "small source-start" }, "To start", () => this.ask("seek_source", { seconds: 0 }));
    this.pitch = new Setting(PITCH, (pitch) => this.set({ pitch }));
    this.looped = this.toggle("Loop", "source-loop", () => this.set({ loop: this.source.loop ? null : { from: 0, to: this.source.seconds ?? 0 } }));
    this.zoom = this.toggle("Zoom", "source-zoom", () => this.zoomTo(!wave.zoomed));
    this.span = el("span", { class: "source-span number" });
    const four = button({ class: "small source-bars", title: "Loop four bars of the tempo that the plugin is told" }, "4 bars", () => this.loopBars());
    this.file.append(
      el("div", { class: "source-transport" }, this.start, this.time), wave.root, this.pitch.root,
      el("div", { class: "source-loops" }, el("div", { class: "source-loop-acts" }, this.looped, four, this.zoom), this.span));
  }

  /** @param {boolean} on */
  zoomTo(on) {
    this.wave?.zoom(on);
    if (this.zoom) setAttribute(this.zoom, "aria-pressed", String(on));
  }

  loopBars() {
    const { seconds } = this.source;
    const span = bars(BARS, this.bpm, loopOf(this.source)?.from ?? this.position ?? 0, seconds ?? 0);
    if (typeof span === "string") return this.refuse(span);
    this.wave?.expect(span);
    this.set({ loop: span });
  }

  /** What the sound does. @param {SourceLook|undefined} record what came since the last call @param {number} seconds since then @param {boolean} words whether numbers are due too */
  draw(record, seconds, words) {
    this.peak.update(record ? decibels(record.peak) : -Infinity, seconds);
    if (record && Number.isFinite(record.position)) this.position = record.position;
    if (!this.onScreen) return;
    this.meter.show(this.peak.level, this.peak.hold);
    if (this.wave && !this.file.hidden) {
      this.wave.move(this.position ?? 0);
      this.wave.draw();
    }
    if (!words) return;
    this.meter.write(this.peak.hold);
    this.writeTime();
  }

  writeTime() {
    if (!this.time || !this.wave) return;
    setText(this.time, `${timeOf(this.wave.seeking ?? this.position)} / ${timeOf(this.source.seconds)}`);
    this.wave.speak();
  }

  /** It is gone. */
  close() {
    for (const setting of [this.gain, this.pan, this.bus, this.pitch]) setting?.leave();
    this.screen.disconnect();
    this.wave?.close();
  }
}

/** A bar with its number. */
function meter() {
  const cover = el("span", { class: "source-cover" });
  const hold = el("span", { class: "source-hold" });
  const bar = el("div", {
    class: "source-bar", role: "meter", "aria-valuemin": String(METER_MIN), "aria-valuemax": String(METER_MAX), "aria-valuenow": String(METER_MIN),
  }, cover, hold);
  const text = el("span", { class: "source-level number" });
  const root = el("div", { class: "source-meter" }, el("span", { class: "silk" }, "Level"), text, bar);
  let [shown, held] = [-1, -1];
  return {
    root, bar,
    /** @param {number} level @param {number} highest dBFS */
    show(level, highest) {
      const [now, most] = [level, highest].map((value) => Math.round(deflection(value) * STEPS));
      if (now !== shown) cover.style.transform = `scaleX(${1 - now / STEPS})`;
      if (most !== held) hold.style.transform = `translateX(${(100 * most) / STEPS}%)`;
      [shown, held] = [now, most];
    },
    /** @param {number} highest dBFS */
    write(highest) {
      const words = withUnit(db(highest), "dB");
      setText(text, words);
      setAttribute(bar, "aria-valuenow", clamp(highest, METER_MIN, METER_MAX).toFixed(1));
      setAttribute(bar, "aria-valuetext", `peak ${db(highest)} dBFS`);
    },
  };
}
