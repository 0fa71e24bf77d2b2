//! A plugin with all that a set of parameters can hold, as a host meets it.

use std::ffi::CString;

use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_extensions::state::PluginState;
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use retake_sdk::export::Exported;
use retake_sdk::{
    Block, BoolParam, Choice, ChoiceParam, Context, FloatParam, IntParam, Meter, Params, Persisted,
    Plugin, State, param_id,
};

use crate::hints::{Hints, ParamHints};
use crate::host::{Buffers, Heard, Host, activate, create, events};

#[derive(Choice)]
enum Mode {
    #[choice(name = "Low pass")]
    LowPass,
    #[choice(name = "Übergang")]
    Notch,
    Bell,
}

#[derive(Params)]
struct BandParams {
    #[param(name = "Gain", range = -12.0..=12.0, default = 0.0, unit = "dB",
            taper = symmetric(2.0))]
    gain: FloatParam,
    #[persist]
    label: Persisted<String>,
    #[meter(name = "Level", range = -60.0..=0.0, unit = "dB")]
    level: Meter,
}

#[derive(Params)]
pub(crate) struct EveryParams {
    #[param(name = "Bypass", default = false, flags(bypass))]
    bypass: BoolParam,
    #[param(name = "Cutoff", range = 20.0..=20000.0, default = 1000.0, unit = "Hz", taper = log,
            smoothing = exponential_ms(30.0))]
    cutoff: FloatParam,
    #[group(name = "Band {}")]
    bands: [BandParams; 2],
    // 255 bytes end within the last but one character.
    #[param(name = "öööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööö\
                    öööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööö",
            range = 0..=127, default = 60, unit = "note", flags(hidden, readonly))]
    key: IntParam,
    #[param(name = "Phase", range = 0.0..=360.0, default = 90.0, unit = "µ°", step = 0.5,
            taper = skew(2.0), smoothing = none, flags(periodic, not_automatable), id = 5)]
    phase: FloatParam,
    #[param(name = "Mode", default = Bell)]
    mode: ChoiceParam<Mode>,
    #[persist]
    title: Persisted<String>,
    #[persist]
    takes: Persisted<u8>,
}

/// Says what it got: the gain of the second band on the left, the length of the title and the
/// mode on the right.
#[derive(Default)]
pub(crate) struct Every;

impl Plugin for Every {
    type Params = EveryParams;
    const ID: &'static str = "org.retake.test-every";
    const NAME: &'static str = "Test Every";
    const STATE_VERSION: u32 = 3;

    fn process(&mut self, params: &mut EveryParams, block: &mut Block<'_>, _ctx: &mut Context<'_>) {
        let gain = params.bands[1].gain.next();
        params.bands[1].level.set(gain);
        let title = params.title.get().len() as f32;
        let words = match params.mode.value() {
            Mode::LowPass => 0.0,
            Mode::Notch => 100.0,
            Mode::Bell => 200.0,
        };
        let mut channels = block.channels_mut();
        channels.next().unwrap().fill(gain);
        channels.next().unwrap().fill(title + words);
    }

    fn migrate(state: &mut State, from: u32) {
        assert!(state.get("trap").is_none(), "it snaps");
        if from < 3 {
            state.rename("freq", "cutoff");
            let gain = state.number("gain").unwrap_or(0.0);
            state.set("bands.1.gain", gain * 2.0);
            state.remove("gain");
        }
    }
}

impl Exported for Every {
    const VERSION: &'static str = "0";
}

struct Subject {
    instance: PluginInstance<Host>,
    heard: Heard,
}

impl Subject {
    fn new() -> Self {
        let (instance, heard) = create::<Every>();
        Self { instance: instance.unwrap(), heard }
    }

    fn params(&self) -> PluginParams {
        self.instance.plugin_shared_handle().get_extension().unwrap()
    }

