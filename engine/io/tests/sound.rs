//! Sound files of every kind, from any frame on, at the engine's rate.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "samples and small numbers, which are to come out as they went in"
)]

#[path = "common/player.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod player;

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use player::{LONG, Player, long_wav};
use retake_engine::{CommandKind, mixer::VoiceChange};
use retake_io::sound::{SoundFile, Track};

const RATE: u32 = 44_100;

/// A second of two sweeps, 44.1 kHz, 16 bits, as four encoders wrote it.
fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn all(path: &Path, rate: u32) -> Vec<f32> {
    Track::open(path, rate).unwrap().read_to_end().unwrap()
}

/// As the bits of `sweep.wav` say it.
fn reference() -> Vec<f32> {
    let reader = hound::WavReader::open(data("sweep.wav")).unwrap();
    reader.into_samples::<i16>().map(|x| f32::from(x.unwrap()) / 32_768.0).collect()
}

/// Ratio of a signal to its difference from `other`, dB.
fn agreement(signal: &[f32], other: &[f32]) -> f64 {
    assert_eq!(signal.len(), other.len());
    let square = |x: f32| f64::from(x).powi(2);
    let power: f64 = signal.iter().map(|x| square(*x)).sum();
    let error: f64 = signal.iter().zip(other).map(|(x, y)| square(x - y)).sum();
    10.0 * (power / error).log10()
}

#[test]
fn lossless_files_give_every_bit_and_lossy_ones_lie_in_the_same_place() {
    let reference = reference();
    for name in ["sweep.wav", "sweep.aiff", "sweep.flac"] {
        let track = Track::open(data(name), RATE).unwrap();
        assert_eq!((track.channels(), track.frames()), (2, Some(44_100)), "{name}");
        assert!(all(&data(name), RATE) == reference, "{name}");
    }
    // One frame off would leave less than 20 dB of a sweep up to 3 kHz.
    let vorbis = agreement(&reference, &all(&data("sweep.ogg"), RATE));
    println!("Vorbis: {vorbis:.1} dB");
    assert!(vorbis > 25.0, "{vorbis:.1} dB");
}

/// As the encoders of LAME 3.100 and `FFmpeg` 5.1 wrote the first 13,230 frames; what they put before and
/// behind is not heard.
#[test]
fn what_an_encoder_puts_around_the_sound_is_cut_off() {
    let reference = &reference()[..2 * 13_230];
    for (name, least_db) in [
        ("short.ogg", 20.0),
        ("short.mp3", 20.0),
        ("short-vbr.mp3", 20.0),
        ("short.m4a", 20.0),
        ("short-alac.m4a", 140.0),
    ] {
        let track = Track::open(data(name), RATE).unwrap();
        assert_eq!((track.channels(), track.file_rate()), (2, RATE), "{name}");
        assert_eq!(track.frames(), Some(13_230), "{name}");
        let heard = all(&data(name), RATE);
        assert_eq!(heard.len(), reference.len(), "{name}");
        let db = agreement(reference, &heard);
        println!("{name}: {db:.1} dB");
        // One frame off is less.
        let early = agreement(&reference[2..], &heard[..heard.len() - 2]);
        let late = agreement(&reference[..heard.len() - 2], &heard[2..]);
        assert!(db >= least_db && db > early + 2.0 && db > late + 2.0, "{name}: {db:.1} dB");
    }
}

#[test]
fn every_seek_gives_what_playing_there_gives() {
    for (name, rate) in [
        ("short.mp3", RATE),
        ("short-vbr.mp3", RATE),
        ("short.m4a", RATE),
        ("short-alac.m4a", RATE),
        ("short.m4a", 48_000),
        ("sweep.wav", RATE),
        ("sweep.aiff", RATE),
        ("sweep.flac", RATE),
        ("sweep.ogg", RATE),
        ("sweep.wav", 48_000),
        ("sweep.flac", 22_050),
        ("sweep.ogg", 96_000),
    ] {
        let whole = all(&data(name), rate);
        let frames = whole.len() as u64 / 2;
        let mut track = Track::open(data(name), rate).unwrap();
        let mut out = vec![0.0; 2 * 700];
        let mut target = 12_345;
        for _ in 0..200 {
            target = (target * 69_069 + 1) % frames;
            track.seek(target).unwrap();
            let got = track.read(&mut out).unwrap();
            assert_eq!(got as u64, 700.min(frames - target), "{name} from {target}");
            let expected = &whole[2 * target as usize..][..2 * got];
            let worst = out.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-5, "{name} at {rate} Hz from frame {target}: off by {worst}");
        }
        track.seek(frames).unwrap();
        assert_eq!(track.read(&mut out).unwrap(), 0, "{name}");
        track.seek(u64::from(u32::MAX)).unwrap();
        assert_eq!(track.read(&mut out).unwrap(), 0, "{name}");
        track.seek(0).unwrap();
        track.read(&mut out).unwrap();
        assert!(agreement(&whole[..1_400], &out) > 100.0, "{name} from the start");
    }
}

