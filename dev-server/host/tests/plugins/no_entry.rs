//! A dynamic library that is no plugin.
