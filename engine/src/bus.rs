//! The plugin bus: the running generation, the one that takes over, and the one that stands by.
//!
//! ```text
//!            fails, is condemned                       fails, is condemned
//!   ┌──────── current ◀── end of the fade ── next ─────────────────┐
//!   │            │                                                 │
//!   │            └─ end of the fade ─▶ standby ─ next one ─▶ retired ◀┘
//!   │                                     │                    ▲
//!   └── standby plays this same block ◀───┘     the broken one ┘
//! ```
//!
//! Whoever fails is replaced within its block; where the sound jumps, a seam joins it. While the
//! one that plays is late, the standby is heard in its place.

mod seam;
mod swap;

use seam::Seam;
use swap::Swap;

pub use crate::generation::{BusShape, EVENTS_PER_BLOCK, Generation};
use crate::{
    channels::ToMono,
    command::{Event, Fade, Reporter, Retired},
    delay::DryDelay,
    event::{EventLog, HeldNotes, PluginEvent, Transport},
    generation::Ran,
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
    pub(crate) retired: &'a mut Retired,
    pub(crate) probe: &'a Probe,
}

/// The generation that plays, those before and after it, and the hand-over between them.
#[derive(Debug)]
pub(crate) struct PluginBus {
    current: Box<Generation>,
    swap: Option<Swap>,
    /// The last one that was good; asleep.
    standby: Option<Box<Generation>>,
    /// The standby was awake in the last block, and heard.
    is_covered: bool,
    mix: Planar,
    mixed: bool,
    seam: Seam,
    held: HeldNotes,
    log: EventLog,
}

/// Events that the bus remembers for a generation that comes up with it.
const LOG_CAPACITY: usize = 4_096;
/// Generations that can leave the bus after a swap has begun: current, next and standby, but for
/// the one that plays on.
pub(crate) const MOST_THAT_LEAVE: usize = 2;

impl PluginBus {
    /// A bus that begins at `frame` of the engine's clock.
    pub(crate) fn new(first: Box<Generation>, shape: BusShape, frame: u64) -> Self {
        let mix = Planar::new(shape.n_output, shape.max_block);
        Self {
            current: first,
            swap: None,
            standby: None,
            is_covered: false,
            mix,
            mixed: false,
            seam: Seam::new(shape.n_output, shape.rate),
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
            next.strike(&self.held);
        }
        self.swap = Some(Swap { next, fade, done: 0 });
    }

    /// Whether a new generation is called for the first time with the block that begins at `now`.
    pub(crate) fn begins_to_sound(&self, now: u64) -> bool {
        let next = self.swap.as_ref().filter(|swap| !swap.next.is_stand_in());
        next.is_some_and(|swap| swap.begins_to_sound(now))
    }

    /// How much of a block of `frames` that begins at `now` comes before a new generation begins to
    /// sound, or all of it.
    pub(crate) fn cut(&self, now: u64, frames: usize) -> usize {
        self.swap.as_ref().map_or(frames, |swap| swap.cut(now, frames))
    }

    /// Gives generation `number` up, wherever it is: one that sounds is replaced in the next block.
    ///
    /// # Real time
    /// Moves a box.
    pub(crate) fn condemn(&mut self, number: u32, retired: &mut Retired) {
        let next = self.swap.as_mut().map(|swap| &mut swap.next);
        let all = [Some(&mut self.current), next].into_iter().flatten();
        for generation in all.filter(|generation| generation.number() == number) {
            generation.condemn();
        }
        if self.standby.as_ref().is_some_and(|standby| standby.number() == number) {
            self.drop_standby(retired);
        }
    }

    /// Sends the standby away.
    ///
    /// # Real time
    /// Moves a box.
    pub(crate) fn drop_standby(&mut self, retired: &mut Retired) {
        if let Some(standby) = self.standby.take() {
            retired.push(standby);
        }
    }

