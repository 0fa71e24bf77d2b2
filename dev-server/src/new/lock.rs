//! A `Cargo.lock` with the versions that the SDK itself was built with: they are on this machine.

use std::{fs, io, path::Path, process::Stdio};

use super::sdk::Sdk;
use crate::build::cargo;

/// Gives the crate in `dir` the versions of the SDK's workspace. Without a lock file there, cargo
/// chooses versions at the first build, as for any new crate.
pub(super) fn write(dir: &Path, sdk: &Sdk) -> io::Result<()> {
    let Some(whole) = sdk.lock() else { return Ok(()) };
    fs::copy(whole, dir.join("Cargo.lock"))?;
    trim(dir);
    Ok(())
}

/// Lets cargo drop what only the workspace needs. Where that fails the first build does it.
fn trim(dir: &Path) {
    let _ = cargo()
        .args(["metadata", "--format-version", "1", "--offline", "--quiet"])
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
