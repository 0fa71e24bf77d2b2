//! What a session remembers and where it starts from: the rules of `--preset` and `--fresh`.

use std::{io::Write as _, path::Path, process::ExitCode};

use retake_io::{End, is_present};
use serde_json::{Value, json};

use crate::{
    cli::{AudioArgs, ClockArg, DeviceArgs, Presets, Run},
    control::Failure,
    project::Project,
    report::{Tone, say},
    source::SourceSpec,
    store::{Asked, Folder, Listing, Mic, Stand, Start, Store, StoreEvent},
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
    /// How the last session stood, with the devices that are wanted.
    pub stand: Stand,
    /// Those of them that are to be opened.
    pub devices: Asked,
    /// The microphones beside the first that the last session had, if they are wanted.
    pub mics: Vec<Mic>,
    /// A device was taken from the last session, not from the command line.
    pub has_restored_devices: bool,
    /// The command line names devices that the last session did not have.
    pub has_new_devices: bool,
    /// Hashes of builds that hung.
    pub quarantine: Vec<u64>,
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
        let mut memory = Self::of(Asked::of(&run.audio));
        let folder = match Folder::of_user() {
            Ok(folder) => folder,
            Err(error) if preset.is_some() => return Err(Failure::failed(error)),
            Err(_) => return Ok(memory),
        };
        memory.session =
            is_remembered(run).then(|| session_name(project, run.plugin.plugin.as_deref()));
        let from = memory.session.clone().filter(|_| !run.session.fresh);
        if let Some(session) = &from {
            memory.restore(&folder, session, &run.audio);
        }
        if memory.session.is_some() {
            memory.quarantine = folder.quarantine().unwrap_or_else(|error| {
                say(Tone::Warning, "Quarantine", format!("begins anew: {error}"));
                Vec::new()
            });
        }
        memory.start = Some(Start { folder: folder.clone(), session: from, preset });
        memory.store = Some(Store::start(folder, tell).map_err(Failure::failed)?);
        Ok(memory)
    }

    fn of(devices: Asked) -> Self {
        Self {
            store: None,
            start: None,
            session: None,
            stand: Stand { devices: devices.clone(), ..Stand::default() },
            devices,
            mics: Vec::new(),
            has_restored_devices: false,
            has_new_devices: false,
            quarantine: Vec::new(),
        }
    }

    /// Takes over how the last session stood. One that cannot be read is told by [`Start`].
    fn restore(&mut self, folder: &Folder, session: &str, audio: &AudioArgs) {
        let last = folder.session(session).ok().flatten().and_then(|saved| saved.stand);
        let Stand { bypass, mute, devices: last, mics } = last.unwrap_or_default();
        let has_its_host = self.devices.host.is_none() || self.devices.host == last.host;
        self.restore_mics(mics, audio, has_its_host);
        let named = std::mem::take(&mut self.devices);
        let wanted = named.or(&last);
        let is_there =
            |host: Option<&str>, end, name: &str| name == "none" || is_present(host, end, name);
        self.devices = wanted.clone().where_present(&named, &is_there);
        self.has_restored_devices = self.devices != named || !self.mics.is_empty();
        self.has_new_devices |= wanted.without_virtual() != last;
        // One that is away may be back next time.
        self.stand = Stand { bypass, mute, devices: wanted, mics: Vec::new() };
    }

    /// Takes over the microphones beside the first, unless the command line says which are heard.
    fn restore_mics(&mut self, mics: Vec<Mic>, audio: &AudioArgs, has_its_host: bool) {
        let has_more = audio.sources().iter().any(|source| source.kind.device().is_some());
        let says_which = has_more || !audio.source.is_empty() || has_none(audio);
        self.has_new_devices = has_more;
        if says_which || !has_its_host {
            return;
        }
        for mic in &mics {
            let device = mic.source.parse::<SourceSpec>();
            let device = device.ok().and_then(|spec| spec.kind.device().map(str::to_owned));
            let what = "one more, as in the last session; --fresh begins without";
            say(Tone::Plain, "Device", format!("input: {}, {what}", device.unwrap_or_default()));
        }
        self.mics = mics;
    }
}

/// Whether no microphone is wanted.
fn has_none(audio: &AudioArgs) -> bool {
    audio.input.iter().any(|name| name == "none")
}

