//! The main-thread half of a loaded plugin: created, restored, activated, asked, destroyed.
//!
//! Lives on the plugin's own thread and never leaves it. Every call into the plugin is visible to
//! [`Busy`], so that others can tell a hang.

use std::{ffi::CString, sync::Arc, sync::atomic::Ordering};

use clack_extensions::{latency::PluginLatency, params::PluginParams, state::PluginState};
use clack_host::{
    events::event_types::ParamValueEvent, factory::plugin::PluginFactory, prelude::*,
};
use retake_engine::Layout;

use crate::{
    busy::Busy,
    callbacks::{AudioHalf, Host, MainHalf, SharedHalf, Wishes},
    carry::{self, Carried, ParamRef},
    error::HostError,
    ffi::Library,
    note::{News, PluginInfo, Severity},
    params::{self, ParamInfo},
    ports::{self, Ports},
    processor::ClapProcessor,
};

/// What a plugin is activated for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// Frames per second.
    pub(crate) rate: f64,
    /// Largest block, in frames.
    pub(crate) max_block: usize,
}

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
    /// Values that `flush` did not bring to the plugin: they go with the first block.
    first: Vec<(u32, f64)>,
}

/// All plugins of a library, in its own order.
pub(crate) fn plugins(library: &Library) -> Vec<PluginInfo> {
    let text = |s: Option<&std::ffi::CStr>| s.unwrap_or_default().to_string_lossy().into_owned();
    let factory = library.entry().get_plugin_factory();
    let descriptors = factory.iter().flat_map(PluginFactory::plugin_descriptors);
    descriptors
        .map(|d| PluginInfo {
            id: text(d.id()),
            name: text(d.name()),
            version: text(d.version()),
            vendor: text(d.vendor()),
        })
        .collect()
}

/// Finds the plugin to run: the wanted one, or the only one.
///
/// # Errors
/// [`HostError::NoPlugin`] or [`HostError::ManyPlugins`].
pub(crate) fn choose(library: &Library, wanted: Option<&str>) -> Result<PluginInfo, HostError> {
    let mut found = plugins(library);
    let ids = found.iter().map(|info| info.id.clone()).collect();
    match wanted {
        Some(id) => found.retain(|info| info.id == id),
        None if found.len() > 1 => return Err(HostError::ManyPlugins { ids }),
        None => {}
    }
    let wanted = wanted.map(str::to_owned);
    found.into_iter().next().ok_or(HostError::NoPlugin { wanted, ids })
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
        Ok(Self {
            plugin: plugin.map_err(|e| init(&e))?,
            wishes: Arc::clone(wishes),
            busy: busy.clone(),
            first: Vec::new(),
        })
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

    fn load_state(&mut self, state: &[u8]) -> Result<(), HostError> {
        let plugin = self.plugin.plugin_handle();
        let Some(ext) = plugin.get_extension::<PluginState>() else {
            return Ok(());
        };
        let mut reader = state;
        let loaded = self.busy.call(|| ext.load(&plugin, &mut reader));
        loaded.map_err(|_| HostError::State { n_bytes: state.len() })
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
        let plugin = self.plugin.plugin_handle();
        let ports = self.busy.call(|| ports::read(plugin))?;
        let fail = |what: &dyn std::fmt::Display| HostError::Activate {
            rate: format.rate,
            max_block: format.max_block,
            what: what.to_string(),
        };
        let max_frames = u32::try_from(format.max_block).unwrap_or(0);
        if max_frames == 0 {
            return Err(fail(&"no such block size"));
        }
        let config = PluginAudioConfiguration {
            sample_rate: format.rate,
            min_frames_count: 1,
            max_frames_count: max_frames,
        };
        let Self { plugin, busy, .. } = self;
        let stopped = busy.call(|| plugin.activate(|_, _| AudioHalf, config));
        let stopped = stopped.map_err(|e| fail(&e))?;
        let layout = match self.layout(&ports, format.rate) {
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
        let (wishes, first) = (Arc::clone(&self.wishes), std::mem::take(&mut self.first));
        let shape = (&ports, layout);
        let processor = ClapProcessor::new(started, wishes, shape, format.max_block, first);
        Ok((processor, params))
    }

    fn layout(&mut self, ports: &Ports, rate: f64) -> Result<Layout, HostError> {
        let plugin = self.plugin.plugin_handle();
        let ext = plugin.get_extension::<PluginLatency>();
        let latency = ext.map_or(0, |ext| self.busy.call(|| ext.get(&plugin)));
        if f64::from(latency) > rate {
            let message = format!("a latency of {latency} frames is more than a second");
            return Err(HostError::Layout(message));
        }
        Ok(Layout {
            n_input: ports.input.n_main(),
            n_output: ports.output.n_main(),
            latency_frames: latency as usize,
        })
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

    /// Does what the plugin asked for since last time.
    pub(crate) fn serve(&mut self) {
        if self.wishes.callback.swap(false, Ordering::Acquire) {
            let Self { plugin, busy, .. } = self;
            busy.call(|| plugin.call_on_main_thread_callback());
        }
        // While it is active every block flushes.
        if self.wishes.flush.swap(false, Ordering::Relaxed) && !self.plugin.is_active() {
            self.flush(&[]);
        }
        if self.wishes.restart.swap(false, Ordering::Relaxed) {
            self.wishes.outbox.send(News::Log {
                severity: Severity::Warning,
                message: "the plugin asks to be restarted: reload it to do so".to_owned(),
            });
        }
        if self.plugin.access_handler(|main| main.rescan.take()) {
            let params = self.params();
            self.wishes.outbox.send(News::ParamsChanged(params));
        }
        self.wishes.deliver_logs();
    }

    /// All parameters, those that wait for the first block with the value they will have.
    pub(crate) fn params(&mut self) -> Vec<ParamInfo> {
        let plugin = self.plugin.plugin_handle();
        let mut params = self.busy.call(|| params::read(plugin));
        for (id, value) in &self.first {
            for param in params.iter_mut().filter(|p| p.id == *id) {
                param.value = *value;
                param.text = self.busy.call(|| params::text_of(plugin, *id, *value));
            }
        }
        params
    }

    /// The plugin's state; `None` if it keeps none.
    pub(crate) fn save_state(&mut self) -> Result<Option<Vec<u8>>, String> {
        let plugin = self.plugin.plugin_handle();
        let Some(ext) = plugin.get_extension::<PluginState>() else {
            return Ok(None);
        };
        let mut state = Vec::new();
        match self.busy.call(|| ext.save(&plugin, &mut state)) {
            Ok(()) => Ok(Some(state)),
            Err(e) => Err(e.to_string()),
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

    /// Destroys the plugin. Its processor is gone: [`Instance::try_deactivate`] said so.
    pub(crate) fn destroy(self) {
        let Self { plugin, busy, .. } = self;
        busy.call(|| drop(plugin));
    }
}
