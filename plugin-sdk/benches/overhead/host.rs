//! The smallest host around a plugin's real table of functions.

use clack_host::prelude::*;
use clack_host::process::StartedPluginAudioProcessor;
use retake_sdk::export::{Exported, Linked};

struct Quiet;

impl SharedHandler<'_> for Quiet {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Quiet;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

/// An active plugin and its stereo buffers, apart from each other.
pub(crate) struct Rig<const FRAMES: usize> {
    processor: StartedPluginAudioProcessor<Host>,
    _instance: PluginInstance<Host>,
    input: [[f32; FRAMES]; 2],
    output: [[f32; FRAMES]; 2],
    ports: [AudioPorts; 2],
}

impl<const FRAMES: usize> Rig<FRAMES> {
    pub(crate) fn new<P: Exported>() -> Self {
        let entry = PluginEntry::load_from_clack::<Linked<P>>(c"").unwrap();
        let id = std::ffi::CString::new(P::ID).unwrap();
        let info = HostInfo::new("bench", "", "", "0").unwrap();
        let mut instance =
            PluginInstance::<Host>::new(|()| Quiet, |_| (), &entry, &id, &info).unwrap();
        let config = PluginAudioConfiguration {
            sample_rate: 48_000.0,
            min_frames_count: 1,
            max_frames_count: u32::try_from(FRAMES).unwrap(),
        };
        let processor = instance.activate(|_, ()| (), config).unwrap();
        Self {
            processor: processor.start_processing().unwrap(),
            _instance: instance,
            input: [[0.5; FRAMES]; 2],
            output: [[0.0; FRAMES]; 2],
            ports: [AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1)],
        }
    }

    /// Has one block processed.
    pub(crate) fn process(&mut self, events: &EventBuffer) {
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
        let (events, mut none) = (events.as_input(), OutputEvents::void());
        self.processor.process(&inputs, &mut outputs, &events, &mut none, None, None).unwrap();
    }
}
