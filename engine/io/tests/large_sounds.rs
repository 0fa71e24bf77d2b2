//! Files far larger than what is kept of them. Alone in their process, whose memory is measured.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::print_stdout, reason = "tests say what they measured")]
#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    reason = "these bits are to come out as they went in; small numbers"
)]

#[path = "common/player.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod player;

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use player::Player;
use retake_engine::{CommandKind, mixer::VoiceChange};
use retake_io::sound::Track;

/// A WAV of 48 kHz with `frames` of zeros that take no room on the disk.
fn sparse_wav(path: &Path, channels: u16, bytes: u16, frames: u64) -> File {
    let data = u32::try_from(frames * u64::from(channels * bytes)).unwrap();
    let mut file = File::create(path).unwrap();
    file.write_all(b"RIFF").unwrap();
    file.write_all(&(data + 36).to_le_bytes()).unwrap();
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0").unwrap();
    file.write_all(&channels.to_le_bytes()).unwrap();
    file.write_all(&48_000_u32.to_le_bytes()).unwrap();
    file.write_all(&(48_000 * u32::from(channels * bytes)).to_le_bytes()).unwrap();
    file.write_all(&(channels * bytes).to_le_bytes()).unwrap();
    file.write_all(&(8 * bytes).to_le_bytes()).unwrap();
    file.write_all(b"data").unwrap();
    file.write_all(&data.to_le_bytes()).unwrap();
    file.set_len(44 + u64::from(data)).unwrap();
    file
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

/// 500 million frames: near three hours of 16 bits in stereo.
fn two_gigabytes() {
    const FRAMES: u64 = 500_000_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("2gb.wav");
    let mut file = sparse_wav(&path, 2, 2, FRAMES);
    // The 48,000 frames before each of these are not silent: they count.
    let marks = [48_000, 48_000 * 2_000, FRAMES / 2, FRAMES - 48_000, FRAMES];
    for mark in marks {
        let counts = (0..48_000_i32).flat_map(|n| [n - 24_000, 24_000 - n]);
        let bytes: Vec<u8> = counts.flat_map(|n| (n as i16).to_le_bytes()).collect();
        file.seek(SeekFrom::Start(44 + 4 * (mark - 48_000))).unwrap();
        file.write_all(&bytes).unwrap();
    }
    let before = resident();
    let mut player = Player::open(&path, None);
    player.hear(48_000);
    for mark in marks {
        let target = mark - 30_000;
        player
            .control
            .commands
            .send(0, CommandKind::Voice(player.id, VoiceChange::Seek(target)))
            .unwrap();
        player.hear(512);
        player.hear(4_000);
        let at = i32::try_from(48_000 + player.probe.position() - mark).unwrap();
        for (heard, n) in player.hear(4_000).chunks_exact(2).zip(at..) {
            let expected = [n - 24_000, 24_000 - n].map(|x| x as f32 / 32_768.0);
            assert_eq!(heard, expected, "before {mark}");
        }
    }
    assert_eq!(player.probe.missed_frames(), 0);
    let grown = resident().saturating_sub(before);
    println!("2 GB: {} KiB more in memory", grown >> 10);
    assert!(grown <= 16 << 20, "{grown} bytes");
}

/// As many frames as fit under a WAV's 32 bits, and a day of them.
fn a_day() {
    const FRAMES: u64 = 24 * 3_600 * 48_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("day.wav");
    let mut file = sparse_wav(&path, 1, 1, FRAMES);
    file.seek(SeekFrom::End(-1_000)).unwrap();
    file.write_all(&[192; 1_000]).unwrap();
    let before = resident();
    let mut track = Track::open(&path, 48_000).unwrap();
    assert_eq!(track.frames(), Some(FRAMES));
    assert!(!track.fits_into_memory());
    track.seek(FRAMES - 1_010).unwrap();
    assert_eq!(track.read_to_end().unwrap(), [vec![-1.0; 10], vec![0.5; 1_000]].concat());
    // Its converted length is beyond what 32 bits count.
    let track = Track::open(&path, 192_000).unwrap();
    assert_eq!(track.frames(), Some(4 * FRAMES));
    let grown = resident().saturating_sub(before);
    println!("24 hours: {} KiB more in memory", grown >> 10);
    assert!(grown <= 16 << 20, "{grown} bytes");
}

#[test]
fn what_is_large_on_the_disk_is_small_in_memory() {
    a_day();
    two_gigabytes();
}
