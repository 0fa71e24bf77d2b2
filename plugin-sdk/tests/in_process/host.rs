//! A small CLAP host in the same program: the plugin behind its real table of functions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clack_extensions::latency::{HostLatency, HostLatencyImpl};
use clack_extensions::log::{HostLog, HostLogImpl, LogSeverity};
use clack_extensions::tail::{HostTail, HostTailImpl};
use clack_host::events::Pckn;
use clack_host::events::event_types::{ParamValueEvent, TransportEvent};
use clack_host::prelude::*;
use clack_host::process::{StartedPluginAudioProcessor, StoppedPluginAudioProcessor};
use clack_host::utils::ClapId;
use retake_sdk::export::{Exported, Linked};
use retake_sdk::param_id;

use crate::probe_host::{HostProbe, ProbeLog};

pub(crate) const FRAMES: usize = 64;

/// What the plugin told its host.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    pub(crate) log: Arc<Mutex<Vec<(LogSeverity, String)>>>,
    pub(crate) callbacks: Arc<AtomicUsize>,
    pub(crate) latency_changes: Arc<AtomicUsize>,
    pub(crate) restarts: Arc<AtomicUsize>,
    pub(crate) tail_changes: Arc<AtomicUsize>,
    /// Whether the host can look at probes at all.
    pub(crate) has_probes: bool,
    pub(crate) probes: Arc<ProbeLog>,
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
    fn request_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }
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

/// The host's own audio thread.
pub(crate) struct Ears {
    heard: Heard,
}

impl AudioProcessorHandler<'_> for Ears {}

impl HostTailImpl for Ears {
    fn changed(&mut self) {
        self.heard.tail_changes.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Heard;
    type MainThread<'a> = Main;
    type AudioProcessor<'a> = Ears;

    fn declare_extensions(builder: &mut HostExtensions<'_, Self>, heard: &Self::Shared<'_>) {
        builder.register::<HostLog>().register::<HostLatency>().register::<HostTail>();
        if heard.has_probes {
            builder.register::<HostProbe>();
        }
    }
}

/// Makes a plugin; its activation is the caller's.
pub(crate) fn create<P: Exported>() -> (Result<PluginInstance<Host>, PluginInstanceError>, Heard) {
    create_in::<P>(Heard::default())
}

/// Makes a plugin in a host that looks at probes.
pub(crate) fn create_probed<P: Exported>() -> (PluginInstance<Host>, Heard) {
    let (instance, heard) = create_in::<P>(Heard { has_probes: true, ..Heard::default() });
    (instance.unwrap(), heard)
}

fn create_in<P: Exported>(
    heard: Heard,
) -> (Result<PluginInstance<Host>, PluginInstanceError>, Heard) {
    let entry = PluginEntry::load_from_clack::<Linked<P>>(c"").unwrap();
    let id = std::ffi::CString::new(P::ID).unwrap();
    let (shared, main) = (heard.clone(), heard.clone());
    let info = HostInfo::new("test", "", "", "0").unwrap();
    let instance =
        PluginInstance::new(move |()| shared, move |_| Main { heard: main }, &entry, &id, &info);
    (instance, heard)
}

pub(crate) fn activate(instance: &mut PluginInstance<Host>) -> StartedPluginAudioProcessor<Host> {
    try_activate(instance).unwrap().start_processing().unwrap()
}

pub(crate) fn try_activate(
    instance: &mut PluginInstance<Host>,
) -> Result<StoppedPluginAudioProcessor<Host>, PluginInstanceError> {
    let config = PluginAudioConfiguration {
        sample_rate: 48_000.0,
        min_frames_count: 1,
        max_frames_count: u32::try_from(FRAMES).unwrap(),
    };
    instance.activate(|heard, _| Ears { heard: heard.clone() }, config)
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
    /// Blocks that ended with an error; none is expected unless it is counted.
    pub(crate) n_errors: Option<usize>,
}

impl Buffers {
    /// Ones as input, and something that must not be heard as output.
    pub(crate) fn new() -> Self {
        Self {
            input: [[1.0; FRAMES]; 2],
            output: [[9.0; FRAMES]; 2],
            ports: [AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1)],
            n_errors: None,
        }
    }

    /// The same, where blocks may end with an error.
    pub(crate) fn that_count_errors() -> Self {
        Self { n_errors: Some(0), ..Self::new() }
    }

    /// Has one block processed, with the events of `events`.
    pub(crate) fn process(
        &mut self,
        processor: &mut StartedPluginAudioProcessor<Host>,
        events: &EventBuffer,
    ) {
        self.process_with(processor, events, &mut OutputEvents::void(), None);
    }

    /// The same with events that the plugin sends, and a transport.
    pub(crate) fn process_with(
        &mut self,
        processor: &mut StartedPluginAudioProcessor<Host>,
        events: &EventBuffer,
        sent: &mut OutputEvents<'_>,
        transport: Option<&TransportEvent>,
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
        let status = processor.process(&inputs, &mut outputs, &events, sent, None, transport);
        match (&mut self.n_errors, status) {
            (Some(n_errors), Err(_)) => *n_errors += 1,
            (_, status) => drop(status.unwrap()),
        }
    }
}
