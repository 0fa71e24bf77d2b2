//! The SDK's examples in the loop: edited while they sound, and what they hold inside – a tail, an
//! envelope, a held note – goes on.

use serde_json::{Value, json};

use crate::{
    crates::Crate,
    line::Line,
    reload::{Booth, assert_nothing_lost, pause, wait_for_sound},
    server::{Server, retake},
    signal::sine,
    take::Take,
    wav::Wav,
};

/// After so many frames the booth's input repeats.
const PERIOD: usize = 48_000;
const FADE: usize = 960;

/// Plays the example until it is in its steady state, edits it, and gives what was recorded, the
/// frame of the reload and its event.
fn take(name: &str, set: &[&str], edit: (&str, &str)) -> (Wav, usize, Value) {
    warm(|| {
        let (recorded, at, reloaded) = one_take(name, set, edit);
        (warm_frames(&reloaded) > 0, (recorded, at, reloaded))
    })
}

/// A session with a reload, once more when the machine was too busy for a warm start: that is
/// allowed, if it is told.
fn warm<T>(mut session: impl FnMut() -> (bool, T)) -> T {
    for _ in 0..5 {
        let (is_warm, heard) = session();
        if is_warm {
            return heard;
        }
    }
    panic!("this machine is too busy for a warm start");
}

fn warm_frames(reloaded: &Value) -> usize {
    reloaded["warm_frames"].as_u64().unwrap() as usize
}

fn one_take(name: &str, set: &[&str], edit: (&str, &str)) -> (Wav, usize, Value) {
    let (plugin, booth) = (Crate::example(name), Booth::new(name));
    let record = booth.file("record");
    let mut words: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    words.extend(["--record", record.to_str().unwrap()]);
    let mut server = booth.start(&plugin, &words);
    wait_for_sound(&mut server);
    pause(&mut server, 3_500);
    plugin.edit(edit.0, edit.1);
    let reloaded = server.wait("reloaded");
    println!("{reloaded}");
    let swapped = usize::try_from(reloaded["frame"].as_u64().unwrap()).unwrap();
    pause(&mut server, 1_200);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);
    (Wav::read(&record), swapped, reloaded)
}

/// The input repeats every second, and so does what a plugin makes of it in its steady state. After
/// the reload it has to be that, times `gain`, at once: what starts cold needs its time again.
fn assert_steady(recorded: &Wav, reloaded_at: usize, gain: f32) {
    for channel in &recorded.channels {
        let differs = |n: usize, gain: f32| (channel[n] - gain * channel[n - PERIOD]).abs() > 2e-5;
        let before = reloaded_at - PERIOD / 4;
        let swap = (before..channel.len()).find(|&n| differs(n, 1.0)).expect("it was heard");
        let settled = swap + FADE;
        let wrong = (settled..swap + PERIOD).find(|&n| differs(n, gain));
        println!("from {swap}, reported at {reloaded_at}, settled at {settled}: {wrong:?}");
        assert_eq!(wrong, None);
        assert!(swap + PERIOD <= channel.len(), "a whole second was compared");
    }
}

#[test]
fn a_filter_goes_on_where_it_stood() {
    let edit = ("*sample = state.next(", "*sample = 0.5 * state.next(");
    let (recorded, at, reloaded) = take("filter", &["cutoff=200", "resonance=15"], edit);
    assert_eq!(reloaded["fade"], "cross");
    assert_steady(&recorded, at, 0.5);
}

#[test]
fn a_compressor_goes_on_where_it_stood() {
    let edit = ("*sample *= gain)", "*sample *= 0.5 * gain)");
    let set = ["threshold=-40", "ratio=8", "release=2000"];
    let (recorded, at, reloaded) = take("compressor", &set, edit);
    assert_eq!(reloaded["params"]["carried"], 7);
    assert_steady(&recorded, at, 0.5);
}

