//! The hostile set in a running session: an edit and a save bring each wrong into the signal.
//!
//! All generations pass their input on unchanged, so the recording is the input, frame by frame,
//! whichever of them sounds; what is not is a gap and must be accounted for.
//!
//! In process a segfault, an abort, `exit()`, an overflowing stack, an endless loop and a closed
//! descriptor take the server with them: those are asserted with `--isolation process` alone.

use std::ops::Range;

use serde_json::{Value, json};

use crate::{
    crates::Crate,
    deeds::{self, CONDITION, Place},
    line::Line,
    reload::{Booth, pause, wait_for_sound},
    server::{Ended, Server},
    take::{FADE_FRAMES, Take},
    wav::Wav,
};

/// Frames of a device's period: half of it, 5 ms, is the patience with a plugin's process.
pub(crate) const PERIOD: usize = 512;
/// The difference at a joint decays over 5 ms.
const SEAM: usize = 240;
/// −1 dBFS, and what rounding adds.
const CEILING: f32 = 0.891_251 + 1e-6;

/// A session with a plugin that was edited several times.
pub(crate) struct Session {
    plugin: Crate,
    booth: Booth,
    pub(crate) server: Server,
    listening: Value,
    /// Number of the newest source; the first is 1.
    pub(crate) number: u32,
}

impl Session {
    pub(crate) fn start(name: &str, isolation: &str, more: &[&str]) -> Self {
        let (plugin, booth) = (Crate::new("hostile"), Booth::new(&format!("{name}-{isolation}")));
        plugin.save("src/lib.rs", &deeds::good(1));
        let (record, period) = (booth.file("record"), PERIOD.to_string());
        let mut words = vec!["--isolation", isolation, "--period", &period];
        words.extend(["--record", record.to_str().unwrap()]);
        words.extend(more);
        let mut server = booth.start(&plugin, &words);
        let listening = server.wait("listening");
        wait_for_sound(&mut server);
        pause(&mut server, 100);
        Self { plugin, booth, server, listening, number: 1 }
    }

    /// One call on a line of its own: one that is silent for seconds is closed.
    fn call(&self, method: &str, params: &Value) -> Value {
        Line::open(&self.listening).call(method, params)
    }

    /// Saves a source with a new number.
    pub(crate) fn save(&mut self, place: Place, deed: &str) {
        self.number += 1;
        self.plugin.save("src/lib.rs", &deeds::source(place, deed, self.number));
    }

    /// Saves a source that does its deed in every block.
    pub(crate) fn save_always(&mut self, deed: &str) {
        self.number += 1;
        let always = format!("{{ {deed}; false }}");
        let source = deeds::good(self.number).replace(CONDITION, &always);
        self.plugin.save("src/lib.rs", &source);
    }

    /// Saves a source and waits until it is heard.
    pub(crate) fn hear(&mut self, place: Place, deed: &str) -> Value {
        self.save(place, deed);
        let reloaded = self.server.wait("reloaded");
        pause(&mut self.server, 150);
        reloaded
    }

    /// A source that does nothing wrong, heard.
    pub(crate) fn mend(&mut self) -> Value {
        self.hear(Place::Process, "")
    }

    /// What sounds does its deed; the frame from which on it may.
    pub(crate) fn light(&mut self) -> usize {
        let before = self.call("status", &json!({}))["counters"]["frames"].clone();
        self.call("set_param", &json!({"id": "fuse", "value": self.number}));
        before.as_u64().unwrap() as usize
    }

    /// What does wrong while it sounds: the fault of this kind is told, the standby takes over.
    fn set_off(&mut self, deed: &str, kind: &str) -> Value {
        let before = self.mend()["generation"].clone();
        let broken = self.hear(Place::Process, deed)["generation"].clone();
        self.light();
        let fault = self.server.wait("fault");
        println!("{deed}: {fault}");
        assert_eq!((&fault["generation"], &fault["kind"]), (&broken, &json!(kind)));
        assert_eq!(fault["action"], "standby");
        assert!(!fault["message"].as_str().unwrap().is_empty());
        let promoted = self.server.wait("promoted");
        assert_eq!((&promoted["generation"], &promoted["instead_of"]), (&before, &broken));
        pause(&mut self.server, 150);
        let status = self.call("status", &json!({}));
        assert_eq!((&status["generation"], &status["fault"]), (&before, &fault));
        fault
    }

    /// Recalls a preset; where the fuse stands a moment later.
    fn recall(&mut self, name: &str) -> Value {
        self.call("recall_preset", &json!({ "name": name }));
        pause(&mut self.server, 500);
        self.call("params", &json!({}))[0]["value"].take()
    }

