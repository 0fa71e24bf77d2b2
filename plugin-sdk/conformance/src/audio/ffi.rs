//! Calls a plugin's audio-thread functions.

#![allow(unsafe_code, reason = "CLAP is a C interface")]

use std::ptr;
use std::thread;

use anyhow::{Context as _, Result, anyhow, ensure};
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::clap_event_transport;
use clap_sys::process::clap_process;

use super::Port;
use crate::events::{Event, Input, Output};
use crate::host::{Role, become_role};
use crate::instance::{Instance, call};
use crate::interpose;

/// An active plugin, on a thread that is its audio thread for now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audio<'a>(&'a Instance<'a>);

// SAFETY: the audio thread calls only what CLAP gives to it.
unsafe impl Send for Audio<'_> {}

/// What one `process` gets.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) frames: usize,
    pub(crate) inputs: &'a mut [Port],
    pub(crate) outputs: &'a mut [Port],
    pub(crate) events: &'a [Event],
    pub(crate) sent: &'a mut Output,
    pub(crate) transport: Option<&'a clap_event_transport>,
    /// Frames since the beginning.
    pub(crate) steady: i64,
}

impl Instance<'_> {
    /// Runs `work` on a new thread as the audio thread and `beside` on this one meanwhile.
    pub(crate) fn on_audio_thread<T: Send>(
        &self,
        work: impl FnOnce(Audio<'_>) -> Result<T> + Send,
        beside: impl FnOnce() -> Result<()>,
    ) -> Result<T> {
        let audio = Audio(self);
        let (done, aside) = thread::scope(|scope| {
            let thread = scope.spawn(move || {
                let audio = audio;
                become_role(Role::Audio);
                work(audio)
            });
            let aside = beside();
            (thread.join(), aside)
        });
        aside?;
        done.map_err(|_| anyhow!("the audio thread has panicked"))?
    }
}

impl Audio<'_> {
    pub(crate) fn start(self) -> Result<()> {
        let is_started = call!(self.0.table(), start_processing, self.0.raw());
        ensure!(is_started, "`start_processing` returned false");
        Ok(())
    }

    pub(crate) fn stop(self) -> Result<()> {
        call!(self.0.table(), stop_processing, self.0.raw());
        Ok(())
    }

    pub(crate) fn reset(self) -> Result<()> {
        call!(self.0.table(), reset, self.0.raw());
        Ok(())
    }

    pub(crate) fn flush(self, events: &[Event]) -> Result<()> {
        self.0.flush(events, &mut Output::new())
    }

    pub(crate) fn tail(self) -> Result<Option<u32>> {
        self.0.tail()
    }

    /// Processes one block; gives the status and the calls to the heap that it made.
    pub(crate) fn process(self, call: &mut Call<'_>) -> Result<(i32, u64)> {
        let mut outputs: Vec<_> = call.outputs.iter_mut().map(pointers).collect();
        let mut inputs: Vec<_> = call.inputs.iter_mut().map(pointers).collect();
        for (port, pointers) in call.inputs.iter().zip(&mut inputs) {
            if let Some(output) = port.in_place {
                pointers.clone_from(&outputs[output]);
            }
        }
        let inputs = buffers(call.inputs, &mut inputs);
        let mut results = buffers(call.outputs, &mut outputs);
        let events = Input::new(&call.events);
        let sent = call.sent.raw();
        let process = clap_process {
            steady_time: call.steady,
            frames_count: u32::try_from(call.frames)?,
            transport: call.transport.map_or(ptr::null(), ptr::from_ref),
            audio_inputs: inputs.as_ptr(),
            audio_outputs: results.as_mut_ptr(),
            audio_inputs_count: u32::try_from(inputs.len())?,
            audio_outputs_count: u32::try_from(results.len())?,
            in_events: events.raw(),
            out_events: &raw const sent,
        };
        let function = self.0.table().process.context("the function `process` is null")?;
        let (status, heap_calls) = interpose::counted(|| {
            // SAFETY: the plugin is started, and all that `process` names outlives the call.
            unsafe { function(self.0.raw(), &raw const process) }
        });
        for (port, result) in call.outputs.iter_mut().zip(&results) {
            port.constant_mask = result.constant_mask;
        }
        Ok((status, heap_calls))
    }
}

fn pointers(port: &mut Port) -> Vec<*mut f32> {
    port.channels.iter_mut().map(Vec::as_mut_ptr).collect()
}

fn buffers(ports: &[Port], pointers: &mut [Vec<*mut f32>]) -> Vec<clap_audio_buffer> {
    let both = ports.iter().zip(pointers);
    both.map(|(port, pointers)| clap_audio_buffer {
        data32: pointers.as_mut_ptr(),
        data64: ptr::null_mut(),
        channel_count: u32::try_from(pointers.len()).unwrap_or(0),
        latency: 0,
        constant_mask: port.constant_mask,
    })
    .collect()
}
