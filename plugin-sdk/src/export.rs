//! What `export_plugin!` expands to; not for direct use.

use std::ffi::CStr;
use std::fmt;
use std::marker::PhantomData;

use clack_plugin::entry::{Entry, EntryFactories, EntryLoadError};

use crate::clap::{LibraryEntry, Registration};
use crate::plugin::Plugin;

pub use crate::ffi::entry;
pub use clack_plugin::entry::EntryDescriptor;

/// A plugin that `export_plugin!` was given.
pub trait Exported: Plugin {
    /// The version of its crate.
    const VERSION: &'static str;
}

/// The library's content for a host in the same program, which links the plugin instead of
/// loading it.
pub struct Linked<P> {
    entry: LibraryEntry,
    plugin: PhantomData<fn() -> P>,
}

impl<P: Exported> Entry for Linked<P> {
    fn new(_bundle_path: Option<&CStr>) -> Result<Self, EntryLoadError> {
        Ok(Self {
            entry: LibraryEntry::new(Registration::of::<P>(P::VERSION)),
            plugin: PhantomData,
        })
    }

    fn declare_factories<'a>(&'a self, builder: &mut EntryFactories<'a>) {
        self.entry.declare_factories(builder);
    }
}

impl<P> fmt::Debug for Linked<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Linked").finish_non_exhaustive()
    }
}

/// Makes the crate's library a CLAP plugin: `export_plugin!(Gain);`.
///
/// Once per crate, whose `Cargo.toml` needs `crate-type = ["cdylib", "rlib"]` under `[lib]`. The
/// plugin's version is the crate's. It passes under `#![forbid(unsafe_code)]`: the one exported
/// symbol is this crate's doing, not the author's.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        impl $crate::export::Exported for $plugin {
            const VERSION: &'static str = ::core::env!("CARGO_PKG_VERSION");
        }

        /// The symbol by which a CLAP host finds the plugin.
        #[unsafe(no_mangle)]
        pub static clap_entry: $crate::export::EntryDescriptor = $crate::export::entry::<$plugin>();
    };
}