    /// What does wrong before it may sound is refused.
    pub(crate) fn refused(&mut self, place: Place, deed: &str) -> Value {
        let keeps = self.call("status", &json!({}))["generation"].clone();
        self.save(place, deed);
        let refused = self.server.wait("reload_failed");
        println!("{place:?} {deed}: {refused}");
        assert_eq!(refused["keeps"], keeps, "{refused}");
        assert!(!refused["message"].as_str().unwrap().is_empty());
        refused
    }

    /// A source that does nothing wrong takes over; the frame from which on nothing else is heard.
    pub(crate) fn heard_until(&mut self) -> usize {
        let sounds = self.mend()["frame"].as_u64().unwrap() as usize;
        sounds + FADE_FRAMES + 2 * PERIOD
    }

    pub(crate) fn end(self) -> Heard {
        let ended = self.server.stop().succeeded();
        println!("{}", ended.stderr);
        let stopped = ended.event("stopped").clone();
        for counter in ["lost_frames", "overruns"] {
            assert_eq!(stopped[counter], 0, "{stopped}");
        }
        let recorded = Wav::read(&self.booth.file("record"));
        Heard { booth: self.booth, recorded, ended, stopped }
    }
}

/// What a session left.
pub(crate) struct Heard {
    pub(crate) booth: Booth,
    recorded: Wav,
    ended: Ended,
    stopped: Value,
}

impl Heard {
    fn count(&self, is_one: impl Fn(&Value) -> bool) -> usize {
        self.ended.events.iter().filter(|event| is_one(event)).count()
    }

    fn n_faults(&self) -> usize {
        self.count(|event| event["event"] == "fault")
    }

    /// What the speaker got is finite and not above −1 dBFS.
    pub(crate) fn assert_limited(&self) {
        let out = self.booth.out();
        let peak = out.channels.iter().flatten().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        println!("peak {peak} of {} frames", out.frames());
        assert!(out.channels.iter().flatten().all(|x| x.is_finite()));
        assert!(peak <= CEILING, "{peak}");
    }

    /// Frames of silence in each stretch that is not the input.
    fn silent_frames(&self) -> Vec<usize> {
        let take = Take::new(&self.booth.input, &self.recorded, 0, 1.0);
        let gaps = take.gaps(take.first() + PERIOD, self.recorded.frames());
        gaps.iter().map(|gap| take.silent(gap)).collect()
    }

    /// Every frame of the recording is the input, but for blocks that the plugin's process missed,
    /// each counted, the seams that join them and a
    /// standby, and fades of which one began when the other was over.
    pub(crate) fn assert_whole(&self) {
        self.assert_whole_but(&[]);
    }

    /// As [`Heard::assert_whole`], but for these frames.
    pub(crate) fn assert_whole_but(&self, loud: &[Range<usize>]) {
        let missed = self.stopped["missed_blocks"].as_u64().unwrap();
        for channel in 0..2 {
            let take = Take::new(&self.booth.input, &self.recorded, channel, 1.0);
            let (from, to) = (take.first() + PERIOD, self.recorded.frames());
            let mut quiet = vec![from];
            quiet.extend(loud.iter().flat_map(|range| [range.start, range.end]));
            quiet.push(to);
            let quiet = || quiet.chunks(2).map(|ends| (ends[0], ends[1]));
            let gaps: Vec<_> = quiet().flat_map(|(from, to)| take.gaps(from, to)).collect();
            let other: usize = gaps.iter().map(ExactSizeIterator::len).sum();
            let silent: usize = gaps.iter().map(|gap| take.silent(gap)).sum();
            let steps = quiet().map(|(from, to)| take.steps(from, to));
            let (step, own) = steps.fold((0.0, 0.0), |a, b| (b.0.max(a.0), b.1.max(a.1)));
            println!(
                "channel {channel}: {missed} blocks missed; {other} of {} frames are not the \
                 input, {silent} silent: {gaps:?}; largest step {step}, of the input {own}",
                to - from
            );
            // One after the other, where both at once would have been too much: 5 ms each.
            let n_joints = self.count(|event| event["event"] == "promoted")
                + self.count(|event| event["fade"] == "out_in");
            let allowed = missed as usize * (PERIOD + 2 * SEAM) + n_joints * 2 * SEAM;
            assert!(other <= allowed, "{other} frames, {allowed} are explained");
            assert!(step <= own + 2.0 / SEAM as f32, "a step of {step}");
        }
    }
}

