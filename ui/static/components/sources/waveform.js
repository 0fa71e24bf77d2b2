// A file's picture: its extremes over time, where it plays, and what of it is looped. The picture is
// drawn when it is another one; the playhead and the loop are elements that lie above it, so that
// they move without it. Emits `waveform` with { id, from, to, n, tell } for extremes it has not yet.

/** @import { Source, Span, WaveformReply } from "../../lib/types.js" */
import { el, emit, setAttribute, setText } from "../../lib/dom.js";
import { clamp } from "../../lib/scale.js";
import { exactTime, hasHandles, hasTime, loopOf, moved, timeOf } from "../../lib/sources.js";
import { Surface } from "../../lib/surface.js";
import { paintVersion, token } from "../paint.js";

/** Columns that are asked for; the least that has one for each pixel. */
const COLUMNS = [256, 512, 1024, 2048];
/** Pictures that are kept: the whole and the last zooms. */
const KEPT = 4;
/** What is not known yet is asked for again, ms. */
const AGAIN_MS = 500;
/** An echo that has not come by then will not come, ms. */
const ECHO_MS = 600;
/** Until the sound is where it was sought, ms. */
const SEEK_MS = 300;
/** Hundredths of what is shown, per press of a key. */
const PRESSES = new Map([
  ["ArrowUp", 1], ["ArrowRight", 1], ["ArrowDown", -1], ["ArrowLeft", -1], ["PageUp", 10], ["PageDown", -10],
]);
/** A column that is only touched, by rounding, is not meant. */
const EDGE = 1e-6;
/** Around a loop that is looked at closely, parts of its length. */
const MARGIN = 0.08;

export class Waveform {
  /** @param {{ seek: (seconds: number) => void, loop: (loop: Span) => void }} wish */
  constructor(wish) {
    this.wish = wish;
    /** @type {Source|null} */
    this.source = null;
    this.surface = new Surface({ class: "wave-picture" });
    this.ground = el("div", { class: "wave-seek", role: "slider", tabindex: "0", "aria-label": "Position" });
    this.region = el("div", { class: "wave-loop" });
    this.head = el("div", { class: "wave-head" });
    this.handles = { from: this.handle("from", "Loop start"), to: this.handle("to", "Loop end") };
    this.none = el("p", { class: "wave-none" });
    this.root = el("div", { class: "wave glass" },
      this.surface.canvas, this.region, this.head, this.ground, this.handles.from, this.handles.to, this.none);
    /** @type {Map<string, WaveformReply>} by what was asked */
    this.pictures = new Map();
    this.waits = "";
    this.refused = "";
    /** What is shown, seconds. @type {Span} */
    this.view = { from: 0, to: 1 };
    this.zoomed = false;
    /** The loop that was asked for and has not come back yet. @type {Span|null} */
    this.asked = null;
    this.held = false;
    /** What was sought a moment ago: the sound is not there yet. @type {number|null} */
    this.seeking = null;
    this.position = 0;
    /** Where the playhead was put, as it was written. */
    this.placed = "";
    /** @type {number|undefined} */
    this.timer = undefined;
    /** @type {number|undefined} */
    this.sought = undefined;
    this.listen();
  }

  /** @param {"from"|"to"} end @param {string} label */
  handle(end, label) {
    const handle = el("div", { class: "wave-handle", role: "slider", tabindex: "0", "aria-label": label, "data-end": end });
    handle.addEventListener("keydown", (event) => this.keyed(event, this.loop[end], end === "from" ? 0 : this.seconds, (at) => this.ask(end, at)));
    this.drags(handle, (at) => this.ask(end, at), (held) => {
      this.held = held;
      if (!held) this.frame();
    });
    return handle;
  }

  listen() {
    this.ground.addEventListener("keydown", (event) => this.keyed(event, this.position, 0, (at) => this.seek(at)));
    this.drags(this.ground, (at) => this.seek(at), () => {});
  }

