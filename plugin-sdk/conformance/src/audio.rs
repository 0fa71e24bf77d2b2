//! A plugin's audio thread, and the buffers of one call.

mod ffi;

pub(crate) use ffi::{Audio, Call};

/// Frames behind the end of each buffer that nobody may write.
pub(crate) const GUARD: usize = 16;

/// A number that no plugin computes: it marks what nobody has written.
pub(crate) const CANARY: f32 = f32::from_bits(0x7fc0_dead);

/// The buffers of one port.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    /// Each with [`GUARD`] frames behind its end.
    pub(crate) channels: Vec<Vec<f32>>,
    pub(crate) constant_mask: u64,
    /// For an input: the output whose buffers it uses.
    pub(crate) in_place: Option<usize>,
}

impl Port {
    /// Buffers of the present block's length, full of canaries.
    pub(crate) fn clear(&mut self, frames: usize) {
        for channel in &mut self.channels {
            channel.clear();
            channel.resize(frames + GUARD, CANARY);
        }
        self.constant_mask = 0;
    }

    pub(crate) fn has_guards(&self, frames: usize) -> bool {
        let mut guards = self.channels.iter().flat_map(|channel| &channel[frames..]);
        guards.all(|sample| sample.to_bits() == CANARY.to_bits())
    }
}
