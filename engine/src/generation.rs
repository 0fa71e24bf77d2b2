//! One running plugin: its processor, the buffers between it and the bus, its own bypass.

mod standby;
mod warm;

pub use warm::{Findings, Replay, WarmUp};

use warm::Past;

use crate::{
    bus::Block,
    channels::{ToMono, adapt},
    command::{Event, Origin},
    event::{EventBody, PluginEvent},
    planar::{INFINITY_BITS, Planar, loudest_bits},
    processor::{Layout, Outcome, ProcessIo, Processor, Replies},
    ramp::Ramp,
};

/// Events that a block can carry to the plugin.
pub const EVENTS_PER_BLOCK: usize = 16_384;
/// Events that wait for a generation's first block: parameters and held notes.
const JOURNAL_CAPACITY: usize = 4_096;
/// Replies that a plugin can send in a block.
const REPLIES_PER_BLOCK: usize = 256;
const BYPASS_MS: u32 = 5;

/// One running plugin with the buffers it needs: built by control, boxed, and moved as a whole.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub struct Generation {
    number: u32,
    processor: Box<dyn Processor>,
    layout: Layout,
    rate: u32,
    max_block: usize,
    input: Planar,
    output: Planar,
    /// What is heard of this generation, in the device's channels.
    heard: Planar,
    dry: Planar,
    journal: Vec<PluginEvent>,
    events: Vec<PluginEvent>,
    replies: Replies,
    /// What it knows of the past while it does not sound.
    past: Past,
    /// 0 = the plugin is heard, 1 = the dry signal.
    bypass: Ramp,
    /// Since it was made, or last rested.
    has_run: bool,
    /// Its first block was told.
    has_sounded: bool,
    /// Its last block was missing.
    is_late: bool,
    was_finite: bool,
    stands_in: bool,
    condition: Condition,
}

/// Whether the plugin is to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Good,
    /// It failed, or is known to be broken: whoever is next takes over.
    Condemned,
    /// Nobody took over: the dry signal is heard in its place.
    GivenUp,
}

