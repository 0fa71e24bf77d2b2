//! What a plugin author writes, in safe Rust: a CLAP library comes out.
