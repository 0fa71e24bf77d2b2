// The control of a parameter that runs and is no level: a dial of 270°, dragged up and down (or right
// and left). The arc begins at zero where the range goes through it.

/** @import { Point } from "./hand.js" */
/** @import { Parameter } from "./parameter.js" */
import { el, setAttribute } from "../lib/dom.js";
import { Hand } from "./hand.js";
import { place, range } from "./slider.js";
import { turnable } from "./wheel.js";

/** The hand's way from end to end, px. */
const TRAVEL = 200;
/** From seven to five o'clock around (32, 32); its length counts as 1. */
const ARC = "M 13.6 50.4 A 26 26 0 1 1 50.4 50.4";

export class Knob {
  /** @param {Parameter} parameter */
  constructor(parameter) {
    const { taper, info } = parameter;
    this.parameter = parameter;
    this.taper = taper;
    this.runs = true;
    this.handle = range(parameter);
    const dial = svg("svg", { viewBox: "0 0 64 64", "aria-hidden": "true" });
    dial.append(
      svg("path", { class: "knob-rail", d: ARC }), svg("path", { class: "knob-arc", d: ARC, pathLength: "1" }),
      svg("path", { class: "knob-default", d: "M 32 -1 V 1.5" }),
      svg("circle", { class: "knob-cap", cx: "32", cy: "32", r: "19" }), svg("path", { class: "knob-mark", d: "M 32 16 V 25" }));
    this.root = el("div", { class: "knob" }, this.handle, dial);
    this.root.style.setProperty("--default", String(taper.fraction(info.default)));
    this.origin = info.min < 0 && info.max > 0 ? taper.fraction(0) : 0;
    this.hand = new Hand(this);
    turnable(this.root, parameter);
  }

  get held() {
    return this.hand.drag !== null;
  }

  /** @param {Point} from @param {Point} to */
  way(from, to) {
    return (to.x - from.x + from.y - to.y) / TRAVEL;
  }

  /** @param {number} value */
  show(value) {
    place(this.handle, this.taper.position(value));
    const is = Number.isFinite(value);
    const fill = is ? this.taper.fraction(value) : 0;
    const [low, high] = is ? [Math.min(this.origin, fill), Math.max(this.origin, fill)] : [0, 0];
    for (const [name, number] of Object.entries({ fill, low, arc: high - low })) this.root.style.setProperty(`--${name}`, String(number));
  }

  /** @param {string} words */
  say(words) {
    setAttribute(this.handle, "aria-valuetext", words);
  }
}

/** @param {string} tag @param {Record<string, string>} attributes */
function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
