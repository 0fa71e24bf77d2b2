//! A library of a CLAP before 1.0.
#![allow(unsafe_code, reason = "the symbol has a fixed name")]

use clack_plugin::{entry::EntryDescriptor, utils::ClapVersion};

/// Nothing but a version: the host must not call what it does not understand.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "CLAP's name")]
pub static clap_entry: EntryDescriptor = EntryDescriptor {
    clap_version: ClapVersion { major: 0, minor: 18, revision: 0 }.to_raw(),
    init: None,
    deinit: None,
    get_factory: None,
};