/// Writes a WAV of that kind; its samples are `n / 2^7` of full scale, exact in all of them.
fn wav(path: &Path, channels: u16, bits: u16, is_float: bool, frames: i32) -> Vec<f32> {
    let sample_format =
        if is_float { hound::SampleFormat::Float } else { hound::SampleFormat::Int };
    let spec =
        hound::WavSpec { channels, sample_rate: 48_000, bits_per_sample: bits, sample_format };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    let values = (0..frames * i32::from(channels)).map(|n| (n * 37) % 256 - 128);
    let mut samples = Vec::new();
    for value in values {
        let sample = value as f32 / 128.0;
        samples.push(sample);
        if is_float {
            writer.write_sample(sample).unwrap();
        } else {
            writer.write_sample(value << (bits - 8)).unwrap();
        }
    }
    writer.finalize().unwrap();
    samples
}

#[test]
fn every_sample_format_and_every_width_is_exact() {
    let dir = tempfile::tempdir().unwrap();
    for (bits, is_float) in [(8, false), (16, false), (24, false), (32, false), (32, true)] {
        for channels in [1, 2, 6, 18] {
            let path = dir.path().join("x.wav");
            let samples = wav(&path, channels, bits, is_float, 1_000);
            assert!(all(&path, 48_000) == samples, "{bits} bits, {channels} channels");
        }
    }
    let path = dir.path().join("one.wav");
    let samples = wav(&path, 2, 16, false, 1);
    assert!(all(&path, 48_000) == samples, "a file of one frame");
}

#[test]
fn another_rate_keeps_a_sine_and_its_length() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sine.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 44_100,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let sine = |n: u32, rate: f64| (std::f64::consts::TAU * 997.0 * f64::from(n) / rate).sin();
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for n in 0..44_100 {
        writer.write_sample(sine(n, 44_100.0) as f32).unwrap();
    }
    writer.finalize().unwrap();
    let track = Track::open(&path, 48_000).unwrap();
    assert_eq!((track.file_rate(), track.frames()), (44_100, Some(48_000)));
    let converted = all(&path, 48_000);
    assert_eq!(converted.len(), 48_000);
    let ideal: Vec<f32> = (0..48_000).map(|n| sine(n, 48_000.0) as f32).collect();
    // In the same place, to a fraction of a frame: 20 dB would be a quarter of one.
    let inner = 1_000..47_000;
    let db = agreement(&ideal[inner.clone()], &converted[inner]);
    println!("44.1 to 48 kHz: {db:.1} dB");
    assert!(db > 25.0, "{db:.1} dB");
}

/// What of `x` is not the sine, dB below it: what a least-squares fit of sine and cosine leaves.
fn sine_to_rest(x: &[f32], hz: f64, rate: u32) -> f64 {
    let angle = |n: usize| std::f64::consts::TAU * hz * n as f64 / f64::from(rate);
    let wave = |n: usize| [angle(n).sin(), angle(n).cos()];
    let (mut ss, mut sc, mut cc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in x.iter().enumerate() {
        let ([s, c], x) = (wave(n), f64::from(*x));
        (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
        (xs, xc) = (xs + x * s, xc + x * c);
    }
    let det = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / det, (xc * ss - xs * sc) / det);
    let model = |n: usize| a * wave(n)[0] + b * wave(n)[1];
    let signal: f64 = (0..x.len()).map(|n| model(n).powi(2)).sum();
    let rest: f64 = x.iter().enumerate().map(|(n, x)| (f64::from(*x) - model(n)).powi(2)).sum();
    10.0 * (signal / rest).log10()
}

#[test]
fn conversion_leaves_120_db_between_a_sine_and_everything_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sine.wav");
    for (from, to) in [(44_100, 48_000), (48_000, 44_100)] {
        for hz in [997.0, 5_003.0, 10_007.0, 15_013.0] {
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: from,
                bits_per_sample: 32,
                sample_format: hound::SampleFormat::Float,
            };
            let mut writer = hound::WavWriter::create(&path, spec).unwrap();
            for n in 0..from {
                let phase = std::f64::consts::TAU * hz * f64::from(n) / f64::from(from);
                writer.write_sample((0.5 * phase.sin()) as f32).unwrap();
            }
            writer.finalize().unwrap();
            let converted = all(&path, to);
            assert_eq!(converted.len(), to as usize);
            let db = sine_to_rest(&converted[1_000..to as usize - 1_000], hz, to);
            println!("{hz} Hz, {from} to {to}: {db:.1} dB");
            assert!(db >= 120.0, "{hz} Hz, {from} to {to}: {db:.1} dB");
        }
    }
}

