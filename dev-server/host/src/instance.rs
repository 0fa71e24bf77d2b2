//! The main-thread half of a loaded plugin: created, restored, activated, asked, destroyed.
//!
//! Lives on the plugin's own thread and never leaves it. Every call into the plugin is visible to
//! [`Busy`], so that others can tell a hang.

pub(crate) mod serving;
mod state;

use std::{collections::HashSet, ffi::CString, sync::Arc, time::Instant};

use clack_extensions::{latency::PluginLatency, note_ports::NoteDialects, params::PluginParams};
use clack_host::{events::event_types::ParamValueEvent, prelude::*};
use retake_engine::Layout;

use crate::{
    audit::Auditor,
    busy::Busy,
    callbacks::{AudioHalf, Host, MainHalf, SharedHalf},
    carry::{self, Carried, ParamRef},
    error::HostError,
    ffi::Library,
    format::Format,
    functions,
    note::News,
    note_ports,
    params::{self, ParamInfo},
    ports::{self, Ports},
    probe::{MeterInfo, ffi::PluginProbe},
    processor::{ClapProcessor, Shape},
    wishes::{Wish, Wishes},
};

/// Different complaints about one plugin; more say nothing new.
const MAX_COMPLAINTS: usize = 64;

/// What a new instance takes over.
#[derive(Debug, Default)]
pub(crate) struct Heritage {
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) params: Vec<(u32, f64)>,
    pub(crate) set: Vec<(ParamRef, f64)>,
}

/// A plugin on its main thread.
pub(crate) struct Instance {
    plugin: PluginInstance<Host>,
    wishes: Arc<Wishes>,
    busy: Busy,
    /// Guard samples around the buffers of its processors.
    pub(crate) is_guarded: bool,
    ports: Ports,
    dialects: NoteDialects,
    /// The parameters as control knows them, and when they were last compared.
    told: Vec<ParamInfo>,
    compared: Instant,
    /// What was complained of; each only once.
    complaints: HashSet<String>,
    /// Values that `flush` did not bring to the plugin: they go with the first block.
    first: Vec<(u32, f64)>,
    auditor: Auditor,
}

impl Instance {
    /// Creates and initialises the plugin of that id.
    ///
    /// # Errors
    /// [`HostError::Init`].
    pub(crate) fn create(
        library: &Library,
        id: &str,
        wishes: &Arc<Wishes>,
        busy: &Busy,
    ) -> Result<Self, HostError> {
        let init = |e: &dyn std::fmt::Display| HostError::Init(e.to_string());
        let id = CString::new(id).map_err(|e| init(&e))?;
        let host = HostInfo::new("Retake", "Retake", "", env!("CARGO_PKG_VERSION"));
        let host = host.map_err(|e| init(&e))?;
        let shared = SharedHalf(Arc::clone(wishes));
        let main = MainHalf::new(Arc::clone(wishes));
        let plugin = busy.call(|| {
            PluginInstance::new(move |()| shared, move |_| main, library.entry(), &id, &host)
        });
        let mut plugin = plugin.map_err(|e| init(&e))?;
        busy.call(|| functions::check(plugin.plugin_handle()))?;
        Ok(Self {
            plugin,
            wishes: Arc::clone(wishes),
            busy: busy.clone(),
            is_guarded: false,
            ports: Ports::default(),
            dialects: NoteDialects::empty(),
            told: Vec::new(),
            compared: Instant::now(),
            complaints: HashSet::new(),
            first: Vec::new(),
            auditor: Auditor::new(library.code(), library.file()),
        })
    }

    /// Its audio ports, as they were settled for the last activation.
    pub(crate) fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Whether notes reach it.
    pub(crate) fn takes_notes(&self) -> bool {
        note_ports::takes_notes(self.dialects)
    }

    /// The meters that it declares.
    pub(crate) fn meters(&mut self) -> Vec<MeterInfo> {
        let plugin = self.plugin.plugin_handle();
        let ext = plugin.get_extension::<PluginProbe>();
        ext.map_or_else(Vec::new, |ext| self.busy.call(|| ext.meters(plugin)))
    }

