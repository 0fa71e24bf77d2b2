//! The dry delay: what bypass plays, late by exactly what the plugin is late.

use crate::planar::Planar;

/// Remembers the last `max_delay` frames of the plugin's input.
#[derive(Debug)]
pub struct DryDelay {
    history: Planar,
    late: Planar,
    /// Where the next frame goes.
    head: usize,
}

impl DryDelay {
    /// Room to look back `max_delay` frames from blocks of at most `max_block`.
    pub fn new(channels: usize, max_delay: usize, max_block: usize) -> Self {
        Self {
            history: Planar::new(channels, max_delay + max_block),
            late: Planar::new(channels, max_block),
            head: 0,
        }
    }

    /// Takes in the first `frames` of `input`.
    ///
    /// # Real time
    /// Copies only.
    pub fn write(&mut self, input: &Planar, frames: usize) {
        let (head, capacity) = (self.head, self.history.capacity());
        let before_wrap = frames.min(capacity - head);
        for (row, from) in self.history.rows_mut().zip(input.rows()) {
            row[head..head + before_wrap].copy_from_slice(&from[..before_wrap]);
            row[..frames - before_wrap].copy_from_slice(&from[before_wrap..frames]);
        }
        self.head = (head + frames) % capacity.max(1);
    }

    /// Gives the last `frames` frames as they were `delay` frames before.
    ///
    /// # Real time
    /// Copies only.
    pub fn delayed(&mut self, delay: usize, frames: usize) -> &Planar {
        let capacity = self.history.capacity();
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
mod tests {
    use super::*;
    use proptest::prelude::*;

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
