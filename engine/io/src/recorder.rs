//! The lossless recorder: a ring from the engine, a thread (`sink-0`) that writes a WAV.
//!
//! The engine never waits for it. Under the fast clock its gate holds the scheduler until there
//! is room; under the real clock the ring's seconds must do, and the engine counts what they don't.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Acquire, Release},
        },
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use retake_engine::{FrameConsumer, FrameProducer, frame_ring};

use crate::{devices::Gate, error::IoError, wav::WavWriter};

/// Seconds of audio the ring holds at least.
const RING_SECONDS: usize = 2;
/// Frames the ring holds at least: several of the largest callbacks.
const RING_FRAMES: usize = 1 << 18;
/// Frames written at once.
const CHUNK_FRAMES: usize = 4_096;
/// How long an empty ring is left alone.
const NAP: Duration = Duration::from_millis(2);

/// The thread that writes; keeps the file open until [`Recorder::finish`].
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    capacity: usize,
    thread: Option<JoinHandle<Result<u64, IoError>>>,
}

/// How the gate learns the fill of a ring whose ends both belong to others: it asks, and the
/// writer answers with what it saw after the question.
#[derive(Debug, Default)]
struct Shared {
    asked: AtomicU64,
    answered: AtomicU64,
    fill_frames: AtomicUsize,
    stop: AtomicBool,
}

impl Recorder {
    /// Creates or replaces `path` and starts the thread. The producer goes to the engine;
    /// `on_failure` is called once, from the thread, when the file cannot be written any more
    /// (frames are then thrown away, so that nobody waits for a dead disk).
    ///
    /// # Errors
    /// [`IoError::WavWrite`], [`IoError::DiskFull`], [`IoError::Thread`].
    pub fn create(
        path: &Path,
        rate: u32,
        channels: u16,
        on_failure: Box<dyn FnOnce(IoError) + Send>,
    ) -> Result<(FrameProducer, Self), IoError> {
        let wav = WavWriter::create(path, rate, channels)?;
        let capacity = (rate as usize * RING_SECONDS).max(RING_FRAMES);
        let (producer, ring) = frame_ring(channels.into(), capacity);
        let shared = Arc::new(Shared::default());
        let mut sink = Sink {
            ring,
            wav,
            shared: Arc::clone(&shared),
            failure: None,
            on_failure: Some(on_failure),
        };
        let name = "sink-0";
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || sink.run())
            .map_err(|e| IoError::Thread { name, reason: e.to_string() })?;
        let recorder = Self { shared, capacity, thread: Some(thread) };
        Ok((producer, recorder))
    }

    /// Opens when the ring has room for the next block.
    pub fn gate(&self) -> Gate {
        let shared = Arc::clone(&self.shared);
        let capacity = self.capacity;
        // Frames that surely fit: room as of the last answer, less what was rendered since.
        let mut room = 0;
        let mut question = 0;
        let mut is_waiting = false;
        Box::new(move |frames| {
            if is_waiting && shared.answered.load(Acquire) == question {
                is_waiting = false;
                room = capacity - shared.fill_frames.load(Acquire);
            }
            if room >= frames {
                room -= frames;
                return true;
            }
            if !is_waiting {
                is_waiting = true;
                question += 1;
                shared.asked.store(question, Release);
            }
            false
        })
    }

    /// Writes what is in the ring, ends the file, returns its frames. The engine must not push
    /// any more.
    ///
    /// # Errors
    /// [`IoError::DiskFull`], [`IoError::WavWrite`]: the first that happened.
    pub fn finish(mut self) -> Result<u64, IoError> {
        self.shared.stop.store(true, Release);
        let thread = self.thread.take();
        let ended = thread.map(JoinHandle::join).and_then(Result::ok);
        ended.unwrap_or(Err(IoError::Thread { name: "sink-0", reason: "it panicked".to_owned() }))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.stop.store(true, Release);
    }
}

struct Sink {
    ring: FrameConsumer,
    wav: WavWriter,
    shared: Arc<Shared>,
    failure: Option<IoError>,
    on_failure: Option<Box<dyn FnOnce(IoError) + Send>>,
}

impl Sink {
    fn run(&mut self) -> Result<u64, IoError> {
        let mut chunk = vec![0.0; CHUNK_FRAMES * self.ring.channels()];
        let mut unsaved = 0;
        loop {
            // Read before the ring: what was pushed before `finish` is then still seen.
            let must_stop = self.shared.stop.load(Acquire);
            let frames = self.ring.pop(&mut chunk);
            self.write(&chunk[..frames * self.ring.channels()]);
            self.answer();
            unsaved += frames;
            if frames > 0 {
                continue;
            }
            if must_stop {
                break;
            }
            // While there is nothing else to do: a killed process leaves a whole file.
            if unsaved > RING_FRAMES {
                unsaved = 0;
                let flushed = self.wav.flush();
                self.note(flushed);
            }
            thread::sleep(NAP);
        }
        let finished = self.wav.finish();
        match self.failure.take() {
            Some(error) => Err(error),
            None => finished,
        }
    }

    fn write(&mut self, interleaved: &[f32]) {
        if self.failure.is_none() && !interleaved.is_empty() {
            let written = self.wav.write(interleaved);
            self.note(written);
        }
    }

    fn note(&mut self, result: Result<(), IoError>) {
        let Err(error) = result else { return };
        if let Some(tell) = self.on_failure.take() {
            tell(error.clone());
            self.failure = Some(error);
        }
    }

    fn answer(&self) {
        let asked = self.shared.asked.load(Acquire);
        if asked != self.shared.answered.load(Acquire) {
            self.shared.fill_frames.store(self.ring.fill_frames(), Release);
            self.shared.answered.store(asked, Release);
        }
    }
}