    /// Gives the plugin its state and then its parameters, all before activation: no ramp.
    ///
    /// # Errors
    /// [`HostError::State`] or [`HostError::Parameter`].
    pub(crate) fn restore(&mut self, heritage: &Heritage) -> Result<Carried, HostError> {
        if let Some(state) = &heritage.state {
            self.load_state(state)?;
        }
        let params = self.params();
        let plan = carry::plan(&params, &heritage.params, &heritage.set)?;
        if !plan.writes.is_empty() {
            self.flush(&plan.writes);
            let plugin = self.plugin.plugin_handle();
            let is_there = |(id, value): &(u32, f64)| {
                self.busy
                    .call(|| params::value_of(plugin, *id))
                    .is_some_and(|now| now.to_bits() == value.to_bits())
            };
            self.first = plan.writes.into_iter().filter(|write| !is_there(write)).collect();
        }
        Ok(plan.carried)
    }

    fn flush(&mut self, writes: &[(u32, f64)]) {
        let Some(mut plugin) = self.plugin.inactive_plugin_handle() else {
            return;
        };
        let Some(ext) = plugin.get_extension::<PluginParams>() else {
            return;
        };
        let mut events = EventBuffer::with_capacity(writes.len());
        for (id, value) in writes {
            if let Some(id) = ClapId::from_raw(*id) {
                events.push(&ParamValueEvent::new(0, id, Pckn::match_all(), *value));
            }
        }
        // What the plugin says back is read again with all values.
        let mut back = OutputEvents::void();
        self.busy.call(|| ext.flush(&mut plugin, &events.as_input(), &mut back));
    }

    /// Activates and starts; the audio half is ready for its first block.
    ///
    /// The list of parameters has the values that the first block will bring.
    ///
    /// # Errors
    /// [`HostError::Layout`] or [`HostError::Activate`]; the plugin is inactive then.
    pub(crate) fn activate(
        &mut self,
        format: Format,
    ) -> Result<(ClapProcessor, Vec<ParamInfo>), HostError> {
        let fail = |what: &dyn std::fmt::Display| HostError::Activate {
            rate: format.rate,
            max_block: format.max_block,
            what: what.to_string(),
        };
        let max_frames = u32::try_from(format.max_block).unwrap_or(0);
        if max_frames == 0 {
            return Err(fail(&"no such block size"));
        }
        self.auditor.set_rate(format.rate);
        self.settle(format)?;
        let config = PluginAudioConfiguration {
            sample_rate: format.rate,
            min_frames_count: 1,
            max_frames_count: max_frames,
        };
        let Self { plugin, busy, wishes, .. } = self;
        let audio = AudioHalf(Arc::clone(wishes));
        let stopped = busy.call(|| plugin.activate(move |_, _| audio, config));
        let stopped = stopped.map_err(|e| fail(&e))?;
        let layout = match self.layout(format.rate) {
            Ok(layout) => layout,
            Err(e) => {
                drop(stopped);
                self.try_deactivate();
                return Err(e);
            }
        };
        let role = self.wishes.role.on_audio();
        let started = self.busy.call(|| stopped.start_processing());
        drop(role);
        // A stopped processor inside the error is dropped before the plugin is deactivated.
        let started = started.map_err(|e| fail(&e));
        let started = started.inspect_err(|_| {
            self.try_deactivate();
        })?;
        let params = self.params();
        let processor = self.processor(started, layout, format.max_block)?;
        self.told.clone_from(&params);
        Ok((processor, params))
    }

    /// Settles what can be settled only before activation: ports and the way of notes.
    fn settle(&mut self, format: Format) -> Result<(), HostError> {
        let Self { plugin, busy, ports, .. } = self;
        let before = ports.config.take();
        *ports = busy.call(|| ports::negotiate(plugin, format, before))?;
        let plugin = plugin.plugin_handle();
        self.dialects = busy.call(|| note_ports::dialects(plugin));
        // Whatever was said of these until now is answered by this activation.
        for wish in [Wish::Restart, Wish::PortRescan, Wish::ConfigRescan, Wish::NotePortRescan] {
            self.wishes.take(wish);
        }
        Ok(())
    }