#[test]
fn what_cannot_be_played_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let whole = std::fs::read(data("sweep.wav")).unwrap();
    // More channels than have names.
    let wide = dir.path().join("wide.wav");
    wav(&wide, 64, 16, false, 100);
    let mut no_rate = whole.clone();
    no_rate[24..28].fill(0);
    let mut no_channel = whole.clone();
    no_channel[22..24].fill(0);
    let m4a = std::fs::read(data("short.m4a")).unwrap();
    let cases = [
        (dir.path().join("nothing.wav"), "No such file"),
        (dir.path().to_owned(), "it is a directory"),
        (file("empty.wav", b""), "it is empty"),
        (file("text.wav", b"It was a dark and stormy night.\n"), "no sound file that is known"),
        (file("head.wav", &whole[..44]), "it holds no audio"),
        (file("no_rate.wav", &no_rate), "it names no sample rate"),
        (file("no_channel.wav", &no_channel), "no sound file that is known"),
        (wide, "it has 64 channels; at most 26 can be played"),
        (file("cut.m4a", &m4a[..200]), "no sound file that is known"),
        (file("noise.flac", &whole[1_000..3_000]), "no sound file that is known"),
    ];
    for (path, reason) in cases {
        let error = Track::open(&path, RATE).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()) && error.contains(reason), "{error}");
    }
}

/// The bytes of a file that has no name any more.
fn unnamed(path: &Path) -> SoundFile {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&std::fs::read(path).unwrap()).unwrap();
    SoundFile::Open { file: Arc::new(file), name: path.file_name().unwrap().into() }
}

#[test]
fn an_open_file_is_read_from_its_first_byte_by_as_many_as_want_it() {
    let reference = reference();
    for name in ["sweep.wav", "sweep.aiff", "sweep.flac"] {
        // The cursor of the file itself stands at its end, and stays there.
        let file = unnamed(&data(name));
        let mut tracks = [(); 3].map(|()| Track::open(file.clone(), RATE).unwrap());
        let mut heard = [const { Vec::new() }; 3];
        let mut block = [0.0; 2 * 1_000];
        for _ in 0..10 {
            for (track, heard) in tracks.iter_mut().zip(&mut heard) {
                let frames = track.read(&mut block).unwrap();
                heard.extend_from_slice(&block[..2 * frames]);
            }
        }
        tracks[0].seek(123).unwrap();
        tracks[1].seek(40_000).unwrap();
        assert_eq!(tracks[0].read(&mut block[..20]).unwrap(), 10);
        assert!(block[..20] == reference[246..266], "{name}");
        assert_eq!(tracks[1].read(&mut block[..20]).unwrap(), 10);
        assert!(block[..20] == reference[80_000..80_020], "{name}");
        assert!(heard.iter().all(|heard| *heard == reference[..20_000]), "{name}");
    }
}

#[test]
fn an_open_file_that_is_no_sound_says_so_under_its_name() {
    let empty = Arc::new(tempfile::tempfile().unwrap());
    let empty = SoundFile::Open { file: empty, name: "drums.wav".into() };
    let error = Track::open(empty, RATE).unwrap_err().to_string();
    assert_eq!(error, "cannot play drums.wav: it is empty");
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_writer_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe.wav");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = Track::open(&path, RATE).unwrap_err().to_string();
    assert!(error.contains("it is not a file"), "{error}");
}

