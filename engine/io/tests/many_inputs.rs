//! Several microphones: each is heard, and one's trouble is nobody else's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "a test fails loudly; samples are compared bit by bit"
)]

use std::path::{Path, PathBuf};

use retake_engine::{
    BusShape, CommandKind,
    mixer::{LivePlayer, Material, StripSettings, Voice, VoicePool},
};
use retake_io::{Choice, DeviceState, End, MoreInput};

#[path = "common/rig.rs"]
mod rig;
use rig::{Order, Rig, fast, noise, read_wav, real, write_wav};

const RATE: u32 = 48_000;

fn file(keys: &str, path: &Path) -> String {
    format!("virtual:{keys},file={}", path.display())
}

/// What the speaker's file got, both channels, and the rig's last state.
struct Heard {
    left: Vec<f32>,
    right: Vec<f32>,
}

/// The first microphone to the left, the second to the right.
fn start(mut order: Order, second: &str) -> (Rig, usize, MoreProbe) {
    let Ok(choice) = second.parse::<Choice>();
    order.request.more = vec![choice];
    let (mut rig, mut opened) = Rig::open(order).unwrap();
    let format = opened.format;
    let latency = format.latency_frames;
    let shape = BusShape {
        rate: format.engine_rate,
        max_block: format.max_block,
        n_output: format.n_output,
    };
    assert_eq!(opened.info.more.len(), 1);
    let MoreInput { input, probe, latency_frames, .. } = opened.more.remove(0);
    let mut pool = VoicePool::default();
    let pan = |pan| StripSettings { pan, ..StripSettings::default() };
    let material = Material::Live(LivePlayer::new(input));
    let voice = Voice::new(pool.claim().unwrap(), material, pan(1.0), shape);
    let engine = rig.engine_with(*opened, pan(-1.0));
    let control = rig.control.as_mut().unwrap();
    control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
    rig.play(engine, Vec::new());
    (rig, latency, MoreProbe { probe, latency_frames })
}

struct MoreProbe {
    probe: std::sync::Arc<retake_engine::Probe>,
    latency_frames: usize,
}

fn heard(to: &Path) -> Heard {
    let samples = read_wav(to).1;
    let channel = |c: usize| samples.iter().skip(c).step_by(2).copied().collect();
    Heard { left: channel(0), right: channel(1) }
}

/// Two files of noise, and where the speaker's goes.
struct Booth {
    _dir: tempfile::TempDir,
    sounds: [Vec<f32>; 2],
    files: [PathBuf; 2],
    to: PathBuf,
}

impl Booth {
    fn new(frames: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let one = noise(2 * frames);
        let sounds = [one[..2 * frames].to_vec(), one[2 * frames..].to_vec()];
        let files = ["a.wav", "b.wav"].map(|name| dir.path().join(name));
        for (path, sound) in files.iter().zip(&sounds) {
            write_wav(path, RATE, 2, sound);
        }
        let to = dir.path().join("out.wav");
        Self { _dir: dir, sounds, files, to }
    }

    /// A microphone's own channel at the place where it should be heard.
    fn expected(&self, which: usize, frames: std::ops::Range<usize>, latency: usize) -> Vec<f32> {
        let sample = |n: usize| self.sounds[which][2 * (n - latency) + which];
        frames.map(sample).collect()
    }
}

#[test]
fn both_are_heard_each_at_its_own_delay_and_bit_for_bit() {
    let booth = Booth::new(30_000);
    let (a, b) = (file("period=256", &booth.files[0]), file("period=441", &booth.files[1]));
    let order = fast(&a, &file("period=256", &booth.to), 25_000);
    let (rig, latency, more) = start(order, &b);
    rig.finished().unwrap();
    assert_eq!(rig.probe.lost_frames.get() + more.probe.lost_frames.get(), 0);
    rig.stop();
    let heard = heard(&booth.to);
    assert_eq!((latency, more.latency_frames), (512, 697));
    assert_eq!(heard.left[512..], booth.expected(0, 512..25_000, 512));
    assert_eq!(heard.right[697..], booth.expected(1, 697..25_000, 697));
    assert!(heard.left[..512].iter().chain(&heard.right[..697]).all(|x| *x == 0.0));
}

#[test]
fn a_stall_of_one_is_not_heard_on_the_other() {
    for stalled in [0, 1] {
        let booth = Booth::new(72_000);
        let keys = |n| if n == stalled { "period=256,stall=0.3+0.2" } else { "period=256" };
        let (a, b) = (file(keys(0), &booth.files[0]), file(keys(1), &booth.files[1]));
        let order = fast(&a, &file("period=256", &booth.to), 60_000);
        let (rig, latency, more) = start(order, &b);
        rig.finished().unwrap();
        let lost = [rig.probe.lost_frames.get(), more.probe.lost_frames.get()];
        rig.stop();
        let heard = heard(&booth.to);
        let (whole, broken) =
            if stalled == 0 { (&heard.right, &heard.left) } else { (&heard.left, &heard.right) };
        let other = 1 - stalled;
        assert_eq!(whole[latency..], booth.expected(other, latency..60_000, latency));
        assert_eq!(lost[other], 0);
        assert!(lost[stalled] > 9_000, "{lost:?}");
        assert!(broken[16_000..23_000].iter().all(|x| *x == 0.0), "silence while it stalls");
        assert!(broken[30_000..].iter().any(|x| *x != 0.0), "and sound again");
    }
}

#[test]
fn an_unplugged_one_returns_and_the_other_is_bit_identical() {
    for unplugged in [0, 1] {
        let booth = Booth::new(120_000);
        let keys = |n| if n == unplugged { "period=256,unplug=0.3+0.3" } else { "period=256" };
        let (a, b) = (file(keys(0), &booth.files[0]), file(keys(1), &booth.files[1]));
        let order = real(&a, &file("period=256", &booth.to), 108_000);
        let (rig, latency, _more) = start(order, &b);
        assert_eq!(rig.until_input(unplugged, DeviceState::Lost), []);
        let seen = rig.until_input(unplugged, DeviceState::Back);
        assert!(seen.iter().all(|s| *s == (End::Input, DeviceState::Retry)), "{seen:?}");
        rig.finished().unwrap();
        rig.stop();
        let heard = heard(&booth.to);
        let (whole, broken) =
            if unplugged == 0 { (&heard.right, &heard.left) } else { (&heard.left, &heard.right) };
        let other = 1 - unplugged;
        assert!(
            whole[latency..] == booth.expected(other, latency..108_000, latency),
            "the other's sound has changed"
        );
        // Away from 0.3 to 0.6 s, back within two seconds, by way of a fade.
        assert!(broken[15_400..28_000].iter().all(|x| *x == 0.0));
        let back = 28_000 + broken[28_000..].iter().position(|x| *x != 0.0).unwrap();
        assert!(back < 2 * 48_000 + 28_800, "{back}");
        let loudest = |of: &[f32]| of.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!(loudest(&broken[back..back + 24]) < 0.08, "5 ms of fade");
        assert!(loudest(&broken[back + 300..back + 1_000]) > 0.3);
    }
}
