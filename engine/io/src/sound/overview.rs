//! Waveforms, for whoever wants to see a sound.
//!
//! The thread `overview` reads a sound from its beginning to its end, beside whoever plays it, and
//! takes as long again as it worked for a rest: half a core at most, and none once nobody wants the
//! waveform any more. Several sounds take turns. What it has found so far can be looked at any time.

mod pyramid;

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread,
    time::Instant,
};

use retake_engine::mixer::Clip;

use super::{SoundFile, decoder::Decoder};
use crate::error::IoError;
use pyramid::Pyramid;

/// Frames that are read at once.
const CHUNK_FRAMES: usize = 4_096;
/// So many times, before it is the next sound's turn.
const CHUNKS_PER_TURN: usize = 64;

/// What is to be seen.
#[derive(Debug, Clone)]
pub enum Sight {
    /// A file, at its own rate.
    File(SoundFile),
    /// Frames in memory, at this rate in Hz.
    Clip(Arc<Clip>, u32),
}

/// Lowest and highest samples of a range, in columns of the same width.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// Where the range begins and ends, in seconds: cut to the sound.
    pub seconds: (f64, f64),
    /// Per channel and column; none where the sound has nothing.
    pub min: Vec<Vec<f32>>,
    /// As `min`.
    pub max: Vec<Vec<f32>>,
    /// Width of the finest bins that are kept, in seconds: columns are not finer.
    pub resolution_seconds: f64,
}

/// Not all of a range is known so far.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("the waveform is not known yet beyond {known_seconds:.3} s")]
pub struct NotYet {
    /// How much of the sound is known, from its beginning on.
    pub known_seconds: f64,
}

/// The waveform of one sound, as far as it is known. Built as long as somebody holds it.
#[derive(Debug)]
pub struct Overview {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Once the sound is open.
    pyramid: Option<Pyramid>,
    rate: u32,
    is_complete: bool,
}

