// A busy person at the page, on a clock of its own: `soak(seconds)` is that long of use. Whoever drives
// it looks at the heap.

import { painted, tick } from "./virtual-clock.js";
import { server } from "./stage-server.js";
import "../static/app.js";

const FRAMES_PER_SECOND = 2;
/** The stage's sound is made for so many frames, then it comes again. */
const KEPT = 30;
const VIEWS = ["spectrum", "spectrogram", "scope", "goniometer", "probes"];

for (const mark of document.querySelectorAll("img")) mark.setAttribute("src", "../static/icon.svg");

const { snapshot } = server;
const { subscribe } = server.methods;
let wanted = "";
/** @type {Map<string, ArrayBuffer>} */
const sounds = new Map();
let frame = 0;
server.methods.subscribe = (asked) => {
  wanted = JSON.stringify(asked);
  return subscribe(asked);
};
server.snapshot = () => {
  const key = `${wanted} ${frame % KEPT}`;
  const made = sounds.get(key) ?? snapshot?.() ?? new ArrayBuffer(0);
  sounds.set(key, made);
  const buffer = made.slice(0);
  new DataView(buffer).setFloat64(8, (frame / FRAMES_PER_SECOND) * 48000, true);
  return buffer;
};

/** @param {string} selector */
const at = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

/** What happens in this second. @param {number} second */
function live(second) {
  const generation = 4 + second;
  server.notify("log", { level: "info", message: `second ${second}` });
  at("[data-param=drive] input")?.dispatchEvent(new KeyboardEvent("keydown", { key: second % 60 < 30 ? "ArrowUp" : "ArrowDown", bubbles: true }));
  if (second % 5 === 0) at(`[data-view=${VIEWS[(second / 5) % VIEWS.length]}]`).click();
  if (second % 10 === 3) server.notify("event", { event: "build_failed", t: second, generation, exit: 101, diagnostics: [{ file: "src/lib.rs", line: second, column: 1, level: "error", code: null, message: `error ${second}`, rendered: null }] });
  if (second % 10 === 6) server.notify("event", { ...server.state.last_reload, t: second, generation });
  if (second % 10 === 8) server.notify("event", { event: "fault", t: second, generation, kind: "panic", message: `fault ${second}`, file: "src/lib.rs", line: second, action: "bypassed" });
  if (second % 20 === 9) server.notify("reset_loudness", {});
  if (second % 30 === 9) server.notify("params_changed", {});
}

let second = 0;
Object.assign(globalThis, {
  /** @param {number} seconds */
  async soak(seconds) {
    for (const end = second + seconds; second < end; second++) {
      live(second);
      for (let i = 0; i < FRAMES_PER_SECOND; i++, frame++) await tick(1000 / FRAMES_PER_SECOND);
      // What was asked is the server's own record.
      server.asked.length = 0;
      if (second % 5 === 0) await painted();
    }
    return frame;
  },
});
document.body.dataset.ready = "";
