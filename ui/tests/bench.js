// What all views and the meters beside them cost per frame: our own code only, at the display's rate,
// with a snapshot as full as the server makes it. Prints, asserts nothing.
// `cargo test -p retake --test e2e -- --ignored --nocapture bench_page` runs it, and the real page beside it.

/** @import { Draw, View } from "../static/components/viewdeck.js" */
/** @import { Probed } from "../static/lib/types.js" */
import { Levels } from "../static/components/levels.js";
import { LoudnessPanel } from "../static/components/loudness.js";
import { StereoPanel } from "../static/components/stereo.js";
import { createViews } from "../static/components/views/index.js";
import { el } from "../static/lib/dom.js";
import { decode } from "../static/lib/telemetry.js";
import { section, snapshot } from "./snapshot.js";
import { N_BINS, RATE, list, probes, scope, spectrum, stereo } from "./sound.js";

const SECONDS = 60;
const CHANNEL = { peak: 0.5, meanSquare: 0.125, clips: 0 };
const noise = () => Math.random() + Math.random() - 1;

/** @param {number} i */
function message(i) {
  const [wave, dots, trace] = [list(1024, noise), list(2 * 254, noise), list(48, noise)];
  const lufs = list(5, () => -20 + noise());
  const levels = list(N_BINS, () => -40 + 10 * noise());
  return snapshot({
    input: [CHANNEL, CHANNEL], output: [CHANNEL, CHANNEL], frames: 800, frame: (i * RATE) / 60,
    sections: [
      section(1, list(4, () => 0.5 + noise() / 4)), section(2, lufs, lufs, [3]), stereo([0.5 + noise() / 9, 0, dots], [0.5, noise() / 9, dots]), spectrum((bin) => levels[bin], (bin) => levels[bin] + noise()),
      scope({ trigger: 256, input: wave, output: wave }), probes(list(8, (index) => [index, trace])),
    ],
  });
}

/** @type {Probed} */
const answer = { meters: [], probes: list(8, (i) => `probe ${i}`).map((name) => ({ name, kind: "signal", value: null, min: null, max: null })) };
const root = el("div", { class: "bench" });
const said = el("pre", {});
document.body.append(root, said);
/** @type {Draw[]} */
const draws = [];
/** @type {string[]} */
const names = [];
/** @type {View[]} */
const views = createViews();
for (const view of views) {
  const host = el("section", {});
  root.append(host);
  names.push(view.id);
  view.mount(host, { onFrame: (draw) => void draws.push(draw), subscribe: () => {} });
  view.know?.(answer);
}
const [input, output, loud, needles] = list(4, () => el("section", {}));
root.append(el("div", { class: "bench-meters" }, input, output, loud, needles));
const levels = new Levels(input, output);
const [loudness, stereos] = [new LoudnessPanel(loud), new StereoPanel(needles)];
names.push("levels", "loudness", "stereo");
draws.push(
  (now, seconds) => {
    levels.draw(now, seconds);
    levels.truePeaks(now?.sections.levels ?? []);
  },
  (now, seconds) => loudness.draw(now?.sections.loudness, seconds),
  (now, seconds) => stereos.draw(now?.sections.stereo, seconds));

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

/** @param {number[]} all @param {number} part */
function quantile(all, part) {
  all.sort((a, b) => a - b);
  return `${all[Math.floor(part * all.length)].toFixed(3)} ms`;
}

function tell() {
  said.textContent = `${views.length} views and the meters, ${times.length} frames in ${SECONDS} s, ${longest} bytes each: decode and draw p50 ${quantile(times, 0.5)}, p99 ${quantile(times, 0.99)}`;
  said.append(`\n${long.length} tasks over 50 ms${long.length > 0 ? `, the longest ${Math.max(...long).toFixed(0)} ms` : ""}`);
  each.forEach((own, i) => said.append(`\n${names[i]} p50 ${quantile(own, 0.5)}, p99 ${quantile(own, 0.99)}`));
  said.dataset.done = "";
}
requestAnimationFrame(() => frame(0));
