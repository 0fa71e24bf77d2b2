//! A plugin with a control of every kind, a meter, a probe and notes: the page has all its panels.

use serde_json::json;

use crate::{
    browser::Browser,
    crates::Crate,
    line::Line,
    page::at_the_page,
    server::{Server, tmp},
    wav::Wav,
};

const SOURCE: &str = r#"//! Something of everything.
#![forbid(unsafe_code)]
use retake_sdk::{
    Block, BoolParam, Choice, ChoiceParam, Context, FloatParam, IntParam, Meter, Notes, Params, Plugin,
    export_plugin,
};

#[derive(Choice)]
enum Mode {
    Clean,
    Warm,
    Hot,
}

#[derive(Params)]
struct AllParams {
    #[param(name = "Level", range = -60.0..=12.0, default = 0.0, unit = "dB")]
    level: FloatParam,
    #[param(name = "Tone", range = 20.0..=20000.0, default = 1000.0, unit = "Hz", taper = log)]
    tone: FloatParam,
    #[param(name = "Voices", range = 1..=16, default = 8)]
    voices: IntParam,
    #[param(name = "External key", default = false)]
    external: BoolParam,
    #[param(name = "Mode", default = Clean)]
    mode: ChoiceParam<Mode>,
    #[group(name = "Envelope")]
    envelope: Envelope,
    #[meter(name = "Peak", range = 0.0..=1.0)]
    peak: Meter,
}

#[derive(Params)]
struct Envelope {
    #[param(name = "Attack", range = 0.1..=200.0, default = 10.0, unit = "ms", taper = log)]
    attack: FloatParam,
}

#[derive(Default)]
struct All;

impl Plugin for All {
    type Params = AllParams;
    const ID: &'static str = "org.retake.test-everything";
    const NAME: &'static str = "Everything";
    const VENDOR: &'static str = "Retake";
    const NOTES: Notes = Notes::INPUT;

    fn process(&mut self, params: &mut AllParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let mut peak = 0.0_f32;
        block.each_frame(|frame| frame.for_each(|sample| peak = peak.max(sample.abs())));
        params.peak.set(peak);
        ctx.probe("level", f64::from(params.level.value()));
    }
}

export_plugin!(All);
"#;

/// The plugin, a server that plays it, a line to that and a page. The microphone comes and goes, far
/// louder than full scale; beside it a file that stands still, a tone, and a text that is no sound.
pub(crate) fn everything() -> (Crate, Server, Line, Browser) {
    let plugin = Crate::new("everything");
    plugin.save("src/lib.rs", SOURCE);
    let microphone = tmp("everything").join("beats.wav");
    let beat = |n: usize| if (n / 4_800).is_multiple_of(2) { 4.0 } else { 0.1 };
    let row: Vec<f32> = (0..48_000).map(|n| beat(n) * (n as f32 * 0.1).sin()).collect();
    Wav::new(48_000, vec![row.clone(), row]).write(&microphone);
    let file = format!("gain=-70,loop=0.2-0.6,file:{}", microphone.display());
    let text = format!("file:{}", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let microphone = format!("virtual:file={}", microphone.display());
    let words = ["run", plugin.path(), "--input", &microphone, "--output", "virtual"];
    let sources = ["--source", &file, "--source", "tone:440,gain=-70", "--source", &text];
    let (server, mut line, mut browser) = at_the_page(&[&words[..], &sources[..]].concat());
    for part in ["[data-param='envelope.attack']", ".piano", "[data-plugin-meter]", "[data-probe]"]
    {
        browser.until_seen(part);
    }
    browser.until_seen("#preset-name");
    line.call("pause_source", &json!({ "id": 1, "on": true }));
    (plugin, server, line, browser)
}

impl Crate {
    /// It does not compile any more.
    pub(crate) fn break_it(&self) {
        self.save("src/lib.rs", &SOURCE.replace("let mut peak", "let peak"));
    }
}
