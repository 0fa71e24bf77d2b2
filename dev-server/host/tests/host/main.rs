//! The host against real libraries: each test loads its own copy of `plugins/subject.rs`.

mod bad_files;
mod life;
mod parameters;
mod rig;
mod wishes;
