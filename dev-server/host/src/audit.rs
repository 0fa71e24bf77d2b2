//! What the plugin does that an audio thread must not.

mod last_words;
mod modules;
mod symbols;
mod unwind;

pub(crate) use last_words::note_library;
pub use last_words::{AltStack, LastWords, Words, install};
pub use modules::Modules;
pub use symbols::Symbols;
