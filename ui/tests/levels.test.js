// The instruments around the views: levels, loudness, stereo – what they show and what they say.

import { Levels } from "../static/components/levels.js";
import { LoudnessPanel } from "../static/components/loudness.js";
import { Rack } from "../static/components/rack.js";
import { StereoPanel } from "../static/components/stereo.js";
import { el } from "../static/lib/dom.js";
import { loudness as words } from "../static/lib/format.js";
import { COUNT, History, STEP_SECONDS } from "../static/lib/history.js";
import { SCALES } from "../static/lib/scale.js";
import { decode } from "../static/lib/telemetry.js";
import { close, equal, test } from "./harness.js";
import { section, snapshot } from "./snapshot.js";

/** A sine on all channels. @param {number} peak linear @param {{ sections?: ArrayBuffer[], clips?: number }} [more] */
function sine(peak, { sections = [], clips = 0 } = {}) {
  const channel = { peak, meanSquare: peak * peak / 2, clips };
  const told = decode(snapshot({ input: [channel, channel], output: [channel, channel], frames: 48000, sections }));
  if (!told) throw new Error("no snapshot");
  return told;
}

/** @param {Element} root @param {string} selector @returns {HTMLElement} */
function at(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`no ${selector}`);
  return found;
}

/** @param {Element} element */
const spoken = (element) => ["aria-valuemin", "aria-valuenow", "aria-valuemax", "aria-valuetext"].map((name) => element.getAttribute(name));

function bridges() {
  const root = el("main", {}, el("section"), el("section"));
  const [input, output] = root.querySelectorAll("section");
  return { root, levels: new Levels(input, output) };
}

/** @param {Element} root @param {string} id @param {number} index */
function choose(root, id, index) {
  const list = /** @type {HTMLSelectElement} */ (at(root, `#${id}`));
  list.selectedIndex = index;
  list.dispatchEvent(new Event("change", { bubbles: true }));
}

test("a level is said in dBFS, and on a K-scale against its zero, where a sine's RMS is its peak", () => {
  const { root, levels } = bridges();
  levels.draw(sine(0.1), 0.2);
  equal(spoken(at(root, "[data-meter=output-0]")), ["-60", "-20.0", "6", "peak −20.0 dBFS, RMS −23.0 dBFS"]);
  choose(root, "meter-scale", SCALES.findIndex(({ id }) => id === "k20"));
  levels.draw(null, 0.001);
  equal(at(root, "[data-meter=output-0]").ariaValueText, "peak −20.0 dBFS, RMS 0.0 dB K-20");
  equal(at(root, "[data-rms=input-1]").textContent, "0.0");
  close(parseFloat(at(root, "[data-mark='20']").style.bottom), (100 / 115) * 100, 1e-3, "+20 stands at 0 dBFS");
});

test("a level above the scale stays on it, and lights the lamp with its count and time", () => {
  const { root, levels } = bridges();
  levels.draw(sine(1), 0.2);
  equal(at(root, "[data-clip=output-1]").dataset.clipped, "false", "0 dBFS is no clip");
  levels.draw(sine(4, { clips: 3 }), 0.2);
  levels.draw(sine(0.1), 0.2);
  equal(spoken(at(root, "[data-meter=output-1]")).slice(0, 3), ["-60", "6.0", "6"]);
  const lamp = at(root, "[data-clip=output-1]");
  equal([lamp.textContent, lamp.dataset.clipped, /^3 samples above 0 dBFS, last at \d\d:\d\d:\d\d$/.test(lamp.title)], ["3", "true", true]);
  equal(/^6 over · \d\d:\d\d:\d\d$/.test(at(root, "[data-over-of=output]").textContent ?? ""), true, "both channels");
  equal(at(root, "[data-peak-max=output-1]").textContent, "+12.0");
  lamp.click();
  levels.draw(null, 0.2);
  equal([lamp.dataset.clipped, at(root, "[data-peak-max=output-1]").textContent], ["false", "−∞"]);
});

test("true peaks are a dash until they are told, inputs first, and the highest stays", () => {
  const { root, levels } = bridges();
  levels.draw(sine(0.5), 0.2);
  equal(at(root, "[data-true-peak=input-0]").textContent, "–");
  levels.truePeaks([0.5, 1, 2, 0]);
  levels.truePeaks([0.25, 0.25, 0.25, 0.25]);
  levels.draw(null, 0.2);
  equal(["input-0", "input-1", "output-0", "output-1"].map((id) => at(root, `[data-true-peak=${id}]`).textContent), ["−6.0", "0.0", "+6.0", "−12.0"]);
});

test("words of the meters change ten times a second at most", () => {
  const { root, levels } = bridges();
  levels.draw(sine(0.1), 0.2);
  let changes = 0;
  let last = "";
  for (let frame = 0; frame < 120; frame++) {
    levels.draw(sine(0.1 + frame / 200), 1 / 120);
    const now = at(root, "[data-meter=input-0]").ariaValueText ?? "";
    if (now !== last) changes += 1;
    last = now;
  }
  equal(changes >= 9 && changes <= 11, true, `${changes} in a second`);
});

