// The live inputs' clocks, the latency's stages and the audio thread's priority, as the page tells them.

import { Devices } from "../static/components/devices.js";
import { Health } from "../static/components/health.js";
import { el } from "../static/lib/dom.js";
import { loss, named, ppm, timeError } from "../static/lib/format.js";
import { Model } from "../static/lib/model.js";
import { decode } from "../static/lib/telemetry.js";
import { equal, test } from "./harness.js";
import { snapshot } from "./snapshot.js";
import { inputsOf, source } from "./stage-sources.js";

const END = { device: "Scarlett 2i2", rate: 48_000, channels: 2, format: "f32", period: 128 };
const AWAY = ["State: away", "Drift: –", "Delay error: –", "Latency: –", "Ring: –"];
const LATENCY = "Latency: 1\u202f024 frames · 21.3 ms";
const COUNTERS = { underruns: 1, overruns: 0, lost_frames: 128 };

/** A status with so many microphones. @param {number} n @param {object} [audio] @returns {any} */
function status(n, audio = {}) {
  const { inputs, strips, more } = inputsOf(new URLSearchParams({ inputs: String(n) }));
  return {
    plugin: null, generation: 1, reload: "Running", last_reload: null, build: null, fault: null, refused: null, device: null,
    inputs: inputs.map((input, i) => (i === 0 ? { ...input, counters: COUNTERS } : input)),
    // What is no microphone stands between them.
    sources: [source({ id: 0, kind: "mic" }), source({ id: 1 }), ...strips], counters: COUNTERS,
    audio: { host: "ALSA", mode: "duplex", clock: "real", input: END, more, output: END, engine_rate: 48_000, max_block: 128, latency_frames: 512, priority: null, ...audio },
  };
}

/** The page's words for a model. @param {Model} model */
function devicesOf(model) {
  const root = el("section");
  const devices = new Devices(root);
  const draw = () => devices.draw(model);
  draw();
  /** @param {Element} element */
  const row = (element) => [...element.children].map(({ textContent }) => textContent).join(": ");
  /** @param {number} i */
  const input = (i) => {
    const found = root.querySelectorAll(".live-input")[i];
    return [found?.querySelector("h3")?.textContent, ...[...(found?.querySelectorAll(".facts > :not([hidden])") ?? [])].map(row)];
  };
  /** @param {number} i */
  const levels = (i) => [...root.querySelectorAll(".live-input")[i].querySelectorAll("dd[data-level]")].map((value) => value.getAttribute("data-level"));
  return { root, draw, input, levels };
}

test("drift and delay errors have their sign, below a millisecond in µs, and nothing has none", () => {
  equal([100.04, -212.66, 0.04, -0.04, null, NaN].map(ppm), ["+100.0 ppm", "−212.7 ppm", "0.0 ppm", "0.0 ppm", "–", "–"]);
  equal([0.0031, -0.0499, -0.0004, 0.9996, -12.5, null, Infinity].map(timeError), ["+3 µs", "−50 µs", "0 µs", "+1.00 ms", "−12.50 ms", "–", "–"]);
  equal([loss("underruns", 1), loss("underrun", 2), loss("lost_frames", 6720), loss("odd", 1)], ["1 underrun", "2 underruns", "6\u202f720 lost frames", "1 odd"]);
  equal([undefined, "virtual:ppm=3,file=/a/b c.wav", "virtual:tone=440,ppm=1", "virtual:ppm=1", "USB"].map(named), ["none", "virtual, b c.wav", "virtual, 440 Hz tone", "virtual", "USB"]);
});

test("each input tells its own clock, ring and losses", () => {
  const model = new Model();
  model.status(status(3));
  const { input, levels } = devicesOf(model);
  equal(input(0), ["Scarlett 2i2", "State: locked", "Drift: +100.0 ppm", "Delay error: −3 µs", LATENCY, "Ring: 498 of 512 frames", "Re-seeds: 0", "Losses: 1 underrun, 128 lost frames"]);
  equal(levels(0), ["good", "none", "none", "none", "none", "none", "bad"]);
  equal(input(1), [
    "USB microphone at the far end of the room", "State: locking", "Drift: −212.7 ppm", "Delay error: +1.83 ms", LATENCY, "Ring: 498 of 512 frames", "Re-seeds: 0", "Losses: none",
    "Granted: 44.1 kHz, 1 ch, i16, period 441",
  ]);
  equal(levels(1), ["none", "none", "none", "none", "none", "none", "none"]);
  equal(input(2).slice(0, 2), ["virtual, right.wav", "State: at limit: more than 0.5 % apart, re-seeds instead"]);
  equal([input(2).slice(6, 8), levels(2)[0]], [["Re-seeds: 14", "Losses: 14 underruns, 1 overrun, 6\u202f720 lost frames"], "bad"]);
});