#[test]
fn a_change_of_channels_is_a_fade_out_and_in_and_told() {
    let edit = ("&[Layout::STEREO, Layout::MONO]", "&[Layout::MONO]");
    let (recorded, at, reloaded) = take("filter", &["cutoff=20000"], edit);
    assert_eq!(reloaded["fade"], "out_in");
    assert_eq!(
        (&reloaded["layout"]["inputs"], &reloaded["layout"]["outputs"]),
        (&json!(1), &json!(1))
    );
    let [left, right] = [&recorded.channels[0], &recorded.channels[1]];
    let last = recorded.frames();
    assert_ne!(left[at - 9_600..at - 4_800], right[at - 9_600..at - 4_800], "stereo before");
    assert_eq!(left[last - 4_800..], right[last - 4_800..], "mono afterwards");
    // Out in 5 ms, in again in 5 ms: the quietest stretch of 10 frames lies in between.
    let loudness = |n: &usize| left[*n..n + 10].iter().map(|x| x.abs()).sum::<f32>();
    let from = at - 24_000;
    let quiet = (from..last - 10).min_by(|a, b| loudness(a).total_cmp(&loudness(b))).unwrap();
    println!("reported at {at}, quietest at {quiet}: {}", loudness(&quiet));
    assert!(
        loudness(&quiet) < 0.05 && loudness(&(quiet - 400)) > 0.1 && loudness(&(quiet + 400)) > 0.1
    );
}

/// The burst's first frame.
const BURST: usize = 24_000;

/// Half a second of silence, a burst, and nothing more: then only the echoes sound.
fn burst() -> Wav {
    let channel = |hz| {
        let mut channel = vec![0.0; 480_000];
        channel[BURST..36_000].copy_from_slice(&sine(48_000, hz, 0.5, 12_000));
        channel
    };
    Wav::new(48_000, vec![channel(997.0), channel(1_499.0)])
}

/// The same session without a reload, on virtual time.
fn reference(plugin: &Crate, booth: &Booth, words: &[&str]) -> Wav {
    let mut command = retake();
    let microphone = format!("virtual:once,file={}", booth.file("in").display());
    let record = booth.file("reference");
    command.args(["run", plugin.path(), "--input", &microphone, "--output", "virtual"]);
    command.args(["--clock", "fast", "--duration", "9"]).arg("--record").arg(&record).args(words);
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    Wav::read(&record)
}

/// A tail with a reload in it, and without: as the old code makes it, and the new one.
struct Tails {
    heard: Wav,
    old: Wav,
    new: Wav,
}

/// Plays the burst and edits the delay's loop in its tail; whether the new code could hear it all.
fn tails(isolation: &str) -> (bool, Tails) {
    let plugin = Crate::example("delay");
    let mut booth = Booth::new(&format!("tail-{isolation}"));
    booth.input = burst();
    booth.input.write(&booth.file("in"));
    let settings = ["--set", "feedback=90", "--set", "time=300", "--set", "mix=50"];
    let old = reference(&plugin, &booth, &settings);
    let more = [&["--isolation", isolation], &settings[..]].concat();
    let mut server = booth.start_once(&plugin, &more);
    wait_for_sound(&mut server);
    pause(&mut server, 1_000);
    plugin.edit("*sample + feedback *", "*sample + 0.95 * feedback *");
    let reloaded = server.wait("reloaded");
    println!("{reloaded}");
    pause(&mut server, 3_000);
    assert_nothing_lost(&server.stop().succeeded());
    let new = reference(&plugin, &booth, &settings);
    let heard_from = reloaded["frame"].as_u64().unwrap() as usize - warm_frames(&reloaded);
    (heard_from <= BURST, Tails { heard: Wav::read(&booth.file("record")), old, new })
}

/// From the end of the fade on it is what the new code had made from the start, and until its
/// beginning what the old one had.
fn assert_tail_is_edited(isolation: &str) {
    let Tails { heard, old, new } = warm(|| tails(isolation));
    let from_burst = |channel: &[f32]| {
        let first = channel.iter().position(|&x| x != 0.0).unwrap();
        channel[first..].to_vec()
    };
    for n in 0..2 {
        let [heard, old, new] = [&heard, &old, &new].map(|wav| from_burst(&wav.channels[n]));
        let is_as = |other: &[f32], at: usize| (heard[at] - other[at]).abs() < 1e-6;
        let swap = (0..heard.len()).find(|&at| !is_as(&old, at)).unwrap();
        let wrong: Vec<_> = (swap + FADE..heard.len()).filter(|&at| !is_as(&new, at)).collect();
        println!("swap at {swap} of {}, {} frames differ", heard.len(), wrong.len());
        assert!(wrong.is_empty(), "from {} on", wrong[0]);
        // Nothing but echoes was heard at the swap, and two seconds of them afterwards.
        assert!((14_400..heard.len() - 96_000).contains(&swap), "{swap}");
        let later = swap + 72_000..swap + 96_000;
        assert!(later.clone().any(|at| (old[at] - new[at]).abs() > 0.01), "the codes differ");
        assert!(heard[later].iter().any(|x| x.abs() > 0.01), "a tail");
    }
}

