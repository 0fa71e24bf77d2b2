//! A hundred saves in two minutes, three of four of them bad: what was heard meanwhile.
//!
//! `cargo test -p retake --test e2e a_hundred_saves_in_two_minutes -- --ignored --nocapture`
//!
//! All good sources pass their input on unchanged, so every frame of the recording must be the
//! input, but for what is counted (blocks that a plugin's process missed, with their seams) and for
//! the time in which a source that explodes is heard, from its fuse to the next source.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use crate::{
    deeds::{self, Place},
    hostile::{PERIOD, Session},
    reload::pause,
};

/// What a save is, in turn.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Save {
    Good,
    /// It does not compile.
    Broken,
    /// It crashes in its first block, before it may sound.
    CrashesAtOnce,
    /// It crashes while it sounds.
    Crashes(&'static str),
    /// It is far too loud, before it may sound.
    ExplodesAtOnce,
    /// It explodes while it sounds.
    Explodes(&'static str),
}

const IN_TURN: [Save; 16] = [
    Save::Good,
    Save::Broken,
    Save::Crashes(deeds::SEGV),
    Save::Explodes(deeds::HUGE),
    Save::Good,
    Save::Broken,
    Save::CrashesAtOnce,
    Save::ExplodesAtOnce,
    Save::Good,
    Save::Broken,
    Save::Crashes(deeds::ABORT),
    Save::Explodes(deeds::NAN),
    Save::Good,
    Save::Broken,
    Save::Crashes(deeds::PANIC),
    Save::Explodes(deeds::INFINITY),
];

/// One save and all that comes of it; the frames in which anything may be heard, if there are such.
fn save(session: &mut Session, save: Save) -> Option<Range<usize>> {
    match save {
        Save::Good => drop(session.mend()),
        Save::Broken => {
            session.save(Place::Process, "this is no statement");
            session.server.wait("build_failed");
        }
        Save::CrashesAtOnce => drop(session.refused(Place::Activate, deeds::SEGV)),
        Save::ExplodesAtOnce => {
            session.save_always(deeds::HUGE);
            session.server.wait("reload_failed");
        }
        Save::Crashes(deed) => {
            session.hear(Place::Process, deed);
            session.light();
            session.server.wait("fault");
            session.server.wait("promoted");
        }
        Save::Explodes(deed) => {
            session.hear(Place::Process, deed);
            let from = session.light();
            pause(&mut session.server, 100);
            return Some(from.saturating_sub(PERIOD)..session.heard_until());
        }
    }
    None
}

/// Saves so often, evenly over that time, and looks at all that was heard.
fn saves(n_saves: u32, time: Duration) {
    let mut session = Session::start("saves", "process", &["--limit"]);
    let start = Instant::now();
    let mut loud = Vec::new();
    for kind in IN_TURN.into_iter().cycle() {
        let n_done = session.number - 1;
        if n_done >= n_saves {
            break;
        }
        let due = start + time.mul_f64(f64::from(n_done) / f64::from(n_saves));
        session.server.listen_for(due.saturating_duration_since(Instant::now()));
        loud.extend(save(&mut session, kind));
    }
    println!("{} saves in {:?}", session.number - 1, start.elapsed());
    pause(&mut session.server, 200);
    let heard = session.end();
    heard.assert_whole_but(&loud);
    heard.assert_limited();
}

#[test]
fn a_hundred_saves_in_short() {
    saves(16, Duration::from_secs(20));
}

#[test]
#[ignore = "two minutes"]
fn a_hundred_saves_in_two_minutes() {
    saves(100, Duration::from_mins(2));
}

/// Reloads under sound; what of memory and files is left by them.
fn reloads(isolation: &str, n_reloads: u32) {
    let mut session = Session::start("soak", isolation, &[]);
    let reload = |session: &mut Session| {
        session.save(Place::Process, "");
        assert_eq!(session.server.wait("reloaded")["lost_frames"], 0);
    };
    let mut resident = Vec::new();
    for n in 0..n_reloads {
        if n % (n_reloads / 10) == 0 {
            resident.push(session.server.resident_kib());
        }
        reload(&mut session);
    }
    let since = |at: usize| session.server.resident_kib() - resident[at];
    println!("SOAK {isolation}: {n_reloads} reloads; resident, KiB: {resident:?}");
    println!("{} KiB more since the first tenth, {} since the half", since(1), since(5));
    let grown = since(1);
    session.end().assert_whole();
    assert!(grown <= 1024, "{grown} KiB");
}

#[test]
#[ignore = "ten minutes"]
fn a_thousand_reloads_in_processes_of_their_own_leave_nothing() {
    reloads("process", 1_000);
}

#[test]
#[ignore = "ten minutes"]
fn a_thousand_reloads_in_process_leave_nothing() {
    reloads("in-process", 1_000);
}
