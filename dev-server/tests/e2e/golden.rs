//! What every example of the SDK makes of the same second of sound, against what it made of it when
//! it was last listened to.
//!
//! Of each rendering `golden/NAME.txt` keeps peak and RMS of every 100 ms and every 499th frame, to
//! 1e-6: other arithmetic shows, another compiler does not. Whoever means the change writes them anew
//! with `RETAKE_GOLDEN=write` and reads the difference.

use std::{fmt::Write, fs, path::PathBuf};

use crate::{
    notes::midi,
    server::{Ended, Server, retake, tmp},
    signal::{noise, sine},
    wav::Wav,
};

const RATE: u32 = 48_000;
const STRIDE: usize = 499;
const TOLERANCE: f64 = 1e-6;

/// What is turned, so that more than the defaults is heard.
const TURNS: [(&str, &[&str]); 6] = [
    ("example-plugin", &["--set", "gain=-6", "--at", "0.5:gain=3"]),
    ("analyzer", &[]),
    ("compressor", &["--set", "threshold=-30", "--set", "ratio=8", "--at", "0.6:make_up=6"]),
    ("delay", &["--set", "time=130", "--set", "feedback=60", "--at", "0.7:ping_pong=1"]),
    ("filter", &["--set", "resonance=4", "--at", "0.3:cutoff=5000", "--at", "0.8:mode=2"]),
    ("synth", &["--set", "release=100"]),
];

/// Every example that there is, with its folder.
fn examples() -> Vec<(String, PathBuf)> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let folders = fs::read_dir(root.join("plugin-sdk/examples")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut examples: Vec<_> =
        names.map(|name| (name.clone(), root.join("plugin-sdk/examples").join(name))).collect();
    examples.push(("example-plugin".to_owned(), root.join("example-plugin")));
    examples.sort();
    examples
}

/// A chord, a burst of noise in the middle, and silence at the end.
fn second() -> Wav {
    let channel = |hz: f64, seed| {
        let mut row = sine(RATE, hz, 0.3, RATE as usize);
        row.iter_mut().zip(sine(RATE, 5.03 * hz, 0.1, RATE as usize)).for_each(|(x, y)| *x += y);
        row[19_200..24_000].iter_mut().zip(noise(seed, 0.5, 4_800)).for_each(|(x, y)| *x += y);
        row[40_800..].fill(0.0);
        row
    };
    Wav::new(RATE, vec![channel(220.0, 3), channel(331.0, 4)])
}

/// C, and E above it 100 ms later, both let go at 800 ms.
fn chord() -> PathBuf {
    midi("golden.mid", b"\x00\x90\x3c\x64\x60\x40\x50\x85\x20\x80\x3c\x00\x00\x80\x40\x00")
}

fn render(name: &str, folder: &std::path::Path) -> Wav {
    let (from, to) = (tmp("golden").join("in.wav"), tmp("golden").join(format!("{name}.wav")));
    second().write(&from);
    let turns = TURNS.iter().find(|(known, _)| *known == name);
    let (_, words) = turns.unwrap_or_else(|| panic!("say in TURNS how {name} is rendered"));
    let mut command = retake();
    command.arg("render").arg(folder).arg("--input").arg(&from).arg("--output").arg(&to);
    command.args(["--tail", "0.3", "--json", "--midi"]);
    command.arg(format!("file:{}", chord().display())).args(*words);
    let Ended { .. } = Server::spawn(command).end().succeeded();
    Wav::read(&to)
}

/// A line for every 100 ms, and one for every 499th frame: a name, and a number for each channel.
fn facts(wav: &Wav) -> String {
    let mut text = format!("frames {}\n", wav.frames());
    let mut line = |name: String, fact: &dyn Fn(&[f32]) -> f64| {
        let numbers = wav.channels.iter().map(|row| format!(" {:.8}", fact(row)));
        writeln!(text, "{name}{}", numbers.collect::<String>()).unwrap();
    };
    for at in (0..wav.frames()).step_by(RATE as usize / 10) {
        let part = at..(at + RATE as usize / 10).min(wav.frames());
        let ms = at * 1_000 / RATE as usize;
        line(format!("peak@{ms}ms"), &|row| {
            row[part.clone()].iter().fold(0.0, |peak, x| f64::from(x.abs()).max(peak))
        });
        line(format!("rms@{ms}ms"), &|row| {
            let square = |x: &f32| f64::from(*x).powi(2);
            (row[part.clone()].iter().map(square).sum::<f64>() / part.len() as f64).sqrt()
        });
    }
    for at in (0..wav.frames()).step_by(STRIDE) {
        line(format!("frame@{at}"), &|row| row[at].into());
    }
    text
}

/// The first line that differs, as it is and as it was.
fn difference<'a>(now: &'a str, then: &'a str) -> Option<(&'a str, &'a str)> {
    let same = |(a, b): &(&str, &str)| {
        let (a, b): (Vec<_>, Vec<_>) = (a.split(' ').collect(), b.split(' ').collect());
        let close = |(a, b): (&&str, &&str)| match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() <= TOLERANCE,
            _ => a == b,
        };
        a.len() == b.len() && a.iter().zip(&b).all(close)
    };
    let n = now.lines().count().max(then.lines().count());
    let padded = |text: &'a str| text.lines().chain(std::iter::repeat("nothing")).take(n);
    padded(now).zip(padded(then)).find(|pair| !same(pair))
}

#[test]
fn every_example_sounds_as_it_did() {
    let golden = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/golden"));
    for (name, folder) in examples() {
        let now = facts(&render(&name, &folder));
        let path = golden.join(format!("{name}.txt"));
        if std::env::var("RETAKE_GOLDEN").is_ok_and(|word| word == "write") {
            fs::create_dir_all(&golden).unwrap();
            fs::write(&path, &now).unwrap();
        }
        let then = fs::read_to_string(&path).unwrap_or_default();
        let found = difference(&now, &then);
        assert!(found.is_none(), "{name}: now and then: {found:?}; see the head of golden.rs");
    }
}

#[test]
fn a_difference_is_found_and_rounding_is_none() {
    let then = "frames 2\npeak@0ms 0.50000000 0.25000000\nframe@0 0.1 0.2\n";
    assert_eq!(difference(then, then), None);
    assert_eq!(difference(&then.replace("0.25", "0.2500005"), then), None);
    let louder = then.replace("0.25000000", "0.25000300");
    assert_eq!(difference(&louder, then).unwrap().1, "peak@0ms 0.50000000 0.25000000");
    assert_eq!(difference(then, "frames 2\n").unwrap().1, "nothing");
    assert!(difference(then, &then.replace(" 0.2\n", "\n")).is_some(), "a channel less");
}