/// How a block of a generation joins the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It goes on from there.
    Joined,
    /// It was missing and this one is not, or the other way round.
    Jumps,
    /// There is none: nothing of it is to be used.
    Failed,
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
    ///
    /// A latency above [`crate::render::MAX_LATENCY_SECONDS`] is more than the dry delay has room
    /// for: the plugin sounds all the same, its bypass comes early.
    pub fn new(number: u32, processor: Box<dyn Processor>, shape: BusShape) -> Self {
        let layout = processor.layout();
        let BusShape { rate, max_block, n_output } = shape;
        Self {
            number,
            input: Planar::with_side(layout.n_input, layout.n_side, max_block),
            output: Planar::new(layout.n_output, max_block),
            heard: Planar::new(n_output, max_block),
            dry: Planar::new(n_output, max_block),
            processor,
            layout,
            rate,
            max_block,
            past: Past::Unknown,
            journal: Vec::with_capacity(JOURNAL_CAPACITY),
            events: Vec::with_capacity(JOURNAL_CAPACITY + EVENTS_PER_BLOCK),
            replies: Replies::new(REPLIES_PER_BLOCK),
            bypass: Ramp::new(0.0, (rate * BYPASS_MS / 1_000) as usize),
            has_run: false,
            has_sounded: false,
            is_late: false,
            was_finite: true,
            stands_in: false,
            condition: Condition::Good,
        }
    }

    /// What happened since this generation's snapshot: the first events it gets. What finds no room
    /// among some thousand is left out.
    #[must_use]
    pub fn with_journal(mut self, events: impl IntoIterator<Item = EventBody>) -> Self {
        for body in events {
            self.remember(PluginEvent { offset: 0, body });
        }
        self
    }

    /// It only fills a gap, while what played before is activated anew: its swap gives that back
    /// instead of keeping it as the standby (which stays), and it never becomes one itself.
    #[must_use]
    pub fn standing_in(mut self) -> Self {
        self.stands_in = true;
        self
    }

    /// The generation's number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Rate of the engine it was made for, Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Channels and latency of its processor.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Gives the processor back, for its own thread to take apart.
    pub fn into_processor(self) -> Box<dyn Processor> {
        self.processor
    }

    /// Keeps an event for the first block this generation runs; the last value of a parameter
    /// stands, and a note that was released is no more. False when there is no room.
    pub(crate) fn remember(&mut self, event: PluginEvent) -> bool {
        let event = PluginEvent { offset: 0, ..event };
        let is_void = if self.is_asleep() { standby::is_void } else { is_same_thing };
        // What moves now has moved lately.
        if let Some(at) = self.journal.iter().rposition(|e| is_void(&e.body, &event.body)) {
            self.journal.remove(at);
        }
        if matches!(event.body, EventBody::Note(note) if !note.on || self.is_asleep()) {
            return true;
        }
        let has_room = self.journal.len() < JOURNAL_CAPACITY;
        if has_room {
            self.journal.push(event);
        }
        has_room
    }

    /// Gives this generation up: it fails at its next block.
    pub(crate) fn condemn(&mut self) {
        if self.condition == Condition::Good {
            self.condition = Condition::Condemned;
        }
    }

    /// Nobody can take over: from now on the dry signal is heard, at once.
    pub(crate) fn give_up(&mut self) {
        self.condition = Condition::GivenUp;
        self.bypass.jump_to(1.0);
    }

    /// Whether the dry signal is heard in its place.
    pub(crate) fn is_given_up(&self) -> bool {
        self.condition == Condition::GivenUp
    }

    /// The device's channels of the last block.
    pub(crate) fn heard(&self) -> &Planar {
        &self.heard
    }

    pub(crate) fn heard_mut(&mut self) -> &mut Planar {
        &mut self.heard
    }

    /// Whether its last block was late, and is to be heard.
    pub(crate) fn is_missing(&self) -> bool {
        self.is_late && self.layout.n_output > 0 && self.dry_latency().is_none()
    }

    /// How late the dry signal is, when nothing else was heard at the end of the last block.
    pub(crate) fn dry_latency(&self) -> Option<usize> {
        let is_dry = self.bypass.at_rest() == Some(1.0);
        is_dry.then_some(self.layout.latency_frames)
    }

    /// Renders one block into `heard`, unless it fails.
    ///
    /// # Real time
    /// Everything is allocated already.
    pub(crate) fn run(&mut self, block: &mut Block<'_>) -> Ran {
        self.past = Past::Unknown;
        self.gather_events(block.events);
        adapt(block.input, &mut self.input, block.frames, block.to_mono);
        let is_wet = match self.condition {
            Condition::Condemned => return Ran::Failed,
            Condition::GivenUp => false,
            Condition::Good => match self.process(block) {
                Outcome::Ok => true,
                Outcome::Late => false,
                Outcome::Error | Outcome::Gone => return Ran::Failed,
            },
        };
        let was_late = std::mem::replace(&mut self.is_late, !is_wet);
        let is_first = !std::mem::replace(&mut self.has_run, true);
        self.fill_heard(block, is_wet, is_first);
        let is_heard = self.layout.n_output > 0 && self.dry_latency().is_none();
        let jumps = is_heard && !is_first && was_late != self.is_late;
        if jumps { Ran::Jumps } else { Ran::Joined }
    }

    fn fill_heard(&mut self, block: &mut Block<'_>, is_wet: bool, is_first: bool) {
        if !is_wet {
            self.output.silence(block.frames);
        }
        self.watch_finite(block);
        if self.layout.n_output == 0 {
            adapt(block.input, &mut self.heard, block.frames, block.to_mono);
        } else {
            adapt(&self.output, &mut self.heard, block.frames, ToMono::First);
        }
        self.mix_dry(block, is_first);
    }

    fn gather_events(&mut self, events: &[PluginEvent]) {
        self.events.clear();
        self.events.append(&mut self.journal);
        self.events.extend_from_slice(events);
    }

    fn process(&mut self, block: &mut Block<'_>) -> Outcome {
        if !std::mem::replace(&mut self.has_sounded, true) {
            block.reporter.fact(Event::Sounding {
                generation: self.number,
                frame: block.frame,
                at_ns: block.now_ns,
            });
        }
        let outcome = self.processor.process(&mut ProcessIo {
            input: &self.input,
            output: &mut self.output,
            frames: block.frames,
            frame: block.frame,
            transport: block.transport,
            events: &self.events,
            replies: &mut self.replies,
        });
        self.pass_replies(block);
        block.probe.missed_blocks.add(u64::from(outcome == Outcome::Late));
        self.judge(outcome, block);
        outcome
    }

    /// Condemns itself and tells so, if the plugin failed.
    fn judge(&mut self, outcome: Outcome, block: &mut Block<'_>) {
        let (generation, frame) = (self.number, block.frame);
        let fact = match outcome {
            Outcome::Ok | Outcome::Late => return,
            Outcome::Error => Event::ProcessError { generation, frame },
            Outcome::Gone => Event::Gone { generation, frame },
        };
        self.condemn();
        block.reporter.fact(fact);
    }

    fn pass_replies(&mut self, block: &mut Block<'_>) {
        for reply in self.replies.drain() {
            block.reporter.echo(Event::Plugin {
                body: reply.body,
                frame: block.frame + u64::from(reply.offset),
                origin: Origin::Plugin,
            });
        }
        block.probe.events_lost.add(self.replies.take_lost());
    }

    fn watch_finite(&mut self, block: &mut Block<'_>) {
        let rows = self.output.rows().map(|row| &row[..block.frames]);
        let is_finite = rows.clone().all(|row| loudest_bits(row) < INFINITY_BITS);
        if !is_finite {
            let bad = rows.flatten().filter(|x| !x.is_finite()).count();
            block.probe.non_finite.add(bad as u64);
        }
        if !is_finite && self.was_finite {
            block.reporter.fact(Event::NonFinite { generation: self.number, frame: block.frame });
        }
        self.was_finite = is_finite;
    }

    /// Moves towards the dry signal or back, in a straight line; where it begins, it stands already.
    fn mix_dry(&mut self, block: &mut Block<'_>, is_first: bool) {
        let is_dry = block.bypass || self.is_given_up();
        self.bypass.head_for(if is_dry { 1.0 } else { 0.0 });
        if is_first {
            self.bypass.jump_to(if is_dry { 1.0 } else { 0.0 });
        }
        if self.bypass.at_rest() == Some(0.0) {
            return;
        }
        // The input's channels, late by the latency, then as the device wants them.
        let late = block.dry.delayed(self.layout.latency_frames, block.frames);
        adapt(late, &mut self.dry, block.frames, block.to_mono);
        let start = self.bypass;
        for (wet, dry) in self.heard.rows_mut().zip(self.dry.rows()) {
            self.bypass = start;
            blend(&mut wet[..block.frames], dry, &mut self.bypass);
        }
    }
}

/// Turns `wet` into `dry` as far as the ramp goes; at its end, bit for bit.
fn blend(wet: &mut [f32], dry: &[f32], ramp: &mut Ramp) {
    for (w, d) in wet.iter_mut().zip(dry) {
        let share = ramp.advance();
        let mixed = *w + (*d - *w) * share;
        *w = if share >= 1.0 { *d } else { mixed };
    }
}

/// Whether the second event makes the first one void: the same parameter, the same key.
fn is_same_thing(a: &EventBody, b: &EventBody) -> bool {
    match (a, b) {
        (EventBody::Param { id: a, .. }, EventBody::Param { id: b, .. }) => a == b,
        (EventBody::Note(a), EventBody::Note(b)) => (a.key, a.channel) == (b.key, b.channel),
        _ => false,
    }
}
