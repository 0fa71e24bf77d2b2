//! The plugin bus: the running generation, the one that takes over, and the dry way around both.

use crate::{
    channels::{ToMono, adapt},
    command::{Event, Fade, Reporter},
    delay::DryDelay,
    planar::Planar,
    probe::Probe,
    processor::{Layout, Outcome, PluginEvent, ProcessIo, Processor, Replies},
    ramp::Ramp,
};

/// Events that a block can carry to the plugin.
pub const EVENTS_PER_BLOCK: usize = 1_024;
/// Replies that a plugin can send in a block.
const REPLIES_PER_BLOCK: usize = 256;
const BYPASS_MS: u32 = 5;

/// One running plugin with the buffers it needs: built by control, boxed, and moved as a whole.
pub struct Generation {
    number: u32,
    processor: Box<dyn Processor>,
    layout: Layout,
    input: Planar,
    output: Planar,
    /// What is heard of this generation, in the device's channels.
    heard: Planar,
    dry: Planar,
    journal: Vec<PluginEvent>,
    events: Vec<PluginEvent>,
    replies: Replies,
    /// 0 = the plugin is heard, 1 = the dry signal.
    bypass: Ramp,
    condemned: bool,
    was_finite: bool,
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation")
            .field("number", &self.number)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// The engine's shape, as far as a generation must fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusShape {
    /// The engine's rate, Hz.
    pub rate: u32,
    /// Largest block, frames.
    pub max_block: usize,
    /// Channels of the output device.
    pub n_output: usize,
}

impl Generation {
    /// Wraps an activated processor for an engine of `shape`. Allocates everything it will need.
    pub fn new(number: u32, processor: Box<dyn Processor>, shape: BusShape) -> Self {
        let layout = processor.layout();
        let BusShape {
            rate,
            max_block,
            n_output,
        } = shape;
        Self {
            number,
            input: Planar::new(layout.n_input, max_block),
            output: Planar::new(layout.n_output, max_block),
            heard: Planar::new(n_output, max_block),
            dry: Planar::new(n_output, max_block),
            processor,
            layout,
            journal: Vec::with_capacity(EVENTS_PER_BLOCK),
            events: Vec::with_capacity(2 * EVENTS_PER_BLOCK),
            replies: Replies::new(REPLIES_PER_BLOCK),
            bypass: Ramp::new(0.0, (rate * BYPASS_MS / 1_000) as usize),
            condemned: false,
            was_finite: true,
        }
    }

    /// Changes that control made since this generation's snapshot: the first events it gets.
    /// At most [`EVENTS_PER_BLOCK`]; the rest is left out.
    #[must_use]
    pub fn with_journal(mut self, changes: &[(u32, f64)]) -> Self {
        self.journal.extend(
            changes
                .iter()
                .take(EVENTS_PER_BLOCK)
                .map(|&(param_id, value)| PluginEvent {
                    offset: 0,
                    param_id,
                    value,
                }),
        );
        self
    }

    /// The generation's number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Channels and latency of its processor.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Gives the processor back, for its own thread to take apart.
    pub fn into_processor(self) -> Box<dyn Processor> {
        self.processor
    }

    /// Renders one block into `heard`.
    fn run(&mut self, block: &mut Block<'_>) {
        self.gather_events(block.events);
        adapt(block.input, &mut self.input, block.frames, block.to_mono);
        if !self.condemned && self.process(block) == Outcome::Error {
            self.condemned = true;
            let fact = Event::ProcessError {
                generation: self.number,
                frame: block.frame,
            };
            block.reporter.fact(fact);
        }
        if self.condemned {
            self.output.silence(block.frames);
        }
        if self.layout.n_output == 0 {
            adapt(block.input, &mut self.heard, block.frames, block.to_mono);
        } else {
            adapt(&self.output, &mut self.heard, block.frames, ToMono::First);
        }
        self.watch_finite(block);
        self.mix_dry(block);
    }

    fn gather_events(&mut self, events: &[PluginEvent]) {
        self.events.clear();
        self.events.append(&mut self.journal);
        self.events.extend_from_slice(events);
    }

    fn process(&mut self, block: &mut Block<'_>) -> Outcome {
        let mut io = ProcessIo {
            input: &self.input,
            output: &mut self.output,
            frames: block.frames,
            frame: block.frame,
            events: &self.events,
            replies: &mut self.replies,
        };
        let outcome = self.processor.process(&mut io);
        for reply in self.replies.drain() {
            let frame = block.frame + u64::from(reply.offset);
            block.reporter.echo(Event::Param {
                id: reply.param_id,
                value: reply.value,
                frame,
            });
        }
        outcome
    }

    fn watch_finite(&mut self, block: &mut Block<'_>) {
        let bad: usize = self
            .heard
            .rows()
            .map(|row| {
                row[..block.frames]
                    .iter()
                    .filter(|x| !x.is_finite())
                    .count()
            })
            .sum();
        block.probe.non_finite.add(bad as u64);
        if bad > 0 && self.was_finite {
            block.reporter.fact(Event::NonFinite {
                generation: self.number,
                frame: block.frame,
            });
        }
        self.was_finite = bad == 0;
    }

