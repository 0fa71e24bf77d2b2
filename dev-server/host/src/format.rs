//! What a plugin is activated for: the engine's side of the negotiation.

/// The rate, the blocks and the channels that a plugin is offered.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Format {
    /// Frames per second.
    pub rate: f64,
    /// Largest block, in frames, at least 1.
    pub max_block: usize,
    /// Channels that the device gives; 0 without one.
    pub n_input: usize,
    /// Channels that the device takes; 0 without one.
    pub n_output: usize,
}
