//! The plugin that the tests load: a gain that misbehaves as the name of its file says.
//!
//! `host_subject` itself is well behaved; a copy named `activate_fails.so` fails to activate.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "this plugin serves tests alone"
)]

mod ffi;

use std::{
    cell::RefCell,
    ffi::{CStr, CString},
    fmt::Write as _,
    io::{Read, Write as _},
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use clack_extensions::{
    audio_ports::{
        AudioPortFlags, AudioPortInfo, AudioPortInfoWriter, AudioPortType, PluginAudioPorts,
        PluginAudioPortsImpl,
    },
    latency::{PluginLatency, PluginLatencyImpl},
    log::{HostLog, LogSeverity},
    params::{
        HostParams, ParamDisplayWriter, ParamInfo, ParamInfoFlags, ParamInfoWriter,
        ParamRescanFlags, PluginAudioProcessorParams, PluginMainThreadParams, PluginParams,
    },
    state::{PluginState, PluginStateImpl},
    thread_check::HostThreadCheck,
};
use clack_plugin::{
    entry::prelude::*,
    events::event_types::ParamValueEvent,
    prelude::*,
    stream::{InputStream, OutputStream},
    utils::Cookie,
};

static KIND: OnceLock<String> = OnceLock::new();

/// A file that ends all waiting.
static GO: OnceLock<PathBuf> = OnceLock::new();

fn wait_for_go() {
    while GO.get().is_some_and(|go| !go.exists()) {
        std::thread::yield_now();
    }
}

fn is(kind: &str) -> bool {
    KIND.get().is_some_and(|k| k == kind)
}

struct Library(PluginFactoryWrapper<Plugins>);

impl Entry for Library {
    fn new(path: Option<&CStr>) -> Result<Self, EntryLoadError> {
        let path = path.unwrap_or_default().to_string_lossy().into_owned();
        let stem = Path::new(&path).file_stem().unwrap_or_default().to_string_lossy();
        // The host names its copies `0000-NAME.so`.
        let kind = stem.split_once('-').map_or(&*stem, |(_, name)| name);
        KIND.set(kind.to_owned()).map_err(|_| EntryLoadError)?;
        GO.set(Path::new(&path).with_extension("go")).map_err(|_| EntryLoadError)?;
        if is("entry_waits") {
            wait_for_go();
        }
        if is("entry_fails") {
            return Err(EntryLoadError);
        }
        Ok(Self(PluginFactoryWrapper::new(Plugins::new())))
    }

    fn declare_factories<'a>(&'a self, builder: &mut EntryFactories<'a>) {
        builder.register_factory(&self.0);
    }
}

struct Plugins(Vec<PluginDescriptor>);

impl Plugins {
    fn new() -> Self {
        let n = match KIND.get().map(String::as_str) {
            Some("none") => 0,
            Some("two") => 2,
            _ => 1,
        };
        let descriptor = |n| {
            PluginDescriptor::new(&format!("test.subject.{n}"), &format!("Subject {n}"))
                .with_version("1.2.3")
                .with_vendor("Retake")
        };
        Self((0..n).map(descriptor).collect())
    }
}

impl PluginFactoryImpl for Plugins {
    fn plugin_count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap()
    }

    fn plugin_descriptor(&self, index: u32) -> Option<&PluginDescriptor> {
        self.0.get(index as usize)
    }

    fn create_plugin<'a>(&'a self, host: HostInfo<'a>, id: &CStr) -> Option<PluginInstance<'a>> {
        let descriptor = self.0.iter().find(|d| d.id() == Some(id))?;
        Some(PluginInstance::new::<Subject>(host, descriptor, Shared::new, |host, shared| {
            Ok(Main { host, shared })
        }))
    }
}

struct Subject;

impl Plugin for Subject {
    type AudioProcessor<'a> = Audible<'a>;
    type Shared<'a> = Shared<'a>;
    type MainThread<'a> = Main<'a>;

