//! Rate conversion: capture frames in, engine frames out.

use rubato::{
    Adjustable, Async, FixedAsync, Resampler, Resizable, SincInterpolationParameters,
    SincInterpolationType, WindowFunction, audioadapter_buffers::direct::InterleavedSlice,
};

use crate::drift::MAX_CORRECTION;

/// The converter could not be made for these rates.
#[derive(Debug, thiserror::Error)]
#[error("no rate converter from {from_hz} to {to_hz} Hz: {reason}")]
pub struct ConvertError {
    /// Rate of the frames that would come in.
    pub from_hz: u32,
    /// Rate of the frames that would go out.
    pub to_hz: u32,
    /// What the resampler said.
    pub reason: String,
}

/// Points of the sinc: the delay is half of it, in input frames.
const SINC_LEN: usize = 64;

/// Largest ratio that can be set, as a multiple of the promised one.
const HEADROOM: f64 = 1.0 + 2.0 * MAX_CORRECTION;

/// A windowed sinc of 64 points, linearly interpolated between 1024 phases: more than 120 dB
/// between a 997 Hz sine and everything else (`tests/convert.rs`).
pub struct Converter {
    resampler: Async<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
    channels: usize,
    needed: usize,
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Converter").field("channels", &self.channels).finish_non_exhaustive()
    }
}

impl Converter {
    /// Input frames after which the past is no longer heard.
    pub const MEMORY_FRAMES: usize = SINC_LEN;
    /// Input frames that it takes beyond the rates' proportion: one ahead, one for rounding.
    pub const AHEAD_FRAMES: usize = 2;

    /// Converts `channels` from one rate to the other, at most `max_block` output frames at once.
    ///
    /// # Errors
    /// [`ConvertError`] when a rate is zero or absurdly far from the other.
    pub fn new(
        from_hz: u32,
        to_hz: u32,
        channels: usize,
        max_block: usize,
    ) -> Result<Self, ConvertError> {
        let error = |reason: String| ConvertError { from_hz, to_hz, reason };
        if from_hz == 0 || to_hz == 0 {
            return Err(error("a rate is zero".into()));
        }
        let parameters = SincInterpolationParameters::new(SINC_LEN, WindowFunction::Hann2)
            .oversampling_factor(1_024)
            .interpolation(SincInterpolationType::Linear);
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let side = FixedAsync::Output;
        let resampler = Async::new_sinc(ratio, HEADROOM, &parameters, max_block, channels, side)
            .map_err(|e| error(e.to_string()))?;
        let max_input = resampler.input_frames_max();
        Ok(Self {
            input: vec![0.0; max_input * channels],
            output: vec![0.0; max_block * channels],
            resampler,
            channels,
            needed: 0,
        })
    }

    /// Forgets what it was given: what follows stands alone.
    ///
    /// # Real time
    /// No allocation.
    pub fn reset(&mut self) {
        self.resampler.reset();
    }

    /// Forgets what it was given and takes `past`, interleaved, without a sound: what it gives next is the
    /// frame that lies half of its memory before the end of `past`. Both rates have to be one.
    ///
    /// # Real time
    /// No allocation; the work of as many frames.
    pub(crate) fn prime(&mut self, mut past: &[f32]) {
        self.reset();
        let most = self.output.len() / self.channels;
        let mut frames = (past.len() / self.channels).saturating_sub(1);
        while frames > 0 {
            let n = frames.min(most);
            let input = self.input_for(n);
            let (now, rest) = past.split_at(input.len());
            input.copy_from_slice(now);
            self.convert(n);
            past = rest;
            frames -= n;
        }
    }

    /// Takes `speed` input frames per output frame from the next block on, within
    /// [`MAX_CORRECTION`] of the rates' own proportion. The place it reads at does not jump: over
    /// `n` frames it moves by `n * speed`, to the rounding of f64.
    ///
    /// # Real time
    /// No allocation.
    pub fn set_speed(&mut self, speed: f64) {
        let set = self.resampler.set_resample_ratio(1.0 / speed, false);
        debug_assert!(set.is_ok(), "{speed} is beyond what was promised");
    }

    /// Frames by which the output lags, at the output's rate.
    pub fn delay_frames(&self) -> usize {
        self.delay_with(0)
    }

    /// The lag at the output's rate when `input_frames` frames of silence go in first.
    ///
    /// Half the sinc at the input's rate, less one frame at the output's (the resampler steps
    /// before it reads); the phase in `tests/convert.rs` agrees to the rounding.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number of frames"
    )]
    pub(crate) fn delay_with(&self, input_frames: usize) -> usize {
        let input_frames = (input_frames + SINC_LEN / 2) as f64;
        let frames = input_frames * self.resampler.resample_ratio() - 1.0;
        frames.round().max(0.0) as usize
    }

    /// Input frames that fit at most into one block.
    pub fn max_input_frames(&self) -> usize {
        self.resampler.input_frames_max()
    }

    /// The interleaved input that `frames` output frames need; the caller fills all of it and then
    /// calls [`Converter::convert`].
    ///
    /// # Real time
    /// No allocation.
    pub fn input_for(&mut self, frames: usize) -> &mut [f32] {
        let set = self.resampler.set_chunk_size(frames);
        debug_assert!(set.is_ok(), "{frames} frames are more than max_block");
        self.needed = self.resampler.input_frames_next();
        &mut self.input[..self.needed * self.channels]
    }

    /// The interleaved `frames` that were asked for.
    ///
    /// # Real time
    /// No allocation.
    pub fn convert(&mut self, frames: usize) -> &[f32] {
        let output = &mut self.output[..frames * self.channels];
        let from = InterleavedSlice::new(&self.input, self.channels, self.needed);
        let to = InterleavedSlice::new_mut(output, self.channels, frames);
        if let (Ok(from), Ok(mut to)) = (from, to) {
            let done = self.resampler.process_into_buffer(&from, &mut to, None);
            debug_assert!(done.is_ok_and(|(_, written)| written == frames));
        }
        &self.output[..frames * self.channels]
    }
}
