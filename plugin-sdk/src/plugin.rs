//! The trait a plugin author implements, and what a plugin is told when it is activated.

use crate::block::Block;
use crate::params::Params;
use crate::state::State;

/// An audio plugin: one stereo input, one stereo output, parameters.
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

    /// The version of the plugin's states; raise it when the meaning of a key changes.
    const STATE_VERSION: u32 = 1;

    /// Prepares for a sample rate and a largest block: the place to allocate.
    ///
    /// Called on the main thread, before the first block and again whenever the rate or the block
    /// size changes. What was sounding before is over: start from silence.
    fn activate(&mut self, config: Config) {
        let _ = config;
    }

    /// Turns one block of input into output, in place: the block holds the input when the call
    /// begins and the output when it returns.
    ///
    /// Blocks have 1 to [`Config::max_block`] frames. The SDK cuts the host's block where a
    /// parameter changes, so during one call every parameter has one target.
    ///
    /// # Real time
    ///
    /// Runs on the audio thread: never allocate, free, lock, log, wait or call the system here.
    /// Denormals are flushed to zero while it runs.
    fn process(&mut self, params: &mut Self::Params, block: &mut Block<'_>);

    /// Forgets what was sounding: delay lines, envelopes, phases. Parameters keep their values.
    ///
    /// # Real time
    ///
    /// Runs on the audio thread, with the duties of [`process`](Self::process).
    fn reset(&mut self) {}

    /// How many frames the output lags behind the input. Read on the main thread after each
    /// activation; it can only change there.
    fn latency_frames(&self) -> u32 {
        0
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
}
