//! A generation at rest: the last good one, which takes over when its successor fails.
//!
//! It is reset when it comes to rest and costs nothing from then on, but for keeping the last value
//! of each parameter. When it wakes it gets those, and the held notes, as its first events; its
//! sound begins from silence.

use super::{Condition, Generation, Past, Ran, is_same_thing};
use crate::{
    bus::Block,
    event::{EventBody, HeldNotes, PluginEvent},
};

impl Generation {
    /// Comes to rest: forgets its sound, not its parameters. Once it rests, nothing.
    ///
    /// # Real time
    /// The processor's reset, on the audio thread as CLAP has it.
    pub(crate) fn rest(&mut self) {
        if self.is_asleep() || self.condition != Condition::Good {
            return;
        }
        self.processor.reset();
        self.journal.clear();
        self.past = Past::Asleep;
        (self.has_run, self.is_late) = (false, false);
    }

    /// Rests through a block.
    pub(crate) fn rest_in(&mut self, block: &mut Block<'_>) -> Ran {
        self.rest();
        self.miss(block);
        Ran::Joined
    }

    /// Keeps the events of a block that it does not run.
    ///
    /// # Real time
    /// No allocation; a search per event among those kept, the most recent first.
    pub(crate) fn miss(&mut self, block: &mut Block<'_>) -> Ran {
        let events = block.events.iter();
        let lost = events.filter(|&&event| !self.remember(event)).count();
        block.probe.events_lost.add(lost as u64);
        if self.condition == Condition::Condemned { Ran::Failed } else { Ran::Joined }
    }

    /// Strikes the held notes: the last events before its first block.
    pub(crate) fn strike(&mut self, held: &HeldNotes) {
        self.past = Past::Unknown;
        for body in held.iter() {
            self.remember(PluginEvent { offset: 0, body });
        }
    }

    /// Whether it can take over later.
    pub(crate) fn can_stand_by(&self) -> bool {
        self.condition == Condition::Good && !self.stands_in
    }

    pub(crate) fn is_stand_in(&self) -> bool {
        self.stands_in
    }

    pub(super) fn is_asleep(&self) -> bool {
        matches!(self.past, Past::Asleep)
    }
}

/// Whether the second event makes the first one void for one asleep: of each parameter and each
/// controller only the last value counts.
pub(super) fn is_void(a: &EventBody, b: &EventBody) -> bool {
    match (a, b) {
        (EventBody::Midi([a, a1, _]), EventBody::Midi([b, b1, _])) => {
            // Polyphonic pressure and controllers have a number; the rest is one per channel.
            a == b && (a1 == b1 || !matches!(a & 0xf0, 0xa0 | 0xb0))
        }
        _ => is_same_thing(a, b),
    }
}
