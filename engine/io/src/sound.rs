//! Sound files: read, converted to the engine's rate, and made into what a voice plays.
//!
//! A short file is decoded once and played from memory. A long one is read ahead by the `reader`
//! thread into a window of some seconds. Each is opened on a thread of its own, so that a slow disk
//! holds up nobody else.

mod decoder;
mod edits;
mod file;
mod open;
mod overview;
mod reader;
mod stream;
mod track;
mod wide;

pub use file::SoundFile;
pub use open::{Sound, SoundEvent, SoundRequest, Sounds};
pub use overview::{Columns, NotYet, Overview, Overviews, Sight};
pub use track::Track;