#[test]
fn a_delay_edited_in_its_tail_is_what_the_new_code_had_made_from_the_start() {
    assert_tail_is_edited("in-process");
}

#[test]
fn a_delay_edited_in_its_tail_is_what_the_new_code_had_made_from_the_start_in_its_own_process() {
    assert_tail_is_edited("process");
}

#[test]
fn an_analyzer_shows_what_it_hears_and_its_sound_is_the_input() {
    let (plugin, booth) = (Crate::example("analyzer"), Booth::new("analyzer"));
    let record = booth.file("record");
    let mut server = booth.start(&plugin, &["--record", record.to_str().unwrap()]);
    let listening = server.wait("listening");
    wait_for_sound(&mut server);
    let near = |shown: f64, hz: f64| (shown - hz).abs() < 24.0;
    assert!(near(loudest(&mut server, &mut Line::open(&listening)), 997.0));
    plugin.edit("p.loudest_hz.set(bin as f32 *", "p.loudest_hz.set(2.0 * bin as f32 *");
    server.wait("reloaded");
    assert!(near(loudest(&mut server, &mut Line::open(&listening)), 1_994.0));
    let ended = server.stop().succeeded();
    assert_nothing_lost(&ended);
    let recorded = Wav::read(&record);
    for channel in 0..2 {
        let take = Take::new(&booth.input, &recorded, channel, 1.0);
        let swap = take.exact_until(take.first(), 1.0);
        let done = take.find(swap, 1.0);
        // The input mixed with itself is the input, but for its last bits.
        assert!(done <= swap + FADE, "{swap} to {done}");
        assert_eq!(take.exact_until(done, 1.0), recorded.frames());
    }
}

/// What the meter shows, once it shows something.
fn loudest(server: &mut Server, page: &mut Line) -> f64 {
    page.call("probes", &json!({}));
    pause(server, 300);
    let shown = page.call("probes", &json!({}));
    println!("{shown}");
    let meters = shown["meters"].as_array().unwrap();
    let meter = meters.iter().find(|meter| meter["key"] == "loudest_hz").unwrap();
    assert_eq!((&meter["name"], &meter["unit"]), (&json!("Loudest"), &json!("Hz")));
    meter["value"].as_f64().unwrap()
}

/// Loudness of each stretch of 25 ms: eleven periods of 440 Hz.
fn loudness(channel: &[f32]) -> Vec<f32> {
    let rms = |x: &[f32]| (x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32).sqrt();
    channel.chunks_exact(1_200).map(rms).collect()
}

/// Holds a key over a reload that halves the sound, and lets it go.
fn held_key() -> (bool, Wav) {
    let (plugin, booth) = (Crate::example("synth"), Booth::new("synth"));
    let record = booth.file("record");
    let mut server = booth.start(&plugin, &["--record", record.to_str().unwrap()]);
    let mut page = Line::open(&server.wait("listening"));
    wait_for_sound(&mut server);
    assert_eq!(page.call("status", &json!({}))["plugin_takes_notes"], true);
    let key = |page: &mut Line, on: bool| {
        page.call("note", &json!({"key": 69, "velocity": 1.0, "on": on, "channel": 0}));
    };
    key(&mut page, true);
    pause(&mut server, 1_000);
    plugin.edit("*out = sample", "*out = 0.5 * sample");
    let reloaded = server.wait("reloaded");
    println!("{reloaded}");
    pause(&mut server, 1_000);
    key(&mut page, false);
    pause(&mut server, 1_500);
    assert_nothing_lost(&server.stop().succeeded());
    (warm_frames(&reloaded) > 0, Wav::read(&record))
}

#[test]
fn a_held_note_sounds_through_a_reload_and_ends_when_the_key_goes_up() {
    let loud = loudness(&warm(held_key).channels[0]);
    let began = loud.iter().position(|x| *x > 0.05).unwrap() + 12;
    let before = loud[began];
    let swap = began + loud[began..].iter().position(|x| *x < 0.98 * before).unwrap();
    let after = loud[swap + 4];
    println!("{before} from {began}, {after} from {swap}, of {}", loud.len());
    assert!((after / before - 0.5).abs() < 0.01, "{before}, {after}");
    // A voice that began anew would rise from silence in its attack.
    assert!(
        loud[began..swap + 20].iter().all(|x| *x > after * 0.98),
        "{:?}",
        &loud[swap..swap + 20]
    );
    assert!(loud[loud.len() - 1] < 1e-4, "the key went up: {:?}", &loud[loud.len() - 5..]);
}

