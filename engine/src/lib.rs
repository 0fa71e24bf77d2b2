//! Rings and arithmetic: frames in, frames out, no allocation after construction.
