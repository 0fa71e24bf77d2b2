//! Who may sound: a fixed number of voices, each with an id that is never another's.

/// Voices that can be alive at once.
pub const VOICES: usize = 128;

/// One voice of a session: its place in the mixer, and the how-manieth it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VoiceId {
    slot: u8,
    turn: u32,
}

impl VoiceId {
    pub(crate) fn slot(self) -> usize {
        self.slot.into()
    }
}

/// All voices are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all {VOICES} voices are in use: remove a source first")]
pub struct PoolFull;

/// Control's list of the places that are free. A voice takes its place from its making until it came
/// back through the ring of spent voices, so that ring and the mixer always have room.
#[derive(Debug)]
pub struct VoicePool {
    free: Vec<u8>,
    turns: [u32; VOICES],
}

impl Default for VoicePool {
    fn default() -> Self {
        let slots = (0..VOICES).rev().filter_map(|slot| u8::try_from(slot).ok());
        Self { free: slots.collect(), turns: [0; VOICES] }
    }
}

impl VoicePool {
    /// A place for one more voice.
    ///
    /// # Errors
    /// [`PoolFull`]; nothing has changed.
    pub fn claim(&mut self) -> Result<VoiceId, PoolFull> {
        let slot = self.free.pop().ok_or(PoolFull)?;
        let turn = &mut self.turns[usize::from(slot)];
        *turn = turn.wrapping_add(1);
        Ok(VoiceId { slot, turn: *turn })
    }

    /// The voice is no more. An id of long ago changes nothing.
    pub fn release(&mut self, id: VoiceId) {
        let is_alive = self.turns[id.slot()] == id.turn && !self.free.contains(&id.slot);
        if is_alive {
            self.free.push(id.slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_and_ids_are_not() {
        let mut pool = VoicePool::default();
        let ids: Vec<_> = (0..VOICES).map(|_| pool.claim().unwrap()).collect();
        assert_eq!(pool.claim(), Err(PoolFull));
        pool.release(ids[7]);
        pool.release(ids[7]);
        let again = pool.claim().unwrap();
        assert!(again != ids[7] && again.slot() == ids[7].slot());
        assert_eq!(pool.claim(), Err(PoolFull), "released twice is free once");
        pool.release(ids[7]);
        assert_eq!(pool.claim(), Err(PoolFull), "an old id frees nobody's place");
    }
}
