//! What ends or holds up the process that it happens in, at every place of a plugin's life.

use std::time::Duration;

use retake_engine::Outcome;
use retake_host::{CrashKind, News, Patience};

use crate::rig::{Block, Rig};

/// Before the plugin can sound, in the order of its life.
const BEFORE: [&str; 6] = ["enter", "create", "init", "load", "activate", "start"];
/// After its processor was given back.
const AFTER: [&str; 4] = ["stop", "deactivate", "destroy", "leave"];

/// An isolated plugin that does the deed at the place.
fn rig(place: &str, deed: &str) -> Rig {
    Rig::raw_with(&format!("{place}_{deed}"), |request| {
        request.patience = Patience::HalfBlock;
        request.state = (place == "load").then(|| b"four".to_vec());
    })
}

/// What its end is called; nothing of it stays.
fn crash(rig: &Rig) -> CrashKind {
    let what = rig.wait(|news| match news {
        News::Crashed { what, message, .. } => {
            assert!(!message.is_empty());
            Some(what)
        }
        News::Gone { .. } => panic!("gone without a word"),
        _ => None,
    });
    assert!(!rig.gone());
    assert_eq!((rig.n_copies(), rig.is_mapped()), (0, false));
    what
}

/// Brings a plugin to the place, wherever that is.
fn bring_to(rig: &Rig, place: &str) {
    if BEFORE.contains(&place) {
        return;
    }
    let mut processor = rig.activated().processor;
    if place == "save" {
        rig.thread.save_state();
        return;
    }
    let mut block = Block::new(2, 2);
    let mut outcome = block.run(&mut *processor, 256, &[]);
    if place == "process" {
        // Too late or gone, for the test's machine is slow; never well.
        while outcome != Outcome::Gone {
            assert_eq!(outcome, Outcome::Late);
            std::thread::sleep(Duration::from_millis(2));
            outcome = block.run(&mut *processor, 256, &[]);
        }
        return;
    }
    if AFTER.contains(&place) {
        rig.thread.retire(processor);
    }
}

fn dies(place: &str, deed: &str) -> CrashKind {
    let rig = rig(place, deed);
    bring_to(&rig, place);
    crash(&rig)
}

fn places() -> impl Iterator<Item = &'static str> {
    BEFORE.into_iter().chain(["process", "callback", "save"]).chain(AFTER)
}

#[test]
fn a_signal_or_an_exit_is_named_at_every_place() {
    for place in places() {
        let named = |deed| (place, deed, dies(place, deed));
        assert_eq!(named("segv"), (place, "segv", CrashKind::Signal(11)));
        assert_eq!(named("abort"), (place, "abort", CrashKind::Signal(6)));
        assert_eq!(named("exit"), (place, "exit", CrashKind::Exit(0)));
    }
}

#[test]
fn a_stack_without_an_end_is_named_on_either_thread() {
    for place in ["init", "activate", "process", "destroy"] {
        let what = dies(place, "overflow");
        // The standard library ends the process itself where it can see what happened.
        let expected = [CrashKind::Signal(6), CrashKind::Signal(11)];
        assert!(expected.contains(&what), "{place}: {what:?}");
    }
}

#[test]
fn an_endless_loop_is_ended_at_every_place() {
    // Each takes the five seconds that a call may last.
    std::thread::scope(|scope| {
        for place in places() {
            scope.spawn(move || assert_eq!((place, dies(place, "loop")), (place, CrashKind::Hang)));
        }
    });
}

#[test]
fn descriptors_closed_that_are_not_its_own_are_the_childs_loss() {
    for place in ["enter", "activate", "process"] {
        let rig = rig(place, "closes");
        let neighbour = Rig::raw("plain");
        let mut processor = neighbour.activated().processor;
        if place == "process" {
            let mut mine = rig.activated().processor;
            Block::new(2, 2).run(&mut *mine, 64, &[]);
            rig.thread.retire(mine);
        } else {
            // Whatever becomes of it.
            rig.thread.shutdown();
        }
        rig.gone();
        assert_eq!(rig.n_copies(), 0);
        let mut block = Block::new(2, 2);
        assert_eq!(block.run(&mut *processor, 64, &[]), Outcome::Ok);
        block.assert_gain(1.0, 64);
    }
}

#[test]
fn a_second_of_sleep_in_a_block_is_a_hang_and_before_it_is_none() {
    let rig = rig("activate", "sleep");
    let mut processor = rig.activated().processor;
    let mut block = Block::new(2, 2);
    assert_eq!(block.run(&mut *processor, 256, &[]), Outcome::Ok);
    rig.thread.retire(processor);
    assert!(!rig.gone());
    assert_eq!(dies("process", "sleep"), CrashKind::Hang);
}

#[test]
fn a_hundred_megabytes_for_each_generation_are_given_back_with_its_process() {
    let before = resident_mib();
    for _ in 0..5 {
        let rig = rig("activate", "leaks");
        let mut processor = rig.activated().processor;
        assert_eq!(Block::new(2, 2).run(&mut *processor, 256, &[]), Outcome::Ok);
        rig.thread.retire(processor);
        assert!(!rig.gone());
    }
    let grown = resident_mib() - before;
    assert!(grown < 100, "{grown} MiB more");
}

/// Of this process.
fn resident_mib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<i64>().unwrap() / 1024
}
