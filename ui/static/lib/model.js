// What the page knows: the last word of the server on everything, folded from replies and
// notifications. Pure: no element, no socket, no clock.

/** @import { Advice, AudioStarted, AuditFinding, BuildFailed, Bus, ConnectionState, Counters, DeviceEvent, Fault, GuardNote, HistoryEvent, Isolation, LiveInput, LogNote, Note, ParamEcho, ParamInfo, PluginFaults, PluginName, Preset, Priority, Reloaded, ReloadFailed, ReloadState, RoundTrip, Source, StateNote, Status, Take, Telemetry, Xrun } from "./types.js" */

import { ms } from "./format.js";

const JOURNAL_LINES = 100;
/** Generations, and faults, that are kept; the server keeps as many. */
const KEPT = 20;
/** A line that is longer than anyone reads is cut, characters. */
const JOURNAL_LENGTH = 2000;

export class Model {
  constructor() {
    /** @type {ConnectionState} */
    this.connection = "connecting";
    /** @type {PluginName|null} */
    this.plugin = null;
    this.generation = 0;
    /** @type {ReloadState} */
    this.reload = "Idle";
    /** @type {Reloaded|null} */
    this.lastReload = null;
    /** @type {AudioStarted|null} */
    this.audio = null;
    /** How the thread is scheduled that calls the engine. @type {Priority|null} */
    this.priority = null;
    /** The microphones. @type {LiveInput[]} */
    this.inputs = [];
    /** The way from the speaker back to the microphone, as it was last measured. @type {RoundTrip|null} */
    this.roundTrip = null;
    /** @type {DeviceEvent|null} the end of the audio path that is missing */
    this.lostDevice = null;
    /** @type {BuildFailed|null} */
    this.build = null;
    /** @type {Fault|null} */
    this.fault = null;
    /** @type {ReloadFailed|null} */
    this.refused = null;
    /** @type {HistoryEvent[]} newest last */
    this.history = [];
    /** @type {Xrun[]} newest last */
    this.xruns = [];
    /** @type {Fault[]} since the page was opened, newest last */
    this.faults = [];
    /** @type {PluginFaults|null} */
    this.pluginFaults = null;
    /** Where the plugin runs. @type {Isolation|null} */
    this.isolation = null;
    /** What its process does that it must not. @type {AuditFinding[]} */
    this.audit = [];
    /** Why nothing of that is seen. @type {string | null} */
    this.auditLack = null;
    /** Why the newest build was slow. @type {Advice[]} */
    this.advice = [];
    /** What the output guard told last of what lasts: an offset, a howl. @type {Map<string, GuardNote>} by kind */
    this.guards = new Map();
    /** @type {{ load: number, frame: number }|null} the highest load since the page was opened */
    this.highest = null;
    this.bypass = false;
    this.mute = false;
    this.mutedAtStart = false;
    this.faulted = false;
    /** @type {Counters|null} */
    this.counters = null;
    /** @type {Telemetry|null} */
    this.telemetry = null;
    /** Meter records that this page missed since it was opened. */
    this.lostRecords = 0;
    /** @type {ParamInfo[]} */
    this.params = [];
    /** Whether the plugin takes notes. */
    this.takesNotes = false;
    /** @type {number|null} beats per minute, as the plugin is told */
    this.bpm = null;
    /** @type {Set<number>} notes that the plugin holds, as the server tells: 128 × channel + key */
    this.sounding = new Set();
    /** @type {Preset[]|null} null = not known, or a server without */
    this.presets = null;
    /** What sounds, the live input first. @type {Source[]} */
    this.sources = [];
    /** @type {Bus[]} */
    this.buses = [];
    /** @type {Take|null} null = not known, or a server without */
    this.take = null;
    /** @type {LogNote[]} newest last */
    this.journal = [];
    this.journalCount = 0;
  }

  /** @param {ConnectionState} state */
  connected(state) {
    this.connection = state;
    if (state !== "connected") this.telemetry = null;
    // Perhaps another server: its clock and its generations begin anew.
    this.highest = null;
    this.faults = [];
    this.guards.clear();
    this.sounding.clear();
  }

  /** @param {Status} status */
  status(status) {
    this.plugin = status.plugin;
    this.generation = status.generation;
    this.reload = status.reload;
    this.lastReload = status.last_reload;
    this.audio = status.audio;
    this.priority = status.audio?.priority ?? null;
    this.inputs = status.inputs ?? [];
    this.roundTrip = status.round_trip ?? null;
    this.build = status.build;
    this.fault = status.fault;
    this.refused = status.refused;
    this.lostDevice = status.device;
    this.bypass = status.bypass;
    this.mute = status.mute;
    this.mutedAtStart = status.muted_at_start;
    this.faulted = status.fault !== null && status.fault.action !== "standby";
    this.counters = status.counters;
    this.history = status.history ?? [];
    this.xruns = status.xruns ?? [];
    this.pluginFaults = status.plugin_faults ?? null;
    this.isolation = status.isolation ?? null;
    this.audit = status.audit ?? [];
    this.auditLack = status.audit_lack ?? null;
    this.advice = status.advice ?? [];
    if (!status.mute) this.guards.delete("howl");
    if (status.fault) this.blame(status.fault);
    this.takesNotes = status.plugin_takes_notes ?? false;
    this.bpm = status.bpm ?? null;
    this.sources = status.sources ?? [];
    this.buses = status.buses ?? [];
    this.take = status.take ?? null;
  }