#[test]
fn a_text_is_read_by_the_plugin() {
    let (plugin, booth) = (Crate::example("compressor"), Booth::new("text"));
    let mut server = booth.start(&plugin, &[]);
    let mut page = Line::open(&server.wait("listening"));
    wait_for_sound(&mut server);
    let read = |page: &mut Line, id: &str, text: &str| {
        page.answer("text_to_value", &json!({"id": id, "text": text}))
    };
    assert_eq!(read(&mut page, "timing.release", "0.25 s")["result"]["value"], 250.0);
    assert_eq!(read(&mut page, "external", "on")["result"]["value"], 1.0);
    let error = read(&mut page, "ratio", "loud")["error"].clone();
    assert_eq!(error["code"], -32602);
    assert!(error["message"].as_str().unwrap().contains("\"loud\""), "{error}");
    assert_eq!(read(&mut page, "nothing", "1")["error"]["code"], -32602);
    let params = page.call("params", &json!({}));
    let release = params.as_array().unwrap().iter().find(|p| p["key"] == "timing.release").unwrap();
    assert_eq!((&release["unit"], &release["taper"]), (&json!("ms"), &json!("log")));
    assert_eq!(release["group"], "Timing");
    drop(server.stop().succeeded());
}

/// A delay whose length is a parameter and its latency.
const LATE: &str = r#"#![forbid(unsafe_code)]
use retake_sdk::{Block, Config, Context, IntParam, Params, Plugin, export_plugin};

#[derive(Params)]
pub struct LateParams {
    #[param(range = 0..=4800, default = 0)]
    late: IntParam,
}

#[derive(Default)]
pub struct Late {
    wanted: usize,
    lines: [std::collections::VecDeque<f32>; 2],
}

impl Plugin for Late {
    type Params = LateParams;
    const ID: &'static str = "org.retake.test-late";
    const NAME: &'static str = "Test Late";

    fn activate(&mut self, _: Config) {
        self.lines = std::array::from_fn(|_| vec![0.0; self.wanted].into());
        self.lines.iter_mut().for_each(|line| line.reserve(1));
    }

    fn process(&mut self, params: &mut LateParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let wanted = params.late.value().unsigned_abs() as usize;
        if wanted != self.wanted {
            self.wanted = wanted;
            ctx.latency_changed();
        }
        block.each_frame(|frame| {
            for (sample, line) in frame.zip(&mut self.lines) {
                line.push_back(*sample);
                *sample = line.pop_front().unwrap_or(0.0);
            }
        });
    }

    fn latency_frames(&self) -> u32 {
        self.wanted as u32
    }
}

export_plugin!(Late);
"#;

#[test]
fn a_plugin_that_asks_for_a_restart_gets_it_with_its_new_latency() {
    let (plugin, booth) = (Crate::new("late"), Booth::new("late"));
    plugin.save("src/lib.rs", LATE);
    let record = booth.file("record");
    let mut server = booth.start(&plugin, &["--record", record.to_str().unwrap()]);
    let mut page = Line::open(&server.wait("listening"));
    let first = server.wait_for("reloaded", |event| event["first"] == true);
    assert_eq!(first["latency_frames"], 0);
    pause(&mut server, 1_200);
    page.call("set_param", &json!({"id": "late", "value": 480}));
    let restarted = server.wait("restarted");
    println!("{restarted}");
    assert_eq!((&restarted["generation"], &restarted["latency_frames"]), (&json!(1), &json!(480)));
    pause(&mut server, 1_000);
    assert_eq!(page.call("params", &json!({}))[0]["value"], 480.0);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);
    let recorded = Wav::read(&record);
    for (channel, out) in recorded.channels.iter().enumerate() {
        let take = Take::new(&booth.input, &recorded, channel, 1.0);
        let until = take.exact_until(take.first(), 1.0);
        println!("as it was until {until} of {}", recorded.frames());
        let before = take.first() + 2_000;
        assert!(until > before + PERIOD, "a whole second was heard unchanged");
        // Frame n of the end is the input of frame n − 480, which was heard whole seconds before.
        let wrong = (recorded.frames() - PERIOD / 2..recorded.frames())
            .find(|n| out[*n].to_bits() != out[(n - 480 - before) % PERIOD + before].to_bits());
        assert_eq!(wrong, None);
    }
}
