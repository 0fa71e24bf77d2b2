//! The smallest good plugin: a gain.
