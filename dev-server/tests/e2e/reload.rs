//! Reloads while it sounds: every frame of the input comes out once, under the old law or the new
//! one or their linear mix.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::Value;

use crate::{
    crates::Crate,
    server::{Ended, Server, tmp},
    signal::sine,
    take::Take,
    wav::Wav,
};

const TIMES: [&str; 6] =
    ["detect_ms", "build_ms", "stage_ms", "load_ms", "swap_ms", "save_to_sound_ms"];

/// A microphone and a speaker made of files.
pub(crate) struct Booth {
    name: String,
    pub(crate) input: Wav,
}

impl Booth {
    /// The microphone hears two sines that loop without a seam and repeat after a second only.
    pub(crate) fn new(name: &str) -> Self {
        let channel = |hz, amplitude| sine(48_000, hz, amplitude, 48_000);
        let input = Wav::new(48_000, vec![channel(997.0, 0.5), channel(1_499.0, 0.3)]);
        let this = Self { name: name.to_owned(), input };
        this.input.write(&this.file("in"));
        this
    }

    pub(crate) fn file(&self, what: &str) -> std::path::PathBuf {
        tmp("booth").join(format!("{}-{what}.wav", self.name))
    }

    /// Runs the plugin between the two, at the real clock, with more words.
    pub(crate) fn start(&self, plugin: &Crate, more: &[&str]) -> Server {
        Server::spawn(self.command(plugin, more))
    }

    /// What [`Booth::start`] runs.
    pub(crate) fn command(&self, plugin: &Crate, more: &[&str]) -> Command {
        Server::command(&self.words(plugin, more))
    }

    /// As [`Booth::start`], with this state directory.
    pub(crate) fn start_in(&self, state: &Path, plugin: &Crate, more: &[&str]) -> Server {
        let mut command = self.command(plugin, more);
        command.env("RETAKE_STATE_DIR", state);
        Server::spawn(command)
    }

    fn words(&self, plugin: &Crate, more: &[&str]) -> Vec<String> {
        let input = format!("virtual:file={}", self.file("in").display());
        let output = format!("virtual:file={}", self.file("out").display());
        let words = ["run", plugin.path(), "--input", &input, "--output", &output];
        words.iter().chain(more).map(ToString::to_string).collect()
    }

    /// As [`Booth::start`], with a microphone that plays its file once, and with a recording.
    pub(crate) fn start_once(&self, plugin: &Crate, more: &[&str]) -> Server {
        let input = format!("virtual:once,file={}", self.file("in").display());
        let record = self.file("record");
        let mut words = vec!["run", plugin.path(), "--input", &input, "--output", "virtual"];
        words.extend(["--record", record.to_str().unwrap()]);
        words.extend_from_slice(more);
        Server::start(&words)
    }

    /// What the speaker wrote.
    pub(crate) fn out(&self) -> Wav {
        Wav::read(&self.file("out"))
    }
}

/// Waits for the first sound.
pub(crate) fn wait_for_sound(server: &mut Server) {
    server.wait_for("reloaded", |event| event["first"] == true);
}

/// Waits until that much more was rendered: events tell the engine's frame.
pub(crate) fn pause(server: &mut Server, ms: u64) {
    server.listen_for(std::time::Duration::from_millis(ms));
}

pub(crate) fn assert_nothing_lost(ended: &Ended) {
    let stopped = ended.event("stopped");
    for counter in ["lost_frames", "underruns", "overruns"] {
        assert_eq!(stopped[counter], 0, "{stopped}");
    }
}

fn assert_is_reload(event: &Value, generation: u32) {
    assert_eq!(event["generation"], generation);
    assert_eq!(event["lost_frames"], 0);
    let ms = |name: &str| event[name].as_f64().unwrap_or_else(|| panic!("{name}: {event}"));
    assert!(TIMES.iter().all(|name| ms(name) >= 0.0), "{event}");
    assert!(ms("build_ms") > 0.0 && ms("load_ms") > 0.0);
    let steps: f64 = TIMES[..5].iter().map(|name| ms(name)).sum();
    assert!(ms("save_to_sound_ms") >= steps - 1.0, "{event}");
}

#[test]
fn a_saved_law_takes_over_within_the_fade_and_no_frame_is_lost() {
    let (plugin, booth) = (Crate::new("law"), Booth::new("law"));
    let recording = booth.file("record");
    let record = recording.to_str().unwrap();
    let mut server = booth.start(&plugin, &["--record", record]);
    wait_for_sound(&mut server);
    let gains = [1.0, 0.5, -0.25, 1.0];
    for (generation, gain) in (2..).zip(&gains[1..]) {
        pause(&mut server, 100);
        plugin.law(&format!("*sample *= gain * {gain:?};"));
        let reloaded = server.wait("reloaded");
        println!("{reloaded}");
        assert_is_reload(&reloaded, generation);
    }
    pause(&mut server, 200);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);
    ended.assert_stopped_last();

    let (out, recorded) = (booth.out(), Wav::read(&recording));
    for channel in 0..2 {
        let take = Take::new(&booth.input, &out, channel, gains[0]);
        let ends = take.assert_gains(&gains);
        println!("channel {channel}: from {}, ends {ends:?} of {}", take.first(), out.frames());
        let last = ends[gains.len() - 1];
        take.assert_fades_out(last, gains[gains.len() - 1]);
        // The recording is what the plugin made: it does not fade at the end.
        let take = Take::new(&booth.input, &recorded, channel, gains[0]);
        assert_eq!(take.assert_gains(&gains)[..3], ends[..3]);
        assert_eq!(take.find(last, gains[3]), last);
        assert_eq!(take.exact_until(last, gains[3]), recorded.frames());
    }
}

#[test]
fn fifty_reloads_lose_nothing_and_leave_nothing() {
    let (plugin, booth) = (Crate::new("many"), Booth::new("many"));
    let mut server = booth.start(&plugin, &[]);
    wait_for_sound(&mut server);
    let (mut most_staged, mut most_mapped) = (0, 0);
    let mut gains = vec![1.0];
    for n in 0..50 {
        let gain = if n % 2 == 0 { 0.5 } else { 1.0 };
        gains.push(gain);
        plugin.law(&format!("*sample *= gain * {gain:?};"));
        let reloaded = server.wait("reloaded");
        assert_eq!(reloaded["lost_frames"], 0, "{reloaded}");
        most_staged = most_staged.max(server.traces.staged().len());
        most_mapped = most_mapped.max(mapped(&server));
    }
    println!("at most {most_staged} copies, {most_mapped} libraries mapped");
    // The one that plays, the standby, and the one that is being taken apart.
    assert!(most_staged <= 3, "{most_staged} copies");
    assert!(most_mapped <= 3, "{most_mapped} mapped");
    pause(&mut server, 200);
    assert_eq!((server.traces.staged().len(), mapped(&server)), (2, 2));
    let ended = server.stop().succeeded();
    assert_nothing_lost(&ended);
    let out = booth.out();
    for channel in 0..2 {
        let take = Take::new(&booth.input, &out, channel, 1.0);
        let ends = take.assert_gains(&gains);
        take.assert_fades_out(ends[50], 1.0);
    }
}

/// Libraries of plugins in the address space of the process, removed files included.
fn mapped(server: &Server) -> usize {
    let maps = fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap();
    let paths = maps.lines().filter_map(|line| line.split_once('/'));
    let ours: BTreeSet<&str> =
        paths.map(|(_, path)| path).filter(|path| path.contains("retake/staged")).collect();
    ours.len()
}
