//! Work off the audio thread, through activation and deactivation.

#![expect(clippy::float_cmp, reason = "what is tested is who wrote a sample, not arithmetic")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use clack_extensions::log::LogSeverity;
use clack_host::prelude::*;
use clack_host::process::StartedPluginAudioProcessor;
use retake_sdk::export::Exported;
use retake_sdk::{Background, Block, Context, FloatParam, Params, Plugin};

use crate::host::{Buffers, Host, activate, create, events};

#[derive(Params)]
pub(crate) struct WorkParams {
    #[param(range = -1.0..=1000.0, default = 0.0, smoothing = none)]
    request: FloatParam,
}

/// Requests whenever `request` changes and fills its output with the last reply. A request of −1
/// panics.
pub(crate) struct Worker {
    requested: f32,
    table: Vec<f32>,
    work: Background<f32, Vec<f32>>,
}

/// Threads that are inside of the work just now. (One test at a time looks at it.)
static N_ALIVE: AtomicUsize = AtomicUsize::new(0);

/// Lives as long as the work does.
struct Alive;

impl Drop for Alive {
    fn drop(&mut self) {
        N_ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Worker {
    fn default() -> Self {
        let work = Background::new(|request: f32| {
            N_ALIVE.fetch_add(1, Ordering::Relaxed);
            let _alive = Alive;
            assert!(request >= 0.0, "no such work");
            if request == 1000.0 {
                thread::sleep(Duration::from_millis(50));
            }
            vec![request; 64]
        });
        Self { requested: 0.0, table: Vec::new(), work }
    }
}

impl Plugin for Worker {
    type Params = WorkParams;
    const ID: &'static str = "org.retake.test-worker";
    const NAME: &'static str = "Test Worker";

    fn process(&mut self, params: &mut WorkParams, block: &mut Block<'_>, _ctx: &mut Context<'_>) {
        let request = params.request.value();
        if request != self.requested && self.work.try_send(request).is_ok() {
            self.requested = request;
        }
        if let Some(table) = self.work.try_receive() {
            let old = std::mem::replace(&mut self.table, table);
            self.work.discard(old).unwrap();
        }
        let value = self.table.first().copied().unwrap_or(0.0);
        block.channels_mut().for_each(|channel| channel.fill(value));
    }
}

impl Exported for Worker {
    const VERSION: &'static str = "0";
}

/// Processes blocks until the output is `expected`; fails after far more time than it can take.
fn wait_for(processor: &mut StartedPluginAudioProcessor<Host>, request: f64, expected: f32) {
    let mut buffers = Buffers::new();
    for _ in 0..10_000 {
        buffers.process(processor, &events(&[(0, "request", request)]));
        if buffers.output[0][0] == expected {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("no reply: {}", buffers.output[0][0]);
}

#[test]
fn requests_are_answered_in_every_activation_and_a_panic_is_named() {
    let (instance, heard) = create::<Worker>();
    let mut instance = instance.unwrap();
    for round in 1..=3_u8 {
        let mut processor = activate(&mut instance);
        wait_for(&mut processor, f64::from(round), f32::from(round));
        // It panics, and goes on.
        let mut buffers = Buffers::new();
        buffers.process(&mut processor, &events(&[(0, "request", -1.0)]));
        wait_for(&mut processor, f64::from(round) + 100.0, f32::from(round) + 100.0);
        buffers.process(&mut processor, &EventBuffer::new());
        assert_eq!(heard.callbacks.load(Ordering::Relaxed), usize::from(round));
        instance.call_on_main_thread_callback();
        instance.deactivate(processor.stop_processing());
    }
    let log = heard.log.lock().unwrap();
    assert_eq!(log.len(), 3);
    for (severity, line) in &*log {
        assert_eq!(*severity, LogSeverity::Error, "it is not the end of the plugin");
        let file = "background work panicked at plugin-sdk/tests/in_process/background.rs:";
        assert!(line.starts_with(file), "{line}");
        assert!(line.ends_with(": no such work; the plugin plays on"), "{line}");
    }
    drop(log);

    // A deactivation waits for the request in work.
    let mut processor = activate(&mut instance);
    Buffers::new().process(&mut processor, &events(&[(0, "request", 1000.0)]));
    while N_ALIVE.load(Ordering::Relaxed) == 0 {
        thread::yield_now();
    }
    instance.deactivate(processor.stop_processing());
    assert_eq!(N_ALIVE.load(Ordering::Relaxed), 0);
}
