//! Where the host's song is: tempo, position, bar.

/// The host's transport at the first frame of a block.
///
/// What the host does not tell is `None`; a host without a transport tells nothing and stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Transport {
    /// Whether the song runs.
    pub is_playing: bool,
    /// Whether the host records.
    pub is_recording: bool,
    /// The tempo in beats (quarter notes) per minute; finite and above 0.
    pub tempo: Option<f64>,
    /// The position in beats (quarter notes) from the song's start; below 0 in a count-in.
    pub beats: Option<f64>,
    /// The position in seconds from the song's start.
    pub seconds: Option<f64>,
    /// Where the present bar began, in beats.
    pub bar_start_beats: Option<f64>,
    /// The number of the present bar, counted from 0.
    pub bar: Option<i32>,
    /// Beats per bar, and which note is a beat: `(3, 4)`, `(6, 8)`.
    pub time_signature: Option<(u16, u16)>,
    /// Where the loop begins and ends, in beats, while the host loops.
    pub loop_beats: Option<(f64, f64)>,
    /// How much the tempo grows per frame, in beats per minute.
    pub(crate) tempo_per_frame: f64,
}

impl Transport {
    /// A running song at a tempo in beats per minute, at its start, in 4/4: for tests.
    #[must_use]
    pub fn playing(tempo: f64) -> Self {
        Self {
            is_playing: true,
            tempo: Some(tempo),
            beats: Some(0.0),
            seconds: Some(0.0),
            bar_start_beats: Some(0.0),
            bar: Some(0),
            time_signature: Some((4, 4)),
            ..Self::default()
        }
    }

    /// What it is `frames` later, as far as that follows from tempo and rate (in Hz). The bar
    /// stays: the host tells the next one.
    #[must_use]
    pub(crate) fn after(&self, frames: usize, sample_rate: f64) -> Self {
        if !self.is_playing || frames == 0 {
            return *self;
        }
        let frames = frames as f64;
        let seconds = frames / sample_rate;
        let growth = self.tempo_per_frame * frames;
        let passed = self.tempo.map(|tempo| (tempo + growth / 2.0) / 60.0 * seconds);
        Self {
            tempo: self.tempo.map(|tempo| tempo + growth),
            beats: self.beats.map(|beats| beats + passed.unwrap_or(0.0)),
            seconds: self.seconds.map(|start| start + seconds),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_song_moves_on_and_a_standing_one_stands() {
        let start = Transport::playing(120.0);
        let later = start.after(24_000, 48_000.0);
        assert_eq!((later.beats, later.seconds), (Some(1.0), Some(0.5)));
        let stopped = Transport { is_playing: false, ..start };
        assert_eq!(stopped.after(24_000, 48_000.0), stopped);
    }

    #[test]
    fn a_growing_tempo_moves_the_song_by_its_mean() {
        let start = Transport { tempo_per_frame: 60.0 / 48_000.0, ..Transport::playing(120.0) };
        let later = start.after(48_000, 48_000.0);
        assert_eq!((later.tempo, later.beats), (Some(180.0), Some(2.5)));
    }
}