/** A snapshot with loudness of input and output. @param {number[]} input @param {number[]} output @param {number} seconds */
const loud = (input, output, seconds = 0) => sine(0.1, { sections: [section(2, input, output, [seconds])] }).sections.loudness;

test("loudness is shown as it is told; what is not known is a dash", () => {
  const root = el("section");
  const panel = new LoudnessPanel(root);
  const shown = () => ["momentary", "shortTerm", "integrated", "range", "truePeak"].map((id) => at(root, `[data-loudness=output-${id}]`).textContent);
  panel.draw(undefined, 0.2);
  equal(shown(), ["–", "–", "–", "–", "–"]);
  equal(spoken(at(root, "[data-loudness=output-integrated]")), ["-60", "-60.0", "6", "not known"]);
  panel.draw(loud([-30, NaN, NaN, NaN, -9], [-22.96, -70.5, -Infinity, 4.04, 0.3]), 0.2);
  equal(shown(), ["−23.0", "−70.5", "−∞", "4.0", "0.3"]);
  equal(spoken(at(root, "[data-loudness=output-shortTerm]")), ["-60", "-60.0", "6", "−70.5 LUFS"], "clamped");
  panel.draw(undefined, 0.2);
  equal(shown()[0], "−23.0", "the last word holds between snapshots");
  panel.forget();
  panel.draw(undefined, 0.2);
  equal(shown()[0], "–");
});

test("how much sound was measured is told", () => {
  const root = el("section");
  const panel = new LoudnessPanel(root);
  equal(at(root, "#loudness-time").textContent, "", "nothing yet");
  panel.draw(loud([0, 0, 0, 0, 0], [0, 0, 0, 0, 0], 754.9), 0.2);
  equal(at(root, "#loudness-time").textContent, "12:34");
});

test("the distance to the target is told, and whether it is met", () => {
  const root = el("section");
  const panel = new LoudnessPanel(root);
  const told = () => [at(root, "#loudness-difference").textContent, at(root, "#loudness-difference").dataset.met];
  panel.draw(loud([0, 0, 0, 0, 0], [-20, -20, -17.4, 1, -1]), 0.2);
  equal(told(), ["+5.6 LU", "above"]);
  choose(root, "loudness-target", 1);
  panel.draw(undefined, 0.01);
  equal(told(), ["+0.6 LU", "met"]);
  choose(root, "loudness-target", 3);
  panel.draw(undefined, 0.01);
  equal(told(), ["−3.4 LU", "below"]);
});

test("a loudness has a true minus and no minus zero", () => {
  equal([-23, -0.04, 0, 4.06, NaN, -Infinity, null].map(words), ["−23.0", "0.0", "0.0", "4.1", "–", "−∞", "–"]);
});

test("the history runs at its own pace, and a time that nobody drew is a gap", () => {
  const history = new History(1);
  for (let i = 0; i < 100; i++) history.push(STEP_SECONDS / 10, [i]);
  equal(Math.abs(history.count - 10) <= 1, true, `${history.count} points`);
  equal(history.at(history.traces[0], 0), NaN, "nothing before the beginning");
  const last = history.at(history.traces[0], COUNT - 1);
  close(last, 90, 10, "the newest is last");
  history.push(5 * STEP_SECONDS, [7]);
  equal([2, 1].map((back) => history.at(history.traces[0], COUNT - back)), [NaN, 7]);
  history.push(10 * COUNT * STEP_SECONDS, null);
  equal(history.traces[0].every(Number.isNaN), true, "a long sleep forgets all");
});

test("stereo needles say a side and a sign, and go out without news", () => {
  const root = el("section");
  const panel = new StereoPanel(root);
  const say = (/** @type {string} */ id) => at(root, `[data-stereo=${id}]`).ariaValueText;
  const told = sine(0.1, { sections: [section(3, [NaN, -0.254], 0, [-1.5, 0.001], 0)] }).sections.stereo;
  panel.draw(told, 0.2);
  equal([say("input-correlation"), say("input-balance"), say("output-correlation"), say("output-balance")], ["not known", "25 % L", "−1.50", "centre"]);
  equal(at(root, "[data-stereo=output-correlation]").getAttribute("aria-valuenow"), "-1.00", "clamped");
  panel.draw(undefined, 0.2);
  equal(say("input-balance"), "25 % L");
  panel.draw(undefined, 1);
  equal(say("input-balance"), "not known");
});

test("one section of a rack is in front, by pointer and by arrow keys", () => {
  const root = el("div", {}, ...["One", "Two", "Three"].map((title) => el("section", { id: `rack-${title}` }, el("h2", { class: "panel-title" }, title))));
  document.body.append(root);
  new Rack(root, "Test");
  const front = () => [...root.querySelectorAll("section")].filter(({ hidden }) => !hidden).map(({ id }) => id);
  const tabs = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[role=tab]")]);
  equal([front(), tabs.map(({ tabIndex }) => tabIndex)], [["rack-One"], [0, -1, -1]]);
  tabs[1].click();
  equal(front(), ["rack-Two"]);
  for (const expected of ["rack-Three", "rack-One"]) {
    tabs[0].dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    equal([front(), document.activeElement?.id], [[expected], `${expected}-tab`]);
  }
  root.remove();
});
