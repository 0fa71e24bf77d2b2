// What happens on the stage, and what can go wrong there: events as the server tells them.

export const PLUGIN = { id: "org.example.tape-drive", name: "Tape Drive", version: "1.2.0" };
export const RELOADED = {
  event: "reloaded", t: 61.2, generation: 3, first: false, plugin: PLUGIN, detect_ms: 0.3, build_ms: 158, stage_ms: 1.1, load_ms: 0.4, swap_ms: 4.9,
  save_to_sound_ms: 164.7, lost_frames: 0, latency_frames: 544, params: { carried: 7, added: 0, removed: 0, clamped: 0 },
  fade: "cross", warm_frames: 96000, layout: { inputs: 2, outputs: 2, sidechain: 0 },
};

/** @param {string} name @param {string|null} [file] @param {number|null} [line] */
const call = (name, file = null, line = null) => ({ function: name, file, line });
const OUTER = [call("tape_drive::TapeDrive::process", "src/lib.rs", 61), call("retake_sdk::clap::process", "/home/me/.cargo/registry/src/index-1949cf8c/retake-sdk-0.1.0/src/clap.rs", 340)];

const CRASH = {
  event: "fault", generation: 3, kind: "crash", t: 84.2, action: "standby", signal: 11, file: "src/delay.rs", line: 47,
  message: "the process ended by SIGSEGV at address 0x0000000000000018",
  stack: [call("__memmove_avx_unaligned_erms"), call("core::ptr::read", "/rustc/9b00956e/library/core/src/ptr/mod.rs", 1703), call("tape_drive::delay::Line::read", "src/delay.rs", 47), ...OUTER],
};
const REFUSED = {
  event: "reload_failed", generation: 4, reason: "refused", t: 91.7, keeps: 3, file: "src/filter.rs", line: 33, message: "the replay of the last 2.0 s is louder than +24 dBFS: +61.3 dBFS",
  findings: [
    { signal: "replay", kind: "peak", message: "+61.3 dBFS" }, { signal: "impulse", kind: "non_finite", message: "312 samples are not finite" },
    { signal: null, kind: "over_budget", message: "the longest block took 143 % of its time" },
  ],
};
const FINDINGS = [
  { kind: "allocation", call: "malloc", function: "tape_drive::delay::Line::grow", file: "src/delay.rs", line: 29, n: 18_240, per_second: 375, stack: [call("alloc::raw_vec::RawVec::grow_amortized", "/rustc/9b00956e/library/alloc/src/raw_vec.rs", 605), call("tape_drive::delay::Line::grow", "src/delay.rs", 29), ...OUTER] },
  { kind: "lock", call: "pthread_mutex_lock", function: "tape_drive::Shared::update", file: "src/shared.rs", line: 12, n: 52, per_second: 0.3, stack: [call("tape_drive::Shared::update", "src/shared.rs", 12), ...OUTER] },
  { kind: "file", call: "write", function: null, file: null, line: null, n: 1, per_second: 0, stack: [] },
];

/** @type {Record<string, any[]>} by the word of the address */
export const TROUBLES = {
  crash: [CRASH, { event: "promoted", generation: 2, instead_of: 3, t: 84.2 }],
  refused: [REFUSED],
  audit: [{ event: "audit", generation: 3, t: 70, findings: FINDINGS }],
  warned: [{
    ...RELOADED, generation: 3, t: 75, warnings: [{ signal: "full_scale", kind: "peak", message: "+30.1 dBFS" }],
    advice: [{ what: "linker", message: "ld links for 1.9 s: with mold or lld it takes 0.3 s", costs_ms: 1600 }, { what: "lto", message: "lto = true in [profile.dev] optimises across crates at every save", costs_ms: null }],
  }],
  howl: [{ event: "guard", kind: "limiter", message: "the output is held below −1 dBFS", n: 1480, t: 80 }, { event: "guard", kind: "howl", message: "the speaker feeds the microphone, at 2480 Hz: muted; turn it down or use headphones, then unmute", n: null, t: 80.4 }],
};