/// Refused, wherever it panics before it may sound; told of with its place.
fn panics_before(session: &mut Session) {
    for place in [Place::New, Place::Activate] {
        let refused = session.refused(place, deeds::PANIC);
        assert_eq!(refused["reason"], "panic", "{refused}");
        assert!(refused["file"].as_str().unwrap().ends_with("src/lib.rs"), "{refused}");
        assert_eq!(refused["line"], deeds::line_of(place, deeds::PANIC));
    }
    // A state that it does not take is not its end: the next build goes without it.
    assert_eq!(session.refused(Place::Load, deeds::PANIC)["reason"], "state");
}

/// Panics while it sounds, before and after.
fn panics(isolation: &str) {
    let mut session = Session::start("panics", isolation, &[]);
    let fault = session.set_off(deeds::PANIC, "panic");
    assert_eq!((&fault["message"], &fault["signal"]), (&json!("boom"), &Value::Null));
    assert!(fault["file"].as_str().unwrap().ends_with("src/lib.rs"), "{fault}");
    assert_eq!(fault["line"], deeds::line_of(Place::Process, deeds::PANIC));
    panics_before(&mut session);
    // It sounds, stands by, and panics on its way out, which nobody hears.
    session.hear(Place::Drop, deeds::PANIC);
    session.mend();
    session.mend();
    let heard = session.end();
    let said = |words: &str| assert!(heard.ended.stderr.contains(words), "{words}");
    said("on its way out");
    said(&format!("src/lib.rs:{}:", deeds::line_of(Place::Load, deeds::PANIC)));
    assert_eq!(heard.n_faults(), 1);
    heard.assert_whole();
}

#[test]
fn a_panic_anywhere_is_survived_in_process() {
    panics("in-process");
}

#[test]
fn a_panic_anywhere_is_survived_in_a_process_of_its_own() {
    panics("process");
}

/// What is not nice but no crash: heard, unheard and gone again.
fn nuisances(isolation: &str) {
    let mut session = Session::start("nuisances", isolation, &[]);
    for deed in [deeds::THREAD, deeds::LEAKS] {
        for place in [Place::New, Place::Activate, Place::Drop] {
            session.hear(place, deed);
        }
    }
    // Longer than any block, before it sounds and after.
    for place in [Place::New, Place::Activate, Place::Load, Place::Drop] {
        session.hear(place, deeds::SLEEP);
    }
    session.mend();
    session.mend();
    let heard = session.end();
    assert_eq!(heard.n_faults(), 0);
    heard.assert_whole();
}

#[test]
fn threads_that_stay_megabytes_that_leak_and_sleep_outside_of_blocks_in_process() {
    nuisances("in-process");
}

#[test]
fn threads_that_stay_megabytes_that_leak_and_sleep_outside_of_blocks_in_a_process_of_its_own() {
    nuisances("process");
}

#[test]
fn a_hundred_megabytes_a_reload_are_gone_with_their_process() {
    let mut session = Session::start("leaks", "process", &[]);
    let before = session.server.resident_mib();
    for _ in 0..6 {
        session.hear(Place::New, deeds::LEAKS);
    }
    let grown = session.server.resident_mib() - before;
    println!("{grown} MiB more after six reloads");
    assert!(grown < 50, "{grown} MiB");
    session.end().assert_whole();
}

#[test]
fn whatever_ends_its_process_while_it_sounds_is_named_and_the_standby_plays_on() {
    let mut session = Session::start("ends", "process", &[]);
    let ends = [
        (deeds::SEGV, json!([11])),
        (deeds::ABORT, json!([6])),
        (deeds::OVERFLOW, json!([6, 11])),
        (deeds::EXIT, json!([null])),
    ];
    for (deed, signals) in ends {
        let fault = session.set_off(deed, "crash");
        assert!(signals.as_array().unwrap().contains(&fault["signal"]), "{fault}");
    }
    session.end().assert_whole();
}

#[test]
fn what_does_not_come_back_while_it_sounds_is_ended_and_the_standby_plays_on() {
    let mut session = Session::start("hangs", "process", &[]);
    session.set_off(deeds::LOOP, "hang");
    session.set_off(deeds::SLEEP, "hang");
    let heard = session.end();
    heard.assert_whole();
    // The standby is heard meanwhile; on a busy machine it may be late itself now and then.
    let missed = heard.stopped["missed_blocks"].as_u64().unwrap() as usize;
    let silent: usize = heard.silent_frames().iter().sum();
    assert!(missed >= 16 && silent < missed * PERIOD / 2, "{silent} of {missed} blocks");
}

