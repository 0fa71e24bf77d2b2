// The stage's server: a plugin with something of everything, and eight bars of made-up levels.

import { FakeServer, param } from "./fake.js";
import { section, snapshot } from "./snapshot.js";
import { N_BINS, RATE, hzOfBin, list, probes, scope, spectrum, stereo } from "./sound.js";

const wanted = new URLSearchParams(location.search);
const PLUGIN = { id: "org.example.tape-drive", name: "Tape Drive", version: "1.2.0" };
const end = { device: "Scarlett 2i2", rate: 48000, channels: 2, format: "f32", period: 128 };

/** @param {number} id @param {string} name @param {object} more */
const knob = (id, name, more) => param({ id, key: name.toLowerCase().replaceAll(" ", "_"), name, min: 0, max: 100, default: 50, unit: "%", group: "", ...more });
const PARAMS = [
  knob(1, "Drive", { max: 36, default: 12, value: 17.5, text: "17.5", unit: "dB" }),
  knob(2, "Bias", { min: -1, max: 1, default: 0, value: 0.18, text: "0.18", unit: null }),
  knob(3, "Tone", { min: 500, max: 18000, default: 9000, value: 11200, text: "11.2 kHz", unit: null, taper: "log" }),
  knob(4, "Mix", { value: 80, text: "80" }),
  knob(5, "Output", { min: -24, max: 12, default: 0, value: -4, text: "-4.0", unit: "dB" }),
  knob(6, "Oversampling", { min: 0, max: 2, default: 0, step: 1, value: 1, unit: null, choices: ["Off", "2 times", "4 times"], text: "2 times" }),
  knob(7, "External key", { min: 0, max: 1, default: 0, step: 1, value: 0, unit: null, text: "Off" }),
];
const RELOADED = {
  event: "reloaded", t: 61.2, generation: 3, first: false, plugin: PLUGIN, detect_ms: 0.3, build_ms: 158, stage_ms: 1.1, load_ms: 0.4, swap_ms: 4.9,
  save_to_sound_ms: 164.7, lost_frames: 0, latency_frames: 544, params: { carried: 7, added: 0, removed: 0, clamped: 0 },
  fade: "cross", warm_frames: 96000, layout: { inputs: 2, outputs: 2, sidechain: 0 },
};

export const server = new FakeServer({
  params: wanted.has("empty") ? [] : PARAMS,
  presets: [{ name: "Warm glue", modified: 0 }, { name: "Broken radio", modified: 0 }, { name: "Tape stop", modified: 0 }],
  probes: { meters: [{ key: "gr", name: "Gain reduction", unit: "dB", min: 0, max: 24, value: 6.2 }], probes: [{ name: "envelope", kind: "scalar", value: 0.42, min: 0.01, max: 0.97 }] },
  status: {
    plugin: PLUGIN, generation: 3, last_reload: RELOADED, plugin_takes_notes: wanted.has("notes"),
    audio: { host: "JACK", mode: "duplex", clock: "real", input: end, output: end, engine_rate: 48000, max_block: 128, latency_frames: 544 },
    counters: {
      frames: 2_937_600, callbacks: 22950, underruns: 0, overruns: 0, late_callbacks: 0, lost_frames: 0, discarded_frames: 1024,
      record_lost_frames: 0, non_finite: 0, guarded_blocks: 0, limited_samples: 0, events_lost: 0, fill_frames: 498, target_frames: 512,
    },
  },
});
server.methods.subscribe = ({ views }) => views;

const started = performance.now();
const FRAMES = 800;

/** A beat with a chord on it, 0…1. @param {number} t s */
const beat = (t) => 0.32 + 0.68 * Math.exp(-5 * (t % 0.5)) * (Math.floor(t * 2) % 4 === 0 ? 1 : 0.7);

/** @param {number} level linear @param {number} t */
function channel(level, t) {
  const peak = level * beat(t);
  return { peak, meanSquare: (peak * 0.42) ** 2, clips: peak > 1 ? 2 : 0 };
}

