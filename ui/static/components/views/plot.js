// What all views have in common: a canvas in a frame of axes, freeze, export, a cursor for pointer and
// keyboard, a text that says the essence, and that nothing is drawn where nobody sees it. A view says
// what it needs, takes sections, and paints in CSS pixels. What stands still lies on a canvas of its
// own below: a frame wipes and strokes the upper one only, and asks the layout nothing.

/** @import { Sections } from "../../lib/sections.js" */
/** @import { Part } from "../../lib/subscriptions.js" */
/** @import { Table } from "../../lib/csv.js" */
/** @import { Telemetry } from "../../lib/types.js" */
/** @import { ViewApi } from "../viewdeck.js" */
import { csv } from "../../lib/csv.js";
import { button, el, setAttribute, setText } from "../../lib/dom.js";
import { keep } from "../../lib/remember.js";
import { paintVersion, token } from "../paint.js";
import { download } from "./controls.js";

/** @typedef {{ left: number, top: number, width: number, height: number }} Box  CSS pixels. */

/** The text is for ears: more often than this it only disturbs. */
const SPOKEN_SECONDS = 1;
/** With reduced motion a picture changes no more often than this. */
const CALM_SECONDS = 0.25;
const CURSOR_STEPS = 500;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Plot {
  /** @param {string} id @param {string} title */
  constructor(id, title) {
    this.id = id;
    this.title = title;
    this.canvas = el("canvas", { role: "img", "aria-label": title });
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    /** What does not move: axes, grid, words. */
    this.ground = el("canvas", { class: "plot-ground", "aria-hidden": "true" });
    this.grounded = "";
    /** Of the canvases, CSS pixels, and device pixels to each. */
    this.extent = { width: 0, height: 0, ratio: 1 };
    /** @type {Box} the frame of the axes */
    this.box = { left: 0, top: 0, width: 0, height: 0 };
    this.margins = { left: 36, top: 8, right: 10, bottom: 20 };
    this.frozen = false;
    this.visible = false;
    /** Whether the canvas is in the window, as the browser tells it. */
    this.onScreen = false;
    this.sizes = new ResizeObserver(() => this.fit());
    this.screen = new IntersectionObserver((entries) => (this.onScreen = entries.at(-1)?.isIntersecting ?? false));
    this.dirty = true;
    /** Where the cursor is in the box, 0…1 each. @type {{ x: number, y: number }|null} */
    this.cursor = null;
    this.quiet = Infinity;
    this.resting = Infinity;
    this.painted = "";
    /** @type {ViewApi|null} */
    this.api = null;
  }

  /** What the server must send. @returns {Part} */
  part() {
    return {};
  }

  /** @returns {Node[]} */
  controls() {
    return [];
  }

  /** The settings that the next visit finds again. @returns {Record<string, unknown>} */
  settings() {
    return {};
  }

  /** Keeps what the view shows. @param {Sections} _sections @param {Telemetry} _snapshot @param {number} _seconds since the last @returns {boolean} whether there was any */
  take(_sections, _snapshot, _seconds) {
    return false;
  }

  /** Axes and words, once per size, theme and `scale()`. @param {CanvasRenderingContext2D} _g */
  paintGround(_g) {}

  /** @param {CanvasRenderingContext2D} _g */
  paint(_g) {}

  /** What the axes depend on, in words. */
  scale() {
    return "";
  }

  /** What is under the cursor; empty = nothing. @param {{ x: number, y: number }} _cursor */
  read(_cursor) {
    return "";
  }

  /** What a seeing person would say first. */
  essence() {
    return "no sound yet";
  }

  /** @returns {Table} */
  table() {
    return { columns: [], rows: [] };
  }

  csv() {
    return csv(this.table());
  }

  /** @param {HTMLElement} host @param {ViewApi} api */
  mount(host, api) {
    this.api = api;
    this.freezer = button({ class: "small", "aria-pressed": String(this.frozen), title: "Hold the picture" }, "Freeze", () => this.freeze(!this.frozen));
    this.readout = el("div", { class: "plot-readout number", hidden: "" });
    this.ruler = el("input", { type: "range", class: "plot-ruler", min: "0", max: String(CURSOR_STEPS), value: String(CURSOR_STEPS / 2), "aria-label": `${this.title} cursor`, "aria-valuetext": "off" });
    this.listen(this.ruler);
    const acts = el("div", { class: "plot-acts", role: "group", "aria-label": `${this.title}, hold and export` }, this.freezer,
      button({ class: "small", title: "Save the picture" }, "PNG", () => void this.png().then((blob) => blob && download(this.file("png"), blob))),
      button({ class: "small", title: "Save the numbers" }, "CSV", () => download(this.file("csv"), new Blob([this.csv()], { type: "text/csv" }))));
    host.append(el("div", { class: "plot", "data-plot": this.id },
      el("div", { class: "plot-bar" }, el("div", { class: "plot-controls", role: "group", "aria-label": `${this.title}, settings` }, ...this.controls()), acts),
      el("div", { class: "plot-glass glass" }, this.canvas, this.ground, this.readout, this.ruler)));
    this.visible = false;
    this.sizes.observe(this.canvas);
    this.screen.observe(this.canvas);
    this.changed();
    api.onFrame((snapshot, seconds) => this.frame(snapshot, seconds));
  }

  unmount() {
    this.sizes.disconnect();
    this.screen.disconnect();
    this.api = null;
    this.visible = false;
    this.onScreen = false;
    this.cursor = null;
  }

  /** @param {HTMLInputElement} ruler */
  listen(ruler) {
    this.canvas.onpointermove = ({ offsetX, offsetY }) => this.point((offsetX - this.box.left) / this.box.width, (offsetY - this.box.top) / this.box.height);
    this.canvas.onpointerleave = () => this.point(NaN, NaN);
    const moved = () => this.point(ruler.valueAsNumber / CURSOR_STEPS, 0.5);
    ruler.addEventListener("input", moved);
    ruler.addEventListener("focus", moved);
    ruler.addEventListener("blur", () => this.point(NaN, NaN));
  }

  /** Puts the cursor there; outside of the box it goes. @param {number} x 0…1 @param {number} y 0…1, downward */
  point(x, y) {
    this.cursor = x >= 0 && x <= 1 && y >= 0 && y <= 1 ? { x, y } : null;
    this.dirty = true;
  }

  /** The settings are others: the axes and what the server sends may be too. */
  changed() {
    this.dirty = true;
    this.painted = "";
    keep(this.id, this.settings());
    if (this.visible && !this.frozen) this.api?.subscribe(this.part());
  }

  /** @param {boolean} on */
  freeze(on) {
    this.frozen = on;
    if (this.freezer) setAttribute(this.freezer, "aria-pressed", String(on));
    if (this.visible) this.api?.subscribe(on ? {} : this.part());
  }

  /** Asks for its part while someone can see it. */
  look() {
    const visible = this.onScreen && !document.hidden;
    if (visible === this.visible) return visible;
    this.visible = visible;
    this.dirty = true;
    this.api?.subscribe(visible && !this.frozen ? this.part() : {});
    return visible;
  }

  /** @param {Telemetry|null} snapshot @param {number} seconds since the last frame */
  frame(snapshot, seconds) {
    if (!this.look()) return;
    this.quiet += seconds;
    this.resting += seconds;
    if (snapshot && !this.frozen && this.take(snapshot.sections, snapshot, seconds)) this.dirty = true;
    const state = this.state();
    if (!this.dirty && state === this.painted) return;
    if (calm.matches && state === this.painted && !this.cursor && this.resting < CALM_SECONDS) return;
    this.dirty = false;
    this.painted = state;
    this.resting = 0;
    this.draw(state);
    if (this.quiet < SPOKEN_SECONDS) return;
    this.quiet = 0;
    setAttribute(this.canvas, "aria-label", `${this.title}${this.frozen ? ", frozen" : ""}: ${this.essence()}`);
  }

  /** Takes the size of its place; whatever was drawn is gone. */
  fit() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { left, top, right, bottom } = this.margins;
    this.extent = { width, height, ratio };
    this.box = { left, top, width: Math.max(1, width - left - right), height: Math.max(1, height - top - bottom) };
    for (const canvas of [this.canvas, this.ground]) Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const g = this.context;
    g.scale(ratio, ratio);
    // Until the next size: a trace may leave the box.
    g.beginPath();
    g.rect(left, top, this.box.width, this.box.height);
    g.clip();
    this.dirty = true;
    this.painted = "";
    this.grounded = "";
  }

  /** What the ground depends on, in words. */
  state() {
    return `${this.extent.ratio} ${paintVersion()} ${this.scale()}`;
  }

  /** @param {string} state */
  draw(state) {
    if (state !== this.grounded) {
      this.grounded = state;
      this.drawGround();
    }
    this.wipe(this.context);
    this.paint(this.context);
    this.tell();
  }

  /** Makes room for the next picture. @param {CanvasRenderingContext2D} g */
  wipe(g) {
    g.clearRect(0, 0, this.extent.width, this.extent.height);
  }

  drawGround() {
    const { width, height, ratio } = this.extent;
    const g = /** @type {CanvasRenderingContext2D} */ (this.ground.getContext("2d"));
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.fillStyle = token("--well");
    g.fillRect(0, 0, width, height);
    this.paintGround(g);
  }

  /** The words of the cursor, for eye and ear. */
  tell() {
    const words = this.cursor ? this.read(this.cursor) : "";
    if (!this.readout || !this.ruler) return;
    // Written only when it changes: an attribute that is set costs the browser a look at its styles.
    if (this.readout.hidden !== (words === "")) this.readout.hidden = words === "";
    setText(this.readout, words);
    setAttribute(this.ruler, "aria-valuetext", words || "off");
  }

  /** What is seen, with its ground. */
  composed() {
    const canvas = el("canvas", { width: String(this.canvas.width), height: String(this.canvas.height) });
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    for (const layer of [this.ground, this.canvas]) if (layer.width > 0 && layer.height > 0) g.drawImage(layer, 0, 0);
    return canvas;
  }

  /** @returns {Promise<Blob|null>} */
  png() {
    return new Promise((resolve) => this.composed().toBlob(resolve, "image/png"));
  }

  /** @param {string} kind */
  file(kind) {
    return `retake-${this.id}-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.${kind}`;
  }
}
