//! What a check gets: a library, one of its plugins, and a seed.

use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};

use crate::audio::Audio;
use crate::events::{Event, Output};
use crate::host::{self, Host, Role};
use crate::instance::{Instance, Param};
use crate::library::Library;
use crate::notes::{self, Style};
use crate::rng::Rng;
use crate::score::{Heard, Score, Shape, play};

/// The sample rate where a check does not say another.
pub(crate) const RATE: f64 = 48_000.0;
/// The largest block where a check does not say another.
pub(crate) const BLOCK: usize = 512;

/// How a check ends when nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The plugin does what it should.
    Passed,
    /// The check does not apply, and why.
    Skipped(&'static str),
}

/// One plugin under one check.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) library: Library,
    pub(crate) id: CString,
    seed: u64,
}

impl Case {
    /// Opens the library; the calling thread is the main thread from now on.
    pub(crate) fn open(path: &Path, id: &str, seed: u64) -> Result<Self> {
        host::become_role(Role::Main);
        Ok(Self { library: Library::open(path)?, id: CString::new(id)?, seed })
    }

    pub(crate) fn rng(&self) -> Rng {
        Rng::new(self.seed)
    }

    pub(crate) fn instance(&self) -> Result<Instance<'_>> {
        Instance::new(&self.library, &self.id, Arc::new(Host::new(true)))
    }

    pub(crate) fn instance_without_host_extensions(&self) -> Result<Instance<'_>> {
        Instance::new(&self.library, &self.id, Arc::new(Host::new(false)))
    }
}

impl Instance<'_> {
    /// Activates at the usual rate and block size, starts, works, stops, deactivates.
    pub(crate) fn run<T: Send>(
        &self,
        work: impl FnOnce(Audio<'_>, &Shape) -> Result<T> + Send,
    ) -> Result<T> {
        self.run_at(RATE, BLOCK, work)
    }

    pub(crate) fn run_at<T: Send>(
        &self,
        rate: f64,
        max_block: usize,
        work: impl FnOnce(Audio<'_>, &Shape) -> Result<T> + Send,
    ) -> Result<T> {
        let shape = Shape::of(self)?;
        self.activate(rate, u32::try_from(max_block)?)?;
        let started = |audio: Audio<'_>| {
            audio.start()?;
            let done = work(audio, &shape)?;
            audio.stop()?;
            Ok(done)
        };
        let done = self.on_audio_thread(started, || Ok(()))?;
        self.on_main_thread()?;
        self.deactivate()?;
        Ok(done)
    }

    /// Plays a score in blocks of the usual size to the plugin, newly activated.
    pub(crate) fn hear(&self, score: &Score) -> Result<Heard> {
        self.run(|audio, shape| play(audio, shape, score, || BLOCK))
    }

    /// Noise, and random notes if the plugin takes any.
    pub(crate) fn score(&self, frames: usize, rng: &mut Rng) -> Result<Score> {
        let score = Score::noise(&Shape::of(self)?, frames, rng);
        Ok(score.with(notes::random(&self.note_ports(true)?, frames, Style::Proper, rng)))
    }

    /// The parameters that a host may set.
    pub(crate) fn writable_params(&self) -> Result<Vec<Param>> {
        Ok(self.params()?.into_iter().filter(Param::is_writable).collect())
    }

    /// Sets values while the plugin is not active. Main thread.
    pub(crate) fn set(&self, values: &[(u32, f64)]) -> Result<()> {
        let events: Vec<_> = values.iter().map(|&(id, value)| Event::param(0, id, value)).collect();
        self.flush(&events, &mut Output::new())
    }
}

impl Param {
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn is_writable(&self) -> bool {
        !self.has(clap_sys::ext::params::CLAP_PARAM_IS_READONLY)
    }

    /// A value in range, whole for a stepped parameter.
    pub(crate) fn random(&self, rng: &mut Rng) -> f64 {
        let value = rng.between(self.min, self.max);
        if self.has(clap_sys::ext::params::CLAP_PARAM_IS_STEPPED) { value.round() } else { value }
    }

    /// Whether two values are the same to within a rounding of the plugin's.
    pub(crate) fn is_same(&self, one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-6 * (self.max - self.min).abs().max(1e-12)
    }
}

/// A random value for each parameter.
pub(crate) fn random_values(params: &[Param], rng: &mut Rng) -> Vec<(u32, f64)> {
    params.iter().map(|param| (param.id, param.random(rng))).collect()
}

/// Fails with the first parameter whose value is another than before.
pub(crate) fn must_be_same(
    params: &[Param],
    before: &[f64],
    after: &[f64],
    what: &str,
) -> Result<()> {
    for (param, (before, after)) in params.iter().zip(before.iter().zip(after)) {
        ensure!(
            param.is_same(*before, *after),
            "{what}: {:?} is {after}, expected {before}",
            param.name
        );
    }
    Ok(())
}
