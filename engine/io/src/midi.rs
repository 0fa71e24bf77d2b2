//! MIDI at the outer end: files, which are read whole and played by the engine's clock, and input
//! ports, which the system's own thread reads.
//!
//! | file | what it deals with |
//! |---|---|
//! | `score` | the bytes of a standard MIDI file, as events at their times |
//! | `player` | feeds a score to the engine, ahead of its clock |
//! | `port` | an input port, lost and found again |

mod player;
mod port;
mod score;

pub use player::MidiPlayer;
pub use port::{MidiEvent, MidiListing, MidiPort, list_midi};
pub use score::{Score, TimedEvent};
