//! What a plugin can call: the host's extensions, each of which only notes a wish.
//!
//! GUI is never offered: a plugin in Retake is shown by Retake.

use std::{cell::RefCell, sync::Arc, time::Instant};

use clack_extensions::{
    audio_ports::{AudioPortRescanFlags, HostAudioPorts, HostAudioPortsImpl},
    audio_ports_config::{HostAudioPortsConfig, HostAudioPortsConfigImpl},
    latency::{HostLatency, HostLatencyImpl},
    params::{
        HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags,
        ParamRescanFlags,
    },
    state::{HostState, HostStateImpl},
    tail::{HostTail, HostTailImpl},
    thread_check::{HostThreadCheck, HostThreadCheckImpl},
    timer::{HostTimer, HostTimerImpl, TimerId},
};
use clack_host::{host::HostError, prelude::*};

use crate::{
    log::ffi::HostLog,
    note_ports::ffi::HostNotePorts,
    probe::ffi::HostProbe,
    timers::Timers,
    wishes::{Fault, Wish, Wishes},
};

/// The host as clack sees it.
pub(crate) struct Host;

impl HostHandlers for Host {
    type Shared<'a> = SharedHalf;
    type MainThread<'a> = MainHalf;
    type AudioProcessor<'a> = AudioHalf;

    fn declare_extensions(builder: &mut HostExtensions<'_, Self>, _: &SharedHalf) {
        builder
            .register::<HostLog>()
            .register::<HostParams>()
            .register::<HostState>()
            .register::<HostLatency>()
            .register::<HostTail>()
            .register::<HostThreadCheck>()
            .register::<HostAudioPorts>()
            .register::<HostAudioPortsConfig>()
            .register::<HostNotePorts>()
            .register::<HostTimer>()
            .register::<HostProbe>();
    }
}

/// Callable from any thread.
pub(crate) struct SharedHalf(pub(crate) Arc<Wishes>);

impl SharedHandler<'_> for SharedHalf {
    fn request_restart(&self) {
        self.0.ask(Wish::Restart);
    }

    /// The engine processes every block: there is nothing to wake.
    fn request_process(&self) {}

    fn request_callback(&self) {
        self.0.ask(Wish::Callback);
    }
}

impl HostParamsImplShared for SharedHalf {
    fn request_flush(&self) {
        self.0.ask(Wish::Flush);
    }
}

impl HostThreadCheckImpl for SharedHalf {
    fn is_main_thread(&self) -> bool {
        self.0.role.is_main() && !self.0.role.is_audio()
    }

    fn is_audio_thread(&self) -> bool {
        self.0.role.is_audio()
    }
}

/// Callable on the plugin's main thread. A plugin may call it elsewhere all the same: it is
/// nothing but atomics, except the timers, which other threads are refused.
pub(crate) struct MainHalf {
    wishes: Arc<Wishes>,
    timers: RefCell<Timers>,
}

impl MainHalf {
    pub(crate) fn new(wishes: Arc<Wishes>) -> Self {
        Self { wishes, timers: RefCell::default() }
    }

    /// The timers whose time has come; main thread only.
    pub(crate) fn due_timers(&self, now: Instant) -> Vec<TimerId> {
        self.timers.borrow_mut().due(now).into_iter().map(TimerId).collect()
    }

    fn with_timers<T>(
        &self,
        inside: impl FnOnce(&mut Timers) -> Option<T>,
    ) -> Result<T, HostError> {
        if !self.wishes.role.is_main() {
            self.wishes.count(Fault::WrongThread, 1);
            return Err(HostError::Message("timers belong to the main thread"));
        }
        let done = inside(&mut self.timers.borrow_mut());
        done.ok_or(HostError::Message("no such timer, or 64 timers already"))
    }
}

impl MainThreadHandler<'_> for MainHalf {}

impl HostParamsImplMainThread for MainHalf {
    /// Whatever changed, the whole list is read again.
    fn rescan(&self, _: ParamRescanFlags) {
        self.wishes.ask_on_main(Wish::ParamRescan);
    }

    /// The host keeps nothing that refers to a parameter (no automation, no modulation).
    fn clear(&self, _: ClapId, _: ParamClearFlags) {}
}

impl HostStateImpl for MainHalf {
    fn mark_dirty(&self) {
        self.wishes.ask_on_main(Wish::StateDirty);
    }
}

impl HostLatencyImpl for MainHalf {
    fn changed(&self) {
        self.wishes.ask_on_main(Wish::Latency);
    }
}

impl HostAudioPortsImpl for MainHalf {
    fn is_rescan_flag_supported(&self, _: AudioPortRescanFlags) -> bool {
        true
    }

    fn rescan(&self, flags: AudioPortRescanFlags) {
        let only_names = AudioPortRescanFlags::NAMES.contains(flags);
        self.wishes.ask_on_main(if only_names { Wish::PortNames } else { Wish::PortRescan });
    }
}

impl HostAudioPortsConfigImpl for MainHalf {
    fn rescan(&self) {
        self.wishes.ask_on_main(Wish::ConfigRescan);
    }
}

impl HostTimerImpl for MainHalf {
    fn register_timer(&self, period_ms: u32) -> Result<TimerId, HostError> {
        self.with_timers(|timers| timers.register(period_ms, Instant::now())).map(TimerId)
    }

    fn unregister_timer(&self, id: TimerId) -> Result<(), HostError> {
        self.with_timers(|timers| timers.unregister(id.0).then_some(()))
    }
}

/// Callable on the audio thread.
pub(crate) struct AudioHalf(pub(crate) Arc<Wishes>);

impl AudioProcessorHandler<'_> for AudioHalf {}

impl HostTailImpl for AudioHalf {
    /// Every block is processed, so a tail is never cut, whatever its length.
    fn changed(&mut self) {
        self.0.ask(Wish::Tail);
    }
}
