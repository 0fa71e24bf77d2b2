//! Waveforms of files and clips, against all of their samples.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use retake_engine::mixer::Clip;
use retake_io::sound::{Columns, NotYet, Overview, Overviews, Sight, Track};

const HANG: Duration = Duration::from_mins(1);

fn complete(overview: &Overview, from: f64, to: f64, n: usize) -> Columns {
    let begun = Instant::now();
    loop {
        if let Ok(columns) = overview.columns(from, to, n) {
            return columns;
        }
        assert!(begun.elapsed() < HANG, "it never ends");
        thread::sleep(Duration::from_millis(1));
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Columns hold all samples of their time, and none that lie a bin of 256 frames or more outside.
fn assert_holds(columns: &Columns, samples: &[f32], rate: f64) {
    let (from, to) = columns.seconds;
    let n = columns.min[0].len();
    let channels = columns.min.len();
    let total = samples.len() / channels;
    for (c, i) in (0..channels).flat_map(|c| (0..n).map(move |i| (c, i))) {
        let edge = |i: usize| ((from + (to - from) * i as f64 / n as f64) * rate) as usize;
        let (a, b) = (edge(i), edge(i + 1));
        let of = |range: std::ops::Range<usize>| {
            let samples = range.filter(|n| *n < total).map(|n| samples[n * channels + c]);
            samples.fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(x), high.max(x)))
        };
        let (inner, outer) = (of(a..b), of(a.saturating_sub(256)..b + 256));
        let (min, max) = (columns.min[c][i], columns.max[c][i]);
        assert!(min <= inner.0 && max >= inner.1, "column {i}: a sample is outside");
        assert!(min >= outer.0 && max <= outer.1, "column {i} is too wide");
    }
}

#[test]
fn every_format_shows_what_it_holds_at_its_own_rate() {
    let overviews = Overviews::start().unwrap();
    for name in ["sweep.wav", "sweep.flac", "sweep.ogg"] {
        let all = Track::open(data(name), 44_100).unwrap().read_to_end().unwrap();
        let overview = overviews.begin(Sight::File(data(name).into()));
        for (from, to, n) in [(0.0, 1.0, 500), (0.25, 0.75, 33), (0.5, 0.501, 7), (0.9, 1.5, 60)] {
            let columns = complete(&overview, from, to, n);
            let (begin, end) = columns.seconds;
            assert!((begin - from).abs() < 1e-9 && (end - to.min(1.0)).abs() < 1e-9, "{name}");
            assert!((columns.resolution_seconds - 256.0 / 44_100.0).abs() < 1e-9, "{name}");
            assert_eq!((columns.min.len(), columns.max[1].len()), (2, n));
            assert_holds(&columns, &all, 44_100.0);
        }
    }
}

#[test]
fn a_clip_shows_what_it_holds_and_sounds_take_turns() {
    let overviews = Overviews::start().unwrap();
    let samples = |seed: u32, frames: u32| -> Vec<f32> {
        (0..3 * frames).map(|n| ((n * 37 + seed) as f32 * 0.618).sin() * 0.9).collect()
    };
    let clips = [(1, 700_000), (2, 1), (3, 5_000), (4, 300_000)].map(|(seed, frames)| {
        let samples = samples(seed, frames);
        let clip = Arc::new(Clip::new(3, &samples).unwrap());
        (overviews.begin(Sight::Clip(clip, 48_000)), samples)
    });
    for (overview, samples) in &clips {
        let seconds = (samples.len() / 3) as f64 / 48_000.0;
        let columns = complete(overview, 0.0, seconds, 100);
        assert_eq!(columns.min.len(), 3);
        assert_holds(&columns, samples, 48_000.0);
    }
}

#[test]
fn nothing_is_known_before_it_was_seen_and_what_cannot_be_read_is_empty() {
    let overviews = Overviews::start().unwrap();
    let samples = vec![0.5; 4_000_000];
    let clip = Arc::new(Clip::new(1, &samples).unwrap());
    let overview = overviews.begin(Sight::Clip(Arc::clone(&clip), 48_000));
    let NotYet { known_seconds } = overview.columns(83.0, 83.3, 10).unwrap_err();
    assert!(known_seconds < 83.0, "the end, at once");
    // It grows: its beginning is known before its end.
    assert_eq!(complete(&overview, 0.0, 1.0, 10).min, [[0.5; 10]]);
    assert!(overview.columns(0.0, 83.3, 10).is_err());
    let begun = Instant::now();
    drop(overview);
    // Nobody wants it any more: the clip is let go.
    while Arc::strong_count(&clip) > 1 {
        assert!(begun.elapsed() < HANG, "it is never let go");
        thread::sleep(Duration::from_millis(1));
    }
    let nothing = overviews.begin(Sight::File(data("there is no such file").into()));
    assert_eq!(complete(&nothing, 0.0, 1.0, 10), Columns::default());
    let short = overviews.begin(Sight::Clip(clip, 48_000));
    assert_eq!(complete(&short, 90.0, 91.0, 10).max, [[0.0; 0]], "beyond the end");
}