  /** A source that is new, or another than it was; trouble is told once. @param {Source} source @param {number} [t] s */
  source(source, t) {
    const others = this.sources.filter(({ id }) => id !== source.id);
    const before = this.sources.find(({ id }) => id === source.id);
    this.sources = [...others, { ...before, ...source }].sort((a, b) => a.id - b.id);
    const { id, name, state, reason } = source;
    if (state === before?.state || (state !== "failed" && state !== "starved")) return;
    this.log({ level: state === "failed" ? "error" : "warning", message: `source ${id}, ${name}, ${state}${reason ? `: ${reason}` : ""}`, t });
  }

  /** @param {Bus} bus */
  bus(bus) {
    this.buses = this.buses.map((before) => (before.bus === bus.bus ? bus : before));
  }

  /** @param {Telemetry} snapshot */
  snapshot(snapshot) {
    this.telemetry = snapshot;
    this.lostRecords += snapshot.lostRecords;
    const { load: { max }, frame } = snapshot;
    if (max > (this.highest?.load ?? 0)) this.highest = { load: max, frame };
  }

  /** The telemetry counts losses that the last status did not have. */
  hasNewLosses() {
    const { telemetry: t, counters: c } = this;
    return t !== null && c !== null && t.underruns + t.overruns + t.lostFrames > c.underruns + c.overruns + c.lost_frames;
  }

  /** Whether a `source` or `source_removed` tells of a microphone that came, changed its device or went: its figures are in the status only. @param {any} event */
  hasOtherInputs({ event, id, kind, name }) {
    const known = this.inputs.some(({ source }) => source === id);
    if (event === "source_removed") return known;
    return event === "source" && kind === "mic" && (!known || this.sources.find((source) => source.id === id)?.name !== name);
  }

  /** A fault, told by its event or by a status. @param {Fault} fault */
  blame(fault) {
    if (this.faults.some(({ generation, t, message }) => generation === fault.generation && t === fault.t && message === fault.message)) return;
    this.faults = [...this.faults, fault].slice(-KEPT);
  }

  /** @param {StateNote} state */
  state(state) {
    this.reload = state.reload;
    this.generation = state.generation;
    this.bypass = state.bypass;
    this.mute = state.mute;
    this.faulted = state.faulted;
    // Where another generation took over, what happened to the first is still to be told.
    if (!state.faulted && this.fault?.action !== "standby") this.fault = null;
    if (!state.mute) this.guards.delete("howl");
  }

  /** @param {ParamEcho} echo */
  param(echo) {
    const param = this.params.find(({ id }) => id === echo.id);
    if (!param) return;
    param.value = echo.value;
    param.text = echo.text;
  }

  /** A note that the plugin sent. @param {Note} note */
  note({ key, channel, on }) {
    if (on) this.sounding.add(128 * channel + key);
    else this.sounding.delete(128 * channel + key);
  }

  /** @param {LogNote} line */
  log(line) {
    const message = String(line.message ?? "");
    this.journal.push(message.length > JOURNAL_LENGTH ? { ...line, message: `${message.slice(0, JOURNAL_LENGTH)}…` } : line);
    this.journalCount += 1;
    if (this.journal.length > JOURNAL_LINES) this.journal.shift();
  }

  /** One of the JSON events. @param {any} event */
  event(event) {
    const { fold, line } = EVENTS[event.event] ?? {};
    fold?.(this, event);
    if (HISTORIC.includes(event.event)) this.history = [...this.history, event].slice(-KEPT);
    const said = line?.(event);
    if (said) this.log({ ...said, t: event.t });
  }

  /** How the page should be marked from afar: what failed, or null. */
  trouble() {
    if (this.connection === "refused") return "not authorised";
    if (this.connection !== "connected") return "disconnected";
    if (this.fault) return this.fault.kind;
    if (this.build) return "build failed";
    if (this.refused) return "reload refused";
    return this.lostDevice ? `${this.lostDevice.end} lost` : null;
  }
}

/** What the generations' history is made of. */
const HISTORIC = ["reloaded", "restarted", "promoted", "reload_failed", "build_failed"];

/**
 * What each event changes and how the journal tells it.
 * @type {Record<string, { fold?: (model: Model, event: any) => void, line?: (event: any) => LogNote|null }>}
 */
