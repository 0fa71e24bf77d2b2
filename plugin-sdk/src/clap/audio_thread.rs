//! The host's audio thread: CLAP's blocks and events become the processor's.

use clack_extensions::params::PluginAudioProcessorParams;
use clack_extensions::tail::{HostTail, PluginTailImpl, TailLength};
use clack_plugin::events::io::{InputEvents, OutputEvents};
use clack_plugin::host::HostAudioProcessorHandle;
use clack_plugin::plugin::{PluginAudioProcessor, PluginError};
use clack_plugin::process::{Audio, Events, PluginAudioConfiguration, Process, ProcessStatus};

use super::main_thread::MainSide;
use super::notes::{inputs, push, transport};
use super::ports::Buffers;
use super::probe::Probes;
use super::shared::SharedSide;
use crate::context::ProbeSink;
use crate::event::Notes;
use crate::plugin::{Config, Tail};
use crate::processor::{Call, Processor};

/// The audio-thread part of an active instance.
pub(super) struct AudioSide<'a> {
    processor: Processor,
    shared: &'a SharedSide<'a>,
    host: HostAudioProcessorHandle<'a>,
    host_tail: Option<HostTail>,
    notes: Notes,
    buffers: Buffers,
    probes: Probes<'a>,
    tail: TailLength,
}

impl<'a> PluginAudioProcessor<'a, SharedSide<'a>, MainSide<'a>> for AudioSide<'a> {
    fn activate(
        host: HostAudioProcessorHandle<'a>,
        main_thread: &MainSide<'a>,
        shared: &'a SharedSide<'a>,
        audio_config: PluginAudioConfiguration,
    ) -> Result<Self, PluginError> {
        let sample_rate = audio_config.sample_rate;
        if !sample_rate.is_finite() || sample_rate <= 0.0 {
            return Err(PluginError::Message("the sample rate is no rate"));
        }
        let max_block = audio_config.max_frames_count.max(1) as usize;
        let layout = main_thread.layout();
        let processor = main_thread.wake(Config { sample_rate, max_block, layout })?;
        let mut side = Self {
            processor,
            shared,
            host_tail: host.shared().get_extension(),
            notes: main_thread.notes(),
            buffers: Buffers::new(layout, max_block),
            probes: Probes::new(host.shared()),
            host,
            tail: TailLength::default(),
        };
        side.read_tail();
        Ok(side)
    }

    fn deactivate(self, main_thread: &MainSide<'a>) {
        let mut dsp = self.processor.deactivate();
        let faults = dsp.workers().iter().filter_map(|worker| worker.take_fault());
        faults.for_each(|caught| self.shared.raise_background(caught));
        main_thread.rest(dsp);
        self.shared.log_raised();
    }

    fn start_processing(&mut self) -> Result<(), PluginError> {
        self.processor.start();
        Ok(())
    }

    /// # Real time
    ///
    /// An error is logged, which allocates: in the block of a panic, which has allocated already,
    /// and for a host that gives buffers of the wrong type.
    fn process(
        &mut self,
        process: Process<'_>,
        mut audio: Audio<'_>,
        events: Events<'_>,
    ) -> Result<ProcessStatus, PluginError> {
        let mut block = self.buffers.block(&mut audio)?;
        let mut watched = self.probes.watched();
        let mut call = Call {
            inputs: inputs(events.input, self.notes),
            transport: process.transport.map(transport).unwrap_or_default(),
            probes: watched.as_mut().map(|watched| watched as &mut dyn ProbeSink),
        };
        let panicked = self.processor.process(&mut block, &mut call);
        let panicked = panicked.map_err(|caught| self.shared.raise(caught)).is_err();
        self.pass_on(events.output);
        if panicked {
            // Told at once, so that a host can put something else in the place of this block.
            return Err(PluginError::Message("the plugin panicked: silence until it is reset"));
        }
        Ok(ProcessStatus::Continue)
    }

    fn reset(&mut self) {
        if let Err(caught) = self.processor.reset() {
            self.shared.raise(caught);
        }
    }
}

impl AudioSide<'_> {
    /// Tells the host what the plugin has said during the block. Audio thread.
    fn pass_on(&mut self, output: &mut OutputEvents<'_>) {
        let said = self.processor.said();
        let n_refused = said.n_refused + push(said.sent(), output);
        let (wants_restart, has_new_tail) = (said.wants_restart, said.has_new_tail);
        if n_refused > 0 {
            self.shared.count_refused(n_refused);
        }
        if wants_restart {
            self.shared.host.request_restart();
        }
        if has_new_tail
            && self.read_tail()
            && let Some(tail) = &self.host_tail
        {
            tail.changed(&mut self.host);
        }
        if let Some(caught) = self.processor.take_background_fault() {
            self.shared.raise_background(caught);
        }
    }

    /// Reads the plugin's tail; returns whether it is another one than before.
    fn read_tail(&mut self) -> bool {
        let tail = match self.processor.tail() {
            Ok(Tail::None) => TailLength::Finite(0),
            Ok(Tail::Frames(frames)) => TailLength::from_raw(frames),
            Ok(Tail::Infinite) => TailLength::Infinite,
            Err(caught) => {
                self.shared.raise(caught);
                return false;
            }
        };
        let before = std::mem::replace(&mut self.tail, tail);
        before != tail
    }
}

impl PluginTailImpl for AudioSide<'_> {
    fn get(&self) -> TailLength {
        self.tail
    }
}

impl PluginAudioProcessorParams for AudioSide<'_> {
    fn flush(&mut self, input: &InputEvents<'_>, _output: &mut OutputEvents<'_>) {
        self.processor.flush(inputs(input, self.notes));
    }
}
