// Sources of a server that is not there: strips, buses, pictures and a take, as PROTOCOL.md has them.

/** @import { FakeServer } from "./fake.js" */

/** @param {Record<string, any>} more @returns {any} */
export const source = (more) => ({
  spec: "", kind: "tone", name: "997 Hz", state: "ready", reason: null, bus: "plugin-in", channels: 1, seconds: null, position: null,
  missed_frames: 0, gain_db: 0, pan: 0, law: "balance", pitch: 1, loop: null, paused: false, mute: false, ...more,
});

const MIC = source({ id: 0, spec: "mic", kind: "mic", name: "Scarlett 2i2", channels: 2 });
const LOOP = source({ id: 1, kind: "file", name: "break 120.flac", channels: 2, seconds: 24, position: 9.4, loop: { from: 8, to: 16 }, gain_db: -3 });

/** Sources for the stage's words. @param {URLSearchParams} wanted */
export function sourcesOf(wanted) {
  const n = Number(wanted.get("sources") ?? 5);
  const all = [
    MIC, LOOP,
    source({ id: 2, kind: "tone", name: "997 Hz", gain_db: -20, pan: -0.3, paused: true }),
    source({ id: 3, kind: "noise", name: "Pink noise", gain_db: -30, bus: "sidechain", missed_frames: 512 }),
    source({ id: 4, kind: "file", name: `${"<b onclick=x>ü</b>".repeat(15)}.wav`.slice(-255), state: "failed", reason: "no sound file: neither a header of WAV, AIFF, FLAC, Ogg or MP4 nor a frame of MP3 in its first 64 KiB" }),
    source({ id: 5, kind: "push", name: "script", state: "waiting", mute: true, gain_db: null }),
    source({ id: 6, kind: "file", name: "vocal.wav", seconds: 201.5, position: 3, state: "starved", missed_frames: 48_000, bus: "dry" }),
  ];
  for (let id = all.length; id < n; id++) all.push(source({ ...(id % 2 ? LOOP : all[3]), id, name: `Source ${id}` }));
  return all.slice(0, n);
}

/** @param {string} device @param {string} state @param {number} ppm @param {number} error ms @param {number} [reseeds] @returns {any} */
const clock = (device, state, ppm, error, reseeds = 0) => ({ device, state, ppm, delay_error_ms: error, fill_frames: 498, target_frames: 512, latency_frames: 1024, reseeds });
const CLOCKS = [
  clock("Scarlett 2i2", "locked", 100.04, -0.0031), clock("USB microphone at the far end of the room", "locking", -212.7, 1.832),
  clock("virtual:period=512,file=/tmp/some where/right.wav", "at limit", 6200, 12.5, 14),
];

const QUIET = { underruns: 0, overruns: 0, lost_frames: 0, discarded_frames: 96 };
const LOSSY = { ...QUIET, overruns: 1, underruns: 14, lost_frames: 6720 };
const FIRST_STRIP = 100;

/** What can be opened, by hosts. @type {any[]} */
export const DEVICES = [
  { id: "hw:1", name: "Scarlett 2i2", host: "ALSA", default: true }, { id: "hw:2,0", name: "USB microphone at the far end of the room", host: "ALSA", default: false },
  { id: "virtual", name: "virtual[:key=value,…]", host: "virtual", default: true },
];

/** The microphones; each beside the first has a strip with counters. @param {URLSearchParams} wanted @returns {{ inputs: any[], strips: any[], more: any[] }} */
export function inputsOf(wanted) {
  const clocks = CLOCKS.slice(0, Number(wanted.get("inputs") ?? 1));
  const inputs = clocks.map((clock, i) => ({ ...clock, input: i, source: i === 0 ? 0 : FIRST_STRIP + i - 1, counters: i === 2 ? LOSSY : QUIET }));
  const more = inputs.slice(1).map(({ device }) => ({ device, rate: 44_100, channels: 1, format: "i16", period: 441 }));
  const strips = inputs.slice(1).map(({ device, source: id, counters }) => source({ id, kind: "mic", name: device, counters: { ...counters, fill_frames: 498, target_frames: 512 } }));
  return { inputs, strips, more };
}

/** The methods of microphones: they come, change and go as the server says. @param {FakeServer} server */
export function installInputs(server) {
  const { add_source, remove_source } = server.methods;
  const { state } = server;
  let number = state.inputs.length;
  Object.assign(server.methods, {
    devices: () => ({ input: DEVICES, output: [] }),
    add_source: (/** @type {any} */ asked) => {
      const [, id] = /(?:^|,)mic:(.*)$/.exec(asked.spec) ?? [];
      if (id === undefined) return add_source(asked);
      const device = DEVICES.find((one) => one.id === id);
      if (!device || state.inputs.some((/** @type {any} */ one) => one.device === device.name)) return { refusal: { code: -32001, message: `${id}: in use by this session already` } };
      const made = add_source({ spec: "noise:pink" });
      Object.assign(made, { kind: "mic", name: device.name, spec: asked.spec, counters: { ...QUIET, fill_frames: 0, target_frames: 512 } });
      state.inputs = [...state.inputs, { ...clock(device.name, "locking", 0, 0), input: number++, source: made.id, counters: QUIET }];
      server.notify("event", { event: "source", t: 1, ...made });
      return made;
    },
    remove_source: (/** @type {any} */ asked) => {
      state.inputs = state.inputs.filter((/** @type {any} */ one) => one.source !== asked.id);
      return remove_source(asked);
    },
    set_input: (/** @type {any} */ { id, device }) => {
      const found = DEVICES.find((one) => one.id === device);
      const name = found?.name ?? device;
      if (name.startsWith("virtual")) return { refusal: { code: -32001, message: "virtual: it shares no clock with JACK" } };
      state.inputs = state.inputs.map((/** @type {any} */ one) => (one.source === id ? { ...one, device: name } : one));
      const strip = state.sources.find((/** @type {any} */ one) => one.id === id);
      Object.assign(strip, { name });
      server.notify("event", { event: "source", t: 1, ...strip });
      return { ...strip };
    },
    measure_latency: () => {
      const trip = { found: true, frames: 1534.5, ms: 31.97, reported_frames: 512, reported_ms: 10.67 };
      state.round_trip = { event: "round_trip", t: 61, frame: 0, ...trip };
      server.notify("event", state.round_trip);
      return trip;
    },
  });
}

