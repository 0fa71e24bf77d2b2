// Two octaves of keys, drawn. A pointer presses, slides and releases; the lower on the key, the louder.

/** @import { Held } from "../lib/notes.js" */
import { el, setAttribute, setText } from "../lib/dom.js";
import { keyName } from "../lib/format.js";
import { clamp } from "../lib/scale.js";

/** Two octaves and the C above. */
export const N_KEYS = 25;
const BLACK = new Set([1, 3, 6, 8, 10]);
const SOFTEST = 0.1;

/** @param {number} depth 0 = the far end of the key, 1 = the near one */
export const velocityAt = (depth) => SOFTEST + (1 - SOFTEST) * clamp(depth, 0, 1);

export class Piano {
  /** @param {Held} held @param {string[]} labels of the computer's keys, from the lowest up */
  constructor(held, labels) {
    this.held = held;
    this.base = 0;
    let nWhite = 0;
    this.keys = Array.from({ length: N_KEYS }, (_, semitone) => {
      const black = BLACK.has(semitone % 12);
      const name = el("span", { class: "key-name" });
      const letter = el("span", { class: "key-letter" }, labels[semitone] ?? "");
      const root = el("div", { class: black ? "key key-black" : "key" }, letter, name);
      if (black) root.style.setProperty("--edge", String(nWhite));
      else nWhite += 1;
      return { semitone, name, letter, root };
    });
    this.root = el("div", { class: "piano" }, ...this.keys.map(({ root }) => root));
    this.root.style.setProperty("--n-white", String(nWhite));
    this.listen();
  }

  listen() {
    const { root } = this;
    root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      root.setPointerCapture(event.pointerId);
      this.follow(event);
    });
    root.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) this.follow(event);
    });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
      root.addEventListener(end, ({ pointerId }) => this.held.release(source(pointerId)));
    }
  }

  /** The pointer is down, wherever. @param {PointerEvent} event */
  follow({ pointerId, clientX, clientY }) {
    const under = document.elementFromPoint(clientX, clientY)?.closest(".key");
    const key = this.keys.find(({ root }) => root === under);
    if (!key) return this.held.release(source(pointerId));
    const { top, height } = key.root.getBoundingClientRect();
    this.held.hold(source(pointerId), this.base + key.semitone, velocityAt((clientY - top) / height));
  }

  /** @param {string[]} labels of the computer's keys, from the lowest up */
  label(labels) {
    this.keys.forEach(({ semitone, letter }) => setText(letter, labels[semitone] ?? ""));
  }

  /** @param {number} base the lowest key, a C @param {Set<number>} sounding keys that the server says sound */
  draw(base, sounding) {
    this.base = base;
    for (const { semitone, name, root } of this.keys) {
      const key = base + semitone;
      setAttribute(root, "data-key", String(key));
      setAttribute(root, "data-held", String(this.held.has(key)));
      setAttribute(root, "data-sounding", String(sounding.has(key)));
      setText(name, semitone % 12 === 0 ? keyName(key) : "");
    }
  }
}

/** @param {number} pointerId */
const source = (pointerId) => `pointer ${pointerId}`;
