//! The recorder: every frame, a whole file, and a word when the disk is full.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "a test fails loudly; samples are compared bit by bit"
)]

use std::sync::mpsc::channel;

use retake_io::{IoError, Recorder};

#[path = "common/rig.rs"]
mod rig;
use rig::{noise, read_wav};

#[test]
fn what_is_pushed_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rec.wav");
    let sound = noise(100_000);
    let never = Box::new(|error| panic!("{error}"));
    let (mut ring, recorder) = Recorder::create(&path, 96_000, 2, never).unwrap();
    for block in sound.chunks(2 * 333) {
        assert_eq!(ring.push(block), block.len() / 2);
    }
    drop(ring);
    assert_eq!(recorder.finish(), Ok(100_000));
    let (spec, read) = read_wav(&path);
    assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (96_000, 2, 32));
    assert!(read == sound);
}

#[test]
fn a_recording_of_nothing_is_a_file_without_frames() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rec.wav");
    let never = Box::new(|error| panic!("{error}"));
    let (_ring, recorder) = Recorder::create(&path, 48_000, 1, never).unwrap();
    assert_eq!(recorder.finish(), Ok(0));
    assert!(read_wav(&path).1.is_empty());
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let path = std::path::Path::new("/no/such/directory/rec.wav");
    let error = Recorder::create(path, 48_000, 2, Box::new(drop)).err().unwrap();
    assert!(matches!(error, IoError::WavWrite { .. }));
    assert!(!error.is_usage());
    assert!(error.to_string().contains("/no/such/directory/rec.wav"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_once_and_holds_nobody_up() {
    let path = std::path::Path::new("/dev/full");
    let (tell, told) = channel();
    let on_failure = Box::new(move |error| tell.send(error).unwrap());
    let (mut ring, recorder) = Recorder::create(path, 48_000, 2, on_failure).unwrap();
    let mut gate = recorder.gate();
    let block = noise(8_191);
    for _ in 0..100 {
        while !gate(8_191) {
            std::thread::yield_now();
        }
        assert_eq!(ring.push(&block), 8_191);
    }
    let error = told.recv().unwrap();
    assert!(matches!(error, IoError::DiskFull { .. }), "{error:?}");
    assert!(matches!(recorder.finish(), Err(IoError::DiskFull { .. })));
    assert!(told.recv().is_err(), "told once");
}
