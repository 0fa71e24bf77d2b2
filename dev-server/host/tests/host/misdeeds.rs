//! What wears out the process, and what happens to files that are in use.

use std::{fs, path::Path, process::Command};

use retake_engine::Outcome;
use retake_host::{FailReason, News, StagingDir, stage};

use crate::rig::{Block, IS_ISOLATED, Rig, copy, example};

/// Sounds as it should, then ends; whether its library stayed mapped.
fn sounds_and_goes(rig: &Rig) -> bool {
    let mut activated = rig.activated();
    let mut block = Block::new(2, 2);
    assert_eq!(block.run(&mut *activated.processor, 64, &[]), Outcome::Ok);
    block.assert_gain(1.0, 64);
    rig.thread.retire(activated.processor);
    let pinned = rig.gone();
    assert_eq!(rig.n_copies(), 0);
    pinned
}

#[test]
fn a_thread_that_outlives_its_plugin_keeps_its_code() {
    for place in ["enter", "init", "activate", "process", "destroy"] {
        let rig = Rig::raw(&format!("{place}_thread"));
        // In a process of its own it ends with that.
        assert_eq!(sounds_and_goes(&rig), !IS_ISOLATED, "{place}: its code must stay");
        assert_eq!(rig.is_mapped(), !IS_ISOLATED);
    }
}

#[test]
fn a_destructor_of_a_thread_local_keeps_its_code_until_the_thread_ends() {
    let rig = Rig::raw("process_destructor");
    let mut activated = rig.activated();
    // On a thread of its own, as the device's is, and dropped there at its end.
    let processing = std::thread::spawn(move || {
        Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
        activated.processor
    });
    rig.thread.retire(processing.join().unwrap());
    assert!(!rig.gone());
    // Its main thread is not over yet.
    assert_eq!(sounds_and_goes(&Rig::raw("activate_destructor")), !IS_ISOLATED);
}

#[test]
fn a_second_of_sleep_is_no_failure_and_is_seen_meanwhile() {
    let rig = Rig::raw("activate_sleep");
    rig.wait(|news| matches!(news, News::Loaded { .. }).then_some(()));
    while rig.thread.busy_for().is_none_or(|busy| busy.as_millis() < 500) {
        std::thread::yield_now();
    }
    assert!(!sounds_and_goes(&rig));
}

#[test]
fn what_the_compiler_does_to_its_library_does_not_matter_any_more() {
    let vandals: [fn(&Path); 4] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, "nothing").unwrap(),
        |path| fs::File::options().write(true).open(path).unwrap().set_len(0).unwrap(),
        |path| copy(&example("host_no_entry"), path),
    ];
    for vandal in vandals {
        let mut artifact = None;
        let rig = Rig::raw_with("plain", |request| artifact = Some(request.artifact.clone()));
        rig.wait(|news| matches!(news, News::Staged { .. }).then_some(()));
        vandal(&artifact.unwrap());
        assert!(!sounds_and_goes(&rig));
    }
}

/// Loads the well-behaved plugin with this done to its bytes; must be refused as a library that the
/// system does not take.
fn patched(patch: impl FnOnce(&mut Vec<u8>)) -> String {
    let write = |path: &Path| {
        let mut bytes = fs::read(example("host_raw")).unwrap();
        patch(&mut bytes);
        fs::write(path, bytes).unwrap();
    };
    let rig = Rig::load_file("plain", write, |_| {});
    let (reason, message) = rig.failed();
    assert_eq!(reason, FailReason::Refused, "{message}");
    assert!(!rig.gone());
    assert_eq!((rig.n_copies(), rig.is_mapped()), (0, false));
    message
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_library_for_another_machine_is_refused() {
    // The machine stands in bytes 18 and 19: 183 is AArch64. The fifth byte is the word's length.
    let message = patched(|bytes| bytes[18] = 183);
    assert!(message.contains("made for aarch64, this machine is x86_64"), "{message}");
    let message = patched(|bytes| bytes[4] = 1);
    assert!(message.contains("ELFCLASS32"), "{message}");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_library_that_needs_one_that_is_not_there_is_refused_by_name() {
    let message = patched(|bytes| {
        let (needs, instead) = (b"libc.so.6\0", b"libq.so.6\0");
        let at = bytes.windows(needs.len()).position(|name| name == needs).unwrap();
        bytes[at..at + needs.len()].copy_from_slice(instead);
    });
    assert!(message.contains("libq.so.6"), "{message}");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_library_cut_at_every_length_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (source, whole) = (dir.path().join("small.c"), dir.path().join("whole.so"));
    fs::write(&source, "int small = 1;\nint twice(int x) { return 2 * x * small; }\n").unwrap();
    let mut made = Command::new("cc");
    made.args(["-shared", "-fPIC", "-nostdlib", "-o"]);
    assert!(made.arg(&whole).arg(&source).status().unwrap().success());
    let bytes = fs::read(&whole).unwrap();
    let staging = StagingDir::within(&dir.path().join("staged")).unwrap();
    assert!(stage(&whole, &staging).is_ok());
    println!("{} lengths", bytes.len());
    let file = fs::File::options().write(true).open(&whole).unwrap();
    for len in (0..bytes.len()).rev() {
        file.set_len(len as u64).unwrap();
        assert!(stage(&whole, &staging).is_err(), "{len} of {} bytes", bytes.len());
    }
}
