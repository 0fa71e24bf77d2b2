//! The fast clock: what interface.md promises of `out.wav`, sample by sample.

use std::path::PathBuf;

use crate::{
    server::{Ended, run, tmp},
    signal::{noise, sine, snr_of_sine},
    wav::Wav,
};

/// −6 dB as a factor, as the example plugin computes it.
fn minus_6_db() -> f64 {
    10_f64.powf(-6.0 / 20.0)
}

struct Rendering {
    ended: Ended,
    out: Wav,
    path: PathBuf,
}

/// Renders `input` through the example plugin at −6 dB.
fn render(name: &str, input: &Wav, in_keys: &str, out_keys: &str, seconds: &str) -> Rendering {
    let dir = tmp("fast");
    let (from, to) = (dir.join(format!("{name}-in.wav")), dir.join(format!("{name}-out.wav")));
    input.write(&from);
    let ended = run(&[
        "run",
        "example-plugin",
        "--input",
        &format!("virtual:{in_keys}file={}", from.display()),
        "--output",
        &format!("virtual:{out_keys}file={}", to.display()),
        "--clock",
        "fast",
        "--duration",
        seconds,
        "--set",
        "gain=-6",
    ])
    .succeeded();
    let out = Wav::read(&to);
    Rendering { ended, out, path: to }
}

impl Rendering {
    /// D of interface.md.
    fn delay(&self) -> usize {
        let audio = self.ended.event("audio_started")["latency_frames"].as_u64().unwrap();
        let plugin = self.ended.event("reloaded")["latency_frames"].as_u64().unwrap();
        usize::try_from(audio + plugin).unwrap()
    }

    /// Every output channel is its input channel, D late, at −6 dB, looped.
    fn assert_is(&self, input: &Wav, map: impl Fn(usize) -> Option<usize>) {
        let delay = self.delay();
        for (c, row) in self.out.channels.iter().enumerate() {
            for (n, &y) in row.iter().enumerate() {
                let x = match (map(c), n.checked_sub(delay)) {
                    (Some(from), Some(n)) => input.channels[from][n % input.frames()],
                    _ => 0.0,
                };
                let error = (f64::from(y) - f64::from(x) * minus_6_db()).abs();
                assert!(error <= 1e-6, "channel {c} frame {n}: {y} instead of {x} at -6 dB");
            }
        }
    }
}

fn stereo_noise() -> Wav {
    Wav::new(48_000, vec![noise(1, 0.9, 30_011), noise(2, 0.9, 30_011)])
}

#[test]
fn without_a_path_the_example_plays() {
    let ends = ["--input", "virtual", "--output", "virtual", "--clock", "fast"];
    let ended = run(&[&ends[..], &["--duration", "0.1"]].concat()).succeeded();
    assert_eq!(ended.event("reloaded")["plugin"]["name"], "Example Gain");
}

#[test]
fn any_period_gives_the_promised_samples_twice_the_same() {
    let input = stereo_noise();
    for period in [1, 63, 512, 8_191] {
        let keys = format!("period={period},");
        let seconds = "10";
        let name = format!("period{period}");
        let first = render(&name, &input, &keys, &keys, seconds);
        let frames: usize = seconds.parse::<usize>().unwrap() * 48_000;
        assert_eq!(first.out.frames(), frames);
        assert_eq!(first.delay(), 2 * period, "target fill: both periods");
        first.assert_is(&input, Some);
        let stopped = first.ended.event("stopped");
        assert_eq!(stopped["lost_frames"], 0);
        let bytes = std::fs::read(&first.path).unwrap();
        let second = render(&name, &input, &keys, &keys, seconds);
        assert!(bytes == std::fs::read(&second.path).unwrap(), "the same command, other bytes");
    }
}

#[test]
fn different_periods_at_the_two_ends() {
    let input = stereo_noise();
    for (capture, playback) in [(441, 512), (512, 441), (64, 1_000), (1_000, 64)] {
        let name = format!("periods{capture}-{playback}");
        let (i, o) = (format!("period={capture},"), format!("period={playback},"));
        let rendering = render(&name, &input, &i, &o, "3");
        assert_eq!(rendering.delay(), capture + playback);
        rendering.assert_is(&input, Some);
        assert_eq!(rendering.ended.event("stopped")["lost_frames"], 0);
    }
}

#[test]
fn mono_and_stereo_and_six_channels() {
    let mono = Wav::new(48_000, vec![noise(3, 0.9, 30_011)]);
    render("1to2", &mono, "", "channels=2,", "2").assert_is(&mono, |_| Some(0));
    let stereo = stereo_noise();
    render("2to1", &stereo, "", "channels=1,", "2").assert_is(&stereo, |_| Some(0));
    render("2to6", &stereo, "", "channels=6,", "2").assert_is(&stereo, |c| (c < 2).then_some(c));
}

#[test]
fn another_rate_keeps_a_sine_to_120_db() {
    let input = Wav::new(44_100, vec![sine(44_100, 997.0, 0.9, 441_000); 2]);
    let rendering = render("44to48", &input, "", "rate=48000,", "10");
    assert_eq!(rendering.out.rate, 48_000);
    for row in &rendering.out.channels {
        let snr = snr_of_sine(&row[2 * 48_000..], 48_000, 997.0);
        println!("44.1 to 48 kHz: {snr:.1} dB");
        assert!(snr >= 120.0, "{snr:.1} dB");
    }
}
