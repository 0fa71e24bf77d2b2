//! Microphones that come, go and change while the engine runs: each is heard from then on, by way of a
//! fade, and nobody else's sound differs by a bit.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "a test fails loudly; samples are compared bit by bit"
)]

use std::{
    f64::consts::TAU,
    path::{Path, PathBuf},
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use retake_engine::{
    BusShape, CommandKind,
    mixer::{LivePlayer, Material, StripSettings, Voice, VoiceChange, VoiceId, VoicePool},
};
use retake_io::{DeviceEvent, DeviceState, End, InputOrder, InputSet, IoError, MoreInput, Opened};

#[path = "common/rig.rs"]
mod rig;
use rig::{HANG, Order, Rig, fast, noise, read_wav, real, write_wav};

const RATE: u32 = 48_000;
/// Of both periods.
const LATENCY: usize = 512;
/// The most that a tone of 997 Hz at −12 dBFS moves from one sample to the next, and a little.
const STEP: f32 = 0.036;

/// A first microphone of noise, to the left, and a speaker that is written down.
struct Booth {
    dir: tempfile::TempDir,
    sound: Vec<f32>,
}

impl Booth {
    fn new(frames: usize) -> Self {
        let (dir, sound) = (tempfile::tempdir().unwrap(), noise(frames));
        write_wav(&dir.path().join("a.wav"), RATE, 2, &sound);
        Self { dir, sound }
    }

    fn file(&self, name: &str) -> String {
        format!("virtual:period=256,file={}", self.to(name).display())
    }

    fn to(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// That channel of the noise where it should be heard until `end`.
    fn expected(&self, channel: usize, end: usize) -> Vec<f32> {
        let sample = |n: &usize| self.sound[2 * (n - LATENCY) + channel];
        (LATENCY..end).collect::<Vec<_>>().iter().map(sample).collect()
    }
}

/// A session, and the voices of its microphones.
struct Stage {
    rig: Rig,
    pool: VoicePool,
    shape: BusShape,
}

fn pan(pan: f32) -> StripSettings {
    StripSettings { pan, ..StripSettings::default() }
}

impl Stage {
    /// The first microphone to that side.
    fn start(order: impl Into<Order>, side: f32) -> (Self, Vec<MoreInput>) {
        let (mut rig, mut opened) = Rig::open(order).unwrap();
        let shape = shape(&opened);
        let more = std::mem::take(&mut opened.more);
        let engine = rig.engine_with(*opened, pan(side));
        rig.play(engine, Vec::new());
        (Self { rig, pool: VoicePool::default(), shape }, more)
    }

    fn order<T: Send + 'static>(
        &self,
        order: impl FnOnce(Box<dyn FnOnce(T) + Send>) -> InputOrder,
    ) -> T {
        let (tell, told) = channel();
        self.rig.devices.order(order(Box::new(move |what| drop(tell.send(what))))).unwrap();
        told.recv_timeout(HANG).expect("an answer")
    }

    fn add(&self, number: usize, device: &str) -> Result<InputSet, IoError> {
        self.order(|then| InputOrder::Add { number, device: device.to_owned(), then })
    }

    fn set(&self, number: usize, device: &str) -> Result<InputSet, IoError> {
        self.order(|then| InputOrder::Set { number, device: device.to_owned(), then })
    }

    fn tell(&self, order: InputOrder) {
        self.rig.devices.order(order).unwrap();
    }

    /// Lets it be heard on that side.
    fn play(&mut self, more: MoreInput, side: f32) -> VoiceId {
        let id = self.pool.claim().unwrap();
        let material = Material::Live(LivePlayer::new(more.input));
        let voice = Voice::new(id, material, pan(side), self.shape);
        self.send(CommandKind::Play(Box::new(voice)));
        id
    }

    fn send(&mut self, command: CommandKind) {
        self.rig.control.as_mut().unwrap().commands.send(0, command).unwrap();
    }

    /// Fades a voice out and takes it back.
    fn end(&mut self, id: VoiceId) {
        self.send(CommandKind::Voice(id, VoiceChange::Stop));
        let until = Instant::now() + HANG;
        while self.rig.control.as_mut().unwrap().spent.pop().is_err() {
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
        self.pool.release(id);
    }

    fn frames(&self) -> u64 {
        self.rig.probe.frames.get()
    }

    fn run_for(&self, frames: u64) {
        let end = self.frames() + frames;
        self.rig.wait("time", |probe| probe.frames.get() >= end);
    }

    /// To the end of the run; what the speaker got.
    fn finish(self, to: &Path) -> [Vec<f32>; 2] {
        self.rig.finished().unwrap();
        self.rig.stop();
        let samples = read_wav(to).1;
        [0, 1].map(|c| samples.iter().skip(c).step_by(2).copied().collect())
    }
}

fn shape(opened: &Opened) -> BusShape {
    let format = opened.format;
    BusShape { rate: format.engine_rate, max_block: format.max_block, n_output: format.n_output }
}

fn beside(set: Result<InputSet, IoError>) -> MoreInput {
    match set {
        Ok(InputSet::Beside(more)) => *more,
        other => panic!("{other:?}"),
    }
}

/// The amplitude of a tone, under a Hann window.
fn amplitude(sound: &[f32], hz: f64) -> f64 {
    let n = sound.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (i, x) in sound.iter().enumerate() {
        let (phase, turn) = (TAU * hz * i as f64 / 48_000.0, TAU * i as f64 / n);
        let x = f64::from(*x) * (1.0 - turn.cos());
        (re, im) = (re + x * phase.cos(), im + x * phase.sin());
    }
    2.0 * re.hypot(im) / n
}

fn largest_step(sound: &[f32]) -> f32 {
    sound.windows(2).fold(0.0, |most, pair| most.max((pair[1] - pair[0]).abs()))
}

fn index(frames: u64) -> usize {
    usize::try_from(frames).unwrap()
}

#[test]
fn one_that_comes_is_heard_and_one_that_goes_is_not() {
    let booth = Booth::new(110_000);
    let order = real(&booth.file("a.wav"), &booth.file("out.wav"), 108_000);
    let (mut stage, _) = Stage::start(order, -1.0);
    stage.run_for(9_600);
    let before = index(stage.frames());
    let more = beside(stage.add(1, "virtual:tone=997,ppm=50,period=256"));
    assert_eq!((more.number, more.info.channels), (1, 2));
    assert!(!more.is_live_loop, "nothing here is real");
    let id = stage.play(more, 1.0);
    stage.run_for(43_200);
    let leaves = index(stage.frames());
    stage.end(id);
    let gone = index(stage.frames()) + 1_024;
    stage.tell(InputOrder::Remove { number: 1 });
    let [left, right] = stage.finish(&booth.to("out.wav"));
    assert!(left[LATENCY..108_000] == booth.expected(0, 108_000), "the other has changed");
    assert!(right[..before].iter().all(|x| *x == 0.0), "it was not there yet");
    let found = amplitude(&right[leaves - 24_000..leaves - 2_000], 997.05);
    assert!((found - 0.251_19).abs() < 0.01, "{found}");
    assert!(right[gone..].iter().all(|x| *x == 0.0), "it is gone");
    // The first sound and the last are fades.
    let first = right.iter().position(|x| *x != 0.0).unwrap();
    let last = right.iter().rposition(|x| *x != 0.0).unwrap();
    assert!(right[first..first + 24].iter().all(|x| x.abs() < 0.05));
    assert!(right[last - 24..=last].iter().all(|x| x.abs() < 0.05));
    assert!(largest_step(&right[first - 1..first + 480]) < STEP);
    assert!(largest_step(&right[last - 480..]) < STEP);
}

#[test]
fn one_of_several_is_another_device_from_now_on() {
    let booth = Booth::new(110_000);
    let order = real(&booth.file("a.wav"), &booth.file("out.wav"), 108_000);
    let (mut stage, _) = Stage::start(order, -1.0);
    let more = beside(stage.add(1, "virtual:tone=440,period=256"));
    let first = stage.play(more, 1.0);
    stage.run_for(36_000);
    let failed = stage.set(1, "virtual:tone=no").unwrap_err();
    assert!(failed.to_string().contains("tone"), "{failed}");
    let refused = stage.set(1, "no such microphone").unwrap_err();
    assert!(matches!(refused, IoError::UnknownDevice { .. }), "{refused}");
    stage.run_for(4_800);
    let changed = index(stage.frames());
    // Of one channel: the voice of another.
    let more = beside(stage.set(1, "virtual:tone=997,channels=1,period=441"));
    assert_eq!((more.number, more.info.channels), (1, 1));
    let second = stage.play(more, 1.0);
    stage.run_for(9_600);
    let both = index(stage.frames());
    stage.end(first);
    stage.tell(InputOrder::Release { number: 1 });
    stage.run_for(30_000);
    let end = index(stage.frames());
    stage.end(second);
    let [left, right] = stage.finish(&booth.to("out.wav"));
    assert!(left[LATENCY..108_000] == booth.expected(0, 108_000), "the other has changed");
    let (old, new) = (&right[changed - 24_000..changed], &right[end - 24_000..end]);
    assert!((amplitude(old, 440.0) - 0.251_19).abs() < 0.01, "what cannot be opened changed it");
    let both = &right[both - 4_800..both];
    let is_there = |hz| (amplitude(both, hz) - 0.251_19).abs() < 0.01;
    assert!(is_there(440.0) && is_there(997.0), "it is closed before it has faded out");
    assert!((amplitude(new, 997.0) - 0.251_19).abs() < 0.01);
    assert!(amplitude(new, 440.0) < 1e-3, "the one before is still heard");
    assert!(largest_step(&right[changed - 1..changed + 19_200]) < 2.0 * STEP);
}

#[test]
fn the_first_is_another_device_and_the_second_does_not_notice() {
    let booth = Booth::new(110_000);
    let mut order = real("virtual:tone=440,period=256", &booth.file("out.wav"), 108_000);
    order.request.more = vec![booth.file("a.wav").parse().unwrap()];
    let (mut stage, mut more) = Stage::start(order, -1.0);
    stage.play(more.remove(0), 1.0);
    stage.run_for(36_000);
    assert!(stage.set(0, "virtual:tone=440,loop").is_err(), "it hears no speaker");
    stage.run_for(4_800);
    let changed = index(stage.frames());
    let InputSet::First { info, .. } = stage.set(0, "virtual:tone=997,period=256").unwrap() else {
        panic!("it needs no voice");
    };
    assert_eq!(info.device, "virtual:tone=997,period=256");
    let [left, right] = stage.finish(&booth.to("out.wav"));
    let expected = booth.expected(1, 108_000);
    // Its voice was not there from the first frame on.
    let from = right.iter().position(|x| *x != 0.0).unwrap();
    assert!(from < 24_000 && right[from..108_000] == expected[from - LATENCY..]);
    let (old, new) = (&left[changed - 24_000..changed], &left[80_000..104_000]);
    assert!((amplitude(old, 440.0) - 0.251_19).abs() < 0.01);
    assert!((amplitude(new, 997.0) - 0.251_19).abs() < 0.01 && amplitude(new, 440.0) < 1e-3);
    assert!(largest_step(&left[changed - 1..changed + 9_600]) < STEP, "a fade out and a fade in");
}

#[test]
fn a_first_of_other_channels_gets_another_engine() {
    let booth = Booth::new(10);
    let mut order = Order::from(rig::request("virtual:period=256", &booth.file("out.wav")));
    order.request.more = vec!["virtual:tone=997".parse().unwrap()];
    let (mut stage, more) = Stage::start(order, 0.0);
    drop(more);
    stage.run_for(4_800);
    let (tell, told) = channel();
    stage.tell(InputOrder::Set {
        number: 0,
        device: "virtual:channels=1".to_owned(),
        then: Box::new(move |set| drop(tell.send(set))),
    });
    let (old, opened) = loop {
        if let DeviceEvent::Reshape { engine, opened } = stage.rig.next() {
            break (engine, opened);
        }
    };
    assert!(told.recv_timeout(HANG).unwrap().is_ok());
    assert_eq!((old.n_input(), opened.format.n_input), (2, 1));
    assert_eq!(opened.more.iter().map(|more| more.number).collect::<Vec<_>>(), [1]);
    let busy = stage.set(1, "virtual").unwrap_err();
    assert!(matches!(busy, IoError::NotNow(_)), "{busy}");
    let frame = old.into_parts().frame;
    let engine = stage.rig.engine(*opened, None);
    stage.rig.play(engine, Vec::new());
    stage.rig.wait("the new engine", |probe| probe.frames.get() < frame);
    stage.run_for(4_800);
    stage.rig.stop();
}

#[test]
fn numbers_are_used_once_and_what_is_away_is_awaited() {
    let booth = Booth::new(10);
    let order = Order::from(rig::request("virtual:period=256", &booth.file("out.wav")));
    let (stage, _) = Stage::start(order, 0.0);
    beside(stage.add(1, "virtual:tone=440"));
    stage.tell(InputOrder::Remove { number: 1 });
    beside(stage.add(2, "virtual:tone=440,unplug=0.2+0.2"));
    assert_eq!(stage.rig.until_input(2, DeviceState::Lost), []);
    stage.rig.until_input(2, DeviceState::Back);
    stage.tell(InputOrder::Remove { number: 2 });
    stage.tell(InputOrder::Await { number: 3, device: "no such microphone".to_owned() });
    let lost = stage.rig.until_input(3, DeviceState::Lost);
    assert_eq!(lost, [], "it is told once");
    stage.tell(InputOrder::Await { number: 4, device: "virtual:tone=440".to_owned() });
    loop {
        match stage.rig.next() {
            DeviceEvent::Input(more) => break assert_eq!(more.number, 4),
            DeviceEvent::State { end, input, state, .. } => {
                assert_eq!((end, input, state), (End::Input, 3, DeviceState::Retry));
            }
            other => panic!("{other:?}"),
        }
    }
    stage.rig.stop();
}

#[test]
fn what_cannot_be_is_refused() {
    let booth = Booth::new(100_000);
    let order = real(&booth.file("a.wav"), &booth.file("out.wav"), 24_000);
    let (stage, _) = Stage::start(order, 0.0);
    for (device, words) in [
        ("no such microphone", "there is no input device \"no such microphone\""),
        ("virtual:tne=440", "tne"),
        ("virtual:loop", "only an --input can"),
        ("virtual:file=/nowhere/at/all.wav", "cannot read"),
        ("none", "there is no input device"),
    ] {
        let error = stage.add(1, device).unwrap_err().to_string();
        assert!(error.contains(words), "{device}: {error}");
    }
    let [left, _] = stage.finish(&booth.to("out.wav"));
    assert!(left[LATENCY..24_000] == booth.expected(0, 24_000), "and changes nothing");
    let (stage, _) = Stage::start(fast("virtual", &booth.file("out.wav"), 4_800), 0.0);
    let error = stage.add(1, "virtual").unwrap_err();
    assert!(matches!(error, IoError::Unchangeable(_)), "{error}");
    stage.rig.stop();
    let (stage, _) = Stage::start(rig::request("virtual", "none"), 0.0);
    let error = stage.set(0, "virtual:tone=440").unwrap_err();
    assert!(error.to_string().contains("--output none"), "{error}");
    stage.rig.stop();
}
