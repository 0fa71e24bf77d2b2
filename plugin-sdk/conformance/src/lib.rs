//! Checks that a CLAP library is what it says: every rule of clap-validator that our plugins can
//! be held to, and some that it does not have.
//!
//! A library is loaded as a host loads it and called as C calls it: a safe wrapper would keep the
//! very rules that are tested (one buffer at both ends, foreign namespaces, null for the
//! transport). Each check runs in a process of its own, whose first thread is the plugin's main
//! thread; blocks are processed on threads made for them. All numbers come from one seed, so a
//! failure comes again. Nothing of this crate ever goes into a plugin.
//!
//! `conform LIBRARY` runs every check on every plugin of a library; `tests/conformance.rs` runs
//! them on our examples, and on `tests/broken`, where each check is seen red.
//!
//! # What clap-validator tests, and what does so here
//!
//! | clap-validator | here |
//! |---|---|
//! | `scan-rtld-now` | `scan`; every check opens its library so |
//! | `scan-time` | not here: no test of ours asserts a duration |
//! | `query-nonexistent-factory` | the same |
//! | `create-id-with-trailing-garbage` | the same, and an id that is cut, and none |
//! | `preset-discovery-crawl`, `-descriptor-consistency`, `-load` | our plugins have no presets in their libraries; `preset-discovery-unclaimed` is red as soon as one does |
//! | `descriptor-consistency` | the same |
//! | `features-categories` | the same |
//! | `features-duplicates` | the same |
//! | `process-audio-basic-out-of-place` | the same |
//! | `process-audio-basic-in-place` | the same |
//! | `process-audio-double-out-of-place`, `-in-place` | our plugins take no 64-bit buffers; `layout-audio-ports` is red as soon as one does |
//! | `process-audio-denormals` | the same, but counted in the output and not timed |
//! | `process-sleep-constant-mask` | the same |
//! | `process-sleep-process-status` | the same |
//! | `process-note-out-of-place-basic` | `process-note-basic` |
//! | `process-note-inconsistent` | the same |
//! | `process-note-wildcard` | the same |
//! | `process-varying-sample-rates` | the same |
//! | `process-varying-block-sizes` | the same |
//! | `process-random-block-sizes` | the same |
//! | `process-reset-reactivate` | the same, and it must sound as it did at first |
//! | `layout-audio-ports-activation`, `layout-configurable-audio-ports` | our plugins do not have these extensions; `extensions-unclaimed` is red as soon as one does |
//! | `layout-audio-ports-config` | the same |
//! | `param-set-events` | the same, and by a flush while active |
//! | `param-set-no-cookies` | the same |
//! | `param-set-wrong-namespace` | the same |
//! | `param-fuzz-basic` | the same |
//! | `param-fuzz-bounds` | the same |
//! | `param-fuzz-sample-accurate` | the same, and at random frames |
//! | `param-fuzz-modulation` | the same |
//! | `param-conversions` | the same, and nonsense as text |
//! | `param-default-values` | the same |
//! | `state-invalid-empty` | the same, but refusing is a must and nothing may change |
//! | `state-invalid-random` | the same, but refusing is a must and nothing may change |
//! | `state-reproducibility-basic` | the same; its rule that a load announces new values is `state-rescan` |
//! | `state-reproducibility-binary` | the same |
//! | `state-reproducibility-buffered` | the same |
//! | `transport-null` | the same |
//! | `transport-fuzz` | the same |
//! | `transport-fuzz-sample-accurate` | the same |
//!
//! Every block of every check is looked at as clap-validator does: a status that exists, finite
//! samples, no denormals, an honest constant mask, events in order; and beyond it: input left
//! alone, every frame written, nothing written behind the end.
//!
//! # What is only here
//!
//! `entry-lifecycle`, `descriptor-fields`, `layout-audio-ports`, `layout-note-ports`,
//! `activation-cycles`, `reset-silence`, `latency-constant`, `tail-constant`, `param-infos`,
//! `param-set-unknown-id`, `param-set-no-number`, `process-audible`, `process-in-place-same-output`,
//! `process-splitting-invariance`, `process-no-allocation` (with glibc only: `malloc` is replaced
//! by symbol), `state-invalid-truncated`, `state-stream-full`, `state-after-flush`,
//! `state-after-process`, `state-sound`, `state-load-while-active`, `threads-host-calls`,
//! `threads-audio-thread-changes`, `threads-main-beside-audio`, `host-without-extensions`.
//!
//! A block of no frames is not tried: CLAP counts from 1.

mod audio;
mod case;
mod checks;
mod events;
mod host;
mod instance;
mod interpose;
mod judge;
mod library;
mod notes;
mod rng;
mod score;

pub use judge::{CHILD, Finding, Judge, check_names, plugin_ids, run_child};
