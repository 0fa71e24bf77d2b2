//! Every end that a plugin's process can have: it is named, the sound is told in that very block,
//! and nothing stays.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use retake_engine::{Outcome, PluginEvent, Processor};
use retake_host::{CrashKind, News, Patience, StackFrame};

use crate::rig::{Block, Rig};

/// The event that makes the subject do what it is called.
const NOW: PluginEvent =
    PluginEvent { offset: 0, body: retake_engine::EventBody::Param { id: 2, value: 4.0 } };

/// An isolated plugin that has played a block.
fn playing(kind: &str) -> (Rig, Box<dyn Processor>, u32) {
    let rig = Rig::load(kind);
    let pid = pid(&rig);
    let mut processor = rig.activated().processor;
    let mut block = Block::new(2, 2);
    assert_eq!(block.run(&mut *processor, 64, &[]), Outcome::Ok);
    block.assert_gain(1.0, 64);
    (rig, processor, pid)
}

fn pid(rig: &Rig) -> u32 {
    rig.wait(|news| match news {
        News::Isolated { pid, .. } => Some(pid),
        _ => None,
    })
}

/// What its end was called, and where it was; nothing of it is left then.
fn crashed(rig: &Rig, pid: u32) -> (CrashKind, String, Vec<StackFrame>) {
    let what = rig.wait(|news| match news {
        News::Crashed { what, message, stack } => Some((what, message, stack)),
        News::Gone { .. } => panic!("gone without a word"),
        _ => None,
    });
    assert!(!rig.gone());
    assert!(!is_running(pid));
    assert_eq!(rig.n_copies(), 0);
    what
}

/// Whether a function of that name is on the stack, with its file and line.
fn is_in(stack: &[StackFrame], name: &str) -> bool {
    stack.iter().any(|frame| frame.function.contains(name) && frame.line.is_some())
}

/// Whether the process is there and no zombie.
fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// Processes whose command line has this.
fn running(words: &str) -> Vec<u32> {
    let pids = fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.replace('\0', " ").contains(words) && is_running(*pid)
        })
        .collect()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

#[test]
fn a_plugin_that_ends_its_process_is_gone_in_that_block_and_named() {
    for (kind, expected, words) in [
        ("segfaults", CrashKind::Signal(11), "0x8"),
        ("overflows", CrashKind::Signal(11), "stack"),
        ("aborts", CrashKind::Signal(6), "abort"),
        ("exits", CrashKind::Exit(3), "exit code 3"),
        ("exits_now", CrashKind::Exit(4), "exit code 4"),
    ] {
        let (rig, mut processor, pid) = playing(kind);
        let mut block = Block::new(2, 2);
        assert_eq!(block.run(&mut *processor, 64, &[NOW]), Outcome::Gone, "{kind}");
        assert_eq!(block.run(&mut *processor, 64, &[]), Outcome::Gone, "{kind}");
        let (what, message, stack) = crashed(&rig, pid);
        assert_eq!(what, expected, "{kind}");
        assert!(message.contains(words), "{kind}: {message}");
        // Of a call without end only the last calls are told.
        let place = if kind == "overflows" { "overflow" } else { "misbehave" };
        assert_eq!(is_in(&stack, place), !kind.starts_with("exits"), "{kind}: {stack:#?}");
        rig.thread.retire(processor);
    }
}

#[test]
fn a_plugin_that_does_not_come_back_is_late_and_then_ended() {
    for kind in ["loops", "sleeps"] {
        let rig = Rig::load_with(kind, |request| request.patience = Patience::HalfBlock);
        let pid = pid(&rig);
        let mut processor = rig.activated().processor;
        let mut block = Block::new(2, 2);
        block.run(&mut *processor, 64, &[NOW]);
        let mut n_late = 0;
        until("gone", || match block.run(&mut *processor, 64, &[]) {
            Outcome::Late => {
                n_late += 1;
                false
            }
            Outcome::Gone => true,
            other => panic!("{other:?}"),
        });
        assert!(n_late >= 8, "{kind}: {n_late} blocks late");
        let (what, _, stack) = crashed(&rig, pid);
        assert_eq!(what, CrashKind::Hang, "{kind}");
        assert!(is_in(&stack, "misbehave"), "{kind}: {stack:#?}");
    }
}

