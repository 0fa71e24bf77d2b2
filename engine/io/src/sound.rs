//! Sound files: read, converted to the engine's rate, and made into what a voice plays.

mod decoder;
mod open;
mod track;

pub use open::{Sound, SoundRequest, open_sound};
pub use track::Track;