    fn declare_extensions(builder: &mut PluginExtensions<'_, Self>, _: Option<&Shared<'_>>) {
        builder
            .register::<PluginAudioPorts>()
            .register::<PluginParams>()
            .register::<PluginState>()
            .register::<PluginLatency>();
    }
}

/// Id, name, largest value; the smallest is 0, the first value 1.
fn param_list() -> &'static [(u32, &'static str, f64)] {
    if is("other_params") {
        &[(1, "Gain", 1.5), (3, "Wet Level", 1.0)]
    } else {
        &[(1, "Gain", 2.0), (2, "Mode", 4.0)]
    }
}

struct Shared<'a> {
    host: HostSharedHandle<'a>,
    values: [AtomicU64; 2],
}

impl<'a> Shared<'a> {
    fn new(host: HostSharedHandle<'a>) -> Result<Self, PluginError> {
        let shared = Self { host, values: [1.0_f64, 1.0].map(|v| AtomicU64::new(v.to_bits())) };
        if is("panics_in_new") {
            shared.log(LogSeverity::Fatal, "panicked at src/lib.rs:12:5: no luck");
        }
        if is("panics_in_new") || is("init_fails") {
            return Err(PluginError::Message("no"));
        }
        Ok(shared)
    }

    fn log(&self, severity: LogSeverity, message: &str) {
        let message = CString::new(message).unwrap();
        self.host.get_extension::<HostLog>().unwrap().log(&self.host, severity, &message);
    }

    /// What the host says this thread is: main, audio.
    fn roles(&self) -> (bool, bool) {
        let check = self.host.get_extension::<HostThreadCheck>().unwrap();
        let is_main = check.is_main_thread(&self.host).unwrap();
        (is_main, check.is_audio_thread(&self.host).unwrap())
    }

    fn index(id: ClapId) -> Option<usize> {
        param_list().iter().position(|(n, ..)| *n == id.get())
    }

    fn get(&self, index: usize) -> f64 {
        f64::from_bits(self.values[index].load(Ordering::Relaxed))
    }

    fn take(&self, events: &InputEvents<'_>) {
        for event in events {
            let event = event.as_event::<ParamValueEvent>();
            let index = event.and_then(|e| Self::index(e.param_id()?));
            if let (Some(event), Some(index)) = (event, index) {
                self.values[index].store(event.value().to_bits(), Ordering::Relaxed);
            }
        }
    }
}

impl<'a> PluginShared<'a> for Shared<'a> {}

struct Main<'a> {
    host: HostMainThreadHandle<'a>,
    shared: &'a Shared<'a>,
}

impl<'a> PluginMainThread<'a, Shared<'a>> for Main<'a> {
    fn on_main_thread(&self) {
        self.shared.log(LogSeverity::Info, "on main thread");
        if is("panics_in_process") {
            self.shared.log(LogSeverity::Fatal, "panicked at src/dsp.rs:7:9: index: 3");
        }
        if is("rescans") {
            self.shared.values[0].store(0.125_f64.to_bits(), Ordering::Relaxed);
            let ext = self.host.shared().get_extension::<HostParams>().unwrap();
            ext.rescan(&self.host, ParamRescanFlags::VALUES);
        }
        if is("checks_threads") {
            let (is_main, is_audio) = self.shared.roles();
            let message = format!("main {is_main}, audio {is_audio}");
            self.shared.log(LogSeverity::Info, &message);
        }
        if is("hangs_on_main") {
            std::thread::sleep(std::time::Duration::from_hours(1));
        }
        if is("exits_on_main") {
            std::process::exit(5);
        }
        if is("hangs") {
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
    }
}

impl PluginAudioPortsImpl for Main<'_> {
    fn count(&self, _: bool) -> u32 {
        match KIND.get().map(String::as_str) {
            Some("no_ports") => 0,
            Some("sidechain") => 2,
            _ => 1,
        }
    }

