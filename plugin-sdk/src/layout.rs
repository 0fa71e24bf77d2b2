//! How many channels go in and come out.

use std::fmt;

use crate::block::MAX_CHANNELS;

/// The audio ports of a plugin: a main input, a main output, a side input; each may be missing.
///
/// ```
/// use retake_sdk::Layout;
///
/// const LAYOUTS: &[Layout] = &[Layout::STEREO.with_sidechain(2), Layout::MONO];
/// assert_eq!(LAYOUTS[0].to_string(), "stereo + stereo sidechain");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    input: usize,
    output: usize,
    sidechain: usize,
}

impl Layout {
    /// One channel in, one out.
    pub const MONO: Self = Self::new(1, 1);
    /// Two channels in, two out.
    pub const STEREO: Self = Self::new(2, 2);
    /// No input, two channels out: what makes sound of its own.
    pub const INSTRUMENT: Self = Self::new(0, 2);
    /// Two channels in, no output: what only listens.
    pub const ANALYZER: Self = Self::new(2, 0);

    /// So many channels in the main ports; 0 is a port that is missing.
    ///
    /// # Panics
    ///
    /// If one is above [`MAX_CHANNELS`]; in a constant that is an error of the compiler.
    #[must_use]
    pub const fn new(input: usize, output: usize) -> Self {
        assert!(input <= MAX_CHANNELS && output <= MAX_CHANNELS, "a port has at most 8 channels");
        Self { input, output, sidechain: 0 }
    }

    /// The same with a side input of so many channels.
    ///
    /// # Panics
    ///
    /// If there are more than [`MAX_CHANNELS`]; in a constant that is an error of the compiler.
    #[must_use]
    pub const fn with_sidechain(self, channels: usize) -> Self {
        assert!(channels <= MAX_CHANNELS, "a port has at most 8 channels");
        Self { sidechain: channels, ..self }
    }

    /// The channels of the main input.
    pub const fn input_channels(&self) -> usize {
        self.input
    }

    /// The channels of the main output.
    pub const fn output_channels(&self) -> usize {
        self.output
    }

    /// The channels of the side input.
    pub const fn sidechain_channels(&self) -> usize {
        self.sidechain
    }

    /// The channels of a [`Block`](crate::Block): the outputs, and what inputs are more than those.
    pub const fn block_channels(&self) -> usize {
        if self.input > self.output { self.input } else { self.output }
    }

    /// Whether one of its main ports has so many channels.
    pub(crate) const fn has_main(&self, channels: usize) -> bool {
        self.input == channels || self.output == channels
    }
}

/// What people read: `stereo`, `mono to stereo`, `stereo + mono sidechain`.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.input, self.output) {
            (0, 0) => write!(f, "no audio")?,
            (0, output) => write!(f, "{} out", Width(output))?,
            (input, 0) => write!(f, "{} in", Width(input))?,
            (input, output) if input == output => write!(f, "{}", Width(input))?,
            (input, output) => write!(f, "{} to {}", Width(input), Width(output))?,
        }
        if self.sidechain > 0 {
            write!(f, " + {} sidechain", Width(self.sidechain))?;
        }
        Ok(())
    }
}

struct Width(usize);

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => write!(f, "mono"),
            2 => write!(f, "stereo"),
            channels => write!(f, "{channels} channels"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_have_names() {
        let names = [
            (Layout::MONO, "mono"),
            (Layout::STEREO, "stereo"),
            (Layout::INSTRUMENT, "stereo out"),
            (Layout::ANALYZER, "stereo in"),
            (Layout::new(1, 2).with_sidechain(1), "mono to stereo + mono sidechain"),
            (Layout::new(6, 6), "6 channels"),
            (Layout::new(0, 0), "no audio"),
        ];
        for (layout, name) in names {
            assert_eq!(layout.to_string(), name);
        }
    }
}
