//! What a plugin asks of the host while it sounds.

use retake_engine::Outcome;
use retake_host::{News, Severity};

use crate::rig::{Block, Rig};

#[test]
fn a_line_and_a_wish_from_the_audio_thread_arrive() {
    let rig = Rig::load("talks");
    let mut activated = rig.activated();
    let processed = std::thread::spawn(move || {
        Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
        activated
    });
    let _activated = processed.join().unwrap();
    let mut heard = Vec::new();
    rig.wait(|news| {
        if let News::Log { severity: Severity::Info, message } = news {
            heard.push(message);
        }
        (heard.len() == 2).then_some(())
    });
    heard.sort();
    assert_eq!(heard, ["from the audio thread", "on main thread"]);
}

#[test]
fn threads_are_told_what_they_are() {
    let rig = Rig::load("checks_threads");
    let mut activated = rig.activated();
    assert_eq!(Block::new(2, 2).run(&mut *activated.processor, 64, &[]), Outcome::Ok);
    rig.wait(|news| match news {
        News::Log { message, .. } => (message == "main true, audio false").then_some(()),
        _ => None,
    });
}

#[test]
fn lines_beyond_the_room_are_counted() {
    let rig = Rig::load("talks");
    let mut activated = rig.activated();
    let mut block = Block::new(2, 2);
    let n_blocks = 10_000;
    for _ in 0..n_blocks {
        block.run(&mut *activated.processor, 1, &[]);
    }
    rig.thread.retire(activated.processor);
    let (mut n_heard, mut n_lost) = (0, 0);
    rig.wait(|news| {
        if let News::Log { message, .. } = &news {
            n_heard += u64::from(message == "from the audio thread");
            let lost = message.strip_suffix(" log lines of the plugin lost");
            n_lost += lost.map_or(0, |n| n.parse().unwrap());
        }
        matches!(news, News::Gone { .. }).then_some(())
    });
    assert!(n_heard > 0 && n_lost > 0, "{n_heard} {n_lost}");
    assert_eq!(n_heard + n_lost, n_blocks);
}

#[test]
fn a_panic_inside_is_named() {
    let rig = Rig::load("panics_in_process");
    let mut activated = rig.activated();
    assert_eq!(Block::new(2, 2).run(&mut *activated.processor, 64, &[]), Outcome::Ok);
    let panic = rig.wait(|news| match news {
        News::Panicked(panic) => Some(panic),
        _ => None,
    });
    assert_eq!((panic.file.as_str(), panic.line, panic.column), ("src/dsp.rs", 7, 9));
    assert_eq!(panic.message, "index: 3");
}

#[test]
fn a_rescan_gives_the_whole_list() {
    let rig = Rig::load("rescans");
    let mut activated = rig.activated();
    Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
    let params = rig.wait(|news| match news {
        News::ParamsChanged(params) => Some(params),
        _ => None,
    });
    assert_eq!((params.len(), params[0].value), (2, 0.125));
}

#[test]
fn a_call_that_does_not_come_back_is_seen() {
    let rig = Rig::load("hangs");
    let mut activated = rig.activated();
    Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
    rig.wait(|news| matches!(news, News::Log { .. }).then_some(()));
    // The line came from inside the call, which now sleeps.
    assert!(rig.thread.busy_for().is_some());
    rig.thread.retire(activated.processor);
    assert!(!rig.gone());
    assert_eq!(rig.thread.busy_for(), None);
}