    fn get(&self, index: u32, is_input: bool, writer: &mut AudioPortInfoWriter<'_>) {
        let is_main = !is("sidechain") || index == 1;
        let channel_count = match (is("too_wide"), is("sidechain"), index) {
            (true, ..) => 1_000_000,
            (_, true, 0) => 3,
            _ => 2,
        };
        writer.set(&AudioPortInfo {
            id: ClapId::new(index + 10 * u32::from(is_input)),
            name: b"port",
            channel_count,
            flags: if is_main { AudioPortFlags::IS_MAIN } else { AudioPortFlags::empty() },
            port_type: AudioPortType::from_channel_count(channel_count),
            in_place_pair: None,
        });
    }
}

impl PluginLatencyImpl for Main<'_> {
    fn get(&self) -> u32 {
        if is("too_late") { 48_001 } else { 17 }
    }
}

impl PluginMainThreadParams for Main<'_> {
    fn count(&self) -> u32 {
        2
    }

    fn get_info(&self, index: u32, info: &mut ParamInfoWriter<'_>) {
        let Some((id, name, max_value)) = param_list().get(index as usize) else {
            return;
        };
        let stepped = ParamInfoFlags::IS_STEPPED;
        let more = if *name == "Mode" { stepped } else { ParamInfoFlags::empty() };
        info.set(&ParamInfo {
            id: ClapId::new(*id),
            flags: ParamInfoFlags::IS_AUTOMATABLE | more,
            cookie: Cookie::empty(),
            name: name.as_bytes(),
            module: b"main/level",
            min_value: 0.0,
            max_value: *max_value,
            default_value: 1.0,
        });
    }

    fn get_value(&self, id: ClapId) -> Option<f64> {
        Some(self.shared.get(Shared::index(id)?))
    }

    fn value_to_text(
        &self,
        _: ClapId,
        value: f64,
        writer: &mut ParamDisplayWriter<'_>,
    ) -> std::fmt::Result {
        write!(writer, "{value:.2} x")
    }

    fn text_to_value(&self, _: ClapId, text: &CStr) -> Option<f64> {
        text.to_str().ok()?.trim_end_matches(" x").parse().ok()
    }

    fn flush(&self, events: &InputEvents<'_>, _: &mut OutputEvents<'_>) {
        if !is("deaf_to_flush") {
            self.shared.take(events);
        }
    }
}

impl PluginStateImpl for Main<'_> {
    fn save(&self, output: &mut OutputStream<'_>) -> Result<(), PluginError> {
        let state = format!("{} {}", self.shared.get(0), self.shared.get(1));
        Ok(output.write_all(state.as_bytes())?)
    }

    fn load(&self, input: &mut InputStream<'_>) -> Result<(), PluginError> {
        let mut state = String::new();
        input.read_to_string(&mut state)?;
        for (word, value) in state.split(' ').zip(&self.shared.values) {
            let word: f64 = word.parse()?;
            value.store(word.to_bits(), Ordering::Relaxed);
        }
        Ok(())
    }
}

struct Audible<'a>(&'a Shared<'a>);

struct Goodbye;

impl Drop for Goodbye {
    fn drop(&mut self) {
        // Something that the compiler cannot drop with the drop.
        KIND.get().inspect(|k| assert!(!k.is_empty()));
    }
}

thread_local! {
    static WITH_DESTRUCTOR: RefCell<Option<Goodbye>> = const { RefCell::new(None) };
}

