//! The dry delay: what bypass plays, late by exactly what the plugin is late.

use crate::planar::Planar;

/// Remembers the last `max_delay` frames of the plugin's input.
#[derive(Debug)]
pub struct DryDelay {
    history: Planar,
    late: Planar,
    max_delay: usize,
    /// Where the next frame goes.
    head: usize,
}

impl DryDelay {
    /// Room to look back `max_delay` frames from blocks of at most `max_block`.
    pub fn new(channels: usize, max_delay: usize, max_block: usize) -> Self {
        Self::with_side(channels, 0, max_delay, max_block)
    }

    /// The same for `n_main` channels and the `n_side` of a sidechain.
    pub fn with_side(n_main: usize, n_side: usize, max_delay: usize, max_block: usize) -> Self {
        Self {
            history: Planar::with_side(n_main, n_side, max_delay + max_block),
            late: Planar::with_side(n_main, n_side, max_block),
            max_delay,
            head: 0,
        }
    }

    /// How far it can look back, in frames.
    pub fn max_delay(&self) -> usize {
        self.max_delay
    }

    /// Takes in the first `frames` of `input`; channels that it has not are silent.
    ///
    /// # Real time
    /// Copies only.
    pub fn write(&mut self, input: &Planar, frames: usize) {
        let (head, capacity) = (self.head, self.history.capacity());
        let before_wrap = frames.min(capacity - head);
        let n = input.channels();
        for (c, row) in self.history.rows_mut().enumerate() {
            if c < n {
                let from = input.channel(c);
                row[head..head + before_wrap].copy_from_slice(&from[..before_wrap]);
                row[..frames - before_wrap].copy_from_slice(&from[before_wrap..frames]);
            } else {
                row[head..head + before_wrap].fill(0.0);
                row[..frames - before_wrap].fill(0.0);
            }
        }
        self.head = (head + frames) % capacity.max(1);
    }

    /// Gives the last `frames` frames as they were `delay` frames before; what is older than the
    /// memory comes as the oldest there is.
    ///
    /// # Real time
    /// Copies only.
    pub fn delayed(&mut self, delay: usize, frames: usize) -> &Planar {
        let capacity = self.history.capacity();
        let delay = delay.min(self.max_delay);
        let start = (self.head + 2 * capacity - frames - delay) % capacity.max(1);
        let before_wrap = frames.min(capacity - start);
        for (to, row) in self.late.rows_mut().zip(self.history.rows()) {
            to[..before_wrap].copy_from_slice(&row[start..start + before_wrap]);
            to[before_wrap..frames].copy_from_slice(&row[..frames - before_wrap]);
        }
        &self.late
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_delay_beyond_the_memory_is_the_longest_there_is() {
        let mut dry = DryDelay::new(1, 3, 4);
        let mut block = Planar::new(1, 4);
        block.write_interleaved(0, &[1.0, 2.0, 3.0, 4.0]);
        dry.write(&block, 4);
        assert_eq!(dry.delayed(1_000, 4).channel(0), [0.0, 0.0, 0.0, 1.0]);
    }

    proptest! {
        #[test]
        fn the_ramp_comes_out_late_by_the_delay(
            delay in 0_usize..50,
            blocks in prop::collection::vec(1_usize..16, 1..60),
        ) {
            let mut dry = DryDelay::new(1, 50, 16);
            let mut block = Planar::new(1, 16);
            let mut written = 0;
            for frames in blocks {
                for x in &mut block.channel_mut(0)[..frames] {
                    written += 1;
                    *x = written as f32;
                }
                dry.write(&block, frames);
                let out = dry.delayed(delay, frames);
                for (i, &x) in out.channel(0)[..frames].iter().enumerate() {
                    let expected = (written + 1 + i).saturating_sub(frames + delay);
                    prop_assert_eq!(x, expected as f32);
                }
            }
        }
    }
}
