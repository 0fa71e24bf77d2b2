//! The round trip of a running session: a burst among all that sounds, found again in what the
//! plugin gets. Who plays it at its frame is control; this listens.

use std::{
    thread,
    time::{Duration, Instant},
};

use retake_engine::tap::TapReader;

use super::{prober::burst, round_trip::Finder};
use crate::seconds::few_frames_of;

/// −20 dBFS: heard beside music, and no shock.
const LEVEL: f32 = 0.1;
/// How far back it is looked for, in seconds, whenever so much was heard: a short way is told at once.
const LAGS_SECONDS: [f64; 3] = [0.1, 0.3, 1.0];
/// Between two looks at what came.
const NAP: Duration = Duration::from_millis(20);
/// Longer than all of it takes, and less than a client waits.
const PATIENCE: Duration = Duration::from_millis(1_800);
/// Frames that are read at once.
const CHUNK: usize = 4_096;

/// What is played, one channel.
pub(crate) fn signal() -> Vec<f32> {
    burst(LEVEL).collect()
}

/// What the plugin gets from the burst's first frame on.
#[derive(Debug)]
pub(crate) struct Ear {
    /// Opened before the burst began.
    pub(crate) input: TapReader,
    /// Hz.
    pub(crate) rate: u32,
    /// Where the burst begins, by the engine's clock.
    pub(crate) begin: u64,
}

/// Why there is no round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unheard {
    /// All was heard, and it was not there.
    #[error(
        "no loop back from the speaker to the microphone: nothing like it was heard within 1 s"
    )]
    NotThere,
    /// Frames were overwritten before they were looked at.
    #[error("this machine was too busy to hear all of it: measure again")]
    Missed,
    /// Nothing comes any more.
    #[error("the devices stood still while it was measured: measure again")]
    Stalled,
}

impl Ear {
    /// Frames from the burst's way out to its way in. Waits for it: for a thread of its own.
    ///
    /// # Errors
    /// [`Unheard`].
    pub(crate) fn listen(mut self) -> Result<f64, Unheard> {
        let until = Instant::now() + PATIENCE;
        let (burst, mut heard) = (signal(), Vec::new());
        for seconds in LAGS_SECONDS {
            let wanted = burst.len() + few_frames_of(seconds, self.rate);
            self.hear_all(wanted, &mut heard, until)?;
            if let Some(frames) = Finder::new(&burst, wanted).find(&heard[..wanted]) {
                return Ok(frames);
            }
        }
        Err(Unheard::NotThere)
    }

    /// Waits for the first `wanted` frames.
    fn hear_all(
        &mut self,
        wanted: usize,
        heard: &mut Vec<f32>,
        until: Instant,
    ) -> Result<(), Unheard> {
        self.hear(heard)?;
        while heard.len() < wanted {
            if Instant::now() > until {
                return Err(Unheard::Stalled);
            }
            thread::sleep(NAP);
            self.hear(heard)?;
        }
        Ok(())
    }

    /// Takes what has come, the sum of its channels.
    fn hear(&mut self, heard: &mut Vec<f32>) -> Result<(), Unheard> {
        let channels = self.input.channels().max(1);
        let mut interleaved = vec![0.0; CHUNK * channels];
        loop {
            let at = self.input.position();
            let received = self.input.read(&mut interleaved);
            if received.lost > 0 {
                return Err(Unheard::Missed);
            }
            let before = usize::try_from(self.begin.saturating_sub(at)).unwrap_or(usize::MAX);
            let frames = interleaved.chunks_exact(channels).take(received.records).skip(before);
            heard.extend(frames.map(|frame| frame.iter().sum::<f32>()));
            if received.records < CHUNK {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use retake_engine::{
        Planar,
        tap::{TapWriter, tap},
    };

    use super::*;

    const RATE: u32 = 48_000;
    const BEGIN: u64 = 100_000;

    /// An ear on a tap that began at frame 97,000.
    fn ear() -> (TapWriter, Ear) {
        let (writer, source) = tap(2, 3 * RATE as usize, BEGIN - 3_000);
        (writer, Ear { input: source.open(), rate: RATE, begin: BEGIN })
    }

    /// Two seconds of what comes back: the burst on the right, so late, once more at each further
    /// `late`, a feedback of that gain.
    fn play(writer: &mut TapWriter, late: usize, gain: f32) {
        let mut block = Planar::new(2, 3_000 + 2 * RATE as usize);
        let (begins, n) = ((0..).map(|turn| 3_000 + turn * late), block.capacity());
        let mut level = 1.0;
        for begin in begins.skip(1).take_while(|begin| *begin < n) {
            for (x, y) in block.channel_mut(1)[begin..].iter_mut().zip(signal()) {
                *x += level * y;
            }
            level *= gain;
        }
        writer.write(&block, n);
    }

    #[test]
    fn the_way_is_found_to_the_frame_however_long_and_the_first_of_many() {
        for (late, gain) in [(64, 0.0), (960, 1.0), (4_799, 0.5), (13_000, 0.9), (47_990, 0.0)] {
            let (mut writer, ear) = ear();
            play(&mut writer, late, gain);
            let frames = ear.listen().unwrap();
            assert!((frames - late as f64).abs() < 0.05, "{late}: {frames}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found_and_what_does_not_come_is_not_waited_for() {
        let (mut writer, ear_of_silence) = ear();
        writer.write(&Planar::new(2, 2 * RATE as usize), 2 * RATE as usize);
        assert_eq!(ear_of_silence.listen(), Err(Unheard::NotThere));
        assert_eq!(ear().1.listen(), Err(Unheard::Stalled));
        let (mut writer, late_ear) = ear();
        for _ in 0..4 {
            writer.write(&Planar::new(2, RATE as usize), RATE as usize);
        }
        assert_eq!(late_ear.listen(), Err(Unheard::Missed));
    }
}
