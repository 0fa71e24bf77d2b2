// The meters' colours, taken from the tokens: a canvas cannot name a CSS variable itself.

import { deflection } from "../lib/scale.js";

/** @type {Paint|null} */
let current = null;
let version = 0;

class Paint {
  constructor() {
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const token = (name) => style.getPropertyValue(name).trim();
    this.version = version;
    this.ground = token("--well");
    this.ink = token("--ink");
    this.hot = token("--hot");
    /** Level in dBFS from which on a colour holds. @type {[number, string][]} */
    this.stops = [
      [-60, token("--signal-deep")], [-24, token("--signal")], [-10, token("--signal")],
      [-3, token("--warm")], [0, token("--warm")],
    ];
    /** @type {CanvasGradient|null} */
    this.fill = null;
    this.height = 0;
  }

  /** @param {CanvasRenderingContext2D} context @param {number} height */
  gradient(context, height) {
    if (this.fill && this.height === height) return this.fill;
    const fill = context.createLinearGradient(0, height, 0, 0);
    for (const [level, colour] of this.stops) fill.addColorStop(deflection(level), colour);
    fill.addColorStop(deflection(0), this.hot);
    fill.addColorStop(1, this.hot);
    this.fill = fill;
    this.height = height;
    return fill;
  }
}

/** The colours of the theme that is on. */
export function meterPaint() {
  current ??= new Paint();
  return current;
}

matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => {
  version += 1;
  current = null;
});
