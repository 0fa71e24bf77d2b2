//! An instrument in C, `organ.c`: notes in and out, and a state beyond its parameters.

use std::{path::PathBuf, process::Command, sync::Once};

use crate::server::tmp;

/// The library, compiled once.
pub(crate) fn organ() -> PathBuf {
    static ONCE: Once = Once::new();
    let library = tmp("organ").join("organ.clap");
    ONCE.call_once(|| {
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/organ.c"))
            .status()
            .expect("cc is installed (./setup.sh)");
        assert!(compiled.success());
    });
    library
}
