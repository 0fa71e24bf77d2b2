//! The overwrite ring under every interleaving that the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p retake-engine --test loom --release`
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "that is how a test fails")]

use retake_engine::overwrite::{OverwriteReader, overwrite_ring};

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
