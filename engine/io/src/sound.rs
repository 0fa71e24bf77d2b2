//! Sound files: read, converted to the engine's rate, and played from memory.

mod decoder;
mod track;

pub use track::Track;
