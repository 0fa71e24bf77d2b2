//! The warm-up of a generation on its plugin's thread, wherever the plugin lives.

use std::time::{Duration, Instant};

use retake_engine::{Generation, Processor, Replay, WarmUp, generation::REPLAY_BLOCK};

use crate::{busy::Busy, error::HostError, note::News, panic_line::PanicLine};

/// What a warm-up needs.
pub(crate) struct Warming {
    pub(crate) generation: Generation,
    pub(crate) replay: Replay,
    /// Longest time for it.
    pub(crate) limit: Duration,
}

/// A generation that went through it.
pub(crate) struct Warmed {
    generation: Generation,
    ended: WarmUp,
    took: Duration,
    worst: Duration,
}

impl Warming {
    /// Plays the replay, visibly to `busy`.
    pub(crate) fn run(self, busy: &Busy) -> Warmed {
        let Self { mut generation, replay, limit } = self;
        let start = Instant::now();
        let (mut block, mut worst) = (start, Duration::ZERO);
        // Asked before each block: what lies between two is one.
        let mut is_late = || {
            let now = Instant::now();
            worst = worst.max(now - std::mem::replace(&mut block, now));
            now - start > limit
        };
        let ended = busy.call(|| generation.warm_up(replay, &mut is_late));
        Warmed { generation, ended, took: start.elapsed(), worst }
    }
}

impl Warmed {
    /// What it comes to, with the panic that was reported meanwhile.
    ///
    /// # Errors
    /// [`HostError::Panic`] or [`HostError::Process`], with the processor to be taken apart.
    pub(crate) fn judge(
        self,
        panic: Option<PanicLine>,
    ) -> Result<News, (Box<dyn Processor>, HostError)> {
        let Self { generation, ended, took, worst } = self;
        let rate = f64::from(generation.rate());
        let (frames, findings) = match (panic, ended) {
            (Some(panic), _) => {
                return Err((generation.into_processor(), HostError::Panic(panic)));
            }
            (None, WarmUp::Failed) => {
                return Err((generation.into_processor(), HostError::Process));
            }
            (None, WarmUp::Warm { frames, findings }) => (frames, findings),
            (None, WarmUp::Late) => (0, retake_engine::Findings::default()),
        };
        let block = generation.max_block().min(REPLAY_BLOCK) as f64;
        Ok(News::Warmed {
            frames,
            load: took.as_secs_f64() * rate / frames.max(1) as f64,
            worst_block: worst.as_secs_f64() * rate / block,
            findings,
            generation: Box::new(generation),
        })
    }
}