    /// Moves towards the dry signal or back, in a straight line.
    fn mix_dry(&mut self, block: &mut Block<'_>) {
        self.bypass.head_for(if block.bypass || self.condemned {
            1.0
        } else {
            0.0
        });
        if self.bypass.at_rest() == Some(0.0) {
            return;
        }
        // The input's channels, late by the latency, then as the device wants them.
        let late = block.dry.delayed(self.layout.latency_frames, block.frames);
        adapt(late, &mut self.dry, block.frames, block.to_mono);
        let start = self.bypass;
        for (wet, dry) in self.heard.rows_mut().zip(self.dry.rows()) {
            self.bypass = start;
            for (w, d) in wet[..block.frames].iter_mut().zip(dry) {
                let share = self.bypass.next();
                *w = if share >= 1.0 {
                    *d
                } else {
                    *w + (*d - *w) * share
                };
            }
        }
    }
}

/// One block on its way through the bus.
pub(crate) struct Block<'a> {
    pub(crate) input: &'a Planar,
    pub(crate) frames: usize,
    pub(crate) frame: u64,
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
}

#[derive(Debug)]
struct Swap {
    next: Box<Generation>,
    fade: Fade,
    done: usize,
}

impl PluginBus {
    pub(crate) fn new(first: Box<Generation>, shape: BusShape) -> Self {
        let mix = Planar::new(shape.n_output, shape.max_block);
        Self {
            current: first,
            swap: None,
            mix,
            mixed: false,
        }
    }

    /// Whether a fade is under way; a second swap has to wait for its end.
    pub(crate) fn is_swapping(&self) -> bool {
        self.swap.is_some()
    }

    /// The generation that plays, or that everything heads for.
    pub(crate) fn newest(&mut self) -> &mut Generation {
        self.swap
            .as_mut()
            .map_or(&mut self.current, |swap| &mut swap.next)
    }

    /// Lets `next` take over, from the coming block on. Only when no swap is under way.
    ///
    /// # Real time
    /// Moves a box.
    pub(crate) fn begin_swap(&mut self, next: Box<Generation>, fade: Fade) {
        debug_assert!(self.swap.is_none());
        self.swap = Some(Swap {
            next,
            fade,
            done: 0,
        });
    }

    /// Bypasses generation `number` for good, wherever it is.
    pub(crate) fn condemn(&mut self, number: u32) {
        let next = self.swap.as_mut().map(|swap| &mut swap.next);
        for generation in [Some(&mut self.current), next].into_iter().flatten() {
            generation.condemned |= generation.number == number;
        }
    }

    /// Renders one block. When this block ended a fade, the old generation comes back.
    ///
    /// # Real time
    /// Everything is allocated already.
    pub(crate) fn render(&mut self, block: &mut Block<'_>) -> Option<Box<Generation>> {
        block.dry.write(block.input, block.frames);
        let Some(mut swap) = self.swap.take() else {
            self.mixed = false;
            self.current.run(block);
            return None;
        };
        let (runs_old, runs_new) = swap.fade.runs(swap.done, block.frames);
        if runs_old {
            self.current.run(block);
        }
        if runs_new {
            swap.next.run(block);
        }
        self.mixed = true;
        self.cross_fade(&swap, block.frames, runs_old, runs_new);
        swap.done += block.frames;
        if swap.done < swap.fade.frames() {
            self.swap = Some(swap);
            return None;
        }
        let ended = block.frame + block.frames as u64;
        block.reporter.fact(Event::SwapDone {
            generation: swap.next.number,
            frame: ended,
        });
        Some(std::mem::replace(&mut self.current, swap.next))
    }

    fn cross_fade(&mut self, swap: &Swap, frames: usize, runs_old: bool, runs_new: bool) {
        let heard = self.current.heard.rows().zip(swap.next.heard.rows());
        for (to, (old, new)) in self.mix.rows_mut().zip(heard) {
            for (i, x) in to[..frames].iter_mut().enumerate() {
                let (old_gain, new_gain) = swap.fade.gains(swap.done + i);
                // What does not run holds a stale block, perhaps with a NaN in it.
                let old = if runs_old && old_gain > 0.0 {
                    old[i] * old_gain
                } else {
                    0.0
                };
                let new = if runs_new && new_gain > 0.0 {
                    new[i] * new_gain
                } else {
                    0.0
                };
                *x = old + new;
            }
        }
    }

    /// What is heard: the device's channels of the last block.
    pub(crate) fn output(&self) -> &Planar {
        if self.mixed {
            &self.mix
        } else {
            &self.current.heard
        }
    }

    /// The generations inside, the one that plays first.
    pub(crate) fn into_generations(self) -> (Box<Generation>, Option<Box<Generation>>) {
        (self.current, self.swap.map(|swap| swap.next))
    }
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
    fn runs(self, at: usize, frames: usize) -> (bool, bool) {
        match self {
            Self::Cross { .. } => (true, true),
            Self::OutIn { frames: length } => {
                let half = length / 2;
                (at < half, at + frames > half)
            }
        }
    }
}
