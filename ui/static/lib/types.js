// The wire's shapes as the page reads them; the words and units are those of PROTOCOL.md.
// Only types: this module has no code.

/** @import { Sections } from "./sections.js" */

/** @typedef {"Idle"|"Building"|"BuildFailed"|"Staged"|"Loaded"|"Activated"|"Swapping"|"Running"|"Retiring"} ReloadState */

/** @typedef {{ id: string, name: string, version: string }} PluginName */

/**
 * @typedef {object} Reloaded  The event `reloaded`; all times in ms.
 * @property {number} generation
 * @property {boolean} first
 * @property {PluginName} plugin
 * @property {number|null} detect_ms
 * @property {number|null} build_ms
 * @property {number|null} stage_ms
 * @property {number|null} load_ms
 * @property {number|null} swap_ms
 * @property {number|null} save_to_sound_ms
 * @property {number} lost_frames
 * @property {number} latency_frames
 * @property {{ carried: number, added: number, removed: number, clamped: number, added_names?: string[], removed_names?: string[] }} params
 * @property {"cross"|"out_in"} [fade]
 * @property {number} [warm_frames]
 * @property {Layout} [layout]
 * @property {Finding[]} [warnings] what was found on trial and may be meant so
 * @property {Advice[]} [advice] why the build was slow
 * @property {Isolation|null} [isolation]
 * @property {number} [t] seconds since the server's start
 */

/** @typedef {{ inputs: number, outputs: number, sidechain: number }} Layout  Channels. */

/** @typedef {{ device: string, rate: number, channels: number, format: string, period: number }} AudioEnd */

/** @typedef {{ policy: "real-time"|"host"|"normal", value: number|null, lacks: string[] }} Priority  Of the thread that calls the engine; lacks: what the system did not allow. */

/**
 * @typedef {object} AudioStarted  The event `audio_started`.
 * @property {string} host
 * @property {"duplex"|"output"|"input"} mode
 * @property {string} clock
 * @property {AudioEnd|null} input
 * @property {AudioEnd[]} [more] the microphones beside it
 * @property {AudioEnd|null} output
 * @property {number} engine_rate
 * @property {number} max_block
 * @property {number} latency_frames
 * @property {Priority|null} [priority] of a status; else it comes by its own event
 */

/**
 * @typedef {object} Diagnostic
 * @property {string|null} file
 * @property {number|null} line
 * @property {number|null} column
 * @property {string} level
 * @property {string|null} code
 * @property {string} message
 * @property {string|null} rendered
 */

/** @typedef {{ generation: number, exit: number|null, diagnostics: Diagnostic[], t?: number }} BuildFailed */
/** @typedef {{ generation: number, reason: string, message: string, keeps: number|null, file?: string|null, line?: number|null, stack?: StackFrame[], findings?: Finding[], t?: number }} ReloadFailed */
/** @typedef {{ generation: number, kind: string, message: string, file: string|null, line: number|null, action: string, stack?: StackFrame[], signal?: number|null, t?: number }} Fault */
/** @typedef {{ function: string, file: string|null, line: number|null }} StackFrame  One call; of a stack the innermost comes first. */
/** @typedef {{ signal: string|null, kind: string, message: string }} Finding  On trial, with what was played; signal null = not in a block. */
/** @typedef {{ what: string, message: string, costs_ms: number|null }} Advice */
/** @typedef {{ kind: string, call: string, function: string|null, file: string|null, line: number|null, stack: StackFrame[], n: number, per_second: number }} AuditFinding  One place of the plugin's. */
/** @typedef {{ mode: "process"|"in-process", pid: number|null, pinned: number|null, priority: number|null, lacks: string[] }} Isolation  pinned: the processor's core. */
/** @typedef {{ kind: string, message: string, n: number|null, t?: number }} GuardNote */
/** @typedef {{ event: string, generation: number, t?: number }} HistoryEvent  A `reloaded`, `restarted`, `reload_failed` or `build_failed`. */
/** @typedef {{ kind: string, input?: number|null, n: number, frame: number, t: number }} Xrun  A loss, at its first frame and time in seconds; input = of which microphone. */
/** @typedef {Record<"unsorted"|"out_of_block"|"malformed"|"replies_lost"|"events_lost"|"wrong_thread"|"probes_lost", number>} PluginFaults */
/** @typedef {{ end: "input"|"output", input?: number, state: "lost"|"retry"|"back", reason: string }} DeviceEvent  input: which microphone, 0 = the first. */

