//! One end of a virtual card: its timeline, its sound, and the stream that is plugged in now.
//!
//! Runs on the card's thread; allocates when a stream is built, never in a step.

use cpal::{Data, Error, ErrorKind, SampleFormat, StreamInstant};

use crate::{
    error::{End, IoError},
    formats,
    r#virtual::{air::Air, data::SampleMemory, microphone::Microphone, spec::Spec},
    wav::WavWriter,
};

/// A stream's data callback, of either direction.
pub(crate) type Callback = Box<dyn FnMut(&mut Data, StreamInstant) + Send>;
/// A stream's error callback.
pub(crate) type OnError = Box<dyn FnMut(Error) + Send>;

/// What a stream was built for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Config {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    pub(crate) format: SampleFormat,
    pub(crate) period: u32,
}

/// The stream that is plugged into a lane.
pub(crate) struct Plug {
    pub(crate) id: u64,
    pub(crate) callback: Callback,
    pub(crate) on_error: OnError,
    pub(crate) is_playing: bool,
}

impl Plug {
    /// A capture callback gets these samples.
    fn take(&mut self, memory: &mut SampleMemory, samples: &[f32], now: StreamInstant) {
        memory.lend(samples.len(), |data| {
            formats::write(data, 0, samples);
            (self.callback)(data, now);
        });
    }
}

/// Where sound comes from or goes to.
#[derive(Debug)]
enum Sound {
    From(Microphone),
    /// The card's speaker, so many seconds later.
    Heard(f64),
    To(Option<WavWriter>),
}

pub(crate) struct Lane {
    spec: Spec,
    sound: Sound,
    config: Option<Config>,
    memory: SampleMemory,
    scratch: Vec<f32>,
    plug: Option<Plug>,
    /// Callbacks that were due so far.
    n_steps: u64,
    /// Frames that the speaker's file still does without.
    left_out: u64,
    due: f64,
    random: u64,
    was_unplugged: bool,
}

