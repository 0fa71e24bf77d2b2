// A canvas that has the size of its place, in device pixels. It tells when it must be drawn again;
// who draws asks in the page's one frame loop.

import { el } from "./dom.js";

export class Surface {
  /** @param {Record<string, string>} [attributes] */
  constructor(attributes = {}) {
    this.canvas = el("canvas", { "aria-hidden": "true", ...attributes });
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    /** Device pixels per CSS pixel. */
    this.ratio = 1;
    /** What was drawn last, in a caller's own words; empty = nothing of it is left. */
    this.drawn = "";
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.canvas);
  }

  get width() {
    return this.canvas.width;
  }

  get height() {
    return this.canvas.height;
  }

  resize() {
    this.ratio = devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * this.ratio);
    const height = Math.round(this.canvas.clientHeight * this.ratio);
    // A part of a pixel is no other picture.
    if (width === this.width && height === this.height) return;
    [this.canvas.width, this.canvas.height] = [width, height];
    this.drawn = "";
  }

  /** Whether a picture that is told by `state` is to be drawn; it is wiped for it. @param {string} state */
  due(state) {
    if (state === this.drawn || this.width === 0 || this.height === 0) return false;
    this.drawn = state;
    this.context.clearRect(0, 0, this.width, this.height);
    return true;
  }

  close() {
    this.sizes.disconnect();
  }
}