    fn save(&mut self) -> String {
        let state: PluginState = self.instance.plugin_shared_handle().get_extension().unwrap();
        let mut bytes = Vec::new();
        state.save(&self.instance.plugin_handle(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn load(&mut self, text: &str) -> bool {
        let state: PluginState = self.instance.plugin_shared_handle().get_extension().unwrap();
        state.load(&self.instance.plugin_handle(), &mut text.as_bytes()).is_ok()
    }

    /// The value of a line in the saved state.
    fn saved(&mut self, key: &str) -> Option<String> {
        let state = self.save();
        let mut lines = state.lines().filter_map(|line| line.split_once('='));
        lines.find(|(known, _)| *known == key).map(|(_, value)| value.to_owned())
    }

    fn text(&mut self, key: &str, plain: f64, room: usize) -> String {
        let mut buffer = vec![0; room];
        let params = self.params();
        let id = ClapId::new(id(key));
        let text =
            params.value_to_text(&self.instance.plugin_handle(), id, plain, &mut buffer).unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }

    fn value(&mut self, key: &str, text: &str) -> Option<f64> {
        let text = CString::new(text).unwrap();
        let params = self.params();
        params.text_to_value(&self.instance.plugin_handle(), ClapId::new(id(key)), &text)
    }
}

fn id(key: &str) -> u32 {
    if key == "phase" { 5 } else { param_id(key) }
}

const KEYS: [&str; 7] =
    ["bypass", "cutoff", "bands.0.gain", "bands.1.gain", "key", "phase", "mode"];

#[test]
fn parameters_are_listed_with_their_groups_and_flags() {
    let stepped = ParamInfoFlags::IS_STEPPED;
    let automatable = ParamInfoFlags::IS_AUTOMATABLE;
    let expected = [
        ("", stepped | automatable | ParamInfoFlags::IS_BYPASS, [0.0, 1.0, 0.0]),
        ("", automatable, [20.0, 20_000.0, 1000.0]),
        ("Band 1", automatable, [-12.0, 12.0, 0.0]),
        ("Band 2", automatable, [-12.0, 12.0, 0.0]),
        ("", stepped | ParamInfoFlags::IS_HIDDEN | ParamInfoFlags::IS_READONLY, [0.0, 127.0, 60.0]),
        ("", ParamInfoFlags::IS_PERIODIC, [0.0, 360.0, 90.0]),
        ("", stepped | automatable | ParamInfoFlags::IS_ENUM, [0.0, 2.0, 2.0]),
    ];
    let mut subject = Subject::new();
    let params = subject.params();
    let handle = subject.instance.plugin_handle();
    assert_eq!(params.count(&handle), 7);
    for (index, (module, flags, values)) in (0..).zip(expected) {
        let mut buffer = ParamInfoBuffer::new();
        let info = params.get_info(&handle, index, &mut buffer).unwrap();
        assert_eq!(info.id.get(), id(KEYS[index as usize]));
        assert_eq!(info.module, module.as_bytes());
        assert_eq!(info.flags, flags);
        let found = [info.min_value, info.max_value, info.default_value];
        assert_eq!(found.map(f64::to_bits), values.map(f64::to_bits));
        let name = str::from_utf8(info.name).unwrap();
        assert!(index != 4 || (name.len() == 254 && name.starts_with('ö')), "{name}");
    }
    assert!(params.get_info(&handle, 7, &mut ParamInfoBuffer::new()).is_none());
}

#[test]
fn every_kind_has_text_both_ways() {
    let mut subject = Subject::new();
    let words = [
        ("bypass", 1.0, "On"),
        ("cutoff", 2000.0, "2.00 kHz"),
        ("bands.1.gain", -6.0, "-6.0 dB"),
        ("key", 61.0, "C#4"),
        ("phase", 7.5, "7.5 µ°"),
        ("mode", 1.0, "Übergang"),
    ];
    for (key, plain, text) in words {
        assert_eq!(subject.text(key, plain, 64), text);
        assert_eq!(subject.value(key, text), Some(plain));
    }
    assert_eq!(subject.text("mode", 17.0, 64), "Bell", "beyond the range is its end");
    assert_eq!(subject.text("phase", 7.5, 6), "7.5 ", "whole characters only");
    assert_eq!(subject.value("mode", "Comb"), None);
}

#[test]
fn hints_say_what_clap_does_not() {
    let mut subject = Subject::new();
    let hints: ParamHints = subject.instance.plugin_shared_handle().get_extension().unwrap();
    let mut handle = subject.instance.plugin_handle();
    let found = KEYS.map(|key| hints.get(&mut handle, id(key)).unwrap());
    for (hints, key) in found.iter().zip(KEYS) {
        assert_eq!(hints.key(), key);
    }
    let units = found.each_ref().map(Hints::unit);
    assert_eq!(units, ["", "Hz", "dB", "dB", "note", "µ°", ""]);
    let numbers =
        found.map(|h| (h.step, h.taper, h.skew, h.smoothing, h.smoothing_ms, h.n_choices));
    assert_eq!(numbers[0], (1.0, 0, 1.0, 0, 0.0, 0));
    assert_eq!(numbers[1], (0.0, 1, 1.0, 2, 30.0, 0));
    assert_eq!(numbers[2], (0.0, 3, 2.0, 1, 10.0, 0));
    assert_eq!(numbers[5], (0.5, 2, 2.0, 0, 0.0, 0));
    assert_eq!(numbers[6], (1.0, 0, 1.0, 0, 0.0, 3));
    assert!(hints.get(&mut handle, 17).is_none());
}

#[test]
fn hints_name_the_choices_in_whatever_room_there_is() {
    let mut subject = Subject::new();
    let hints: ParamHints = subject.instance.plugin_shared_handle().get_extension().unwrap();
    let mut handle = subject.instance.plugin_handle();
    let mut name = |key: &str, index, room| hints.choice(&mut handle, id(key), index, room);
    assert_eq!(name("mode", 0, 64).as_deref(), Some("Low pass"));
    assert_eq!(name("mode", 1, 64).as_deref(), Some("Übergang"));
    assert_eq!(name("mode", 1, 9).as_deref(), Some("Übergan"));
    assert_eq!(name("mode", 1, 2).as_deref(), Some(""), "half a character is none");
    assert_eq!(name("mode", 1, 0), None);
    assert_eq!(name("mode", 3, 64), None);
    assert_eq!(name("cutoff", 0, 64), None);
}

#[test]
fn a_state_holds_parameters_fields_and_what_it_does_not_know() {
    let mut subject = Subject::new();
    let state = "retake-state 2 version 3\nbands.0.gain=0.0\nbands.0.label=\nbands.1.gain=3.0\n\
                 bands.1.label=a=b\nbypass=1.0\ncutoff=440.0\nkey=61.0\nlater.thing=\\\\NaN\n\
                 mode=1.0\nphase=7.5\ntakes=2\ntitle=Rain\\nand wind\\r\nend\n";
    assert!(subject.load(state));
    assert_eq!(subject.save(), state);

    // What is missing goes to its default, steps and ranges hold, the last of two counts.
    assert!(
        subject.load("retake-state 2 version 3\nphase=7.6\nmode=9\ncutoff=1\ncutoff=1e9\nend\n")
    );
    let expected = "retake-state 2 version 3\nbands.0.gain=0.0\nbands.0.label=\nbands.1.gain=0.0\n\
                    bands.1.label=\nbypass=0.0\ncutoff=20000.0\nkey=60.0\nmode=2.0\nphase=7.5\n\
                    takes=0\ntitle=\nend\n";
    assert_eq!(subject.save(), expected);
}

#[test]
fn a_field_that_cannot_be_read_refuses_the_whole_state() {
    let mut subject = Subject::new();
    assert!(
        subject.load("retake-state 2 version 3\ncutoff=440\ntakes=7\ntitle=Rain\nold=1\nend\n")
    );
    let before = subject.save();
    assert!(
        !subject.load("retake-state 2 version 3\ncutoff=880\ntakes=256\ntitle=Sun\nnew=1\nend\n")
    );
    assert_eq!(subject.save(), before);
}

#[test]
fn a_state_that_would_be_too_long_to_read_is_not_written() {
    let mut subject = Subject::new();
    let head = "retake-state 2 version 3\ntitle=";
    let title = "o".repeat((16 << 20) - head.len() - "\nend\n".len());
    assert!(!subject.load(&format!("{head}{title}o\nend\n")));
    assert!(subject.load(&format!("{head}{title}\nend\n")));
    let state: PluginState = subject.instance.plugin_shared_handle().get_extension().unwrap();
    let mut bytes = Vec::new();
    assert!(state.save(&subject.instance.plugin_handle(), &mut bytes).is_err());
    assert!(bytes.is_empty());
    assert!(subject.heard.log.lock().unwrap()[1].1.contains("longer than 16777216 bytes"));
}

#[test]
fn a_loaded_state_is_heard_at_once() {
    let mut subject = Subject::new();
    let mut processor = activate(&mut subject.instance);
    let mut buffers = Buffers::new();
    buffers.process(&mut processor, &events(&[]));
    assert_eq!((buffers.output[0][0], buffers.output[1][0]), (0.0, 200.0));
    assert!(subject.load("retake-state 2 version 3\nbands.1.gain=3.0\nmode=1\ntitle=Rain\nend\n"));
    buffers.process(&mut processor, &events(&[]));
    assert_eq!((buffers.output[0][0], buffers.output[1][0]), (3.0, 104.0));
}

#[test]
fn an_older_state_is_migrated_before_it_is_read() {
    let mut subject = Subject::new();
    assert!(subject.load("retake-state 1\nfreq=440.0\ngain=3.0\n"));
    assert_eq!(subject.saved("cutoff").as_deref(), Some("440.0"));
    assert_eq!(subject.saved("bands.1.gain").as_deref(), Some("6.0"));
    assert_eq!((subject.saved("freq"), subject.saved("gain")), (None, None));
    assert!(subject.load("retake-state 2 version 2\nfreq=220\nend\n"));
    assert_eq!(subject.saved("cutoff").as_deref(), Some("220.0"));
    // Today's version goes by the hook.
    assert!(subject.load("retake-state 2 version 3\ntrap=\nfreq=110\nend\n"));
    assert_eq!(subject.saved("cutoff").as_deref(), Some("1000.0"));
    assert_eq!(subject.saved("freq").as_deref(), Some("110"));
}

#[test]
fn a_panic_in_the_migration_refuses_the_state_and_says_so() {
    let mut subject = Subject::new();
    let before = subject.save();
    assert!(!subject.load("retake-state 2 version 4\ntrap=\ncutoff=440\nend\n"));
    assert_eq!(subject.save(), before);
    let log = subject.heard.log.lock().unwrap();
    assert!(log[0].1.contains("migration panicked at"), "{log:?}");
    assert!(log[0].1.contains("it snaps"), "{log:?}");
}