    /// Renders one block. Who has left the bus in it is in `block.retired`.
    ///
    /// # Real time
    /// Everything is allocated already. A block in which a generation fails costs what the failed
    /// one took and what its replacement takes, a late one the time that it was waited for and what
    /// the standby takes; one that ends a fade, the old one's reset.
    pub(crate) fn render(&mut self, block: &mut Block<'_>) {
        block.dry.write(block.input, block.frames);
        for event in block.events {
            self.log.push(block.frame + u64::from(event.offset), event.body);
        }
        self.mixed = false;
        let jumps = match self.swap.take() {
            None => self.play(block),
            Some(swap) if swap.next.is_behind(block.frame) => self.wait_for(swap, block),
            Some(swap) => {
                let was_covered = self.uncover();
                self.fade(swap, block) || was_covered
            }
        };
        let output = match &mut self.standby {
            _ if self.mixed => &mut self.mix,
            Some(standby) if self.is_covered => standby.heard_mut(),
            _ => self.current.heard_mut(),
        };
        self.seam.join(output, block.frames, jumps);
        self.follow(block);
        if let Some(swap) = self.swap.take_if(|swap| swap.is_over()) {
            self.end(swap, block);
        }
    }

    /// What those have to know of a block who did not hear it.
    fn follow(&mut self, block: &mut Block<'_>) {
        if let Some(standby) = self.standby.as_mut().filter(|_| !self.is_covered) {
            standby.miss(block);
        }
        for event in block.events {
            self.held.follow(&event.body);
        }
    }

    /// Plays what sounds; where it fails, what can take its place plays this same block. Whether
    /// the sound jumps.
    fn play(&mut self, block: &mut Block<'_>) -> bool {
        let dry_before = self.current.dry_latency();
        let mut ran = self.current.run(block);
        let mut jumps = ran == Ran::Jumps;
        while ran == Ran::Failed {
            let was_heard = self.is_covered && self.standby.is_some();
            match self.standby.take() {
                Some(standby) => self.put_in_place(standby, block),
                None => self.current.give_up(),
            }
            ran = self.current.run(block);
            let is_same_dry = dry_before.is_some() && dry_before == self.current.dry_latency();
            jumps = if was_heard { ran == Ran::Jumps } else { !is_same_dry };
        }
        self.cover(block) || jumps
    }

    /// `standby` plays from this block on, instead of what has failed in it.
    fn put_in_place(&mut self, mut standby: Box<Generation>, block: &mut Block<'_>) {
        if !std::mem::take(&mut self.is_covered) {
            standby.strike(&self.held);
        }
        self.replace(standby, block);
    }

    /// Lets the standby be heard in a block that is missing, and rest after the last of them.
    /// Whether its sound jumps of itself.
    fn cover(&mut self, block: &mut Block<'_>) -> bool {
        if !self.current.is_missing() {
            self.uncover();
            return false;
        }
        let Some(standby) = &mut self.standby else {
            // Sent away in the midst of it.
            return std::mem::take(&mut self.is_covered);
        };
        if !std::mem::replace(&mut self.is_covered, true) {
            standby.strike(&self.held);
        }
        let ran = standby.run(block);
        if ran == Ran::Failed {
            self.is_covered = false;
            self.drop_standby(block.retired);
        }
        ran != Ran::Joined
    }

    /// Sends the standby to rest, if it is awake; whether it was.
    fn uncover(&mut self) -> bool {
        let was_covered = std::mem::take(&mut self.is_covered);
        if let Some(standby) = self.standby.as_mut().filter(|_| was_covered) {
            standby.rest();
        }
        was_covered
    }

    /// `generation` plays from this block on, instead of what has failed in it.
    fn replace(&mut self, generation: Box<Generation>, block: &mut Block<'_>) {
        let broken = std::mem::replace(&mut self.current, generation);
        block.promoted(&self.current, &broken);
        block.retired.push(broken);
    }

