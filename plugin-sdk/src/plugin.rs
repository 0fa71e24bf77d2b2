//! The trait a plugin author implements, and what a plugin is told when it is activated.

use crate::block::Block;
use crate::context::Context;
use crate::event::Notes;
use crate::layout::Layout;
use crate::params::Params;
use crate::state::State;

/// An audio plugin: audio ports, parameters, notes if it wants them.
///
/// [`Default::default`] makes the plugin on the host's main thread, before the sample rate is
/// known; [`activate`](Self::activate) prepares it; then the audio thread owns it until it is
/// deactivated. The parameters belong to the SDK, which hands them to `process`.
///
/// A panic in any of these calls is caught and named in the host's log with file and line.
pub trait Plugin: Default + Send + 'static {
    /// The parameters, a struct that derives [`Params`](derive@crate::Params).
    type Params: Params + Default + 'static;

    /// The stable name of the plugin for hosts and sessions, like `org.example.gain`. Not empty,
    /// without NUL; never change it once the plugin is used.
    const ID: &'static str;

    /// The name that people read. Not empty, without NUL.
    const NAME: &'static str;

    /// Who made it; may be empty.
    const VENDOR: &'static str = "";

    /// The audio ports that a host can choose from, at most one side input each; the first is what
    /// it finds. Not empty.
    const LAYOUTS: &'static [Layout] = &[Layout::STEREO];

    /// Whether the plugin takes notes and MIDI, and whether it sends them.
    const NOTES: Notes = Notes::NONE;

    /// Whether the SDK cuts the host's block where something happens.
    ///
    /// With `true`, parameters change and notes come exactly at a call's first frame. With `false`
    /// a call is as long as the host's block: parameters change at its first frame, wherever
    /// within the block the host has placed them, and each note has its own
    /// [`frame`](crate::Event::frame). That is for plugins that work in frames of their own, like
    /// those of a Fourier transform, where short calls cost.
    const SPLIT: bool = true;

    /// Words by which hosts sort plugins, like `"delay"` or `"compressor"`; see CLAP's
    /// `plugin-features.h`. The SDK adds what follows from ports and notes (`"instrument"`,
    /// `"audio-effect"`, `"analyzer"` or `"note-effect"`; `"mono"`, `"stereo"`) unless one of the
    /// first four is among them. Without NUL.
    const FEATURES: &'static [&'static str] = &[];

    /// The version of the plugin's states; raise it when the meaning of a key changes.
    const STATE_VERSION: u32 = 1;

    /// Prepares for a sample rate and a largest block: the place to allocate.
    ///
    /// Called on the main thread, before the first block and again whenever the rate, the block
    /// size or the layout changes. What was sounding before is over: start from silence.
    fn activate(&mut self, config: Config) {
        let _ = config;
    }

    /// Turns one block of input into output, in place: the block holds the input when the call
    /// begins and the output when it returns.
    ///
    /// Blocks have 1 to [`Config::max_block`] frames. The SDK cuts the host's block where a
    /// parameter changes, a note comes or the transport jumps (see [`SPLIT`](Self::SPLIT)), so
    /// during one call every parameter has one target.
    ///
    /// # Real time
    ///
    /// Runs on the audio thread: never allocate, free, lock, log, wait or call the system here.
    /// Denormals are flushed to zero while it runs.
    fn process(&mut self, params: &mut Self::Params, block: &mut Block<'_>, ctx: &mut Context<'_>);

    /// Forgets what was sounding: delay lines, envelopes, phases. Parameters keep their values.
    ///
    /// # Real time
    ///
    /// Runs on the audio thread, with the duties of [`process`](Self::process).
    fn reset(&mut self) {}

    /// How many frames the output lags behind the input. Read on the main thread after each
    /// activation; it can only change there, and [`Context::latency_changed`] asks for one.
    fn latency_frames(&self) -> u32 {
        0
    }

    /// How long it sounds on after its input has gone silent.
    ///
    /// Read after each activation on the main thread, and on the audio thread after a block that
    /// said [`Context::tail_changed`].
    ///
    /// # Real time
    ///
    /// Has the duties of [`process`](Self::process).
    fn tail(&self) -> Tail {
        Tail::None
    }

    /// Turns a saved state of another version into one of today, before the values are read.
    ///
    /// Called on the main thread whenever a state is loaded whose version `from` is not
    /// [`STATE_VERSION`](Self::STATE_VERSION): mostly an older one, but a newer one if the user
    /// went back to an older plugin. A panic refuses the state.
    fn migrate(state: &mut State, from: u32) {
        let _ = (state, from);
    }
}

/// What [`Plugin::activate`] is told. It holds until the next activation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Frames per second, in Hz; finite and above 0.
    pub sample_rate: f64,
    /// The most frames of one block; at least 1.
    pub max_block: usize,
    /// The audio ports: one of [`Plugin::LAYOUTS`].
    pub layout: Layout,
}

/// How long a plugin sounds on after its input has gone silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// Not at all.
    #[default]
    None,
    /// So many frames, below 2³¹ − 1; what is longer counts as infinite.
    Frames(u32),
    /// For ever, as far as is known.
    Infinite,
}

/// What the SDK reads of a plugin's constants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) layouts: &'static [Layout],
    pub(crate) notes: Notes,
    pub(crate) splits: bool,
    pub(crate) features: &'static [&'static str],
}

impl Shape {
    pub(crate) const fn of<P: Plugin>() -> Self {
        const { assert!(!P::LAYOUTS.is_empty(), "LAYOUTS needs at least one layout") };
        Self { layouts: P::LAYOUTS, notes: P::NOTES, splits: P::SPLIT, features: P::FEATURES }
    }
}
