//! A plugin in this process that does not come back from a block: nothing can stop it, and nothing
//! sounds any more. All that is left is to say so, and to know the build next time.

use std::time::{Duration, Instant};

use super::{Control, FOREIGN_CALL_LIMIT, Failure, faults::Fault};

/// The block that was seen last.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    /// Generation, number of the block, since when.
    seen: Option<(u32, u64, Instant)>,
}

impl Watchdog {
    /// How long the block has lasted that the audio thread is in now.
    fn look(&mut self, inside: Option<(u32, u64)>, now: Instant) -> Option<Duration> {
        let (number, block) = inside?;
        match self.seen {
            Some((n, b, since)) if (n, b) == (number, block) => Some(now - since),
            _ => {
                self.seen = Some((number, block, now));
                None
            }
        }
    }
}

impl Control {
    /// # Errors
    /// A block that does not end, which ends the session.
    pub(in crate::control) fn watch_block(&mut self) -> Result<(), Failure> {
        let playing = self.reload.playing.as_ref();
        let inside = playing.and_then(|p| Some((p.number, p.thread.block_inside()?)));
        let lasts = self.reload.watchdog.look(inside, Instant::now());
        let (Some((number, _)), true) = (inside, lasts > Some(FOREIGN_CALL_LIMIT)) else {
            return Ok(());
        };
        let message = "a block does not end: nothing can sound any more. With --isolation process \
                       the sound would have gone on";
        self.quarantine(self.reload.inside.hash_of(number));
        self.on_fault(number, &Fault::of("hang", message).with_action("muted"));
        Err(Failure::failed(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_block_of_the_same_generation_lasts() {
        let (mut dog, start) = (Watchdog::default(), Instant::now());
        let mut look = |inside, s| dog.look(inside, start + Duration::from_secs(s));
        assert_eq!(look(Some((1, 3)), 0), None);
        assert_eq!(look(Some((1, 3)), 2), Some(Duration::from_secs(2)));
        assert_eq!(look(None, 3), None, "it came out");
        assert_eq!(look(Some((1, 5)), 4), None);
        assert_eq!(look(Some((2, 5)), 9), None);
        assert_eq!(look(Some((2, 5)), 10), Some(Duration::from_secs(1)));
    }
}
