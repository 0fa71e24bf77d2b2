//! From a file to what a voice plays.

use std::{ops::Range, sync::Arc, thread};

use retake_engine::{
    mixer::{Clip, ClipPlayer, Material, StreamPlayer},
    window::window,
};

use super::{
    SoundFile, Track,
    reader::Reader,
    stream::{Stream, WINDOW_SECONDS},
};
use crate::{devices::Gate, error::IoError};

/// A file to be opened.
#[derive(Debug, Clone)]
pub struct SoundRequest {
    /// Where it is.
    pub file: SoundFile,
    /// The engine's rate, Hz.
    pub rate: u32,
    /// What is played over and over, in frames of the engine; cut to the file.
    pub repeat: Option<Range<u64>>,
}

/// A file that can be played.
#[derive(Debug)]
pub struct Sound {
    /// For a voice.
    pub material: Material,
    /// Samples per frame.
    pub channels: usize,
    /// How long it is, in frames of the engine, if that is known.
    pub frames: Option<u64>,
}

/// What becomes of a file.
#[derive(Debug)]
pub enum SoundEvent {
    /// First word: it can be played, or not.
    Opened(Result<Sound, IoError>),
    /// It broke while it was read, and ends there.
    Broke(IoError),
}

type Tell = Arc<dyn Fn(SoundEvent) + Send + Sync>;

/// Opens files, and reads ahead those that are long.
#[derive(Debug)]
pub struct Sounds {
    reader: Reader,
}

impl Sounds {
    /// Starts the `reader` thread.
    ///
    /// # Errors
    /// [`IoError::Thread`].
    pub fn start() -> Result<Self, IoError> {
        Ok(Self { reader: Reader::spawn()? })
    }

    /// Opens what is asked for; everything else comes through `tell`, which must not block.
    ///
    /// # Errors
    /// [`IoError::Thread`]; then nothing is told.
    pub fn open(
        &self,
        request: SoundRequest,
        tell: impl Fn(SoundEvent) + Send + Sync + 'static,
    ) -> Result<(), IoError> {
        let reader = self.reader.clone();
        let name = "sound";
        let tell: Tell = Arc::new(tell);
        let opening = thread::Builder::new().name(name.into()).spawn(move || {
            tell(SoundEvent::Opened(open(request, &reader, &tell)));
        });
        opening.map(drop).map_err(|e| IoError::Thread { name, reason: e.to_string() })
    }

    /// Opens while every file that is read ahead has what the next block needs.
    pub fn gate(&self) -> Gate {
        self.reader.gate()
    }
}

fn open(request: SoundRequest, reader: &Reader, tell: &Tell) -> Result<Sound, IoError> {
    let SoundRequest { file, rate, repeat } = request;
    let mut track = Track::open(file.clone(), rate)?;
    let (channels, frames) = (track.channels(), track.frames());
    if !track.fits_into_memory() {
        let (writer, window, gauge) = window(channels, WINDOW_SECONDS * rate as usize);
        let (stream, repeat) = Stream::new(track, rate, repeat, (writer, gauge))?;
        let tell = Arc::clone(tell);
        reader.take(stream, Box::new(move |error| tell(SoundEvent::Broke(error))));
        let material = Material::Stream(StreamPlayer::new(window, repeat, rate));
        return Ok(Sound { material, channels, frames });
    }
    let samples = track.read_to_end()?;
    let clip = Clip::new(channels, &samples)
        .map_err(|e| IoError::SoundRead { path: file.name().to_owned(), reason: e.to_string() })?;
    let frames = Some(clip.frames());
    let material = Material::Clip(ClipPlayer::new(Arc::new(clip), repeat));
    Ok(Sound { material, channels, frames })
}