/**
 * @typedef {object} Counters  Everything that was lost or broken since the start; frames and events.
 * @property {number} frames
 * @property {number} callbacks
 * @property {number} underruns
 * @property {number} overruns
 * @property {number} late_callbacks
 * @property {number} lost_frames
 * @property {number} discarded_frames
 * @property {number} non_finite
 * @property {number} record_lost_frames
 * @property {number} guarded_blocks
 * @property {number} limited_samples
 * @property {number} [missed_blocks] blocks that the plugin did not deliver in time
 * @property {number} events_lost
 * @property {number} fill_frames
 * @property {number} target_frames
 */

/** @typedef {{ underruns: number, overruns: number, lost_frames: number, discarded_frames: number }} InputCounters  Of one microphone, at its own rate. */

/**
 * @typedef {object} LiveInput  A microphone: its strip, its clock against the engine's, its ring.
 * @property {number} input its number, 0 = the first; it keeps it
 * @property {number} source
 * @property {string} device
 * @property {"shared"|"locking"|"locked"|"at limit"} state
 * @property {number} ppm
 * @property {number} delay_error_ms
 * @property {number} fill_frames
 * @property {number} target_frames
 * @property {number} latency_frames to the speaker, without the plugin
 * @property {number} reseeds
 * @property {InputCounters} counters
 */

/** @typedef {{ id: string, name: string, host: string, default?: boolean }} Device  What can be opened, by its id. */
/** @typedef {{ input: Device[], output: Device[] }} DeviceList  The result of `devices`. */
/** @typedef {{ found: boolean, frames?: number, ms?: number, reported_frames?: number, reported_ms?: number, reason?: string, t: number, frame: number }} RoundTrip  The event `round_trip`; frame = the engine's clock then. */

/** @typedef {{ mean: number, p99: number, max: number }} Load  Fractions of the block's time budget. */

/**
 * @typedef {object} Status  The result of `status`.
 * @property {PluginName|null} plugin
 * @property {number} generation
 * @property {ReloadState} reload
 * @property {Reloaded|null} last_reload
 * @property {AudioStarted|null} audio
 * @property {BuildFailed|null} build
 * @property {Fault|null} fault
 * @property {ReloadFailed|null} refused
 * @property {DeviceEvent|null} device
 * @property {boolean} bypass
 * @property {boolean} mute
 * @property {boolean} muted_at_start
 * @property {LiveInput[]} [inputs] the first first
 * @property {RoundTrip|null} [round_trip] the last one
 * @property {boolean} [plugin_takes_notes]
 * @property {number|null} [bpm]
 * @property {HistoryEvent[]} [history] newest last
 * @property {Xrun[]} [xruns] newest last
 * @property {PluginFaults|null} [plugin_faults]
 * @property {Isolation|null} [isolation] null without a plugin
 * @property {AuditFinding[]} [audit]
 * @property {string | null} [audit_lack]
 * @property {Source[]} [sources] the live input first, then by number
 * @property {Bus[]} [buses]
 * @property {Take} [take]
 * @property {Advice[]} [advice] of the newest build that compiled something
 * @property {Counters} counters
 * @property {Load} load
 */