  /** A hand on something that lies along the time. @param {HTMLElement} element @param {(at: number) => void} to @param {(held: boolean) => void} hold */
  drags(element, to, hold) {
    /** @type {number|null} */
    let pointer = null;
    let [left, width] = [0, 1];
    const at = (/** @type {PointerEvent} */ event) => to(this.view.from + clamp((event.clientX - left) / width, 0, 1) * (this.view.to - this.view.from));
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || pointer !== null) return;
      event.preventDefault();
      element.focus({ preventScroll: true });
      ({ left, width } = this.root.getBoundingClientRect());
      pointer = event.pointerId;
      element.setPointerCapture?.(pointer);
      hold(true);
      // A handle is taken where it is, a place is where the press was.
      if (element === this.ground) at(event);
    });
    element.addEventListener("pointermove", (event) => event.pointerId === pointer && at(event));
    for (const end of ["pointerup", "pointercancel"]) {
      element.addEventListener(end, (event) => {
        if (!(event instanceof PointerEvent) || event.pointerId !== pointer) return;
        pointer = null;
        hold(false);
      });
    }
  }

  /** A key on a handle or on the position: a hundredth of what is shown, a thousandth with Shift. @param {KeyboardEvent} event @param {number} now @param {number} rest where it is by itself @param {(at: number) => void} to */
  keyed(event, now, rest, to) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = (this.view.to - this.view.from) * (event.shiftKey ? 0.001 : 0.01);
    const presses = PRESSES.get(event.key);
    if (presses !== undefined) to(clamp(now + presses * step, 0, this.seconds));
    else if (event.key === "Home") to(0);
    else if (event.key === "End") to(this.seconds);
    else if (event.key === "Delete" || event.key === "Backspace") to(rest);
    else return;
    event.preventDefault();
  }

  get seconds() {
    return this.source?.seconds ?? 0;
  }

  /** The loop as it is shown. @returns {Span} */
  get loop() {
    return this.asked ?? (this.source && loopOf(this.source)) ?? { from: 0, to: this.seconds };
  }

  /** @param {number} at s */
  seek(at) {
    this.seeking = at;
    clearTimeout(this.sought);
    this.sought = setTimeout(() => (this.seeking = null), SEEK_MS);
    this.place(at);
    this.wish.seek(clamp(at, 0, this.seconds));
  }

  /** @param {"from"|"to"} end @param {number} at s */
  ask(end, at) {
    const loop = moved(this.loop, end, at, this.seconds);
    this.expect(loop);
    this.wish.loop(loop);
  }

  /** Shows what was wished until the server has said what it is. @param {Span} loop */
  expect(loop) {
    this.asked = loop;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.giveUp(), ECHO_MS);
    this.lay();
  }

  giveUp() {
    clearTimeout(this.timer);
    this.asked = null;
    this.frame();
  }

  /** @param {Source} source */
  show(source) {
    const { id, seconds } = source;
    const loop = loopOf(source);
    if (this.source && (this.source.id !== id || this.source.seconds !== seconds)) this.pictures.clear();
    this.source = source;
    if (this.asked && loop && Math.abs(loop.from - this.asked.from) + Math.abs(loop.to - this.asked.to) < 0.002) this.asked = null;
    this.ground.hidden = !hasHandles(source);
    setAttribute(this.ground, "aria-valuemin", "0");
    setAttribute(this.ground, "aria-valuemax", this.seconds.toFixed(3));
    this.frame();
  }

  /** @param {boolean} on whether the loop is looked at closely */
  zoom(on) {
    this.zoomed = on;
    this.frame();
  }

  /** What is shown; not under a hand. */
  frame() {
    if (this.held) return this.lay();
    const { from, to } = this.loop;
    const margin = this.zoomed ? (to - from) * MARGIN : 0;
    this.view = this.zoomed && this.source?.loop
      ? { from: Math.max(0, from - margin), to: Math.min(this.seconds, to + margin) }
      : { from: 0, to: this.seconds };
    this.lay();
    this.place(this.position);
  }

  /** Where a time lies in what is shown, 0…1. @param {number} at s */
  fraction(at) {
    return (at - this.view.from) / Math.max(1e-9, this.view.to - this.view.from);
  }

  /** The loop and its handles. */
  lay() {
    const { source } = this;
    const on = source !== null && hasHandles(source) && (source.loop !== null || this.asked !== null);
    for (const part of [this.region, this.handles.from, this.handles.to]) part.hidden = !on;
    if (!on) return;
    const { loop } = this;
    const [from, to] = [loop.from, loop.to].map((at) => clamp(this.fraction(at), 0, 1));
    this.region.style.left = `${100 * from}%`;
    this.region.style.width = `${100 * (to - from)}%`;
    for (const [end, at] of /** @type {const} */ ([["from", from], ["to", to]])) {
      const handle = this.handles[end];
      handle.style.left = `${100 * at}%`;
      setAttribute(handle, "aria-valuemin", "0");
      setAttribute(handle, "aria-valuemax", this.seconds.toFixed(3));
      setAttribute(handle, "aria-valuenow", loop[end].toFixed(3));
      setAttribute(handle, "aria-valuetext", exactTime(loop[end]));
    }
  }

  /** Where it plays. @param {number} position s */
  move(position) {
    if (this.seeking === null) this.place(position);
  }

  /** @param {number} position s */
  place(position) {
    this.position = position;
    const { width, ratio } = this.surface;
    const fraction = this.fraction(position);
    const x = Math.round(clamp(fraction, 0, 1) * width);
    const outside = fraction < 0 || fraction > 1 || width === 0;
    const key = outside ? "none" : `${x / ratio}px`;
    if (key === this.placed) return;
    this.placed = key;
    this.head.hidden = outside;
    if (!outside) this.head.style.transform = `translateX(${key})`;
  }

  /** The position for ears. */
  speak() {
    setAttribute(this.ground, "aria-valuenow", clamp(this.position, 0, this.seconds).toFixed(1));
    setAttribute(this.ground, "aria-valuetext", `${timeOf(this.position)} of ${timeOf(this.seconds)}`);
  }

  /** Draws what is not drawn yet; asks for what is not known yet. Whoever calls it knows that it is seen. */
  draw() {
    const { source, surface } = this;
    if (!source || !hasTime(source) || surface.width === 0) return;
    const n = COLUMNS.find((n) => n >= surface.width) ?? COLUMNS[COLUMNS.length - 1];
    const key = `${this.view.from} ${this.view.to} ${n}`;
    const picture = this.pictures.get(key);
    if (!picture && this.waits !== key && this.refused !== key && !this.held) this.request(source.id, key, n);
    if (picture && surface.due(`${key} ${surface.width} ${surface.height} ${paintVersion()}`)) this.paint(picture);
  }

  /** @param {number} id @param {string} key @param {number} n */
  request(id, key, n) {
    this.waits = key;
    emit(this.root, "waveform", {
      id, ...this.view, n,
      /** @param {WaveformReply|null} picture null = not yet @param {string} [refusal] for good */
      tell: (picture, refusal = "") => {
        setText(this.none, refusal);
        if (refusal) this.refused = key;
        if (!picture && !refusal) {
          // Whoever is gone by then asks no more.
          setTimeout(() => this.waits === key && (this.waits = ""), AGAIN_MS);
          return;
        }
        if (this.waits === key) this.waits = "";
        if (picture) this.keep(key, picture);
      },
    });
  }

  /** @param {string} key @param {WaveformReply} picture */
  keep(key, picture) {
    this.pictures.set(key, picture);
    const [oldest] = this.pictures.keys();
    if (this.pictures.size > KEPT) this.pictures.delete(oldest);
  }

  /** Another line knows nothing of what was asked. */
  renew() {
    this.waits = "";
    this.refused = "";
  }

  /** A lane per channel, all in one where there are more than two. @param {WaveformReply} picture */
  paint({ from, to, min, max }) {
    const { width, height, context: g, ratio } = this.surface;
    const { view } = this;
    const lanes = min.length === 2 ? [[0], [1]] : [min.map((_, i) => i)];
    const hair = Math.max(1, Math.round(ratio));
    // The file may end before what was asked for does.
    const part = (/** @type {number} */ x) => (view.from + (x / width) * (view.to - view.from) - from) / Math.max(1e-9, to - from);
    lanes.forEach((channels, lane) => {
      const half = height / lanes.length / 2;
      const middle = half * (2 * lane + 1);
      g.fillStyle = token("--grid-strong");
      g.fillRect(0, Math.round(middle), width, hair);
      g.fillStyle = token("--trace-input");
      for (let x = 0; x < width; x++) {
        const [low, high] = extremes(min, max, channels, part(x), part(x + 1)).map((sample) => clamp(sample, -1, 1));
        g.fillRect(x, middle - high * (half - 1), 1, Math.max(hair, (high - low) * (half - 1)));
      }
    });
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.sought);
    this.surface.close();
  }
}

/** Of these channels between two places, 0…1. @param {number[][]} min @param {number[][]} max @param {number[]} channels @param {number} from @param {number} to */
function extremes(min, max, channels, from, to) {
  let [low, high] = [Infinity, -Infinity];
  for (const channel of channels) {
    const n = min[channel].length;
    const first = Math.max(0, Math.floor(from * n + EDGE));
    const end = Math.min(n, Math.max(first + 1, Math.ceil(to * n - EDGE)));
    for (let i = first; i < end; i++) {
      low = Math.min(low, min[channel][i]);
      high = Math.max(high, max[channel][i]);
    }
  }
  return low <= high ? [low, high] : [0, 0];
}
