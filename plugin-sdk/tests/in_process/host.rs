//! A small CLAP host in the same program: the plugin behind its real table of functions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clack_extensions::latency::{HostLatency, HostLatencyImpl};
use clack_extensions::log::{HostLog, HostLogImpl, LogSeverity};
use clack_host::events::Pckn;
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;
use clack_host::process::StartedPluginAudioProcessor;
use clack_host::utils::ClapId;
use retake_sdk::export::{Exported, Linked};
use retake_sdk::param_id;

pub(crate) const FRAMES: usize = 64;

/// What the plugin told its host.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    pub(crate) log: Arc<Mutex<Vec<(LogSeverity, String)>>>,
    pub(crate) callbacks: Arc<AtomicUsize>,
    pub(crate) latency_changes: Arc<AtomicUsize>,
}

impl Heard {
    /// The fatal lines so far.
    pub(crate) fn fatal(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let fatal = log.iter().filter(|line| line.0 == LogSeverity::Fatal);
        fatal.map(|line| line.1.clone()).collect()
    }
}

impl SharedHandler<'_> for Heard {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.callbacks.fetch_add(1, Ordering::Relaxed);
    }
}

impl HostLogImpl for Heard {
    fn log(&self, severity: LogSeverity, message: &str) {
        self.log.lock().unwrap().push((severity, message.to_owned()));
    }
}

/// The host's own main thread.
pub(crate) struct Main {
    heard: Heard,
}

impl MainThreadHandler<'_> for Main {}

impl HostLatencyImpl for Main {
    fn changed(&self) {
        self.heard.latency_changes.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Heard;
    type MainThread<'a> = Main;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<'_, Self>, _: &Self::Shared<'_>) {
        builder.register::<HostLog>().register::<HostLatency>();
    }
}

/// Makes a plugin; its activation is the caller's.
pub(crate) fn create<P: Exported>() -> (Result<PluginInstance<Host>, PluginInstanceError>, Heard) {
    let entry = PluginEntry::load_from_clack::<Linked<P>>(c"").unwrap();
    let id = std::ffi::CString::new(P::ID).unwrap();
    let heard = Heard::default();
    let (shared, main) = (heard.clone(), heard.clone());
    let info = HostInfo::new("test", "", "", "0").unwrap();
    let instance =
        PluginInstance::new(move |()| shared, move |_| Main { heard: main }, &entry, &id, &info);
    (instance, heard)
}

pub(crate) fn activate(instance: &mut PluginInstance<Host>) -> StartedPluginAudioProcessor<Host> {
    let config = PluginAudioConfiguration {
        sample_rate: 48_000.0,
        min_frames_count: 1,
        max_frames_count: u32::try_from(FRAMES).unwrap(),
    };
    let processor = instance.activate(|_, _| (), config).unwrap();
    processor.start_processing().unwrap()
}

/// Events that give parameters values: frame, key, plain value.
pub(crate) fn events(changes: &[(u32, &str, f64)]) -> EventBuffer {
    let mut buffer = EventBuffer::new();
    for (frame, key, plain) in changes {
        let id = ClapId::new(param_id(key));
        buffer.push(&ParamValueEvent::new(*frame, id, Pckn::match_all(), *plain));
    }
    buffer
}

/// Buffers of a host that does not process in place.
pub(crate) struct Buffers {
    pub(crate) input: [[f32; FRAMES]; 2],
    pub(crate) output: [[f32; FRAMES]; 2],
    ports: [AudioPorts; 2],
}

impl Buffers {
    /// Ones as input, and something that must not be heard as output.
    pub(crate) fn new() -> Self {
        Self {
            input: [[1.0; FRAMES]; 2],
            output: [[9.0; FRAMES]; 2],
            ports: [AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1)],
        }
    }

    /// Has one block processed, with the events of `events`.
    pub(crate) fn process(
        &mut self,
        processor: &mut StartedPluginAudioProcessor<Host>,
        events: &EventBuffer,
    ) {
        let [input_ports, output_ports] = &mut self.ports;
        let inputs = input_ports.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(
                self.input.iter_mut().map(InputChannel::variable),
            ),
        }]);
        let mut outputs = output_ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(
                self.output.iter_mut().map(<[f32; FRAMES]>::as_mut_slice),
            ),
        }]);
        let events = events.as_input();
        let mut none = OutputEvents::void();
        let status = processor.process(&inputs, &mut outputs, &events, &mut none, None, None);
        status.unwrap();
    }
}
