//! `conform LIBRARY`: runs every check on every plugin of a library.
//!
//! Exit codes: 0 all is well, 1 a check has failed, 2 usage.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use retake_conformance::{CHILD, Finding, Judge, check_names, plugin_ids, run_child};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words.as_slice() {
        [CHILD, library, id, check, seed, patience] => {
            run_child([library, id, check, seed, patience])
        }
        [library] if !library.starts_with('-') => match report(Path::new(library)) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => complain(&format!("{error:#}"), 1),
        },
        _ => complain("usage: conform LIBRARY", 2),
    }
}

fn complain(line: &str, code: u8) -> ExitCode {
    // Without stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(code)
}

/// Prints a line for each check; true when none has failed.
fn report(library: &Path) -> Result<bool> {
    let program = std::env::current_exe().context("this program's own path")?;
    let mut is_well = true;
    for id in plugin_ids(library)? {
        for check in check_names() {
            let finding = Judge::new(&program, library).judge(&id, check)?;
            is_well &= !matches!(finding, Finding::Failed(_));
            writeln!(io::stdout(), "{id}  {check:36} {finding}")?;
        }
    }
    Ok(is_well)
}
