//! The plugin bus: the running generation, and the one that takes over.

pub use crate::generation::{BusShape, EVENTS_PER_BLOCK, Generation};
use crate::{
    channels::ToMono,
    command::{Event, Fade, Reporter},
    delay::DryDelay,
    event::{EventLog, HeldNotes, PluginEvent, Transport},
    planar::Planar,
    probe::Probe,
};

/// One block on its way through the bus.
pub(crate) struct Block<'a> {
    pub(crate) input: &'a Planar,
    pub(crate) frames: usize,
    pub(crate) frame: u64,
    pub(crate) now_ns: u64,
    pub(crate) transport: Transport,
    pub(crate) events: &'a [PluginEvent],
    pub(crate) bypass: bool,
    pub(crate) to_mono: ToMono,
    pub(crate) dry: &'a mut DryDelay,
    pub(crate) reporter: &'a mut Reporter,
    pub(crate) probe: &'a Probe,
}

/// The generation that plays, and the hand-over to the next.
#[derive(Debug)]
pub(crate) struct PluginBus {
    current: Box<Generation>,
    swap: Option<Swap>,
    mix: Planar,
    mixed: bool,
    held: HeldNotes,
    log: EventLog,
}

/// Events that the bus remembers for a generation that comes up with it.
const LOG_CAPACITY: usize = 4_096;

#[derive(Debug)]
struct Swap {
    next: Box<Generation>,
    fade: Fade,
    done: usize,
}

impl PluginBus {
    /// A bus that begins at `frame` of the engine's clock.
    pub(crate) fn new(first: Box<Generation>, shape: BusShape, frame: u64) -> Self {
        let mix = Planar::new(shape.n_output, shape.max_block);
        Self {
            current: first,
            swap: None,
            mix,
            mixed: false,
            held: HeldNotes::default(),
            log: EventLog::new(LOG_CAPACITY, frame),
        }
    }

    /// Whether a fade is under way; a second swap has to wait for its end.
    pub(crate) fn is_swapping(&self) -> bool {
        self.swap.is_some()
    }

    /// Lets `next` take over, from the coming block on, whose first frame is `now`: a warm one when
    /// it has caught up, a cold one at once. Only when no swap is under way.
    ///
    /// # Real time
    /// Moves a box; strikes the held notes for a cold start.
    pub(crate) fn begin_swap(
        &mut self,
        mut next: Box<Generation>,
        fade: Fade,
        now: u64,
        dry: &DryDelay,
    ) {
        debug_assert!(self.swap.is_none());
        if !next.can_catch_up(now, dry, &self.log) {
            for body in self.held.iter() {
                next.remember(PluginEvent { offset: 0, body });
            }
        }
        self.swap = Some(Swap { next, fade, done: 0 });
    }

    /// Bypasses generation `number` for good, wherever it is.
    pub(crate) fn condemn(&mut self, number: u32) {
        let next = self.swap.as_mut().map(|swap| &mut swap.next);
        let all = [Some(&mut self.current), next].into_iter().flatten();
        for generation in all.filter(|generation| generation.number() == number) {
            generation.condemn();
        }
    }

    /// Renders one block. When this block ended a fade, the old generation comes back.
    ///
    /// # Real time
    /// Everything is allocated already.
    pub(crate) fn render(&mut self, block: &mut Block<'_>) -> Option<Box<Generation>> {
        block.dry.write(block.input, block.frames);
        for event in block.events {
            self.held.follow(&event.body);
            self.log.push(block.frame + u64::from(event.offset), event.body);
        }
        let Some(mut swap) = self.swap.take() else {
            self.mixed = false;
            self.current.run(block);
            return None;
        };
        if swap.next.is_behind(block.frame) {
            self.mixed = false;
            self.current.run(block);
            swap.next.catch_up(block, &self.log);
            self.swap = Some(swap);
            return None;
        }
        let runs = swap.fade.runs(swap.done, block.frames);
        if runs.old {
            self.current.run(block);
        }
        match runs.new {
            true => swap.next.run(block),
            false if swap.next.is_warm() => swap.next.catch_up(block, &self.log),
            false => swap.remember(block),
        }
        self.cross_fade(&swap, block.frames, runs);
        swap.done += block.frames;
        if swap.done < swap.fade.frames() {
            self.swap = Some(swap);
            return None;
        }
        block.reporter.fact(Event::SwapDone {
            generation: swap.next.number(),
            frame: block.frame + block.frames as u64,
        });
        Some(std::mem::replace(&mut self.current, swap.next))
    }

    fn cross_fade(&mut self, swap: &Swap, frames: usize, runs: Runs) {
        self.mixed = true;
        self.mix.silence(frames);
        let (old, new) = (self.current.heard(), swap.next.heard());
        let gains = (swap.done..).map(|at| swap.fade.gains(at));
        // What does not run holds a stale block, perhaps with a NaN in it.
        if runs.old {
            add_scaled(&mut self.mix, old, frames, &gains.clone().map(|g| g.0));
        }
        if runs.new {
            add_scaled(&mut self.mix, new, frames, &gains.map(|g| g.1));
        }
    }

    /// What is heard: the device's channels of the last block.
    pub(crate) fn output(&self) -> &Planar {
        if self.mixed { &self.mix } else { self.current.heard() }
    }

    /// Frames by which the generation that plays lags its input.
    pub(crate) fn latency_frames(&self) -> usize {
        self.current.layout().latency_frames
    }

    /// The generations inside, the one that plays first.
    pub(crate) fn into_generations(self) -> (Box<Generation>, Option<Box<Generation>>) {
        (self.current, self.swap.map(|swap| swap.next))
    }
}

impl Swap {
    /// Both instances get every event: one that does not run yet, in its first block.
    fn remember(&mut self, block: &Block<'_>) {
        let events = block.events.iter();
        let lost = events.filter(|&&event| !self.next.remember(event)).count();
        block.probe.events_lost.add(lost as u64);
    }
}

/// Adds the first `frames` of `from` to `to`; a gain of zero adds nothing, not even a NaN.
fn add_scaled(
    to: &mut Planar,
    from: &Planar,
    frames: usize,
    gains: &(impl Iterator<Item = f32> + Clone),
) {
    for (to, from) in to.rows_mut().zip(from.rows()) {
        for ((x, y), gain) in to[..frames].iter_mut().zip(from).zip(gains.clone()) {
            *x += if gain > 0.0 { y * gain } else { 0.0 };
        }
    }
}

/// Which generations have to run in a block.
#[derive(Debug, Clone, Copy)]
struct Runs {
    old: bool,
    new: bool,
}

impl Fade {
    /// Length in frames.
    pub fn frames(self) -> usize {
        match self {
            Self::Cross { frames } | Self::OutIn { frames } => frames,
        }
    }

    /// Gains of the old and the new generation at frame `at` of the fade. Linear: for signals that
    /// resemble each other the sum keeps its level.
    fn gains(self, at: usize) -> (f32, f32) {
        let progress = ((at + 1) as f32 / self.frames() as f32).min(1.0);
        match self {
            Self::Cross { .. } => (1.0 - progress, progress),
            Self::OutIn { .. } if progress < 0.5 => (1.0 - 2.0 * progress, 0.0),
            Self::OutIn { .. } => (0.0, 2.0 * progress - 1.0),
        }
    }

    /// Which generations have to run in the `frames` from frame `at` of the fade.
    fn runs(self, at: usize, frames: usize) -> Runs {
        let (old, new) = match self {
            Self::Cross { .. } => (true, true),
            Self::OutIn { frames: length } => (at < length / 2, at + frames > length / 2),
        };
        Runs { old, new }
    }
}
