//! An instrument in C, `organ.c`: notes in and out, and a state beyond its parameters.

use std::{
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
};

use crate::server::tmp;

/// The library.
pub(crate) fn organ() -> PathBuf {
    organ_of("1.0")
}

/// The library with another gain; compiled once.
pub(crate) fn organ_of(gain: &str) -> PathBuf {
    static MADE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let library = tmp("organ").join(format!("organ-{gain}.clap"));
    if !made.contains(&library) {
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1"])
            .arg(format!("-DGAIN={gain}"))
            .arg("-o")
            .arg(&library)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/organ.c"))
            .status()
            .expect("cc is installed (./setup.sh)");
        assert!(compiled.success());
        made.push(library.clone());
    }
    library
}
