//! Opening a sound file on a thread of its own, so that a slow disk holds up nobody else.

use std::{ops::Range, path::PathBuf, sync::Arc, thread};

use retake_engine::mixer::{Clip, ClipPlayer, Material};

use super::Track;
use crate::error::IoError;

/// A file to be opened.
#[derive(Debug, Clone)]
pub struct SoundRequest {
    /// Where it is.
    pub path: PathBuf,
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
    /// Rate of the file, Hz.
    pub file_rate: u32,
    /// How long it is, in frames of the engine, if that is known.
    pub frames: Option<u64>,
}

/// Opens what is asked for; `tell` is called once, from the thread `sound`.
///
/// # Errors
/// [`IoError::Thread`]; then nobody is called.
pub fn open_sound(
    request: SoundRequest,
    tell: impl FnOnce(Result<Sound, IoError>) + Send + 'static,
) -> Result<(), IoError> {
    let name = "sound";
    let opening = thread::Builder::new().name(name.into()).spawn(move || tell(open(request)));
    opening.map(drop).map_err(|e| IoError::Thread { name, reason: e.to_string() })
}

fn open(request: SoundRequest) -> Result<Sound, IoError> {
    let SoundRequest { path, rate, repeat } = request;
    let mut track = Track::open(&path, rate)?;
    let (channels, file_rate) = (track.channels(), track.file_rate());
    let samples = track.read_to_end()?;
    let clip = Clip::new(channels, &samples)
        .map_err(|e| IoError::SoundRead { path, reason: e.to_string() })?;
    let frames = Some(clip.frames());
    let material = Material::Clip(ClipPlayer::new(Arc::new(clip), repeat));
    Ok(Sound { material, channels, file_rate, frames })
}
