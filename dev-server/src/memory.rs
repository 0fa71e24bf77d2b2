//! What a session remembers and where it starts from: the rules of `--preset` and `--fresh`.

use std::{io::Write as _, path::Path, process::ExitCode};

use serde_json::{Value, json};

use crate::{
    cli::{ClockArg, Presets, Run},
    control::Failure,
    project::Project,
    report::{Tone, say},
    store::{Folder, Listing, Start, Store, StoreEvent},
};

/// What control is given of the store.
#[derive(Debug)]
pub struct Memory {
    /// Keeps presets and the session; none where there is no place for them.
    pub store: Option<Store>,
    /// Where the first generation starts from.
    pub start: Option<Start>,
    /// The session's name, if it is kept.
    pub session: Option<String>,
}

impl Memory {
    /// The memory of this command line.
    ///
    /// # Errors
    /// `--preset` where there is no place for presets.
    pub fn open(
        run: &Run,
        project: &Project,
        tell: impl Fn(StoreEvent) + Send + 'static,
    ) -> Result<Self, Failure> {
        let preset = run.session.preset.clone();
        let folder = match Folder::of_user() {
            Ok(folder) => folder,
            Err(error) if preset.is_some() => return Err(Failure::failed(error)),
            Err(_) => return Ok(Self { store: None, start: None, session: None }),
        };
        let session = is_kept(run).then(|| session_name(project, run.plugin.plugin.as_deref()));
        let from = session.clone().filter(|_| !run.session.fresh);
        let start = Start { folder: folder.clone(), session: from, preset };
        let store = Store::start(folder, tell).map_err(Failure::failed)?;
        Ok(Self { store: Some(store), start: Some(start), session })
    }
}

/// A script's run leaves nothing behind and finds nothing: the same command line, the same bytes.
fn is_kept(run: &Run) -> bool {
    let is_script =
        run.is_offline || run.audio.clock == ClockArg::Fast || run.session.duration.is_some();
    !is_script
}

/// One session per crate or library, and per plugin where one of several was named.
fn session_name(project: &Project, plugin: Option<&str>) -> String {
    let path: &Path = match project {
        Project::Cargo(package) => package.dir(),
        Project::Library(path) => path,
        Project::Command(command) => &command.library,
    };
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let plugin = plugin.map_or_else(String::new, |id| format!("#{id}"));
    format!("{}{plugin}", path.display())
}

/// `retake presets`.
pub fn print_presets(args: &Presets) -> ExitCode {
    match list(args) {
        Ok(text) => match anstream::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&Failure::failed(format!("stdout: {error}"))),
        },
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    say(Tone::Error, "Error", failure);
    ExitCode::from(failure.exit_code())
}

fn list(args: &Presets) -> Result<String, Failure> {
    let folder = Folder::of_user().map_err(Failure::failed)?;
    let plugins = match (&args.plugin, &args.path) {
        (Some(plugin), _) => vec![plugin.clone()],
        (None, Some(path)) => vec![last_played(&folder, path)?],
        (None, None) => folder.plugins().map_err(Failure::failed)?,
    };
    let mut lists = Vec::new();
    for plugin in plugins {
        let Listing { presets, damaged } = folder.list(&plugin).map_err(Failure::failed)?;
        for error in damaged {
            say(Tone::Warning, "Preset", error);
        }
        lists.push((plugin, presets));
    }
    if args.json {
        let list = |(plugin, presets)| json!({ "plugin": plugin, "presets": presets });
        let lists: Vec<Value> = lists.into_iter().map(list).collect();
        return Ok(format!("{}\n", json!({ "plugins": lists })));
    }
    let lines = lists.iter().flat_map(|(plugin, presets)| {
        let names = presets.iter().map(|preset| format!("  {}\n", preset.name));
        std::iter::once(format!("{plugin}\n")).chain(names)
    });
    Ok(lines.collect())
}

/// The plugin of the last session with that crate or library.
fn last_played(folder: &Folder, path: &Path) -> Result<String, Failure> {
    let missing = || Failure::usage(format!("{} is not there", path.display()));
    let whole = path.canonicalize().map_err(|_| missing())?;
    let name = whole.display().to_string();
    let session = folder.session(&name).map_err(Failure::failed)?;
    session.map(|session| session.plugin).ok_or_else(|| {
        Failure::usage(format!(
            "no session with {} is known, so its plugin's id is not: give --plugin ID, \
             or no PATH for all plugins",
            path.display()
        ))
    })
}
