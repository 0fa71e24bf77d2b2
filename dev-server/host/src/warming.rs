//! The warm-up of a generation on its plugin's thread, wherever the plugin lives.

use std::time::{Duration, Instant};

use retake_engine::{Findings, Generation, Processor, Replay, WarmUp};

use crate::{
    busy::Busy,
    error::HostError,
    note::News,
    panic_line::PanicLine,
    vet::{self, Pace},
};

/// What a warm-up needs.
pub(crate) struct Warming {
    pub(crate) generation: Generation,
    pub(crate) replay: Replay,
    /// Longest time for it.
    pub(crate) limit: Duration,
    /// What is found only warns.
    pub(crate) is_waived: bool,
}

/// A generation that went through it.
pub(crate) struct Warmed {
    generation: Generation,
    ended: WarmUp,
    took: Duration,
    pace: Pace,
    is_waived: bool,
}

impl Warming {
    /// Plays the replay, visibly to `busy`.
    pub(crate) fn run(self, busy: &Busy) -> Warmed {
        let Self { mut generation, replay, limit, is_waived } = self;
        let mut pace = Pace::new(generation.replay_block(), generation.rate());
        let start = Instant::now();
        let ended = busy.call_on_trial(|| {
            generation.warm_up(replay, &mut || {
                pace.tick();
                start.elapsed() > limit
            })
        });
        Warmed { generation, ended, took: start.elapsed(), pace, is_waived }
    }
}

impl Warmed {
    /// What it comes to, with the panic that was reported meanwhile.
    ///
    /// # Errors
    /// [`HostError::Panic`], [`HostError::Process`] or [`HostError::Unfit`], with the processor to be
    /// taken apart.
    pub(crate) fn judge(
        self,
        panic: Option<PanicLine>,
    ) -> Result<News, (Box<dyn Processor>, HostError)> {
        let Self { generation, ended, took, pace, is_waived } = self;
        let (frames, sound) = match ended {
            WarmUp::Warm { frames, findings } => (frames, findings),
            WarmUp::Late | WarmUp::Failed => (0, Findings::default()),
        };
        let findings = vet::of_replay(sound, pace);
        let failure = match (panic, ended) {
            (Some(panic), _) => HostError::Panic(panic),
            (None, WarmUp::Failed) => HostError::Process,
            (None, _) if !findings.is_empty() && !is_waived => HostError::Unfit { findings },
            (None, _) => {
                let rate = f64::from(generation.rate());
                let load = took.as_secs_f64() * rate / frames.max(1) as f64;
                let generation = Box::new(generation);
                return Ok(News::Warmed { generation, frames, load, warnings: findings });
            }
        };
        Err((generation.into_processor(), failure))
    }
}
