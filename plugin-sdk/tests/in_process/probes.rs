//! Probes and meters over `retake.probe/1`.

use std::sync::atomic::Ordering;

use retake_sdk::export::Exported;
use retake_sdk::{Block, Context, FloatParam, Meter, Params, Plugin};

use crate::host::{Buffers, activate, create, create_probed, events};
use crate::probe_host::PluginMeters;

#[derive(Params)]
pub(crate) struct ProbedParams {
    #[param(range = 0.0..=10.0, default = 1.0, smoothing = none)]
    env: FloatParam,
    #[meter(name = "Gain reduction", range = 0.0..=24.0, unit = "dB")]
    reduction: Meter,
}

/// Shows its parameter, its input, and a name that the host has no room for.
#[derive(Default)]
pub(crate) struct Shower;

const LONG: &str = "a name of more than sixty-three bytes, which is too long for a pröbe";

impl Plugin for Shower {
    type Params = ProbedParams;
    const ID: &'static str = "org.retake.test-shower";
    const NAME: &'static str = "Test Shower";

    fn process(&mut self, params: &mut ProbedParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let env = params.env.value();
        ctx.probe("env", env);
        ctx.probe_signal("input", block.channel_mut(0).unwrap());
        ctx.probe("no room", env);
        ctx.probe(LONG, env);
        params.reduction.set(env * 10.0);
    }
}

impl Exported for Shower {
    const VERSION: &'static str = "0";
}

#[test]
fn a_host_that_looks_sees_values_at_their_frames() {
    let (mut instance, heard) = create_probed::<Shower>();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    buffers.process(&mut processor, &events(&[(20, "env", 2.0)]));
    let log = &heard.probes;
    let cut = &LONG[..63];
    let expected =
        [("env", 0, 1.0), (cut, 0, 1.0), ("env", 20, 2.0), (cut, 20, 2.0), ("reduction", 63, 20.0)];
    let expected: Vec<_> =
        expected.map(|(name, frame, value)| (name.to_owned(), frame, value)).into();
    assert_eq!(log.named(), expected);
    assert_eq!(*log.samples.lock().unwrap(), [1.0; 64]);
    assert_eq!(log.n_asked.load(Ordering::Relaxed), 1, "once per block");

    log.clear();
    buffers.process(&mut processor, &events(&[(0, "env", 9.0)]));
    assert_eq!(log.named()[0], ("env".to_owned(), 0, 9.0));
    assert_eq!(log.named()[2], ("reduction".to_owned(), 63, 24.0), "at the end of its scale");
    assert_eq!(
        log.names(),
        ["env", "input", "no room", cut, "reduction"],
        "each is asked for once"
    );
}

#[test]
fn a_host_that_does_not_look_is_only_asked() {
    let (mut instance, heard) = create_probed::<Shower>();
    heard.probes.is_watched.store(false, Ordering::Relaxed);
    let mut processor = activate(&mut instance);
    Buffers::new().process(&mut processor, &events(&[(20, "env", 2.0)]));
    assert_eq!(heard.probes.n_calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_host_that_cannot_look_is_left_alone() {
    let (instance, heard) = create::<Shower>();
    let mut instance = instance.unwrap();
    let mut processor = activate(&mut instance);
    Buffers::new().process(&mut processor, &events(&[(20, "env", 2.0)]));
    assert_eq!(heard.probes.n_calls.load(Ordering::Relaxed), 0);
}

#[test]
fn meters_are_listed() {
    let mut instance = create::<Shower>().0.unwrap();
    let meters: PluginMeters = instance.plugin_shared_handle().get_extension().unwrap();
    let mut plugin = instance.plugin_handle();
    assert_eq!(meters.count(&mut plugin), 1);
    let meter = meters.get(&mut plugin, 0).unwrap();
    assert_eq!(meter.texts(), ["reduction", "Gain reduction", "dB"]);
    assert_eq!((meter.min, meter.max), (0.0, 24.0));
    assert!(meters.get(&mut plugin, 1).is_none());
}
