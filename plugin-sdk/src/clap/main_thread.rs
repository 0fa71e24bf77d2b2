//! The host's main thread: the plugin while it rests, latency and state.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::sync::Arc;

use clack_extensions::latency::{HostLatency, PluginLatencyImpl};
use clack_extensions::params::{HostParams, ParamRescanFlags};
use clack_extensions::state::PluginStateImpl;
use clack_plugin::host::HostMainThreadHandle;
use clack_plugin::plugin::{PluginError, PluginMainThread};
use clack_plugin::stream::{InputStream, OutputStream};

use super::shared::{SharedSide, log};
use crate::dsp::Dsp;
use crate::event::Notes;
use crate::guard::guarded;
use crate::layout::Layout;
use crate::params::{MeterSpec, Values};
use crate::plugin::{Config, Shape};
use crate::processor::Processor;
use crate::state::{self, StateError};

/// The main-thread part of an instance.
pub(super) struct MainSide<'a> {
    host: HostMainThreadHandle<'a>,
    shared: &'a SharedSide<'a>,
    /// The plugin, while it is not active.
    resting: RefCell<Option<Box<dyn Dsp>>>,
    latency_frames: Cell<u32>,
    shape: Shape,
    layout_index: Cell<usize>,
    meters: Vec<Arc<MeterSpec>>,
}

impl<'a> MainSide<'a> {
    /// Makes a plugin and its shared values.
    ///
    /// # Errors
    ///
    /// The author's code panicked; the host's log has said so.
    pub(super) fn build(
        host: HostMainThreadHandle<'a>,
        build: fn() -> Box<dyn Dsp>,
    ) -> Result<(SharedSide<'a>, Box<dyn Dsp>), PluginError> {
        let built = guarded(|| {
            let mut dsp = build();
            let values = Arc::new(Values::of(dsp.as_mut()));
            (SharedSide::new(host.shared(), values), dsp)
        });
        built.map_err(|caught| {
            log(host.shared(), &caught);
            PluginError::Message("the plugin panicked while it was made")
        })
    }

    pub(super) fn new(
        host: HostMainThreadHandle<'a>,
        shared: &'a SharedSide<'a>,
        mut dsp: Box<dyn Dsp>,
    ) -> Self {
        let mut meters = Vec::new();
        dsp.params().each_meter(&mut |meter| meters.push(Arc::clone(meter.spec())));
        let side = Self {
            host,
            shared,
            resting: RefCell::new(None),
            latency_frames: Cell::new(0),
            shape: dsp.shape(),
            layout_index: Cell::new(0),
            meters,
        };
        side.rest(dsp);
        side
    }

    pub(super) fn notes(&self) -> Notes {
        self.shape.notes
    }

    /// The meters in the order of their declaration.
    pub(super) fn meters(&self) -> &[Arc<MeterSpec>] {
        &self.meters
    }

    pub(super) fn layouts(&self) -> &'static [Layout] {
        self.shape.layouts
    }

    /// The index of the selected layout.
    pub(super) fn layout_index(&self) -> usize {
        self.layout_index.get()
    }

    /// The selected layout.
    pub(super) fn layout(&self) -> Layout {
        self.shape.layouts[self.layout_index.get()]
    }

    /// Selects a layout for the next activation; `false` if there is none of that index.
    pub(super) fn select_layout(&self, index: usize) -> bool {
        let is_there = index < self.shape.layouts.len();
        if is_there {
            self.layout_index.set(index);
        }
        is_there
    }

    /// Keeps the plugin until it is activated, and reads its latency.
    pub(super) fn rest(&self, dsp: Box<dyn Dsp>) {
        self.read_latency(dsp.as_ref());
        self.resting.replace(Some(dsp));
    }

    /// Makes the audio half out of the resting plugin.
    ///
    /// # Errors
    ///
    /// The author's `activate` panicked, which the host's log has said, or the plugin is active.
    pub(super) fn wake(&self, config: Config) -> Result<Processor, PluginError> {
        let dsp = self.resting.take();
        let dsp = dsp.ok_or(PluginError::Message("the plugin is active already"))?;
        let values = Arc::clone(&self.shared.values);
        match Processor::activate(dsp, values, config) {
            Ok(processor) => {
                self.tell_latency(&processor);
                Ok(processor)
            }
            Err((dsp, caught)) => {
                log(self.host.shared(), &caught);
                self.rest(dsp);
                Err(PluginError::Message("the plugin panicked in activate"))
            }
        }
    }

    fn tell_latency(&self, processor: &Processor) {
        let before = self.latency_frames.get();
        self.read_latency(processor.dsp());
        if before == self.latency_frames.get() {
            return;
        }
        if let Some(latency) = self.host.get_extension::<HostLatency>() {
            latency.changed(&self.host);
        }
    }

    fn read_latency(&self, dsp: &dyn Dsp) {
        match guarded(|| dsp.latency_frames()) {
            Ok(frames) => self.latency_frames.set(frames),
            Err(caught) => log(self.host.shared(), &caught),
        }
    }

    pub(super) fn values(&self) -> &Values {
        &self.shared.values
    }
}

impl Drop for MainSide<'_> {
    fn drop(&mut self) {
        let dsp = self.resting.take();
        if let Err(caught) = guarded(|| drop(dsp)) {
            log(self.host.shared(), &caught);
        }
    }
}

impl<'a> PluginMainThread<'a, SharedSide<'a>> for MainSide<'a> {
    fn on_main_thread(&self) {
        self.shared.log_raised();
    }
}

impl PluginLatencyImpl for MainSide<'_> {
    fn get(&self) -> u32 {
        self.latency_frames.get()
    }
}

impl PluginStateImpl for MainSide<'_> {
    fn save(&self, output: &mut OutputStream<'_>) -> Result<(), PluginError> {
        let bytes = state::save(&self.shared.values);
        if bytes.len() > state::MAX_BYTES {
            return Err(StateError::TooLong.into());
        }
        output.write_all(&bytes)?;
        Ok(())
    }

    fn load(&self, input: &mut InputStream<'_>) -> Result<(), PluginError> {
        let mut bytes = Vec::new();
        let limit = state::MAX_BYTES as u64 + 1;
        input.take(limit).read_to_end(&mut bytes)?;
        if bytes.len() > state::MAX_BYTES {
            return Err(StateError::TooLong.into());
        }
        state::load(&self.shared.values, &bytes)?;
        if let Some(params) = self.host.get_extension::<HostParams>() {
            params.rescan(&self.host, ParamRescanFlags::VALUES);
        }
        Ok(())
    }
}