/**
 * @typedef {object} Source  What sounds beside the plugin, and where it stands; 0 = the live input.
 * @property {number} id
 * @property {SourceKind} kind
 * @property {string} name
 * @property {string} spec
 * @property {"filling"|"ready"|"starved"|"waiting"|"eof"|"failed"} state
 * @property {string|null} reason
 * @property {BusName} bus
 * @property {number|null} gain_db null = silence
 * @property {number} pan -1 to 1
 * @property {"balance"|"power"} law
 * @property {boolean} mute
 * @property {number} pitch
 * @property {{ from: number, to: number|null }|null} loop seconds
 * @property {boolean} paused
 * @property {number|null} channels
 * @property {number|null} seconds
 * @property {number|null} position seconds
 * @property {number|null} missed_frames
 * @property {Partial<Counters>|null} [counters] of a microphone beside the first
 */

/** @typedef {"mic"|"file"|"tone"|"sweep"|"noise"|"impulse"|"clicks"|"dc"|"silence"|"ebu"|"push"|"fifo"|"take"} SourceKind */
/** @typedef {"plugin-in"|"sidechain"|"dry"|"master"} BusName */
/** @typedef {{ bus: BusName, gain_db: number|null, mute: boolean, solo: boolean }} Bus  The sum of its strips. */
/** @typedef {{ from: number, to: number }} Span  Seconds of a file. */
/** @typedef {{ seconds: number, source: number, holes: number, lost_frames: number }|null} Looping  The take that is played over and over. */
/** @typedef {{ kept_seconds: number, max_seconds: number, holes: number, lost_frames: number, looping: Looping }} Take  What is kept of what the plugin heard. */
/** @typedef {{ from: number, to: number, channels: number, min: number[][], max: number[][], resolution: number }} WaveformReply  Extremes per channel and column; from, to in seconds. */

/**
 * @typedef {object} ParamInfo  One entry of the result of `params`; values are plain.
 * @property {number} id
 * @property {string|null} key
 * @property {string} name
 * @property {string} group
 * @property {number} value
 * @property {number} default
 * @property {number} min
 * @property {number} max
 * @property {number|null} step
 * @property {string|null} [unit]
 * @property {string|null} [taper]
 * @property {number|null} [skew]
 * @property {string[]|null} [choices]
 * @property {string} text
 * @property {string[]} flags
 */

/** @typedef {{ id: number, value: number, text: string, frame: number }} ParamEcho */
/** @typedef {{ key: number, velocity: number, on: boolean, channel: number }} Note  A MIDI key 0–127, velocity 0–1, channel 0–15. */
/** @typedef {{ name: string, modified: number|string|null }} Preset */

/** @typedef {{ key: string, name: string, unit: string|null, min: number, max: number, value: number|null }} PluginMeter */
/** @typedef {{ name: string, kind: "scalar"|"signal", value: number|null, min: number|null, max: number|null }} Probe */
/** @typedef {{ meters: PluginMeter[], probes: Probe[] }} Probed  The result of `probes`. */

/** @typedef {{ reload: ReloadState, generation: number, bypass: boolean, mute: boolean, faulted: boolean }} StateNote */
/** @typedef {{ level: string, message: string, t?: number }} LogNote */

/** @typedef {{ peak: number, meanSquare: number, clips: number }} ChannelRecord  Linear, since this client's last snapshot. */

/**
 * @typedef {object} Telemetry  One binary snapshot, decoded.
 * @property {boolean} running
 * @property {boolean} bypass
 * @property {boolean} mute
 * @property {boolean} faulted
 * @property {number} generation
 * @property {number} frame
 * @property {Load} load
 * @property {number} latencyFrames
 * @property {number} fillFrames
 * @property {number} targetFrames
 * @property {number} underruns
 * @property {number} overruns
 * @property {number} lostFrames
 * @property {number} discardedFrames
 * @property {number} nonFinite
 * @property {number} mergedFrames
 * @property {number} lostRecords
 * @property {ChannelRecord[]} input
 * @property {ChannelRecord[]} output
 * @property {Sections} sections  what this page subscribed to
 */

/** @typedef {"connecting"|"connected"|"reconnecting"|"refused"} ConnectionState */

export {};
