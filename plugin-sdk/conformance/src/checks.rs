//! All checks, in the order in which they run.

mod descriptor;
mod layout;
mod library;
mod lifecycle;
mod notes;
mod params;
mod process;
mod state;
mod threads;
mod transport;

use anyhow::Result;

use crate::case::{Case, Verdict};

/// One rule that every plugin keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Case) -> Result<Verdict>,
}

/// Every check.
pub(crate) fn all() -> impl Iterator<Item = &'static Check> {
    let rooms: [&'static [Check]; 10] = [
        library::CHECKS,
        descriptor::CHECKS,
        layout::CHECKS,
        lifecycle::CHECKS,
        params::CHECKS,
        process::CHECKS,
        notes::CHECKS,
        transport::CHECKS,
        state::CHECKS,
        threads::CHECKS,
    ];
    rooms.into_iter().flatten()
}

/// A line of a room's list: the name and the function of a check.
const fn check(name: &'static str, run: fn(&Case) -> Result<Verdict>) -> Check {
    Check { name, run }
}
