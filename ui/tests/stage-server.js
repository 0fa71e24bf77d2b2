// The stage's server: a plugin with something of everything, and eight bars of made-up levels.

import { FakeServer, param } from "./fake.js";
import { signal, spectrum } from "./stage-sound.js";
import { inputsOf, installInputs, installSources, sourceSection, sourcesOf } from "./stage-sources.js";
import { PLUGIN, RELOADED } from "./stage-trouble.js";
import { section, snapshot } from "./snapshot.js";

const wanted = new URLSearchParams(location.search);
const end = { device: "Scarlett 2i2", rate: 48000, channels: 2, format: "f32", period: 128 };

const { inputs, strips, more } = inputsOf(wanted);
const refused = "real-time priority (Operation not permitted (os error 1)): add the line `@audio - rtprio 95` to /etc/security/limits.conf, yourself to the group `audio`, and log in anew";
const priority = wanted.has("ordinary") ? { policy: "normal", value: null, lacks: [refused] } : { policy: "host", value: null, lacks: [] };

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
/** More and longer than anyone has. */
const MANY = Array.from({ length: 500 }, (_, i) => knob(100 + i, i % 5 === 0 ? `<b onclick="x">${"Name ".repeat(100)}</b>` : `Band ${i}`, { group: `Group ${Math.floor(i / 10)}/Inner`, text: "50" }));

export const server = new FakeServer({
  params: wanted.has("empty") ? [] : wanted.has("many") ? MANY : PARAMS,
  presets: [{ name: "Warm glue", modified: 0 }, { name: "Broken radio", modified: 0 }, { name: "Tape stop", modified: 0 }],
  probes: { meters: [{ key: "gr", name: "Gain reduction", unit: "dB", min: 0, max: 24, value: 6.2 }], probes: [{ name: "envelope", kind: "scalar", value: 0.42, min: 0.01, max: 0.97 }] },
  status: {
    plugin: PLUGIN, generation: 3, last_reload: RELOADED, plugin_takes_notes: wanted.has("notes"),
    isolation: { mode: "process", pid: 48213, pinned: 1, priority: null, lacks: ["real-time priority: ulimit -r is 0"] },
    audio: { host: "JACK", mode: "duplex", clock: "real", input: end, more, output: end, engine_rate: 48000, max_block: 128, latency_frames: 512, priority },
    inputs,
    round_trip: wanted.has("noway") ? { found: false, reason: "no loop back from the speaker to the microphone: nothing like it was heard within 1 s", t: 61, frame: 0 } : null,
    xruns: inputs.slice(2).map(({ input }) => ({ kind: "underrun", input, n: 14, frame: 2_880_000, t: 60 })),
    counters: {
      frames: 2_937_600, callbacks: 22950, underruns: 0, overruns: 0, late_callbacks: 0, lost_frames: 0, discarded_frames: 1024,
      record_lost_frames: 0, non_finite: 0, guarded_blocks: 0, limited_samples: 0, missed_blocks: 0, events_lost: 0, fill_frames: 498, target_frames: 512,
    },
  },
});
installSources(server, [...sourcesOf(wanted), ...strips]);
installInputs(server);
/** @type {Record<string, any>} what the page asked for */
let views = {};
server.methods.subscribe = (asked) => (views = asked.views);

const started = performance.now();
const FRAMES = 800;

/** A beat with a chord on it, 0…1. @param {number} t s */
const beat = (t) => 0.32 + 0.68 * Math.exp(-5 * (t % 0.5)) * (Math.floor(t * 2) % 4 === 0 ? 1 : 0.7);

/** @param {number} level linear @param {number} t */
function channel(level, t) {
  const peak = level * beat(t);
  return { peak, meanSquare: (peak * 0.42) ** 2, clips: peak > 1 ? 2 : 0 };
}

server.snapshot = () => {
  const t = (performance.now() - started) / 1000;
  const out = -15.2 + 3 * Math.sin(t / 3) + Math.sin(t * 1.7);
  const sections = [
    section(1, [0.62, 0.55, 1.04, 0.91]),
    section(2, [out - 5.5 + 2 * beat(t), out - 5.8, -21.4, 5.2, -3.9], [out + 2 * beat(t), out, -15.3, 4.1, 0.3], [t]),
    stereo(t),
  ];
  if (views.spectrum) sections.push(section(4, views.spectrum.size ?? 2048, [48000], 512, ...spectrum(t)));
  if (views.scope) sections.push(scope(views.scope.frames ?? 1024, t));
  if (views.probes) sections.push(section(6, 1, 0, 512, signal(512, t, 0.3).map(Math.abs)));
  if (views.load) sections.push(section(7, [0.118], 0, 0, 32, ...Array.from({ length: 32 }, (_, i) => (i > 1 && i < 6 ? 90 - 20 * i : 0))));
  if (views.sources) sections.push(sourceSection(server.state.sources, t));
  const output = [channel(1.01, t), channel(0.88, t)];
  return snapshot({
    input: wanted.has("mono") ? [] : [channel(0.6, t), channel(0.52, t)], output: wanted.has("wide") ? [...output, ...output, ...output, ...output] : output, frames: FRAMES, frame: Math.round(t * 48000), sections, generation: 3,
    load: [0.061, 0.074, 0.118],
  });
};

/** @param {number} t */
function stereo(t) {
  const n = views.stereo?.points ?? 0;
  const [mid, side] = [signal(n, t, 0.5), signal(n, t + 7, 0.18)];
  const points = mid.flatMap((m, i) => [m + side[i], m - side[i]]);
  return section(3, [0.71 + 0.1 * Math.sin(t), -0.02], n, points, [0.58 + 0.2 * Math.sin(t * 1.3), 0.06 + 0.04 * Math.sin(t)], n, points);
}

/** @param {number} n frames @param {number} t */
function scope(n, t) {
  const input = signal(n, 3 + 0.02 * Math.sin(t), 0.6);
  return section(5, 1, 0, 0, n, Math.round(n / 4), input, input.map((x) => 0.8 * Math.tanh(2.4 * x)));
}

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
