//! What lies between a card's speaker and the microphones that hear it: nothing but time.

/// The last seconds of what the speaker gave, by when it was given.
#[derive(Debug, Default)]
pub(crate) struct Air {
    /// Interleaved, written round and round; empty while nobody hears it.
    frames: Vec<f32>,
    channels: usize,
    /// Frames a second of card time.
    rate: f64,
    /// The frame that comes next.
    end: u64,
}

/// More than the longest way through the air and the longest period.
const SECONDS: f64 = 4.0;

impl Air {
    /// Makes room for a speaker of so many frames a second.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some seconds")]
    pub(crate) fn carry(&mut self, channels: u16, rate: f64) {
        self.channels = channels.into();
        self.rate = rate;
        self.frames = vec![0.0; (rate * SECONDS) as usize * self.channels];
        self.end = 0;
    }

    fn n_frames(&self) -> u64 {
        (self.frames.len() / self.channels.max(1)) as u64
    }

    /// The speaker gives frames, the first of them its `at`-th.
    ///
    /// # Real time
    /// As [`Air::hear`]: no allocation, no system call.
    pub(crate) fn give(&mut self, at: u64, interleaved: &[f32]) {
        if self.frames.is_empty() {
            return;
        }
        self.end = at;
        for frame in interleaved.chunks_exact(self.channels) {
            let place = self.place(self.end);
            self.frames[place..place + self.channels].copy_from_slice(frame);
            self.end += 1;
        }
    }

    fn place(&self, frame: u64) -> usize {
        let frame = usize::try_from(frame % self.n_frames()).unwrap_or(0);
        frame * self.channels
    }

    /// What is heard from `seconds` of the speaker's time on, at `rate`; silence before its first
    /// frame and behind its last.
    pub(crate) fn hear(&self, interleaved: &mut [f32], channels: usize, seconds: f64, rate: f64) {
        for (n, frame) in interleaved.chunks_exact_mut(channels).enumerate() {
            let at = (seconds + n as f64 / rate) * self.rate;
            for (channel, sample) in frame.iter_mut().enumerate() {
                *sample = self.at(at, channel);
            }
        }
    }

    /// Between two frames on the line that joins them; on one of them bit for bit.
    #[expect(clippy::cast_possible_truncation, reason = "a share of two samples")]
    fn at(&self, at: f64, channel: usize) -> f32 {
        let whole = at.round();
        if (at - whole).abs() < 1e-4 {
            return self.sample(whole, channel);
        }
        let (before, after) = (self.sample(at.floor(), channel), self.sample(at.ceil(), channel));
        before + (after - before) * (at - at.floor()) as f32
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    fn sample(&self, frame: f64, channel: usize) -> f32 {
        let begin = self.end.saturating_sub(self.n_frames());
        if frame < begin as f64 || frame >= self.end as f64 {
            return 0.0;
        }
        self.frames[self.place(frame as u64) + channel % self.channels]
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what passes through it is not changed")]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_heard_at_its_time_and_nothing_before_or_behind_it() {
        let mut air = Air::default();
        air.carry(2, 1_000.0);
        air.give(10, &[1.0, -1.0, 2.0, -2.0, 3.0, -3.0]);
        let mut heard = [9.0; 10];
        air.hear(&mut heard, 2, 0.009, 1_000.0);
        assert_eq!(heard, [0.0, 0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.0, 0.0]);
        air.hear(&mut heard[..4], 1, 0.0105, 1_000.0);
        assert_eq!(heard[..2], [1.5, 2.5], "one ear, between the frames");
        let mut deaf = Air::default();
        deaf.give(0, &[1.0]);
        deaf.hear(&mut heard, 1, 0.0, 1_000.0);
        assert_eq!(heard, [0.0; 10]);
    }

    #[test]
    fn it_forgets_what_is_long_ago() {
        let mut air = Air::default();
        air.carry(1, 100.0);
        for n in 0..1_000_u16 {
            air.give(n.into(), &[n.into()]);
        }
        let mut heard = [9.0; 2];
        air.hear(&mut heard, 1, 5.99, 100.0);
        assert_eq!(heard, [0.0, 600.0]);
    }
}