/** A mix, and what a low pass with a bump makes of it. @param {number} t s @param {number} bin */
function mix(t, bin) {
  const hz = hzOfBin(bin);
  const notes = [55, 110, 164.8, 220, 329.6, 440].reduce((sum, note, i) => sum + 10 ** (-(((Math.log2(hz / note) * 14) ** 2) / 8)) * beat(t + i / 3), 0);
  return -34 - 3.4 * Math.log2(hz / 80 + 80 / hz) + 24 * Math.min(1, notes) + 5 * (Math.random() + Math.random() - 1) + 6 * beat(t);
}

/** @param {number} hz */
const filter = (hz) => 4 * Math.exp(-((Math.log2(hz / 2200) * 1.2) ** 2)) - 10 * Math.log10(1 + (hz / 9000) ** 6) - 10 * Math.log10(1 + (45 / hz) ** 4);

/** What the views show. @param {number} t s */
function picture(t) {
  const input = list(N_BINS, (bin) => mix(t, bin));
  const wave = (/** @type {number} */ i) => 0.5 * beat(t) * Math.sin((i - 256) / 22) + 0.18 * Math.sin((i - 256) / 7.1 + t);
  const dots = (/** @type {number} */ width) => list(512, (i) => (i % 2 === 0 ? 1 : 0.86) * 0.5 * beat(t) * Math.sin(Math.floor(i / 2) * 0.37 + t * 9) + width * (Math.random() - 0.5) * 0.5);
  return [
    stereo([0.71 + 0.1 * Math.sin(t), -0.02, dots(0.4)], [0.58 + 0.2 * Math.sin(t * 1.3), 0.06 + 0.04 * Math.sin(t), dots(0.9)]),
    spectrum((bin) => input[bin], (bin) => input[bin] + filter(hzOfBin(bin)) + 0.3 * (Math.random() - 0.5)),
    scope({ frame: t * RATE, trigger: 256, input: list(1024, wave), output: list(1024, (i) => Math.tanh(1.8 * wave(i))) }),
    probes([[0, list(600, (i) => Math.exp(-((i + t * 400) % 300) / 70))], [1, list(600, (i) => Math.tanh(2 * Math.sin(i / 15 + t * 3)))]]),
  ];
}

server.methods.probes = () => {
  const t = (performance.now() - started) / 1000;
  const value = 5 + 6 * beat(t);
  return {
    meters: [{ key: "gr", name: "Gain reduction", unit: "dB", min: 0, max: 24, value }],
    probes: [{ name: "envelope", kind: "scalar", value: beat(t), min: 0.3, max: 1 }, ...["env", "shaper"].map((name) => ({ name, kind: "signal", value: null, min: null, max: null }))],
  };
};

server.snapshot = () => {
  const t = (performance.now() - started) / 1000;
  const out = -15.2 + 3 * Math.sin(t / 3) + Math.sin(t * 1.7);
  const sections = [
    section(1, [0.62, 0.55, 1.04, 0.91]),
    section(2, [out - 5.5 + 2 * beat(t), out - 5.8, -21.4, 5.2, -3.9], [out + 2 * beat(t), out, -15.3, 4.1, 0.3]),
    ...picture(t),
  ];
  return snapshot({
    input: [channel(0.6, t), channel(0.52, t)], output: [channel(1.01, t), channel(0.88, t)], frames: FRAMES, frame: t * RATE, sections, generation: 3,
    load: [0.061, 0.074, 0.118],
  });
};

const request = new XMLHttpRequest();
request.open("GET", new URL("../static/index.html", import.meta.url), false);
request.send();
const page = new DOMParser().parseFromString(request.responseText.replaceAll('href="/', 'href="../static/'), "text/html");
document.head.append(...page.querySelectorAll("link[rel=stylesheet]"));
for (const outside of page.querySelectorAll("script, noscript")) outside.remove();
document.body.append(...page.body.children);
server.install();
// A browser on virtual time draws when it likes.
if (wanted.has("still")) globalThis.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 16);