impl Overview {
    /// The range from `from` to `to`, in seconds, in `n` columns.
    ///
    /// # Errors
    /// [`NotYet`].
    pub fn columns(&self, from: f64, to: f64, n: usize) -> Result<Columns, NotYet> {
        let state = self.lock();
        let Some(pyramid) = &state.pyramid else {
            // What cannot be opened has nothing to be seen.
            let nothing = state.is_complete.then(Columns::default);
            return nothing.ok_or(NotYet { known_seconds: 0.0 });
        };
        let rate = f64::from(state.rate);
        let known_seconds = pyramid.frames() as f64 / rate;
        if to > known_seconds && !state.is_complete {
            return Err(NotYet { known_seconds });
        }
        let seconds = (from.min(known_seconds), to.min(known_seconds));
        let n = if seconds.0 < seconds.1 { n } else { 0 };
        let column = |i: usize| column((seconds.0 * rate, seconds.1 * rate), (i, n));
        let row = |c: usize| (0..n).map(|i| pyramid.extent(c, &column(i))).collect();
        let extents: Vec<Vec<_>> = (0..pyramid.channels()).map(row).collect();
        let resolution_seconds = pyramid.grain() as f64 / rate;
        drop(state);
        // Frames that are no numbers at all are drawn as silence.
        let each = |value: fn(pyramid::Extent) -> f32| -> Vec<Vec<f32>> {
            let row = |row: &Vec<Option<_>>| row.iter().map(|e| e.map_or(0.0, value)).collect();
            extents.iter().map(row).collect()
        };
        let (min, max) = (each(|e| e.min), each(|e| e.max));
        Ok(Columns { seconds, min, max, resolution_seconds })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Frames of column `i` of `n`.
fn column((from, to): (f64, f64), (i, n): (usize, usize)) -> Range<u64> {
    let edge = |i: usize| frame_of(from + (to - from) * i as f64 / n as f64);
    edge(i)..edge(i + 1)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped by the cast")]
fn frame_of(frames: f64) -> u64 {
    frames.floor() as u64
}

/// A handle on the thread, which ends with it.
#[derive(Debug)]
pub struct Overviews {
    orders: Sender<Building>,
}

impl Overviews {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`IoError::Thread`].
    pub fn start() -> Result<Self, IoError> {
        let (orders, inbox) = channel();
        let name = "overview";
        thread::Builder::new()
            .name(name.into())
            .spawn(move || run(&inbox))
            .map_err(|e| IoError::Thread { name, reason: e.to_string() })?;
        Ok(Self { orders })
    }

    /// Begins to look at a sound.
    pub fn begin(&self, sight: Sight) -> Arc<Overview> {
        let overview = Arc::new(Overview { state: Mutex::default() });
        // The thread ends after this handle does.
        drop(self.orders.send(Building {
            sight: Some(sight),
            source: Source::None,
            overview: Arc::downgrade(&overview),
        }));
        overview
    }
}

/// A waveform that is not complete.
struct Building {
    /// Until it is open.
    sight: Option<Sight>,
    source: Source,
    overview: Weak<Overview>,
}

enum Source {
    /// Not open, or broken.
    None,
    File(Box<Decoder>),
    /// And the frame that comes next.
    Clip(Arc<Clip>, usize),
}

fn run(inbox: &Receiver<Building>) {
    let mut queue = VecDeque::new();
    let mut chunk = Vec::new();
    loop {
        if queue.is_empty() {
            let Ok(building) = inbox.recv() else { return };
            queue.push_back(building);
        }
        loop {
            match inbox.try_recv() {
                Ok(building) => queue.push_back(building),
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => break,
            }
        }
        if let Some(mut building) = queue.pop_front()
            && building.take_turn(&mut chunk)
        {
            queue.push_back(building);
        }
    }
}

impl Building {
    /// Looks at some more; whether there is more to come.
    fn take_turn(&mut self, chunk: &mut Vec<f32>) -> bool {
        for _ in 0..CHUNKS_PER_TURN {
            let begun = Instant::now();
            let Some(overview) = self.overview.upgrade() else {
                return false;
            };
            if let Some(sight) = self.sight.take() {
                self.open(sight, &overview);
            }
            let has_more = self.source.read(chunk);
            let mut state = overview.lock();
            if let Some(pyramid) = &mut state.pyramid {
                pyramid.push(chunk);
            }
            state.is_complete = !has_more;
            drop(state);
            if !has_more {
                return false;
            }
            thread::sleep(begun.elapsed());
        }
        true
    }

    fn open(&mut self, sight: Sight, overview: &Overview) {
        let (source, rate, channels) = match sight {
            Sight::Clip(clip, rate) => {
                let channels = clip.channels();
                (Source::Clip(clip, 0), rate, channels)
            }
            Sight::File(file) => match Decoder::open(&file) {
                Ok(decoder) => {
                    let (rate, channels) = (decoder.rate(), decoder.channels());
                    (Source::File(Box::new(decoder)), rate, channels)
                }
                // Who plays it says why.
                Err(_) => return,
            },
        };
        self.source = source;
        let mut state = overview.lock();
        state.rate = rate;
        state.pyramid = Some(Pyramid::new(channels));
    }
}

impl Source {
    /// Some more interleaved frames; whether more can follow.
    fn read(&mut self, chunk: &mut Vec<f32>) -> bool {
        chunk.clear();
        match self {
            Self::None => false,
            Self::File(decoder) => {
                let channels = decoder.channels();
                chunk.resize(CHUNK_FRAMES * channels, 0.0);
                let frames = decoder.read(chunk).unwrap_or(0);
                chunk.truncate(frames * channels);
                frames == CHUNK_FRAMES
            }
            Self::Clip(clip, at) => {
                let rest = usize::try_from(clip.frames()).unwrap_or(usize::MAX) - *at;
                let frames = *at..*at + rest.min(CHUNK_FRAMES);
                *at = frames.end;
                let channels = 0..clip.channels();
                let frame = |n: usize| channels.clone().map(move |c| (c, n));
                chunk.extend(frames.flat_map(frame).map(|(c, n)| clip.channel(c)[n]));
                rest > CHUNK_FRAMES
            }
        }
    }
}
