//! The host's main thread: the plugin while it rests, its ports, latency and state.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::sync::Arc;

use clack_extensions::audio_ports::{
    AudioPortFlags, AudioPortInfo, AudioPortInfoWriter, AudioPortType, PluginAudioPortsImpl,
};
use clack_extensions::latency::{HostLatency, PluginLatencyImpl};
use clack_extensions::state::PluginStateImpl;
use clack_plugin::host::HostMainThreadHandle;
use clack_plugin::plugin::{PluginError, PluginMainThread};
use clack_plugin::stream::{InputStream, OutputStream};
use clack_plugin::utils::ClapId;

use super::shared::{SharedSide, log};
use crate::dsp::Dsp;
use crate::guard::guarded;
use crate::params::Values;
use crate::plugin::Config;
use crate::processor::Processor;
use crate::state::{self, StateError};

const CHANNELS: u32 = 2;
const MAIN_PORT: ClapId = ClapId::new(0);

/// The main-thread part of an instance.
pub(super) struct MainSide<'a> {
    host: HostMainThreadHandle<'a>,
    shared: &'a SharedSide<'a>,
    /// The plugin, while it is not active.
    resting: RefCell<Option<Box<dyn Dsp>>>,
    latency_frames: Cell<u32>,
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
        dsp: Box<dyn Dsp>,
    ) -> Self {
        let side = Self { host, shared, resting: RefCell::new(None), latency_frames: Cell::new(0) };
        side.rest(dsp);
        side
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

impl PluginAudioPortsImpl for MainSide<'_> {
    fn count(&self, _is_input: bool) -> u32 {
        1
    }

    fn get(&self, index: u32, is_input: bool, writer: &mut AudioPortInfoWriter<'_>) {
        if index != 0 {
            return;
        }
        writer.set(&AudioPortInfo {
            id: MAIN_PORT,
            name: if is_input { b"Input" } else { b"Output" },
            channel_count: CHANNELS,
            flags: AudioPortFlags::IS_MAIN,
            port_type: AudioPortType::from_channel_count(CHANNELS),
            in_place_pair: Some(MAIN_PORT),
        });
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
        Ok(state::load(&self.shared.values, &bytes)?)
    }
}