/// Whether a device of that name is kept for the next session: a virtual one's file would be written
/// anew, and the default is nobody's name.
pub fn is_kept(name: &str) -> bool {
    !name.starts_with("virtual") && name != "default"
}

impl Asked {
    /// What the command line names.
    fn of(audio: &AudioArgs) -> Self {
        let AudioArgs { devices: DeviceArgs { host, output, .. }, input, .. } = audio.clone();
        // The ones beside the first are named anew each time.
        Self { host, input: input.into_iter().next(), output }
    }

    /// These, and what they do not name as in the last session. Devices belong to their host.
    fn or(&self, last: &Self) -> Self {
        if self.host.is_some() && self.host != last.host {
            return self.clone();
        }
        let ends = [(&self.input, &last.input), (&self.output, &last.output)];
        let is_restored = ends.iter().any(|(now, last)| now.is_none() && last.is_some());
        Self {
            host: self.host.clone().or_else(|| last.host.clone().filter(|_| is_restored)),
            input: self.input.clone().or_else(|| last.input.clone()),
            output: self.output.clone().or_else(|| last.output.clone()),
        }
    }

    /// Without devices that the command line does not name and that are not there now; says which.
    fn where_present(
        self,
        named: &Self,
        is_there: &dyn Fn(Option<&str>, End, &str) -> bool,
    ) -> Self {
        let Self { host, input, output } = self;
        let present = |end, wanted: Option<String>, named: &Option<String>| {
            let wanted = wanted?;
            if named.is_some() {
                return Some(wanted);
            }
            let is_there = is_there(host.as_deref(), end, &wanted);
            let what = if is_there {
                format!("{wanted}, as in the last session; --{end} default for another")
            } else {
                format!("{wanted} of the last session is not there: the default")
            };
            say(Tone::Plain, "Device", format!("{end}: {what}"));
            Some(wanted).filter(|_| is_there)
        };
        let input = present(End::Input, input, &named.input);
        let output = present(End::Output, output, &named.output);
        let has_any = input.is_some() || output.is_some();
        Self { host: host.filter(|_| has_any || named.host.is_some()), input, output }
    }

    /// Without what is no device of the machine: the default, and virtual ones, whose files would be
    /// written anew.
    #[must_use]
    pub fn without_virtual(&self) -> Self {
        let real = |name: &Option<String>| name.clone().filter(|name| is_kept(name));
        Self { host: real(&self.host), input: real(&self.input), output: real(&self.output) }
    }
}

/// A script's run leaves nothing behind and finds nothing: the same command line, the same bytes.
fn is_remembered(run: &Run) -> bool {
    let is_script = run.is_offline
        || run.audio.devices.clock == ClockArg::Fast
        || run.session.duration.is_some();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(host: &str, input: &str, output: &str) -> Asked {
        let some = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        Asked { host: some(host), input: some(input), output: some(output) }
    }

    #[test]
    fn the_command_line_wins_and_what_is_gone_is_left() {
        let is_there = |_: Option<&str>, _: End, name: &str| name != "Gone";
        let last = asked("alsa", "Mic", "Speaker");
        let or = |now: Asked, last: &Asked| now.or(last).where_present(&now, &is_there);
        assert_eq!(or(asked("", "", ""), &last), last);
        assert_eq!(or(asked("", "Other", ""), &last), asked("alsa", "Other", "Speaker"));
        assert_eq!(or(asked("", "default", "none"), &last), asked("", "default", "none"));
        assert_eq!(or(asked("jack", "", ""), &last), asked("jack", "", ""));
        let gone = asked("alsa", "Gone", "Speaker");
        assert_eq!(or(asked("", "", ""), &gone), asked("alsa", "", "Speaker"));
        assert_eq!(or(asked("", "Gone", ""), &last), asked("alsa", "Gone", "Speaker"));
        assert_eq!(or(asked("", "", ""), &asked("alsa", "", "Gone")), asked("", "", ""));
        assert_eq!(asked("", "", "").or(&gone), gone, "it may be back next time");
    }

    #[test]
    fn virtual_devices_are_not_kept() {
        let asked = asked("virtual", "virtual:tone=220", "Speaker");
        assert_eq!(asked.without_virtual(), self::asked("", "", "Speaker"));
        assert_eq!(
            self::asked("", "default", "none").without_virtual(),
            self::asked("", "", "none")
        );
    }
}