test("a loss is told with its microphone where there are several, and a microphone with its name where it moved", () => {
  const losses = (/** @type {number} */ n) => {
    const model = new Model();
    model.status({ ...status(n), xruns: [{ kind: "underrun", input: 1, n: 2, frame: 0, t: 1 }, { kind: "late_callback", input: null, n: 1, frame: 0, t: 2 }] });
    const root = el("section");
    new Health(root).draw(model);
    return [...root.querySelectorAll("#xruns li > :last-child")].map(({ textContent }) => textContent);
  };
  equal([losses(1), losses(2)], [["1 late callback", "2 underruns"], ["1 late callback", "2 underruns · USB microphone at the far end of the room"]]);
  const model = new Model();
  model.status(status(2));
  const [, strip] = [0, 100].map((id) => model.sources.find((one) => one.id === id));
  const event = { event: "source", ...strip };
  equal([event, { ...event, gain_db: -3 }, { ...event, name: "Another" }, { ...event, id: 7 }, { ...event, id: 7, kind: "tone" }].map((one) => model.hasOtherInputs(one)), [false, false, true, true, false]);
  equal([100, 7].map((id) => model.hasOtherInputs({ event: "source_removed", id })), [true, false]);
});

test("an input that is away says so and has no drift, delay or fill, and goes with its stream", () => {
  const model = new Model();
  model.status(status(3));
  const { root, draw, input } = devicesOf(model);
  const states = () => [0, 1, 2].map((i) => input(i).slice(1, 6));
  const [first, second, third] = states();
  model.event({ event: "device", end: "input", input: 1, state: "lost", reason: "gone" });
  draw();
  equal(states(), [first, AWAY, third]);
  model.event({ event: "device", end: "input", state: "retry", reason: "" });
  draw();
  equal(states(), [AWAY, second, third]);
  model.event({ event: "device", end: "output", input: 0, state: "lost", reason: "" });
  model.event({ event: "source", ...model.sources[3], state: "starved" });
  draw();
  equal(states(), [first, second, AWAY]);
  model.status(status(1));
  draw();
  equal(root.querySelectorAll(".live-input").length, 1);
});

test("the priority is told, and why it was refused stays as it stands", () => {
  const model = new Model();
  model.status(status(1));
  const { root, draw } = devicesOf(model);
  const fact = () => {
    const element = root.querySelector("#audio-priority");
    return [element?.parentElement?.hidden, element?.textContent, element?.getAttribute("data-level")];
  };
  equal(fact(), [true, "", "none"], "on the fast clock");
  const lacks = ["real-time priority (denied): add `@audio - rtprio 95`, and log in anew"];
  /** @type {[any, any[]][]} */
  const told = [
    [{ policy: "real-time", value: 10, lacks: [] }, [false, "real-time 10", "none"]],
    [{ policy: "real-time", value: null, lacks: [] }, [false, "real-time", "none"]],
    [{ policy: "host", value: null, lacks: [] }, [false, "the audio system's own", "none"]],
    [{ policy: "normal", value: null, lacks }, [false, "ordinary", "warn"]],
  ];
  for (const [priority, words] of told) {
    model.event({ event: "priority", priority });
    draw();
    equal(fact(), words);
  }
  equal(model.journal.map(({ level, message }) => `${level}: ${message}`), ["warning: the audio thread lacks real-time priority (denied): add `@audio - rtprio 95`, and log in anew"]);
  const lack = root.querySelector(".audio-lack");
  equal([lack?.textContent, lack?.querySelector("code")?.textContent], ["Lacks real-time priority (denied): add @audio - rtprio 95, and log in anew", "@audio - rtprio 95"]);
  // Other streams, which are scheduled as the last were; and the status says the same again.
  model.event({ ...status(1).audio, priority: undefined, event: "audio_started" });
  model.status(status(1, { priority: { policy: "normal", value: null, lacks: [...lacks] } }));
  draw();
  equal([fact()[1], root.querySelector(".audio-lack") === lack], ["ordinary", true], "what is selected there stays");
  model.event({ event: "priority", priority: null });
  draw();
  equal([fact()[0], root.querySelectorAll(".audio-lack").length], [true, 0]);
});

test("the stages of the latency add up to what is reported, whatever the ends", () => {
  /** @param {object} audio */
  const stages = (audio) => {
    const model = new Model();
    model.status(status(1, audio));
    const now = decode(snapshot({ input: [], output: [], frames: 1 }));
    if (now) model.snapshot(now);
    const root = el("section");
    new Health(root).draw(model);
    return [...root.querySelectorAll("#latency-stages > div")].map((row) => [row.children[0].textContent, parseInt(row.children[1].textContent ?? "", 10)]);
  };
  equal(stages({}), [["Capture period", 128], ["Ring", 256], ["Plugin", 32], ["Playback period", 128], ["Input to output", 544]]);
  // 147 frames at 44.1 kHz are 160 of the engine's.
  equal(stages({ input: { ...END, rate: 44_100, period: 147 }, latency_frames: 500 }), [["Capture period", 160], ["Ring, resampler", 212], ["Plugin", 44], ["Playback period", 128], ["Input to output", 544]]);
  equal(stages({ mode: "input", output: null, latency_frames: 0 }), [["Ring", 0], ["Plugin", 544], ["Input to output", 544]], "rendered as it is captured");
  equal(stages({ mode: "output", input: null, latency_frames: 0 }), [["Plugin", 544], ["Playback period", 128]]);
});
