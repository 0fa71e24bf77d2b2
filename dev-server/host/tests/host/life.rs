//! From loading to unloading: sound bit by bit, every order of ends, nothing left.

use std::fs;

use retake_engine::{Layout, Outcome, PluginEvent, processor::Identity};
use retake_host::{FailReason, Format, News, Severity, StagingDir};

use crate::rig::{Block, FORMAT, IS_ISOLATED, MAX_BLOCK, Rig};

#[test]
fn blocks_are_bit_exact() {
    let rig = Rig::load("gain");
    let info = rig.wait(|news| match news {
        News::Loaded { info, has_tls, .. } => Some((info, has_tls)),
        _ => None,
    });
    assert_eq!((info.0.id.as_str(), info.0.version.as_str()), ("test.subject.0", "1.2.3"));
    assert!(info.1, "std has thread-locals");
    let mut activated = rig.activated();
    let expected = Layout { n_input: 2, n_output: 2, latency_frames: 17, ..Layout::default() };
    assert_eq!((activated.layout, activated.processor.layout()), (expected, expected));

    let mut block = Block::new(2, 2);
    for frames in [1, 63, MAX_BLOCK] {
        assert_eq!(block.run(&mut *activated.processor, frames, &[]), Outcome::Ok);
        block.assert_gain(1.0, frames);
    }
    let event = PluginEvent::param(0, 1, 0.3);
    block.run(&mut *activated.processor, 100, &[event]);
    block.assert_gain(0.3, 100);
}

#[test]
fn denormals_are_flushed_inside_the_plugin() {
    let mut activated = Rig::load("gain").activated();
    let mut block = Block::new(2, 2);
    block.input.rows_mut().for_each(|row| row.fill(f32::MIN_POSITIVE));
    let event = PluginEvent::param(0, 1, 0.5);
    block.run(&mut *activated.processor, 4, &[event]);
    assert_eq!(block.output.channel(0)[..4], [0.0; 4]);
}

#[test]
fn an_output_that_is_not_written_is_silent() {
    let mut activated = Rig::load("writes_nothing").activated();
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    assert!(block.output.rows().all(|row| row[..64] == [0.0; 64]));
}

#[test]
fn an_error_is_an_outcome() {
    let mut activated = Rig::load("errs").activated();
    assert_eq!(Block::new(2, 2).run(&mut *activated.processor, 64, &[]), Outcome::Error);
}

#[test]
fn a_plugin_answers_with_its_parameter_and_the_frame_of_the_block() {
    let mut activated = Rig::load("answers").activated();
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    let answers: Vec<_> = block.replies.drain().collect();
    assert_eq!(answers, [PluginEvent::param(63, 2, 1_000.0)]);
}

#[test]
fn only_main_ports_and_the_sidechain_are_served() {
    let mut activated = Rig::load("sidechain").activated();
    let layout = activated.layout;
    assert_eq!((layout.n_input, layout.n_side, layout.n_output), (2, 3, 2));
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    block.assert_gain(1.0, 64);
}

#[test]
fn a_plugin_without_ports_hears_every_frame_pass() {
    let mut activated = Rig::load("no_ports").activated();
    assert_eq!((activated.layout.n_input, activated.layout.n_output), (0, 0));
    let event = PluginEvent::param(60, 1, 0.5);
    assert_eq!(Block::new(0, 0).run(&mut *activated.processor, 64, &[event]), Outcome::Ok);
}

#[test]
fn fifty_rounds_leave_no_file_and_no_mapping() {
    for _ in 0..50 {
        let rig = Rig::load("gain");
        let mut activated = rig.activated();
        assert_eq!(rig.is_mapped(), !IS_ISOLATED);
        Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
        rig.thread.retire(activated.processor);
        assert!(!rig.gone());
        assert_eq!((rig.n_copies(), rig.is_mapped()), (0, false));
    }
}

#[test]
fn the_library_stays_until_the_last_processor_is_dropped() {
    let rig = Rig::load("gain");
    let mut activated = rig.activated();
    let Rig { thread, notes, staging, .. } = &rig;
    thread.shutdown();
    thread.save_state();
    // The answer proves that the thread went on after it was told to end.
    rig.wait(|news| matches!(news, News::State(Ok(_))).then_some(()));
    assert!(notes.try_recv().is_err());
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    block.assert_gain(1.0, 64);
    drop(activated);
    assert!(!rig.gone());
    assert!(fs::read_dir(staging.path()).unwrap().count() == 1);
}

#[test]
fn an_abandoned_generation_ends_by_itself() {
    let rig = Rig::load("gain");
    let activated = rig.activated();
    let Rig { thread, notes, staging, _dir } = rig;
    drop(thread);
    drop(activated);
    assert!(notes.iter().any(|news| matches!(news, News::Gone { pinned: false })));
    assert_eq!(fs::read_dir(staging.path()).unwrap().count(), 1);
}

#[test]
fn a_library_that_hangs_while_loading_holds_up_no_other() {
    let stuck = Rig::load("entry_waits");
    stuck.wait(|news| matches!(news, News::Staged { .. }).then_some(()));
    let other = Rig::load("gain");
    let activated = other.activated();
    other.thread.retire(activated.processor);
    assert!(!other.gone());
    // Now it may go on; until here it was seen inside.
    while stuck.thread.busy_for().is_none() {
        std::thread::yield_now();
    }
    fs::write(stuck.staging.path().join("0000-entry_waits.go"), "").unwrap();
    stuck.activated();
}

#[test]
fn a_library_is_pinned_in_process_only_and_that_is_reported() {
    let rig = Rig::load("pinned");
    let activated = rig.activated();
    rig.thread.retire(activated.processor);
    assert_eq!(rig.gone(), !IS_ISOLATED);
}

#[test]
fn a_foreign_processor_is_not_taken_for_ours() {
    let rig = Rig::load("gain");
    let activated = rig.activated();
    rig.thread.retire(Box::new(Identity { channels: 2 }));
    let severity = rig.wait(|news| match news {
        News::Log { severity, .. } => Some(severity),
        _ => None,
    });
    assert_eq!(severity, Severity::HostMisbehaving);
    drop(activated);
    assert!(!rig.gone());
}

#[test]
fn reactivation_keeps_parameters_and_takes_another_block_size() {
    let rig = Rig::load_with("gain", |r| {
        r.format.max_block = 16;
        r.set = vec![("gain".parse().unwrap(), 0.25)];
    });
    let first = rig.activated();
    rig.thread.reactivate(first.processor, Format { rate: 44_100.0, ..FORMAT });
    let mut second = rig.activated();
    let mut block = Block::new(2, 2);
    block.run(&mut *second.processor, MAX_BLOCK, &[]);
    block.assert_gain(0.25, MAX_BLOCK);

    rig.thread.reactivate(second.processor, Format { rate: 16.0, ..FORMAT });
    assert_eq!(rig.failed().0, FailReason::Layout, "17 frames are more than a second at 16 Hz");
    assert!(!rig.gone());
}

#[test]
fn staging_directories_of_the_dead_are_removed_and_those_of_the_living_are_not() {
    let base = tempfile::tempdir().unwrap();
    let dead = base.path().join("run-dead");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    fs::write(dead.join("0000-old.so"), "x").unwrap();
    let living = StagingDir::within(base.path()).unwrap();
    assert!(!dead.exists());
    let second = StagingDir::within(base.path()).unwrap();
    assert!(living.path().exists() && second.path().exists());
    drop((living, second));
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_staging_directory_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let base = tempfile::tempdir().unwrap();
    let staging = StagingDir::within(base.path()).unwrap();
    let mode = fs::metadata(staging.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
