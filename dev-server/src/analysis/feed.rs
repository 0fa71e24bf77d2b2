//! The newest frames of both taps, side by side on the engine's clock.

use retake_engine::tap::TapReader;

use super::Taps;

/// Most frames that are taken in at once.
const CHUNK: usize = 2_048;

/// Reads both taps in step. After a loss, and where the two were opened at different frames, the
/// one that is behind reads on until both stand at the same frame, and the past is forgotten.
pub(super) struct Feed {
    input: Side,
    output: Side,
    /// Frames of the past that are to be kept.
    keep: usize,
    /// Frames that the last [`Feed::pump`] brought.
    n_new: usize,
    /// Frames since [`Feed::begin_look`] without a gap.
    n_look: usize,
}

/// One tap: the newest frames of each channel.
pub(super) struct Side {
    reader: TapReader,
    rows: Vec<Vec<f32>>,
    interleaved: Vec<f32>,
    /// Frames that the rows hold; they know it only with a channel.
    held: usize,
}

impl Feed {
    /// Begins with the next frame.
    pub(super) fn open(taps: &Taps) -> Self {
        let [input, output] = [&taps.input, &taps.output].map(|tap| Side::new(tap.open()));
        Self { input, output, keep: CHUNK, n_new: 0, n_look: 0 }
    }

    /// A look begins; the newest `keep` frames are to be remembered from now on.
    pub(super) fn begin_look(&mut self, keep: usize) {
        self.keep = keep + CHUNK;
        self.n_look = 0;
    }

    /// Takes in some frames; whether there were any.
    pub(super) fn pump(&mut self) -> bool {
        if !self.align() {
            return false;
        }
        let n = self.input.read(CHUNK);
        let n_output = self.output.read(n.frames);
        if n.lost + n_output.lost > 0 || n_output.frames != n.frames {
            // Overwritten while they were read: they are at different frames now.
            self.forget();
            return true;
        }
        (self.n_new, self.n_look) = (n.frames, self.n_look + n.frames);
        self.input.trim(self.keep);
        self.output.trim(self.keep);
        n.frames > 0
    }

    /// Lets the reader that is behind catch up; whether both stand at the same frame now.
    fn align(&mut self) -> bool {
        while self.input.reader.position() != self.output.reader.position() {
            let (input, output) = (self.input.reader.position(), self.output.reader.position());
            let (behind, frames) = if input < output {
                (&mut self.input, output - input)
            } else {
                (&mut self.output, input - output)
            };
            let read = behind.read(usize::try_from(frames).unwrap_or(CHUNK).min(CHUNK));
            self.forget();
            if read.frames == 0 && read.lost == 0 {
                return false;
            }
        }
        true
    }

    fn forget(&mut self) {
        (self.n_new, self.n_look) = (0, 0);
        self.input.forget();
        self.output.forget();
    }

    pub(super) fn input(&self) -> &Side {
        &self.input
    }

    pub(super) fn output(&self) -> &Side {
        &self.output
    }

    /// The engine's clock after the newest frame.
    pub(super) fn end(&self) -> u64 {
        self.output.reader.position()
    }

    /// Frames that the last pump brought.
    pub(super) fn n_new(&self) -> usize {
        self.n_new
    }

    /// Frames of this look that follow each other, as far as they are remembered.
    pub(super) fn n_look(&self) -> usize {
        self.n_look.min(self.output.held)
    }

    /// Frames that are remembered.
    pub(super) fn held(&self) -> usize {
        self.output.held
    }
}

struct Read {
    frames: usize,
    lost: u64,
}

impl Side {
    fn new(reader: TapReader) -> Self {
        let rows = vec![Vec::new(); reader.channels()];
        Self { reader, rows, interleaved: Vec::new(), held: 0 }
    }

    fn read(&mut self, frames: usize) -> Read {
        let channels = self.reader.channels().max(1);
        self.interleaved.resize(frames * channels, 0.0);
        let received = self.reader.read(&mut self.interleaved);
        let samples = &self.interleaved[..received.records * channels];
        for (c, row) in self.rows.iter_mut().enumerate() {
            // A sample that is no number is counted by the meters; here it would last for ever.
            let finite = |frame: &[f32]| if frame[c].is_finite() { frame[c] } else { 0.0 };
            row.extend(samples.chunks_exact(channels).map(finite));
        }
        self.held += received.records;
        Read { frames: received.records, lost: received.lost }
    }

    /// Keeps `keep` frames at least; moves them only when as many again have come.
    fn trim(&mut self, keep: usize) {
        if self.held > 2 * keep + CHUNK {
            let n = self.held - keep;
            self.rows.iter_mut().for_each(|row| drop(row.drain(..n)));
            self.held = keep;
        }
    }

    fn forget(&mut self) {
        self.rows.iter_mut().for_each(Vec::clear);
        self.held = 0;
    }

    pub(super) fn channels(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.rows.iter().map(Vec::as_slice)
    }

    /// The newest `frames` of a channel, or as many as there are; of none, if there is no channel.
    pub(super) fn newest(&self, channel: usize, frames: usize) -> &[f32] {
        self.rows.get(channel).map_or(&[], |row| &row[row.len().saturating_sub(frames)..])
    }
}
