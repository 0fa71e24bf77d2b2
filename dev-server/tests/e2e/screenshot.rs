//! The picture in the README, taken from the real page of a real server with music at its microphone.
//!
//! `cargo test -p retake --test e2e -- --ignored readme_picture` writes `ui/screenshot.png`.

use std::{
    f32::consts::{FRAC_PI_2, TAU},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;

use crate::{
    browser::Browser,
    crates::Crate,
    line::Line,
    server::{Server, tmp},
    signal::noise,
    wav::Wav,
};

const RATE: u32 = 48_000;
/// One bar of four beats.
const BEAT: usize = RATE as usize / 2;
/// A minor seventh, a major seventh, and so on: roots and chords in semitones from A2.
const BARS: [[i32; 5]; 4] =
    [[0, 12, 15, 19, 22], [-4, 8, 12, 15, 19], [3, 10, 15, 19, 22], [-2, 10, 14, 17, 21]];

/// A plugin with something to turn: drive, a low-pass, width.
const DRIVE: &str = r#"//! A saturator.
#![forbid(unsafe_code)]
use retake_sdk::{Block, Context, FloatParam, Params, Plugin, db_to_gain, export_plugin};

#[derive(Debug, Params)]
pub struct DriveParams {
    #[param(name = "Drive", range = 0.0..=36.0, default = 12.0, unit = "dB", smoothing = linear_ms(15.0))]
    drive: FloatParam,
    #[param(name = "Bias", range = -1.0..=1.0, default = 0.0, smoothing = linear_ms(15.0))]
    bias: FloatParam,
    #[param(name = "Tone", range = 500.0..=18000.0, default = 9000.0, unit = "Hz", smoothing = linear_ms(15.0))]
    tone: FloatParam,
    #[param(name = "Mix", range = 0.0..=100.0, default = 80.0, unit = "%", smoothing = linear_ms(15.0))]
    mix: FloatParam,
    #[param(name = "Output", range = -24.0..=12.0, default = -6.0, unit = "dB", smoothing = linear_ms(15.0))]
    output: FloatParam,
}

#[derive(Debug, Default)]
pub struct Drive {
    low: [f32; 2],
}

impl Plugin for Drive {
    type Params = DriveParams;
    const ID: &'static str = "org.example.tape-drive";
    const NAME: &'static str = "Tape Drive";
    const VENDOR: &'static str = "Example";

    fn process(&mut self, params: &mut DriveParams, block: &mut Block<'_>, _ctx: &mut Context<'_>) {
        let low = &mut self.low;
        block.each_frame(|frame| {
            let drive = db_to_gain(params.drive.next());
            let bias = params.bias.next();
            let pole = 1.0 - (-std::f32::consts::TAU * params.tone.next() / 48_000.0).exp();
            let mix = params.mix.next() / 100.0;
            let output = db_to_gain(params.output.next());
            let mut channel = 0;
            frame.for_each(|sample| {
                let wet = (drive * *sample + bias).tanh() - bias.tanh();
                let low = &mut low[channel.min(1)];
                *low += pole * (wet - *low);
                *sample = output * (mix * *low + (1.0 - mix) * *sample);
                channel += 1;
            });
        });
    }
}

export_plugin!(Drive);
"#;

/// Plucked chords, a bass, a drum and a hat, eight seconds that join end to end.
fn music(path: &Path) {
    let mut rows = [vec![0.0; 16 * BEAT], vec![0.0; 16 * BEAT]];
    for (bar, notes) in BARS.iter().enumerate() {
        for (eighth, seed) in (0..8).zip(1..) {
            let at = (8 * bar + eighth) * BEAT / 2;
            let hertz = |semitones: i32| 110.0 * 2_f32.powf(semitones as f32 / 12.0);
            let chord = 1 + (eighth * 3) % 4;
            pluck(&mut rows, at, hertz(notes[chord]), 0.16, chord as f32 / 4.0);
            if eighth % 2 == 0 {
                pluck(&mut rows, at, hertz(notes[0]) / 2.0, 0.22, 0.5);
                drum(&mut rows, at);
            }
            hat(&mut rows, at, seed, if eighth % 2 == 0 { 0.3 } else { 0.7 });
        }
    }
    Wav::new(RATE, rows.to_vec()).write(path);
}

/// Adds a voice at a place between left (0) and right (1), around the end if need be.
fn add(rows: &mut [Vec<f32>; 2], at: usize, pan: f32, voice: impl Iterator<Item = f32>) {
    let (right, left) = (pan * FRAC_PI_2).sin_cos();
    for (n, x) in voice.enumerate() {
        let n = (at + n) % rows[0].len();
        rows[0][n] += left * x;
        rows[1][n] += right * x;
    }
}

fn pluck(rows: &mut [Vec<f32>; 2], at: usize, hertz: f32, amplitude: f32, pan: f32) {
    let voice = (0..2 * BEAT).map(|n| {
        let t = n as f32 / RATE as f32;
        let partial = |k: f32| (TAU * hertz * k * t).sin() * (-t * (2.0 + 1.5 * k)).exp() / k;
        amplitude * (1..=6).map(|k| partial(k as f32)).sum::<f32>()
    });
    add(rows, at, pan, voice);
}

fn drum(rows: &mut [Vec<f32>; 2], at: usize) {
    let voice = (0..BEAT / 2).map(|n| {
        let t = n as f32 / RATE as f32;
        0.5 * (TAU * (50.0 * t + 4.0 * (1.0 - (-t * 30.0).exp()))).sin() * (-t * 12.0).exp()
    });
    add(rows, at, 0.5, voice);
}

fn hat(rows: &mut [Vec<f32>; 2], at: usize, seed: u32, pan: f32) {
    let voice = noise(seed, 0.12, BEAT / 8);
    let fall = |(n, x): (usize, f32)| x * (-(n as f32) / 900.0).exp();
    add(rows, at, pan, voice.into_iter().enumerate().map(fall));
}

#[test]
#[ignore = "writes ui/screenshot.png"]
fn readme_picture() {
    let mic = tmp("screenshot").join("music.wav");
    music(&mic);
    let plugin = Crate::new("screenshot");
    plugin.save("src/lib.rs", DRIVE);
    let mic = format!("virtual:period=256,file={}", mic.display());
    let dir = plugin.dir.to_str().unwrap();
    let mut server =
        Server::start(&["run", dir, "--input", &mic, "--output", "virtual:period=256"]);
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    browser.theme("dark");
    browser.until_seen("#audio[data-state=running]");
    let mut line = Line::open(&listening);
    for (law, wanted) in
        [("(drive * *sample + bias).sin()", 2), ("(drive * *sample + bias).tanh()", 3)]
    {
        plugin.save("src/lib.rs", &DRIVE.replace("(drive * *sample + bias).tanh()", law));
        browser.until_text("#generation", &wanted.to_string());
    }
    for (id, value) in [("drive", 17.5), ("bias", 0.18), ("tone", 11_200.0), ("output", -4.0)] {
        line.call("set_param", &json!({ "id": id, "value": value }));
    }
    browser.until_text("#reload-state", "Running");
    std::thread::sleep(Duration::from_secs(7));
    let picture = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/screenshot.png"));
    // Everything at a glance: nothing lies below the edge.
    browser.until("document.documentElement.scrollHeight <= innerHeight");
    browser.screenshot(&picture);
    browser.assert_clean();
    assert!(std::fs::metadata(picture).unwrap().len() <= 300_000);
}
