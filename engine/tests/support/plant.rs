//! Two devices on virtual time: clocks that differ, callbacks that jitter and come late.

/// Frame `n` of a device is due at `time(n)`, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub rate: f64,
    pub ppm: f64,
    /// From this second on the clock is `step_ppm` faster.
    pub step_at: f64,
    pub step_ppm: f64,
}

impl Clock {
    pub fn steady(rate: u32, ppm: f64) -> Self {
        Self { rate: rate.into(), ppm, step_at: f64::INFINITY, step_ppm: 0.0 }
    }

    pub fn hz(&self, seconds: f64) -> f64 {
        let step = if seconds < self.step_at { 0.0 } else { self.step_ppm };
        self.rate * (1.0 + (self.ppm + step) * 1e-6)
    }

    pub fn time(&self, frame: f64) -> f64 {
        let seconds = frame / self.hz(0.0);
        if seconds <= self.step_at {
            return seconds;
        }
        self.step_at + (frame - self.step_at * self.hz(0.0)) / self.hz(self.step_at)
    }

    pub fn frame(&self, seconds: f64) -> f64 {
        let before = seconds.min(self.step_at);
        before * self.hz(0.0) + (seconds - before) * self.hz(seconds)
    }
}

/// How late callbacks come.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// Each by up to this, seconds.
    pub jitter: f64,
    /// This share of them by up to `latest` seconds more.
    pub late: f64,
    pub latest: f64,
}

pub const CLEAN: Calls = Calls { jitter: 50e-6, late: 0.0, latest: 0.0 };
pub const HARSH: Calls = Calls { jitter: 200e-6, late: 0.005, latest: 0.005 };

/// Numbers from 0 to 1 (`SplitMix64`).
#[derive(Debug)]
pub struct Chance(pub u64);

impl Chance {
    pub fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A device's callbacks, one after the other.
#[derive(Debug)]
pub struct Device {
    pub clock: Clock,
    pub block: usize,
    pub calls: Calls,
    chance: Chance,
    /// Blocks that have to pass before the first callback: one for capture, none for playback.
    lead: usize,
    n: usize,
    due: f64,
    /// Seconds for which the device stood still.
    stood: f64,
}

impl Device {
    pub fn capture(clock: Clock, block: usize, calls: Calls, seed: u64) -> Self {
        Self::new(clock, block, (calls, 1), seed)
    }

    pub fn playback(clock: Clock, block: usize, calls: Calls, seed: u64) -> Self {
        Self::new(clock, block, (calls, 0), seed + 1_000)
    }

    fn new(clock: Clock, block: usize, (calls, lead): (Calls, usize), seed: u64) -> Self {
        let chance = Chance(seed);
        let mut device = Self { clock, block, calls, chance, lead, n: 0, due: 0.0, stood: 0.0 };
        device.reckon();
        device
    }

    /// When the next callback should come by the device's clock.
    pub fn nominal(&self) -> f64 {
        self.stood + self.clock.time(((self.n + self.lead) * self.block) as f64)
    }

    /// When it does, in seconds.
    pub fn due(&self) -> f64 {
        self.due
    }

    /// Frames of all callbacks so far.
    pub fn frames(&self) -> usize {
        self.n * self.block
    }

    /// Stands still for so many seconds.
    pub fn stand(&mut self, seconds: f64) {
        self.stood += seconds;
        self.reckon();
    }

    /// Calls back; gives the moment.
    pub fn call(&mut self) -> f64 {
        let due = self.due;
        self.n += 1;
        self.reckon();
        due
    }

    fn reckon(&mut self) {
        let mut late = self.calls.jitter * self.chance.roll();
        if self.chance.roll() < self.calls.late {
            late += self.calls.latest * self.chance.roll();
        }
        self.due = (self.nominal() + late).max(self.due + 1e-6);
    }
}

/// The latency that a sound server tells when it is asked, ten times a second, and the stamps made of
/// it. Between two answers a program reckons on, from what was moved since, for 100 ms; beyond that it
/// takes the latency as it was told, so that a late call makes a late stamp. The first answer takes
/// 100 ms: until then the latency is zero. Some answers take 200 to 300 ms.
#[derive(Debug)]
pub struct Polls {
    chance: Chance,
    /// Seconds from the callback to the device; none = stamped with the callback itself.
    latency: Option<f64>,
    /// When the server answered, and by how much the answer was off, seconds.
    answer: Option<(f64, f64)>,
    next: f64,
}

/// A server's own buffer, seconds.
const SERVER: f64 = 0.025;
/// A program asks, and reckons on, for so long, seconds.
const ASKED_EVERY: f64 = 0.1;
/// An answer is off by up to this, either way, seconds.
const ANSWER_ERROR: f64 = 3e-4;
/// This share of the answers is slow.
const SLOW: f64 = 0.02;

impl Polls {
    pub fn none() -> Self {
        Self { chance: Chance(0), latency: None, answer: None, next: f64::INFINITY }
    }

    pub fn capture(seed: u64) -> Self {
        Self::new(-SERVER, seed)
    }

    pub fn playback(seed: u64) -> Self {
        Self::new(SERVER, seed + 9)
    }

    fn new(latency: f64, seed: u64) -> Self {
        Self { chance: Chance(seed), latency: Some(latency), answer: None, next: ASKED_EVERY }
    }

    /// Seconds by which true stamps are later than the device's callbacks are due.
    pub fn latency(&self) -> f64 {
        self.latency.unwrap_or(0.0)
    }

    /// The stamp of a callback that was `due` and came at `at`, seconds.
    pub fn stamp(&mut self, due: f64, at: f64) -> f64 {
        let Some(latency) = self.latency else { return at };
        while at >= self.next {
            let error = ANSWER_ERROR * (2.0 * self.chance.roll() - 1.0);
            self.answer = Some((self.next, error));
            let is_slow = self.chance.roll() < SLOW;
            self.next += if is_slow { 0.2 + 0.1 * self.chance.roll() } else { ASKED_EVERY };
        }
        let Some((asked, error)) = self.answer else { return at };
        let late = if at - asked <= ASKED_EVERY { at - due } else { 0.0 };
        let micros = ((latency - late + error) * 1e6).round();
        at + micros * 1e-6
    }
}

/// Nanoseconds as a driver would stamp them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive times")]
pub fn nanos(seconds: f64) -> u64 {
    ((seconds + 1.0) * 1e9) as u64
}
