//! `retake new`: a plugin to start from, complete and ready to sound, offline.
//!
//! Runs on the main thread and ends. Everything is written aside and renamed into place as the last
//! step: there is a whole folder in the end, or none.

mod lock;
mod name;
mod sdk;
mod template;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;

use crate::{
    control::Failure,
    report::{Tone, say},
};

pub use name::PluginName;
use sdk::Sdk;
pub use template::Template;
use template::Words;

/// `retake new`.
#[derive(Debug, Clone, Args)]
pub struct New {
    /// The new folder and package: letters, digits, `-` and `_`, a letter first
    pub name: PluginName,
    /// What to start from
    #[arg(long, value_enum, default_value_t = Template::Effect, value_name = "TEMPLATE")]
    pub template: Template,
    /// Where the SDK is: a checkout of Retake, or its folder plugin-sdk [default: the one that
    /// this binary was built with]
    #[arg(long, value_name = "DIR")]
    pub sdk: Option<PathBuf>,
}

/// Makes `./NAME` and says what to do next.
pub fn new(args: &New) -> ExitCode {
    let made = env::current_dir()
        .context("no working directory")
        .and_then(|working_dir| create(args, &working_dir));
    match made {
        Ok(()) => {
            say(Tone::Good, "Created", format!("`{}`: {}", args.name, args.template.about()));
            args.template.next(&args.name).iter().for_each(|line| say(Tone::Plain, "Next", line));
            ExitCode::SUCCESS
        }
        Err(error) => crate::app::failed(&error),
    }
}

/// Makes the folder below `parent`.
fn create(args: &New, parent: &Path) -> anyhow::Result<()> {
    let target = parent.join(args.name.as_str());
    refuse_taken(&target)?;
    let sdk = match args.template {
        Template::C => None,
        _ => Some(Sdk::find(args.sdk.as_deref()).map_err(Failure::usage)?),
    };
    let aside = tempfile::Builder::new()
        .prefix(".retake-new-")
        .tempdir_in(parent)
        .with_context(|| format!("cannot write to `{}`", parent.display()))?;
    // Inside the private folder, so that the new one has the permissions of any other.
    let draft = aside.path().join(args.name.as_str());
    let words = Words {
        name: &args.name,
        sdk: sdk.as_ref().map(Sdk::dir),
        is_in_workspace: is_in_workspace(parent),
    };
    args.template.write(&draft, &words).context("cannot write the new files")?;
    if let Some(sdk) = &sdk {
        lock::write(&draft, sdk).context("cannot write Cargo.lock")?;
    }
    fs::rename(&draft, &target).with_context(|| format!("cannot make `{}`", target.display()))
}

/// An empty folder may be filled; anything else stays as it is.
fn refuse_taken(target: &Path) -> Result<(), Failure> {
    let is_free = match fs::read_dir(target) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => fs::symlink_metadata(target).is_err(),
    };
    if is_free {
        return Ok(());
    }
    let what = if target.is_dir() { "is a folder that is not empty" } else { "is there already" };
    Err(Failure::usage(format!(
        "`{}` {what}; choose another NAME or move it away",
        target.display()
    )))
}

/// Whether cargo would take a crate below `parent` for a member of a workspace around it.
fn is_in_workspace(parent: &Path) -> bool {
    parent
        .ancestors()
        .filter_map(|dir| fs::read_to_string(dir.join("Cargo.toml")).ok())
        .any(|manifest| manifest.lines().any(|line| line.trim_start().starts_with("[workspace")))
}
