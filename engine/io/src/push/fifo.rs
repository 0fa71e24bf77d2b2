//! A pipe with a name, and the thread `fifo` that reads raw frames out of it.
//!
//! Opened without waiting for its other end. Each writer's frames are one sound: it begins with the
//! first of them and ends with the last when the writer closes the pipe; what is less than a frame
//! then is left out. The next writer's frames begin when the last of the one before was heard. The
//! thread takes out no more than there is room for, so the writer waits and nothing is lost. It looks
//! every few milliseconds and ends at once when its [`Fifo`] is dropped.

use std::{
    fs::{File, Metadata},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, Thread},
    time::Duration,
};

use retake_engine::mixer::{Material, PushedSpec, PushedWriter, pushed};

use super::PcmFormat;
use crate::{error::IoError, sound::Sound};

/// Between two looks at a pipe that has nothing, or a ring that is full.
const NAP: Duration = Duration::from_millis(5);
/// Bytes that are read at once: what a pipe holds.
const CHUNK_BYTES: usize = 64 << 10;

/// A pipe, and what is written into it.
#[derive(Debug, Clone)]
pub struct FifoSpec {
    /// Where it is.
    pub path: PathBuf,
    /// How its samples are written.
    pub format: PcmFormat,
    /// Of its frames, Hz.
    pub rate: u32,
    /// Samples per frame.
    pub channels: usize,
    /// Of the engine, Hz.
    pub engine_rate: u32,
}

/// What happens at a pipe.
#[derive(Debug)]
pub enum FifoEvent {
    /// There is a writer, and this is its sound.
    Began(Sound),
    /// It cannot be read; its last word.
    Failed(IoError),
}

/// A pipe that is read until this is dropped.
#[derive(Debug)]
pub struct Fifo {
    is_over: Arc<AtomicBool>,
    thread: Thread,
}

impl Fifo {
    /// Begins to wait for a writer. Everything else comes through `tell`, which must not block.
    ///
    /// # Errors
    /// [`IoError::Thread`]; then nothing is told.
    pub fn open(
        spec: FifoSpec,
        tell: impl Fn(FifoEvent) + Send + 'static,
    ) -> Result<Self, IoError> {
        let is_over = Arc::<AtomicBool>::default();
        let seen = Arc::clone(&is_over);
        let name = "fifo";
        let thread = thread::Builder::new().name(name.into()).spawn(move || {
            if let Err(reason) = serve(&spec, &seen, &tell) {
                tell(FifoEvent::Failed(IoError::SoundRead { path: spec.path, reason }));
            }
        });
        let thread = thread.map_err(|e| IoError::Thread { name, reason: e.to_string() })?;
        Ok(Self { is_over, thread: thread.thread().clone() })
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        self.thread.unpark();
    }
}

/// Reads until nobody wants it any more.
fn serve(spec: &FifoSpec, is_over: &AtomicBool, tell: &impl Fn(FifoEvent)) -> Result<(), String> {
    let mut pipe = Pipe::open(spec)?;
    while pipe.wait(is_over)? {
        let line =
            PushedSpec { rate: spec.rate, channels: spec.channels, engine_rate: spec.engine_rate };
        let (mut writer, player) = pushed(line).map_err(|e| e.to_string())?;
        let material = Material::Pushed(player);
        tell(FifoEvent::Began(Sound { material, channels: spec.channels, frames: None }));
        if !pipe.pour(&mut writer, is_over)? {
            break;
        }
        writer.end();
        while !is_over.load(Relaxed) && !writer.is_abandoned() {
            thread::park_timeout(NAP);
        }
    }
    Ok(())
}

/// The pipe, and what was read and does not fit yet.
struct Pipe {
    file: File,
    format: PcmFormat,
    frame_bytes: usize,
    bytes: Vec<u8>,
    samples: Vec<f32>,
}

/// What a read brought.
enum Piece {
    /// Bytes.
    Some,
    /// Nothing: the writer has not written.
    None,
    /// Nothing: there is no writer.
    End,
}

impl Pipe {
    fn open(spec: &FifoSpec) -> Result<Self, String> {
        Ok(Self {
            file: open(&spec.path)?,
            format: spec.format,
            frame_bytes: spec.format.bytes() * spec.channels,
            bytes: Vec::new(),
            samples: Vec::new(),
        })
    }

    /// Until there are frames of a writer; false when it is over.
    fn wait(&mut self, is_over: &AtomicBool) -> Result<bool, String> {
        while !is_over.load(Relaxed) {
            match self.read()? {
                Piece::Some if self.has_frame() => return Ok(true),
                Piece::Some => {}
                Piece::None => thread::park_timeout(NAP),
                Piece::End => {
                    self.bytes.clear();
                    thread::park_timeout(NAP);
                }
            }
        }
        Ok(false)
    }

    /// Until the writer is gone; false when it is over, or the voice is gone.
    fn pour(&mut self, to: &mut PushedWriter, is_over: &AtomicBool) -> Result<bool, String> {
        while !is_over.load(Relaxed) && !to.is_abandoned() {
            match self.advance(to)? {
                Piece::Some => {}
                Piece::None => thread::park_timeout(NAP),
                Piece::End => {
                    self.bytes.clear();
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Hands on what is here; then reads. What comes next may be another writer's.
    fn advance(&mut self, to: &mut PushedWriter) -> Result<Piece, String> {
        if !self.has_frame() {
            return self.read();
        }
        self.push(to);
        Ok(if self.has_frame() { Piece::None } else { Piece::Some })
    }

    fn has_frame(&self) -> bool {
        self.bytes.len() >= self.frame_bytes
    }

    /// Hands on what there is room for.
    fn push(&mut self, to: &mut PushedWriter) {
        let frames = (self.bytes.len() / self.frame_bytes).min(to.room_frames());
        let bytes = ..frames * self.frame_bytes;
        self.samples.clear();
        self.format.decode(&self.bytes[bytes], &mut self.samples);
        self.bytes.drain(bytes);
        let taken = to.push(&self.samples);
        debug_assert_eq!(taken, frames, "there was room");
    }

    /// Adds what the pipe has to what is here.
    fn read(&mut self) -> Result<Piece, String> {
        let before = self.bytes.len();
        self.bytes.resize(before + CHUNK_BYTES, 0);
        let read = self.file.read(&mut self.bytes[before..]);
        self.bytes.truncate(before + read.as_ref().map_or(0, |n| *n));
        match read {
            Ok(0) => Ok(Piece::End),
            Ok(_) => Ok(Piece::Some),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                Ok(Piece::None)
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(unix)]
fn open(path: &Path) -> Result<File, String> {
    use rustix::fs::{Mode, OFlags};
    use std::os::unix::fs::FileTypeExt;
    let is_pipe = |about: &Metadata| about.file_type().is_fifo();
    let about = path.metadata().map_err(|e| {
        let hint = if e.kind() == ErrorKind::NotFound { "; mkfifo makes one" } else { "" };
        format!("{e}{hint}")
    })?;
    // Not opened at all: a device may do something at that.
    if !is_pipe(&about) {
        return Err("it is no pipe (mkfifo makes one); files are played with file:PATH".to_owned());
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file: File =
        rustix::fs::open(path, flags, Mode::empty()).map_err(|e| e.to_string())?.into();
    match file.metadata() {
        Ok(about) if is_pipe(&about) => Ok(file),
        Ok(_) => Err("it is no pipe any more".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(not(unix))]
fn open(_: &Path) -> Result<File, String> {
    Err("there are no pipes with a name on this system".to_owned())
}