    /// The next generation has not heard everything yet: nothing of it sounds.
    fn wait_for(&mut self, mut swap: Swap, block: &mut Block<'_>) -> bool {
        let jumps = self.play(block);
        match swap.next.catch_up(block, &self.log) {
            Ran::Failed => self.undo(swap, block),
            _ => self.swap = Some(swap),
        }
        jumps
    }

    /// One block of a fade. Whether the sound jumps.
    fn fade(&mut self, mut swap: Swap, block: &mut Block<'_>) -> bool {
        let runs = swap.runs(block.frames);
        let old = if runs.old { self.current.run(block) } else { self.current.rest_in(block) };
        if old == Ran::Failed {
            return self.cut_short(swap, block);
        }
        let new = swap.advance(block, &self.log, runs);
        if new == Ran::Failed {
            let was_heard = swap.done > 0;
            self.undo(swap, block);
            return if runs.old { was_heard || old == Ran::Jumps } else { self.wake(block) };
        }
        swap.mix(self.current.heard(), &mut self.mix, block.frames, runs);
        self.mixed = true;
        swap.done += block.frames;
        self.swap = Some(swap);
        old == Ran::Jumps || new == Ran::Jumps
    }

    /// What fades out has failed: the next generation plays alone.
    fn cut_short(&mut self, swap: Swap, block: &mut Block<'_>) -> bool {
        let number = swap.next.number();
        self.replace(swap.next, block);
        self.play(block);
        if self.current.number() == number {
            block.swap_done(number);
        }
        true
    }

    /// What fades in has failed: the old one plays on.
    fn undo(&mut self, swap: Swap, block: &mut Block<'_>) {
        if !self.current.is_given_up() {
            block.promoted(&self.current, &swap.next);
        }
        block.retired.push(swap.next);
        if self.current.is_stand_in() {
            // What it kept the place for does not come.
            self.current.condemn();
        }
    }

    /// The old one has faded out already: it begins anew.
    fn wake(&mut self, block: &mut Block<'_>) -> bool {
        self.current.strike(&self.held);
        self.play(block);
        true
    }

    /// The next generation plays alone; the old one stands by, as far as it is good for that.
    fn end(&mut self, swap: Swap, block: &mut Block<'_>) {
        let mut old = std::mem::replace(&mut self.current, swap.next);
        block.swap_done(self.current.number());
        let is_wanted = old.can_stand_by() && !self.current.is_stand_in();
        let leaves = if is_wanted {
            old.rest();
            self.standby.replace(old)
        } else {
            Some(old)
        };
        if let Some(generation) = leaves {
            block.retired.push(generation);
        }
    }

    /// Whether what is heard can have come in by the input.
    pub(crate) fn hears_input(&self) -> bool {
        let layout = self.current.layout();
        layout.n_input + layout.n_side > 0
    }

    /// What is heard: the device's channels of the last block.
    pub(crate) fn output(&self) -> &Planar {
        match &self.standby {
            _ if self.mixed => &self.mix,
            Some(standby) if self.is_covered => standby.heard(),
            _ => self.current.heard(),
        }
    }

    /// Frames by which the generation that plays lags its input.
    pub(crate) fn latency_frames(&self) -> usize {
        self.current.layout().latency_frames
    }

    /// The generations inside: the one that plays, the one that fades in, the standby.
    pub(crate) fn into_generations(self) -> Generations {
        (self.current, self.swap.map(|swap| swap.next), self.standby)
    }
}

type Generations = (Box<Generation>, Option<Box<Generation>>, Option<Box<Generation>>);

impl Block<'_> {
    fn promoted(&mut self, playing: &Generation, broken: &Generation) {
        self.reporter.fact(Event::Promoted {
            generation: playing.number(),
            instead_of: broken.number(),
            frame: self.frame,
        });
    }

    fn swap_done(&mut self, generation: u32) {
        let frame = self.frame + self.frames as u64;
        self.reporter.fact(Event::SwapDone { generation, frame });
    }
}
