//! The page: plain ES modules, embedded.