    /// The audio half, tried where the plugin might not work in 32 bits.
    fn processor(
        &mut self,
        started: StartedPluginAudioProcessor<Host>,
        layout: Layout,
        max_block: usize,
    ) -> Result<ClapProcessor, HostError> {
        let (ports, dialects, is_guarded) = (&self.ports, self.dialects, self.is_guarded);
        let shape = Shape { ports, layout, dialects, max_block, is_guarded };
        let (wishes, first) = (Arc::clone(&self.wishes), std::mem::take(&mut self.first));
        let mut processor = self.busy.call(|| ClapProcessor::new(started, wishes, &shape, first));
        let all_ports = || ports.inputs.iter().chain(&ports.outputs);
        let Some(port) = all_ports().find(|port| port.has_64_bits) else {
            return Ok(processor);
        };
        if self.busy.call(|| processor.works_in_32_bits()) {
            return Ok(processor);
        }
        let message = format!(
            "the plugin gives no sound in 32 bits, and its port `{}` says that it knows 64: it \
             seems to work in 64 bits only, but CLAP demands 32 of every port: process `data32` \
             where `data64` is null",
            port.name
        );
        self.stop(processor);
        self.try_deactivate();
        Err(HostError::Layout(message))
    }

    fn layout(&mut self, rate: f64) -> Result<Layout, HostError> {
        // Only an activation can change it, and this one is over.
        self.wishes.take(Wish::Latency);
        let plugin = self.plugin.plugin_handle();
        let ext = plugin.get_extension::<PluginLatency>();
        let latency = ext.map_or(0, |ext| self.busy.call(|| ext.get(&plugin)));
        if f64::from(latency) > rate {
            let message = format!(
                "a latency of {latency} frames is more than a second, at most {rate} frames are \
                 served"
            );
            return Err(HostError::Layout(message));
        }
        let (n_input, n_output) = self.ports.main_channels();
        let n_side = self.ports.sidechain().map_or(0, |port| port.n_channels);
        Ok(Layout { n_input, n_side, n_output, latency_frames: latency as usize })
    }

    /// Stops a processor that the engine gave back, and frees it; whether it was this plugin's.
    pub(crate) fn stop(&mut self, processor: ClapProcessor) -> bool {
        self.busy.call(|| processor.stop(&self.plugin))
    }

    /// Deactivates unless the processor is still somewhere; whether the plugin is inactive now.
    pub(crate) fn try_deactivate(&mut self) -> bool {
        let Self { plugin, busy, .. } = self;
        if plugin.is_active() { busy.call(|| plugin.try_deactivate()).is_ok() } else { true }
    }

    /// All parameters, those that wait for the first block with the value they will have.
    pub(crate) fn params(&mut self) -> Vec<ParamInfo> {
        let plugin = self.plugin.plugin_handle();
        let params::Scan { mut params, complaints } = self.busy.call(|| params::read(plugin));
        for (id, value) in &self.first {
            for param in params.iter_mut().filter(|p| p.id == *id) {
                param.value = *value;
                param.text = self.busy.call(|| params::text_of(plugin, *id, *value));
            }
        }
        for complaint in complaints {
            self.complain(complaint);
        }
        params
    }

    /// Says what is wrong with the plugin, once.
    fn complain(&mut self, complaint: String) {
        if self.complaints.len() < MAX_COMPLAINTS && self.complaints.insert(complaint.clone()) {
            self.wishes.complain(complaint);
        }
    }

    pub(crate) fn text_of(&mut self, id: u32, value: f64) -> String {
        let plugin = self.plugin.plugin_handle();
        self.busy.call(|| params::text_of(plugin, id, value))
    }

    pub(crate) fn value_from(&mut self, id: u32, text: &str) -> Option<f64> {
        let plugin = self.plugin.plugin_handle();
        self.busy.call(|| params::value_from(plugin, id, text))
    }

    /// Tells what the plugin did that it must not, if that is news; without `now` for the last time.
    pub(crate) fn tell_audit(&mut self, now: Option<Instant>) {
        if let Some(findings) = self.auditor.look(&self.wishes.recorder, now) {
            self.wishes.outbox.send(News::Audit(findings));
        }
        if self.wishes.recorder.n_lost() > 0 {
            self.complain(
                "the plugin does what an audio thread must not at more places than are told apart \
                 (the rest is not counted)"
                    .to_owned(),
            );
        }
    }

    /// Destroys the plugin. Its processor is gone: [`Instance::try_deactivate`] said so.
    pub(crate) fn destroy(mut self) {
        self.tell_audit(None);
        let Self { plugin, busy, .. } = self;
        busy.call(|| drop(plugin));
    }
}
