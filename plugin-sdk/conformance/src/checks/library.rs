//! The library: its entry and its factories.

use anyhow::{Result, ensure};

use super::{Check, check};
use crate::case::{Case, Verdict};
use crate::host::Host;

pub(super) const CHECKS: &[Check] = &[
    check("scan", scan),
    check("entry-lifecycle", entry_lifecycle),
    check("query-nonexistent-factory", query_nonexistent_factory),
    check("create-id-with-trailing-garbage", create_wrong_id),
    check("preset-discovery-unclaimed", preset_discovery_unclaimed),
];

/// The factory lists as many plugins as it says; each id is there once.
fn scan(case: &Case) -> Result<Verdict> {
    let count = case.library.count()?;
    ensure!(count > 0, "the factory has no plugin");
    let mut ids = Vec::new();
    for index in 0..count {
        let Some(descriptor) = case.library.descriptor(index)? else {
            anyhow::bail!("plugin {index} of {count} has no descriptor");
        };
        ensure!(!ids.contains(&descriptor.id), "the id {:?} is there twice", descriptor.id);
        ids.push(descriptor.id);
    }
    for index in [count, count + 1, u32::MAX] {
        let beyond = case.library.descriptor(index)?;
        ensure!(beyond.is_none(), "there is a descriptor {index}, behind the last of {count}");
    }
    Ok(Verdict::Passed)
}

/// `init` and `deinit` are counted: the factory stays until the last.
fn entry_lifecycle(case: &Case) -> Result<Verdict> {
    for _ in 0..3 {
        case.library.init()?;
    }
    for _ in 0..3 {
        case.library.deinit()?;
        ensure!(case.library.count()? > 0, "an early `deinit` took the factory away");
    }
    case.library.deinit()?;
    case.library.init()?;
    drop(case.instance()?);
    Ok(Verdict::Passed)
}

fn query_nonexistent_factory(case: &Case) -> Result<Verdict> {
    for id in [c"", c"clap.plugin-factory-", c"clap.plugin-factor", c"org.retake.no-factory"] {
        let factory = case.library.raw_factory(id)?;
        ensure!(factory.is_null(), "there is a factory {id:?}");
    }
    Ok(Verdict::Passed)
}

fn create_wrong_id(case: &Case) -> Result<Verdict> {
    let host = Host::new(true);
    let id = case.id.to_str()?;
    for wrong in [format!("{id}x"), id[..id.len() - 1].to_owned(), String::new()] {
        let made = case.library.create(host.raw(), &std::ffi::CString::new(wrong.clone())?)?;
        ensure!(made.is_none(), "there is a plugin {wrong:?}");
    }
    Ok(Verdict::Passed)
}

/// Presets in the library are not checked here: a plugin that offers them needs checks first.
fn preset_discovery_unclaimed(case: &Case) -> Result<Verdict> {
    for id in [c"clap.preset-discovery-factory/2", c"clap.preset-discovery-factory/draft-2"] {
        let factory = case.library.raw_factory(id)?;
        ensure!(factory.is_null(), "the library offers {id:?}, for which there is no check yet");
    }
    Ok(Verdict::Passed)
}