const EVENTS = {
  audio_started: {
    fold: (model, event) => {
      model.audio = event;
      model.lostDevice = null;
    },
    line: (event) => ({ level: "info", message: `audio started: ${event.host}, ${event.engine_rate} Hz` }),
  },
  priority: {
    fold: (model, { priority }) => (model.priority = priority),
    line: ({ priority }) => (priority?.lacks.length > 0 ? { level: "warning", message: `the audio thread lacks ${priority.lacks.join("; ")}` } : null),
  },
  build_started: {
    line: (event) => ({ level: "info", message: `building generation ${event.generation}${changed(event.files ?? [])}` }),
  },
  build_failed: {
    fold: (model, event) => {
      model.build = event;
      // Its own notification follows; until then nothing is building any more either.
      model.reload = "BuildFailed";
    },
    line: (event) => ({ level: "error", message: `generation ${event.generation}: build failed` }),
  },
  build_cancelled: {
    line: (event) => ({ level: "info", message: `generation ${event.generation}: a newer save took over` }),
  },
  reloaded: {
    fold: reloaded,
    line: (event) => ({
      level: "info",
      message: `generation ${event.generation} sounds, ${ms(event.save_to_sound_ms)} after ${event.first ? "the start" : "the save"}`,
    }),
  },
  restarted: {
    fold: (model) => model.sounding.clear(),
    line: (event) => ({ level: "info", message: `generation ${event.generation} restarted at its own wish` }),
  },
  reload_failed: {
    fold: (model, event) => {
      model.refused = event;
      model.build = null;
    },
    line: (event) => ({ level: "error", message: `generation ${event.generation} refused: ${event.message}` }),
  },
  fault: {
    fold: (model, event) => {
      model.fault = event;
      model.faulted = event.action !== "standby";
      model.blame(event);
    },
    line: (event) => ({ level: "error", message: `${event.kind} in generation ${event.generation}: ${event.message}` }),
  },
  promoted: {
    fold: promoted,
    line: (event) => ({ level: "warning", message: `generation ${event.generation} plays on instead of generation ${event.instead_of}` }),
  },
  audit: {
    fold: (model, event) => {
      if (event.generation === model.generation) model.audit = event.findings;
    },
    line: (event) => ({ level: "warning", message: `generation ${event.generation}: ${audited(event.findings)}` }),
  },
  guard: {
    fold: (model, event) => {
      if (LASTING.includes(event.kind)) model.guards.set(event.kind, event);
    },
    line: ({ kind, message, n }) => ({ level: "warning", message: `guard, ${kind.replaceAll("_", " ")}: ${message}${n ? ` (${n})` : ""}` }),
  },
  device: {
    fold: (model, event) => (model.lostDevice = event.state === "back" ? null : event),
    line: (event) => ({
      level: event.state === "back" ? "info" : "warning",
      message: `${event.end} ${event.state}${event.reason ? `: ${event.reason}` : ""}`,
    }),
  },
  source: {
    fold: (model, event) => model.source(event, event.t),
  },
  source_removed: {
    fold: (model, { id }) => (model.sources = model.sources.filter((source) => source.id !== id)),
  },
  bus: { fold: (model, event) => model.bus(event) },
  round_trip: {
    fold: (model, event) => (model.roundTrip = event),
    line: ({ found, ms: length, reason }) => ({ level: found ? "info" : "warning", message: found ? `speaker to microphone: ${ms(length)} measured` : reason }),
  },
  take: {
    fold: (model, event) => (model.take = event),
    line: ({ looping }) => ({ level: "info", message: looping ? `looping the last ${looping.seconds.toFixed(2)} s` : "the take's loop has ended" }),
  },
  stopped: {
    line: (event) => ({ level: "info", message: `stopped: ${event.reason}` }),
  },
};

/** @param {string[]} files paths, as the server has them */
function changed([first, ...others]) {
  if (first === undefined) return "";
  const name = first.split(/[\\/]/).pop();
  return `: ${name}${others.length > 0 ? ` and ${others.length} more` : ""} changed`;
}

/** What the guard tells once and what goes on until somebody acts; the rest is counted. */
const LASTING = ["dc", "howl"];

/** @param {AuditFinding[]} findings */
function audited(findings) {
  const calls = [...new Set(findings.map(({ call }) => call))].join(", ");
  return `process calls ${calls} on the audio thread, at ${findings.length} ${findings.length === 1 ? "place" : "places"}`;
}

/** The standby plays on: nothing of the other is true any more but its fault. @param {Model} model @param {{ generation: number }} event */
function promoted(model, event) {
  model.generation = event.generation;
  model.faulted = false;
  model.audit = [];
  model.isolation = null;
  model.sounding.clear();
}

/** New code sounds: what was wrong with the old is history. @param {Model} model @param {Reloaded} event */
function reloaded(model, event) {
  model.lastReload = event;
  model.plugin = event.plugin;
  model.generation = event.generation;
  model.build = null;
  model.refused = null;
  model.fault = null;
  model.faulted = false;
  model.audit = [];
  model.isolation = event.isolation ?? null;
  model.advice = event.advice ?? [];
  model.guards.delete("dc");
  model.sounding.clear();
}