impl Lane {
    /// # Errors
    /// As [`Microphone::open`]; [`IoError::VirtualSpec`] for a speaker with a source.
    pub(crate) fn open(spec: Spec, end: End) -> Result<Self, IoError> {
        let sound = match end {
            End::Input => match spec.air_ms {
                Some(air_ms) => Sound::Heard(air_ms * 1e-3),
                None => Sound::From(Microphone::open(&spec)?),
            },
            End::Output => {
                spec.check_speaker()?;
                Sound::To(None)
            }
        };
        Ok(Self {
            random: spec.seed,
            spec,
            sound,
            config: None,
            memory: SampleMemory::new(SampleFormat::F32, 0),
            scratch: Vec::new(),
            plug: None,
            n_steps: 0,
            left_out: 0,
            due: 0.0,
            was_unplugged: false,
        })
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    pub(crate) fn end(&self) -> End {
        match self.sound {
            Sound::From(_) | Sound::Heard(_) => End::Input,
            Sound::To(_) => End::Output,
        }
    }

    /// Rate and channels that the file or the string prescribe.
    pub(crate) fn fixed(&self) -> (Option<u32>, Option<u16>) {
        match &self.sound {
            Sound::From(microphone) if let Some((rate, channels)) = microphone.fixed() => {
                (Some(rate), Some(channels))
            }
            _ => (self.spec.rate, self.spec.channels),
        }
    }

    /// Takes a stream in; the speaker's file begins with the first.
    ///
    /// # Errors
    /// [`IoError::WavWrite`], [`IoError::DiskFull`].
    pub(crate) fn plug_in(&mut self, config: Config, plug: Plug) -> Result<(), IoError> {
        if self.config != Some(config) {
            let samples = config.period as usize * usize::from(config.channels);
            self.memory = SampleMemory::new(config.format, samples);
            self.scratch = vec![0.0; samples];
            self.config = Some(config);
        }
        if let (Sound::To(writer @ None), Some(path)) = (&mut self.sound, &self.spec.file) {
            *writer = Some(WavWriter::create(path, config.rate, config.channels)?);
        }
        self.plug = Some(plug);
        self.reckon();
        Ok(())
    }

    /// Gives the stream `id` back, if it is still the one plugged in.
    pub(crate) fn unplug(&mut self, id: u64) -> Option<Plug> {
        self.plug.take_if(|plug| plug.id == id)
    }

    pub(crate) fn set_playing(&mut self, id: u64, is_playing: bool) {
        if let Some(plug) = self.plug.as_mut().filter(|plug| plug.id == id) {
            plug.is_playing = is_playing;
        }
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.plug.as_ref().is_some_and(|plug| plug.is_playing)
    }

    /// When the next callback comes, in seconds of card time.
    pub(crate) fn due(&self) -> f64 {
        self.due
    }

    /// Frames of device time that have passed.
    pub(crate) fn frames(&self) -> u64 {
        self.n_steps * self.period() as u64
    }

    pub(crate) fn period(&self) -> usize {
        self.config.map_or(0, |config| config.period as usize)
    }

    /// Whether the device is there at `seconds`.
    pub(crate) fn is_present(&self, seconds: f64) -> bool {
        !self.spec.unplug.is_some_and(|window| window.contains(seconds))
    }

    /// The next callback, or its absence; none has a frame from `stop_after` on.
    ///
    /// # Errors
    /// [`IoError::WavWrite`], [`IoError::DiskFull`] of the speaker's file.
    pub(crate) fn step(&mut self, stop_after: u64, air: &mut Air) -> Result<(), IoError> {
        let Some(config) = self.config else {
            return Ok(());
        };
        let now = self.nominal(config);
        self.tell_unplugged(now);
        let is_heard = self.is_playing()
            && self.is_present(now)
            && !self.spec.stall.is_some_and(|window| window.contains(now));
        // The last callback is shorter: nothing is rendered that is not asked for.
        let left = usize::try_from(stop_after.saturating_sub(self.frames())).unwrap_or(usize::MAX);
        let samples = left.saturating_mul(config.channels.into()).min(self.scratch.len());
        if let Sound::Heard(delay) = self.sound {
            let rate = self.true_rate(config);
            let begin = now - f64::from(config.period) / rate - delay;
            air.hear(&mut self.scratch[..samples], config.channels.into(), begin, rate);
        }
        let result = self.transfer(config, is_heard, samples, instant(self.due));
        if let Sound::To(_) = self.sound {
            air.give(self.frames(), &self.scratch[..samples]);
        }
        self.n_steps += 1;
        self.reckon();
        result
    }

    fn transfer(
        &mut self,
        config: Config,
        is_heard: bool,
        samples: usize,
        now: StreamInstant,
    ) -> Result<(), IoError> {
        let (rate, channels) = (f64::from(config.rate), usize::from(config.channels));
        let scratch = &mut self.scratch[..samples];
        match (&mut self.sound, self.plug.as_mut().filter(|_| is_heard)) {
            (Sound::From(microphone), Some(plug)) => {
                microphone.fill(scratch, channels, rate);
                plug.take(&mut self.memory, scratch, now);
            }
            (Sound::Heard(_), Some(plug)) => plug.take(&mut self.memory, scratch, now),
            (Sound::From(microphone), None) => microphone.skip(samples / channels, rate),
            (Sound::To(_), Some(plug)) => self.memory.lend(samples, |data| {
                formats::silence(data);
                (plug.callback)(data, now);
                formats::read(data, 0, scratch);
            }),
            (Sound::Heard(_), None) => {}
            (Sound::To(_), None) => scratch.fill(0.0),
        }
        let Sound::To(Some(writer)) = &mut self.sound else {
            return Ok(());
        };
        let skipped = self.left_out.min((samples / channels) as u64);
        self.left_out -= skipped;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        writer.write(&scratch[skipped * channels..])
    }

    /// The speaker's file does without its next `frames`.
    pub(crate) fn leave_out(&mut self, frames: u64) {
        self.left_out = frames;
    }

    /// Ends the speaker's file.
    ///
    /// # Errors
    /// As [`WavWriter::finish`].
    pub(crate) fn finish(&mut self) -> Result<(), IoError> {
        match &mut self.sound {
            Sound::To(Some(writer)) => writer.finish().map(|_| ()),
            _ => Ok(()),
        }
    }

    fn tell_unplugged(&mut self, now: f64) {
        let is_gone = !self.is_present(now);
        if is_gone
            && !self.was_unplugged
            && let Some(plug) = &mut self.plug
        {
            (plug.on_error)(Error::with_message(ErrorKind::DeviceNotAvailable, "unplugged"));
        }
        self.was_unplugged = is_gone;
    }

    /// Capture `k` has its frames at the end of their time, playback `j` needs them at its start.
    fn nominal(&self, config: Config) -> f64 {
        let steps = match self.sound {
            Sound::From(_) | Sound::Heard(_) => self.n_steps + 1,
            Sound::To(_) => self.n_steps,
        };
        let frames = steps as f64 * f64::from(config.period);
        frames / self.true_rate(config)
    }

    /// Frames a second of card time.
    pub(crate) fn true_rate(&self, config: Config) -> f64 {
        f64::from(config.rate) * (1.0 + self.spec.ppm * 1e-6)
    }

    fn reckon(&mut self) {
        let Some(config) = self.config else { return };
        let late = match self.spec.jitter_us {
            0 => 0.0,
            jitter_us => f64::from(jitter_us) * 1e-6 * self.chance(),
        };
        self.due = (self.nominal(config) + late).max(self.due);
    }

    /// 0…1, from the seed (`SplitMix64`).
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "device time is positive and its nanoseconds fit for centuries"
)]
fn instant(seconds: f64) -> StreamInstant {
    let nanos = (seconds * 1e9) as u64;
    StreamInstant::new(nanos / 1_000_000_000, (nanos % 1_000_000_000) as u32)
}