/** The methods of the mixer. @param {FakeServer} server @param {any[]} sources */
export function installSources(server, sources) {
  Object.assign(server.state, {
    sources, buses: ["plugin-in", "sidechain", "dry", "master"].map((bus) => ({ bus, gain_db: bus === "dry" ? -12 : 0, mute: false, solo: bus === "dry" })),
    take: { kept_seconds: 60, max_seconds: 60, holes: 0, lost_frames: 0, looping: null },
  });
  let next = 1 + Math.max(0, ...sources.map(({ id }) => id));
  /** @param {number} id @param {object} change */
  const change = (id, change) => {
    const found = server.state.sources.find((/** @type {any} */ one) => one.id === id);
    if (!found) return { refusal: { code: -32602, message: `no source ${id}` } };
    Object.assign(found, change);
    server.notify("event", { event: "source", t: 1, ...found });
    return { ...found };
  };
  /** @param {object} more */
  const add = (more) => {
    const made = source({ id: next++, ...more });
    server.state.sources.push(made);
    server.notify("event", { event: "source", t: 1, ...made });
    return made;
  };
  /** @param {object|null} looping */
  const tell = (looping) => {
    server.state.take = { kept_seconds: 60, max_seconds: 60, holes: 0, lost_frames: 0, looping };
    server.notify("event", { event: "take", t: 1, ...server.state.take });
  };
  Object.assign(server.methods, {
    add_source: (/** @type {any} */ { spec }) => (/^tone:x/.test(spec) ? { refusal: { code: -32602, message: "tone: \"x\" is not a number from 0.01 to 384000" } } : add({ spec, name: spec.split(",")[0], kind: spec.split(/[:,]/)[0] })),
    set_source: (/** @type {any} */ { id, ...more }) => (more.pitch && id === 2 ? { refusal: { code: -32602, message: "a tone has no pitch" } } : change(id, more)),
    pause_source: (/** @type {any} */ { id, on }) => change(id, { paused: on }),
    seek_source: (/** @type {any} */ { id, seconds }) => change(id, { position: seconds }),
    remove_source: (/** @type {any} */ { id }) => {
      server.state.sources = server.state.sources.filter((/** @type {any} */ one) => one.id !== id);
      server.notify("event", { event: "source_removed", id });
      return {};
    },
    set_bus: (/** @type {any} */ { bus, ...more }) => {
      const found = server.state.buses.find((/** @type {any} */ one) => one.bus === bus);
      Object.assign(found, more);
      server.notify("event", { event: "bus", ...found });
      return { ...found };
    },
    waveform: picture,
    take_loop: (/** @type {any} */ { seconds }) => {
      const made = add({ kind: "take", name: `take, ${seconds} s`, spec: `take:${seconds}`, seconds, loop: { from: 0, to: seconds }, channels: 2 });
      tell({ seconds, source: made.id, holes: 1, lost_frames: 512 });
      return made;
    },
    take_stop: () => {
      const { looping } = server.state.take;
      tell(null);
      return looping ? server.methods.remove_source({ id: looping.source }) : { refusal: { code: -32001, message: "no take is looping" } };
    },
  });
}

/** A beat in eighths, louder on the bar. @param {any} wish */
function picture({ id, from, to, n }) {
  /** @param {number} t @param {number} channel */
  const level = (t, channel) => Math.min(1, (0.12 + 0.8 * Math.exp(-7 * (t % 0.5)) * (Math.floor(t * 2) % 4 === 0 ? 1 : 0.6) + 0.3 * Math.exp(-20 * (t % 0.25))) * (channel ? 0.8 : 0.95) * (0.85 + 0.15 * Math.sin(t * 977 + id)));
  const channels = id % 3 === 0 ? 1 : 2;
  const lanes = Array.from({ length: channels }, (_, c) => Array.from({ length: n }, (_, i) => level(from + ((to - from) * i) / n, c)));
  return { from, to, channels, resolution: 1 / 200, min: lanes.map((lane) => lane.map((x) => -x)), max: lanes };
}

/** The telemetry's section. @param {any[]} sources @param {number} t s */
export function sourceSection(sources, t) {
  const view = new DataView(new ArrayBuffer(8 + 16 * sources.length));
  view.setUint16(0, 8, true);
  view.setUint32(4, 16 * sources.length, true);
  sources.forEach(({ id, loop, seconds, paused, state, gain_db: gain }, i) => {
    const length = loop ? loop.to - loop.from : seconds ?? 0;
    const at = length > 0 ? (loop?.from ?? 0) + (t % length) : NaN;
    const sounds = !paused && state === "ready" && gain !== null;
    view.setUint32(8 + 16 * i, id, true);
    view.setFloat64(12 + 16 * i, at, true);
    view.setFloat32(20 + 16 * i, sounds ? (0.2 + 0.6 * Math.exp(-5 * ((t + id / 7) % 0.5))) * 10 ** (gain / 20) : 0, true);
  });
  return view.buffer;
}