/// Blocks of silence, whole or in part, in each of so many trials.
fn silent_blocks(deed: &str, kind: &str, n_trials: usize) -> Vec<usize> {
    let mut session = Session::start("trials", "process", &[]);
    for _ in 0..n_trials {
        session.set_off(deed, kind);
    }
    let heard = session.end();
    heard.assert_whole();
    // A zero crossing is no silence.
    let silent = heard.silent_frames().into_iter().filter(|frames| *frames > 1);
    silent.map(|frames| frames.div_ceil(PERIOD)).collect()
}

#[test]
#[ignore = "five minutes; measures"]
fn twenty_trials_of_each_end_and_how_many_blocks_are_silent() {
    for (deed, kind) in [(deeds::SEGV, "crash"), (deeds::ABORT, "crash"), (deeds::LOOP, "hang")] {
        let silent = silent_blocks(deed, kind, 20);
        println!("TRIALS {deed}: {} of 20 with silence, blocks: {silent:?}", silent.len());
    }
}

#[test]
fn whatever_ends_its_process_before_it_sounds_is_refused() {
    let mut session = Session::start("refusals", "process", &[]);
    // Its own instance for the test signals is dropped before it may sound.
    for place in [Place::New, Place::Activate, Place::Load, Place::Drop] {
        for deed in [deeds::SEGV, deeds::ABORT, deeds::OVERFLOW, deeds::EXIT] {
            let refused = session.refused(place, deed);
            assert_eq!(refused["findings"][0]["kind"], "crash", "{refused}");
        }
    }
    session.mend();
    let heard = session.end();
    assert_eq!(heard.n_faults(), 0);
    heard.assert_whole();
}

#[test]
fn what_does_not_come_back_before_it_sounds_is_refused() {
    let mut session = Session::start("stuck", "process", &[]);
    for place in [Place::New, Place::Load] {
        let refused = session.refused(place, deeds::LOOP);
        assert_eq!(refused["findings"][0]["kind"], "hang", "{refused}");
    }
    session.mend();
    session.end().assert_whole();
}

#[test]
fn descriptors_closed_that_are_not_its_own_are_its_own_loss() {
    let mut session = Session::start("closes", "process", &[]);
    // Its library and its memory are mapped already, and its talk with us is its standard input.
    session.hear(Place::Process, deeds::CLOSES);
    session.light();
    pause(&mut session.server, 300);
    session.mend();
    session.mend();
    let heard = session.end();
    assert_eq!(heard.n_faults(), 0);
    heard.assert_whole();
}

/// Far too loud or no number at all: the speaker gets neither.
fn explosions(isolation: &str) {
    let mut session = Session::start("explosions", isolation, &["--limit"]);
    let mut loud = Vec::new();
    for deed in [deeds::NAN, deeds::INFINITY, deeds::HUGE] {
        session.hear(Place::Process, deed);
        let from = session.light();
        pause(&mut session.server, 100);
        loud.push(from.saturating_sub(PERIOD)..session.heard_until());
        session.save_always(deed);
        let refused = session.server.wait("reload_failed");
        assert_eq!(refused["reason"], "refused", "{refused}");
    }
    let heard = session.end();
    heard.assert_limited();
    heard.assert_whole_but(&loud);
}

#[test]
fn an_explosion_never_reaches_the_speaker_in_process() {
    explosions("in-process");
}

#[test]
fn an_explosion_never_reaches_the_speaker_in_a_process_of_its_own() {
    explosions("process");
}

/// The standby plays, and its library's file is gone: it takes a preset's parameters, and of the
/// rest of its state people are told.
fn recalls_after_a_promotion(isolation: &str) {
    let mut session = Session::start("recalls", isolation, &[]);
    session.call("save_preset", &json!({ "name": "own" }));
    session.hear(Place::Process, deeds::PANIC);
    session.call("save_preset", &json!({ "name": "newer" }));
    session.light();
    session.server.wait("promoted");
    pause(&mut session.server, 200);
    for name in ["own", "newer"] {
        assert_eq!(session.recall(name), 0.0);
    }
    assert_eq!(session.call("status", &json!({}))["generation"], 1);
    // The next build takes the state along.
    session.mend();
    let heard = session.end();
    let n_told = heard.ended.stderr.matches("needs a build that plays").count();
    assert_eq!((heard.n_faults(), n_told), (1, 1), "the state of its own kind is its own");
    heard.assert_whole();
}

#[test]
fn a_preset_recalled_after_a_promotion_in_process() {
    recalls_after_a_promotion("in-process");
}

#[test]
fn a_preset_recalled_after_a_promotion_in_a_process_of_its_own() {
    recalls_after_a_promotion("process");
}
