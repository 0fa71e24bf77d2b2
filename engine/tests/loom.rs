//! The overwrite ring and the window under every interleaving that the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p retake-engine --test loom --release`
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "that is how a test fails")]

use retake_engine::{
    overwrite::{OverwriteReader, overwrite_ring},
    window::{WindowReader, window},
};

/// A record is these, each plus its number: two stores, so a torn one shows.
const WORDS: [u32; 4] = [10, 20, 30, 40];

/// Reads once: each record is whole and is the one that the count says.
fn read_once(reader: &mut OverwriteReader, total: &mut u64) {
    let mut buffer = [0; 2 * 4];
    let got = reader.read(&mut buffer);
    *total += got.lost;
    for record in buffer[..4 * got.records].chunks_exact(4) {
        let n = u32::try_from(*total).unwrap();
        assert_eq!(record, WORDS.map(|word| word + n), "torn or out of order");
        *total += 1;
    }
}

/// A ring of `capacity` records, `writes` of them one by one, against a reader that looks twice
/// meanwhile and once afterwards.
fn model(capacity: usize, writes: u32) {
    loom::model(move || {
        let (mut writer, source) = overwrite_ring(4, capacity);
        let mut reader = source.open();
        let writing = loom::thread::spawn(move || {
            for n in 0..writes {
                writer.write(1, |_, w| WORDS[w] + n);
            }
        });
        let mut total = 0;
        read_once(&mut reader, &mut total);
        writing.join().unwrap();
        while total < u64::from(writes) {
            read_once(&mut reader, &mut total);
        }
        assert_eq!(total, u64::from(writes));
    });
}

#[test]
fn one_slot_written_twice() {
    model(1, 2);
}

#[test]
fn two_slots_written_three_times() {
    model(2, 3);
}

/// A batch that overwrites more than a reader holds.
#[test]
fn batches() {
    loom::model(|| {
        let (mut writer, source) = overwrite_ring(4, 2);
        let mut reader = source.open();
        let writing = loom::thread::spawn(move || {
            let record = |first: u32| move |r: usize, w: usize| WORDS[w] + first + [0, 1][r];
            writer.write(2, record(0));
            writer.write(2, record(2));
        });
        let mut total = 0;
        read_once(&mut reader, &mut total);
        writing.join().unwrap();
        read_once(&mut reader, &mut total);
        assert_eq!(total, 4);
    });
}

#[test]
fn two_readers() {
    loom::model(|| {
        let (mut writer, source) = overwrite_ring(4, 1);
        let mut mine = source.open();
        let mut other = source.open();
        let reading = loom::thread::spawn(move || read_once(&mut other, &mut 0));
        let writing = loom::thread::spawn(move || {
            for n in 0..2 {
                writer.write(1, |_, w| WORDS[w] + n);
            }
        });
        let mut total = 0;
        read_once(&mut mine, &mut total);
        reading.join().unwrap();
        writing.join().unwrap();
        while total < 2 {
            read_once(&mut mine, &mut total);
        }
    });
}

/// What frame `frame` of that epoch sounds like.
fn sound_of(epoch: u16, frame: u64) -> f32 {
    f32::from(epoch * 1_000 + u16::try_from(frame).unwrap())
}

/// Every frame that is there is the one that its number says.
fn look_at(reader: &mut WindowReader, epoch: u16, from: u64) {
    let there = reader.look();
    for frame in from..there.map_or(from, |there| there.end) {
        if reader.holds(frame) {
            assert_eq!(reader.sample(0, frame), sound_of(epoch, frame), "frame {frame}");
        }
    }
}

/// A file of frames that follows the reader of a window of two, while it plays and seeks.
#[test]
fn no_frame_of_a_window_is_taken_for_another() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let (mut writer, mut reader, _) = window(1, 2);
        let writing = loom::thread::spawn(move || {
            for _ in 0..3 {
                let wanted = writer.wanted();
                if wanted.epoch != writer.at().epoch {
                    writer.begin(wanted);
                }
                if writer.room() > 0 {
                    let at = writer.at();
                    writer.write(&[sound_of(at.epoch, at.frame)]);
                }
            }
        });
        look_at(&mut reader, 0, 0);
        reader.release(1);
        look_at(&mut reader, 0, 1);
        reader.seek(7);
        look_at(&mut reader, 1, 7);
        writing.join().unwrap();
        look_at(&mut reader, 1, 7);
    });
}