#[test]
fn a_file_that_is_cut_short_ends_there_and_damage_stays_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let reference = reference();
    for name in ["sweep.wav", "sweep.flac"] {
        let mut bytes = std::fs::read(data(name)).unwrap();
        bytes.truncate(bytes.len() / 2);
        let path = dir.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let got = all(&path, RATE);
        assert!(got.len() > reference.len() / 3 && got.len() < 2 * reference.len() / 3, "{name}");
        assert!(got == reference[..got.len()], "{name}");
    }
    let mut bytes = std::fs::read(data("sweep.flac")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    let path = dir.path().join("damaged.flac");
    std::fs::write(&path, &bytes).unwrap();
    let got = all(&path, RATE);
    assert_eq!(got.len(), reference.len());
    let wrong = got.iter().zip(&reference).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
    assert!(wrong > 0 && wrong <= 3 * 2 * 4_608, "{wrong} samples");
    assert!(got[got.len() - 2_000..] == reference[reference.len() - 2_000..]);
}

#[test]
fn a_long_file_is_read_ahead_to_its_very_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.wav");
    let frame = long_wav(&path);
    let mut player = Player::open(&path, None);
    let heard = player.hear(LONG as usize + 1_000);
    for (n, got) in heard.chunks_exact(2).enumerate() {
        let expected = if (n as u64) < LONG { frame(n as u64) } else { [0.0; 2] };
        assert!(got == expected, "frame {n}: {got:?} instead of {expected:?}");
    }
    assert!(player.control.spent.pop().is_ok());
    assert_eq!(player.probe.missed_frames(), 0);
}

#[test]
fn a_long_file_is_sought_anywhere_and_sounds_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.wav");
    let frame = long_wav(&path);
    let mut player = Player::open(&path, None);
    player.hear(1_000);
    let mut target = 12_345_u64;
    for _ in 0..100 {
        target = (target * 69_069 + 1) % (LONG - 10_000);
        let change = CommandKind::Voice(player.id, VoiceChange::Seek(target));
        player.control.commands.send(0, change).unwrap();
        // The old place fades out within the first of these.
        player.hear(512);
        let heard = player.hear(2_000);
        let first = heard[2 * 1_999];
        assert!(first > 0.0);
        let into = first as u64 - target;
        assert!(into < 2_600, "{into} frames behind the target {target}");
        assert_eq!(player.probe.position(), first as u64 + 1, "a seek to {target}");
        for (n, got) in heard.chunks_exact(2).enumerate().skip(1_000) {
            assert!(got == frame(target + into - 1_999 + n as u64), "a seek to {target}");
        }
    }
    assert_eq!(player.probe.missed_frames(), 0);
}

#[test]
fn a_loop_of_a_long_file_repeats_to_the_bit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.wav");
    let frame = long_wav(&path);
    // Shorter than a block, within the resident head, longer than it, and to the file's end.
    for (start, end) in [(5, 6), (1_000, 20_000), (7, 100_000), (LONG - 60_000, u64::MAX)] {
        let mut player = Player::open(&path, Some(start..end));
        let (mut at, skipped) = (0, start.saturating_sub(1_000));
        if skipped > 0 {
            let change = CommandKind::Voice(player.id, VoiceChange::Seek(skipped));
            player.control.commands.send(0, change).unwrap();
            player.hear(512);
            at = player.probe.position();
        }
        for (n, got) in player.hear(300_000).chunks_exact(2).enumerate() {
            if n > 1_000 {
                assert!(got == frame(at), "{start}-{end}, frame {n}: {got:?}, not {at}");
            }
            at = if at + 1 == end.min(LONG) { start } else { at + 1 };
        }
        assert_eq!(player.probe.missed_frames(), 0);
    }
}

#[test]
fn a_file_that_is_cut_while_it_is_read_ends_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.wav");
    drop(long_wav(&path));
    let mut player = Player::open(&path, None);
    player.hear(1_000);
    // Half of it is gone; what was read ahead is not.
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(1_000_000).unwrap();
    let heard = player.hear(1_200_000);
    assert!(heard[heard.len() - 2_000..].iter().all(|x| *x == 0.0));
    assert!(player.control.spent.pop().is_ok());
    assert!(player.news.try_recv().is_err(), "an early end is an end");
}