#[test]
fn a_late_block_is_said_to_be_late_and_the_next_ones_are_right_and_in_order() {
    let rig = Rig::load_with("waits", |request| request.patience = Patience::HalfBlock);
    let mut processor = rig.activated().processor;
    let mut block = Block::new(2, 2);
    let mode = |value| PluginEvent::param(0, 2, value);
    let gain = |value| PluginEvent::param(0, 1, value);
    assert_eq!(block.run(&mut *processor, 64, &[mode(4.0)]), Outcome::Late);
    // These wait in the ring, and their events with them.
    block.run(&mut *processor, 64, &[mode(0.0), gain(0.25)]);
    block.run(&mut *processor, 64, &[gain(0.5)]);
    fs::write(rig.staging.path().join("0000-waits.go"), "").unwrap();
    until("in time again", || {
        block.input.rows_mut().flatten().for_each(|x| *x = -*x);
        block.run(&mut *processor, 64, &[]) == Outcome::Ok
    });
    block.assert_gain(0.5, 64);
    rig.thread.retire(processor);
    assert!(!rig.gone());
}

#[test]
fn a_process_that_somebody_kills_is_gone() {
    let (rig, mut processor, pid) = playing("gain");
    kill(pid);
    let mut block = Block::new(2, 2);
    until("gone", || block.run(&mut *processor, 64, &[]) == Outcome::Gone);
    assert_eq!(crashed(&rig, pid).0, CrashKind::Killed);
}

#[test]
fn a_main_thread_that_ends_or_hangs_is_heard_of() {
    for (kind, expected) in
        [("exits_on_main", CrashKind::Exit(5)), ("hangs_on_main", CrashKind::Hang)]
    {
        let (rig, _processor, pid) = playing(kind);
        assert_eq!(crashed(&rig, pid).0, expected, "{kind}");
    }
}

#[test]
fn a_plugin_that_closes_what_is_not_its_own_hurts_nobody_but_itself() {
    let (rig, mut processor, pid) = playing("closes");
    let mut block = Block::new(2, 2);
    assert_eq!(block.run(&mut *processor, 64, &[NOW]), Outcome::Ok);
    // It sounds on, until it is spoken to.
    assert_eq!(block.run(&mut *processor, 64, &[]), Outcome::Ok);
    rig.thread.save_state();
    rig.thread.save_state();
    until("gone", || block.run(&mut *processor, 64, &[]) == Outcome::Gone);
    let (what, message, _) = crashed(&rig, pid);
    assert_eq!(what, CrashKind::Exit(70));
    assert!(message.contains("descriptor"), "{message}");
}

#[test]
fn processes_and_threads_that_a_plugin_starts_end_with_it() {
    let (rig, mut processor, _) = playing("starts");
    Block::new(2, 2).run(&mut *processor, 64, &[NOW]);
    assert_eq!(running("sleep 98765").len(), 1);
    rig.thread.retire(processor);
    assert!(!rig.gone());
    until("ended", || running("sleep 98765").is_empty());
}

#[test]
fn a_server_that_is_killed_leaves_nothing() {
    let exe = std::env::current_exe().unwrap();
    let mut server = Command::new(exe)
        .args(["--exact", "--ignored", "--nocapture", "ends::stands_in_for_a_server"])
        .env("RETAKE_SECRET", "x")
        .env("NO_SECRET", "x")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stdout.take().unwrap()));
    let line = lines.find_map(|line| line.unwrap().strip_prefix("child ").map(str::to_owned));
    let (pid, dir) = line.as_ref().and_then(|line| line.split_once(' ')).unwrap();
    let pid = pid.parse().unwrap();
    assert!(is_running(pid));
    let environment = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    assert!(environment.contains("NO_SECRET=") && !environment.contains("RETAKE_SECRET"));
    let files = || fs::read_dir(dir).unwrap().flatten().filter(|e| e.file_name() != "lock").count();
    assert_eq!(files(), 0, "the library has no name");
    kill(server.id());
    server.wait().unwrap();
    until("the child is gone", || !is_running(pid));
    assert_eq!(files(), 0);
    fs::remove_dir_all(std::path::Path::new(dir).ancestors().nth(2).unwrap()).unwrap();
}

#[test]
fn a_state_that_is_too_large_is_refused_by_name_and_one_that_is_not_crosses() {
    // 60 MiB, and more than is taken.
    for n_bytes in [60 << 20, 100 << 20] {
        let rig = Rig::load_with("gain", |request| request.state = Some(vec![b'x'; n_bytes]));
        let (reason, message) = rig.failed();
        // The subject's states are two numbers: it says no itself to one that it gets.
        assert_eq!(reason, retake_host::FailReason::State);
        assert!(message.contains(&n_bytes.to_string()), "{message}");
        assert!(!rig.gone());
    }
}

#[test]
#[ignore = "played by the test above"]
fn stands_in_for_a_server() {
    let (rig, _processor, pid) = playing("gain");
    println!("\nchild {pid} {}", rig.staging.path().display());
    loop {
        std::thread::park();
    }
}

fn kill(pid: u32) {
    let done = Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(done.success());
}
