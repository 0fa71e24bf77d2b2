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
    calls: Calls,
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

/// Nanoseconds as a driver would stamp them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive times")]
pub fn nanos(seconds: f64) -> u64 {
    ((seconds + 1.0) * 1e9) as u64
}
