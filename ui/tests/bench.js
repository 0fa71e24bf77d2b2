// What all views at once cost per frame: our own code only, at the display's rate. Prints, asserts nothing.
// `cargo test -p retake --test e2e -- --ignored --nocapture bench_page` runs it, and the real page beside it.

/** @import { Draw } from "../static/components/viewdeck.js" */
import { createViews } from "../static/components/views/index.js";
import { el } from "../static/lib/dom.js";
import { decode } from "../static/lib/telemetry.js";
import { snapshot } from "./snapshot.js";
import { N_BINS, RATE, list, probes, scope, spectrum, stereo } from "./sound.js";

const SECONDS = 60;
const CHANNEL = { peak: 0.5, meanSquare: 0.125, clips: 0 };
const noise = () => Math.random() + Math.random() - 1;

/** @param {number} i */
function message(i) {
  const [wave, dots] = [list(1024, noise), list(512, noise)];
  const levels = list(N_BINS, () => -40 + 10 * noise());
  return snapshot({
    input: [CHANNEL, CHANNEL], output: [CHANNEL, CHANNEL], frames: 800, frame: (i * RATE) / 60,
    sections: [
      stereo([0.5, 0, dots], [0.5, 0, dots]), spectrum((bin) => levels[bin], (bin) => levels[bin] + noise()),
      scope({ trigger: 256, input: wave, output: wave }), probes(list(8, (index) => [index, wave])),
    ],
  });
}

const names = list(8, (i) => `probe ${i}`);
const answer = { meters: [], probes: names.map((name) => ({ name, kind: "signal", value: null, min: null, max: null })) };
const root = el("div", { class: "bench" });
const said = el("pre", {});
document.body.append(root, said);
/** @type {Draw[]} */
const draws = [];
const views = createViews();
for (const view of views) {
  const host = el("section", {});
  root.append(host);
  view.mount(host, { onFrame: (draw) => void draws.push(draw), subscribe: () => {}, request: () => Promise.resolve(answer) });
}

/** @type {number[]} ms, of tasks that made the page wait */
const long = [];
new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => long.push(duration))).observe({ type: "longtask" });

/** @type {number[]} */
const times = [];
const start = performance.now();
/** @type {number[][]} */
const each = draws.map(() => []);
const messages = list(60, message);
const longest = messages[0].byteLength;

/** @param {number} i */
function frame(i) {
  const buffer = messages[i % 60];
  new DataView(buffer).setFloat64(8, (i * RATE) / 60, true);
  const began = performance.now();
  const now = decode(buffer);
  draws.forEach((draw, view) => {
    const before = performance.now();
    draw(now, 1 / 60);
    each[view].push(performance.now() - before);
  });
  times.push(performance.now() - began);
  if (performance.now() - start < SECONDS * 1000) requestAnimationFrame(() => frame(i + 1));
  else tell();
}

function tell() {
  times.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((part) => times[Math.floor(part * times.length)].toFixed(3));
  said.textContent = `${draws.length} views, ${times.length} frames in ${SECONDS} s, ${longest} bytes each: decode and draw p50 ${p50} ms, p99 ${p99} ms`;
  said.append(`\n${long.length} tasks over 50 ms${long.length > 0 ? `, the longest ${Math.max(...long).toFixed(0)} ms` : ""}`);
  each.forEach((own, view) => said.append(`\n${views[view].id} p50 ${own.sort((a, b) => a - b)[Math.floor(own.length / 2)].toFixed(3)} ms`));
  said.dataset.done = "";
}
requestAnimationFrame(() => frame(0));
