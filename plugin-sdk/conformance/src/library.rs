//! A library as a host opens it, and what its factory says.

mod ffi;

pub(crate) use ffi::{Descriptor, Library, VERSION, read_descriptor, text};