impl<'a> PluginAudioProcessor<'a, Shared<'a>, Main<'a>> for Audible<'a> {
    fn activate(
        _: HostAudioProcessorHandle<'a>,
        _: &Main<'a>,
        shared: &'a Shared<'a>,
        _: PluginAudioConfiguration,
    ) -> Result<Self, PluginError> {
        if is("panics_in_activate") {
            shared.log(LogSeverity::Fatal, "panicked at src/lib.rs:40:1: no memory");
        }
        if is("activate_fails") || is("panics_in_activate") {
            return Err(PluginError::Message("no"));
        }
        if is("pinned") {
            WITH_DESTRUCTOR.with_borrow_mut(|slot| *slot = Some(Goodbye));
        }
        Ok(Self(shared))
    }

    fn start_processing(&mut self) -> Result<(), PluginError> {
        if is("start_fails") { Err(PluginError::Message("no")) } else { Ok(()) }
    }

    fn process(
        &mut self,
        process: Process<'_>,
        mut audio: Audio<'_>,
        events: Events<'_>,
    ) -> Result<ProcessStatus, PluginError> {
        if is("errs") || (is("no_ports") && audio.frames_count() != 64) {
            return Err(PluginError::Message("no"));
        }
        if is("checks_threads") && self.0.roles() != (false, true) {
            return Err(PluginError::Message("not the audio thread"));
        }
        self.0.take(events.input);
        if self.0.get(1) >= MISBEHAVE {
            misbehave();
        }
        if is("talks") {
            self.0.log(LogSeverity::Info, "from the audio thread");
        }
        if !is("gain") {
            self.0.host.request_callback();
        }
        if is("answers") {
            let steady = process.steady_time.unwrap_or(0) as f64;
            let all = Pckn::match_all();
            let (time, id) = (audio.frames_count() - 1, ClapId::new(2));
            let _ = events.output.try_push(ParamValueEvent::new(time, id, all, steady));
        }
        if is("writes_nothing") {
            return Ok(ProcessStatus::Continue);
        }
        let gain = self.0.get(0) as f32;
        for mut ports in &mut audio {
            if let Some(mut channels) = ports.channels()?.into_f32() {
                channels.iter_mut().for_each(|pair| amplify(pair, gain));
            }
        }
        Ok(ProcessStatus::Sleep)
    }
}

/// From this value of the second parameter on it does what it is called.
const MISBEHAVE: f64 = 3.0;

/// What no host survives in its own process.
#[cfg(target_os = "linux")]
fn misbehave() {
    match KIND.get().map_or("", String::as_str) {
        "segfaults" => ffi::segfault(),
        "aborts" => std::process::abort(),
        "exits" => std::process::exit(3),
        "exits_now" => ffi::exit_now(4),
        "overflows" => drop(std::hint::black_box(overflow(1))),
        "loops" => loop {
            std::hint::black_box(());
        },
        "sleeps" => std::thread::sleep(std::time::Duration::from_hours(1)),
        "waits" => wait_for_go(),
        "closes" => ffi::close_all(),
        "starts" => start_others(),
        _ => {}
    }
}

#[cfg(not(target_os = "linux"))]
fn misbehave() {
    ffi::segfault();
}

/// A process and a thread that know no end.
#[cfg(target_os = "linux")]
fn start_others() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let sleep = std::process::Command::new("sleep").arg("98765").spawn().unwrap();
        std::mem::forget(sleep);
        std::thread::spawn(|| {
            loop {
                std::thread::park();
            }
        });
    });
}

fn overflow(n: u64) -> u64 {
    let room = std::hint::black_box([n; 1_024]);
    if room[0] == 0 { 0 } else { overflow(room[1] + 1) + room[2] }
}

fn amplify(pair: ChannelPair<'_, f32>, gain: f32) {
    match pair {
        ChannelPair::InputOutput(input, output) => {
            for (from, to) in input.iter().zip(output) {
                *to = from * gain;
            }
        }
        ChannelPair::InPlace(samples) => samples.iter_mut().for_each(|s| *s *= gain),
        ChannelPair::OutputOnly(_) | ChannelPair::InputOnly(_) => {}
    }
}

impl PluginAudioProcessorParams for Audible<'_> {
    fn flush(&mut self, events: &InputEvents<'_>, _: &mut OutputEvents<'_>) {
        self.0.take(events);
    }
}

clack_export_entry!(Library);
