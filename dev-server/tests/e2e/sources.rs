//! `--source`: what sounds beside the microphone, heard at the far end.

use std::{
    f64::consts::TAU,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    line::Line,
    server::{Ended, Server, run, tmp},
    signal::noise,
    wav::Wav,
};

/// Renders sources through a plugin on the fast clock, from `take/NAME.wav`'s first frame on.
pub(crate) fn render(
    plugin: &str,
    name: &str,
    sources: &[&str],
    more: &[&str],
) -> (Ended, Wav, PathBuf) {
    let out = tmp("sources").join(format!("{name}-out.wav"));
    let output = format!("virtual:file={}", out.display());
    let mut words = vec!["run", plugin, "--output", &output, "--clock", "fast"];
    for source in sources {
        words.extend(["--source", source]);
    }
    words.extend(more);
    let ended = run(&words).succeeded();
    let wav = Wav::read(&out);
    (ended, wav, out)
}

pub(crate) fn minus_6_db() -> f64 {
    10_f64.powf(-6.0 / 20.0)
}

#[test]
fn files_and_tones_are_mixed_exactly_and_twice_the_same() {
    let loop_wav = Wav::new(48_000, vec![noise(1, 0.4, 30_011), noise(2, 0.4, 30_011)]);
    let path = tmp("sources").join("loop, with a comma.wav");
    loop_wav.write(&path);
    let file = format!("loop=0.1-0.5,file:{}", path.display());
    let sources = [file.as_str(), "tone:997,gain=-20,pan=0.5", "noise:pink,bus=sidechain"];
    let more = ["--duration", "20", "--set", "gain=-6"];
    let (ended, out, path) = render("example-plugin", "mix", &sources, &more);
    assert_eq!(out.frames(), 20 * 48_000);
    for (c, row) in out.channels.iter().enumerate() {
        let pan = [0.5, 1.0][c];
        for (n, y) in row.iter().enumerate() {
            let at = if n < 24_000 { n } else { 4_800 + (n - 4_800) % (24_000 - 4_800) };
            let tone = 0.1 * pan * (TAU * 997.0 * n as f64 / 48_000.0).sin();
            let expected = minus_6_db() * (f64::from(loop_wav.channels[c][at]) + tone);
            let error = (f64::from(*y) - expected).abs();
            assert!(error <= 1e-6, "channel {c} frame {n}: {y} instead of {expected}");
        }
    }
    let states = |id: u64| -> Vec<&str> {
        let told = ended.events.iter().filter(|e| e["event"] == "source" && e["id"] == id);
        told.map(|e| e["state"].as_str().unwrap()).collect()
    };
    assert_eq!((states(1), states(2)), (vec!["filling", "ready"], vec!["ready"]));
    let bytes = std::fs::read(&path).unwrap();
    render("example-plugin", "mix", &sources, &more);
    assert!(bytes == std::fs::read(&path).unwrap(), "the same command, other bytes");
}

/// The same as three sources of ten minutes: a FLAC file in a loop, a tone, noise at the side.
#[test]
#[ignore = "takes minutes"]
fn ten_minutes_of_a_mix_are_exact_and_twice_the_same() {
    let (flac, samples) = flac();
    let file = format!("loop=all,file:{}", flac.display());
    let sources = [file.as_str(), "tone:997,gain=-20", "noise:pink,bus=sidechain"];
    let more = ["--duration", "600", "--set", "gain=-6", "--rate", "44100"];
    let (_, out, path) = render("example-plugin", "ten minutes", &sources, &more);
    assert_eq!((out.rate, out.frames()), (44_100, 600 * 44_100));
    let mut worst = 0.0_f64;
    for (row, source) in out.channels.iter().zip(&samples) {
        for (n, y) in row.iter().enumerate() {
            let tone = 0.1 * (TAU * 997.0 * n as f64 / 44_100.0).sin();
            let expected = minus_6_db() * (f64::from(source[n % source.len()]) + tone);
            worst = worst.max((f64::from(*y) - expected).abs());
        }
    }
    println!("largest error of 2 × {} samples: {worst:e}", out.frames());
    assert!(worst <= 1e-6, "{worst}");
    let bytes = std::fs::read(&path).unwrap();
    render("example-plugin", "ten minutes", &sources, &more);
    assert!(bytes == std::fs::read(&path).unwrap(), "the same command, other bytes");
}

/// A FLAC file of one second at 44.1 kHz, and what it holds, from the WAV file it was made of.
pub(crate) fn flac() -> (PathBuf, [Vec<f32>; 2]) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/io/tests/data");
    let mut wav = hound::WavReader::open(data.join("sweep.wav")).unwrap();
    let samples: Vec<_> = wav.samples::<i16>().map(|x| f32::from(x.unwrap()) / 32_768.0).collect();
    let channel = |c| samples.iter().skip(c).step_by(2).copied().collect();
    (data.join("sweep.flac"), [channel(0), channel(1)])
}

#[test]
fn a_long_file_is_read_ahead_without_a_missing_frame() {
    // Longer than what is kept in memory.
    let long = Wav::new(48_000, vec![noise(5, 0.9, 2_200_000), noise(6, 0.9, 2_200_000)]);
    let path = tmp("sources").join("long.wav");
    long.write(&path);
    let file = format!("loop=44-45,file:{}", path.display());
    let more = ["--duration", "60", "--set", "gain=-6"];
    let (ended, out, _) = render("example-plugin", "long", &[&file], &more);
    let (start, end) = (44 * 48_000, 45 * 48_000);
    for (row, source) in out.channels.iter().zip(&long.channels) {
        for (n, y) in row.iter().enumerate() {
            let at = if n < end { n } else { start + (n - start) % (end - start) };
            let error = (f64::from(*y) - minus_6_db() * f64::from(source[at])).abs();
            assert!(error <= 1e-6, "frame {n}: {y}");
        }
    }
    let told = ended.events.iter().filter(|e| e["event"] == "source");
    let states: Vec<_> = told.map(|e| e["state"].as_str().unwrap()).collect();
    assert!(states.starts_with(&["filling"]) && states.ends_with(&["ready"]), "{states:?}");
    assert!(!states.contains(&"starved"), "{states:?}");
}

#[test]
fn the_sidechain_moves_the_compressor() {
    let plugin = "plugin-sdk/examples/compressor";
    let level = |name: &str, sources: &[&str]| {
        let more = ["--duration", "2", "--set", "external=1"];
        let (_, out, _) = render(plugin, name, sources, &more);
        f64::from(out.channels[0][95_000])
    };
    let free = level("free", &["dc:0.5"]);
    assert!((free - 0.5).abs() < 1e-6, "nothing on the sidechain: {free}");
    // 18 dB above the threshold at a ratio of 4.
    let pressed = level("pressed", &["dc:0.5", "dc:1,bus=sidechain"]);
    let expected = 0.5 * 10_f64.powf(-13.5 / 20.0);
    assert!((pressed - expected).abs() < 1e-3, "{pressed} instead of {expected}");
}

#[test]
fn a_microphone_that_is_a_source_has_a_level_and_a_bus() {
    let voice = Wav::new(48_000, vec![noise(3, 0.9, 48_000)]);
    let path = tmp("sources").join("voice.wav");
    voice.write(&path);
    let input = format!("virtual:file={}", path.display());
    let more = ["--input", &input, "--duration", "1", "--set", "gain=-6"];
    let sources = ["mic,gain=-20,bus=master", "silence"];
    let (ended, out, _) = render("example-plugin", "mic", &sources, &more);
    let latency = ended.event("audio_started")["latency_frames"].as_u64().unwrap();
    let latency = usize::try_from(latency).unwrap();
    for row in &out.channels {
        for (n, y) in row.iter().enumerate().skip(latency) {
            // Around the plugin: its gain is not heard.
            let expected = 0.1 * voice.channels[0][n - latency];
            assert!((y - expected).abs() < 1e-6, "frame {n}: {y} instead of {expected}");
        }
    }
}

#[test]
fn a_session_shows_where_its_sources_stand() {
    let words = ["run", "example-plugin", "--no-watch", "--output", "virtual"];
    let text = tmp("sources").join("text.wav");
    std::fs::write(&text, "It was a dark and stormy night.\n").unwrap();
    let broken = format!("file:{}", text.display());
    let sources = ["--source", "sweep,bus=dry", "--source", "impulse", "--source", &broken];
    let unheard = ["--source", "clicks,bus=sidechain"];
    let mut server = Server::start(&[&words[..], &sources[..], &unheard[..]].concat());
    let listening = server.wait("listening");
    // In which order they are told is a matter of threads.
    let is = |e: &Value, id: u64, state| e["id"] == id && e["state"] == state;
    let is_told = |seen: &[Value], id, state| seen.iter().any(|e| is(e, id, state));
    while !(is_told(&server.seen, 3, "failed") && is_told(&server.seen, 2, "eof")) {
        server.wait("source");
    }
    let failed = server.seen.iter().find(|e| is(e, 3, "failed")).unwrap().clone();
    assert_eq!((&failed["id"], &failed["spec"]), (&json!(3), &json!(broken)));
    assert!(failed["reason"].as_str().unwrap().contains("no sound file that is known"));
    let mut line = Line::open(&listening);
    let status = line.call("status", &json!({}));
    let sources = status["sources"].as_array().unwrap();
    let states: Vec<_> = sources.iter().map(|s| s["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["ready", "eof", "failed", "ready"]);
    let position = |status: &Value| status["sources"][0]["position"].as_f64().unwrap();
    let before = position(&status);
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(position(&line.call("status", &json!({}))) > before);
    let ended = server.stop();
    assert!(ended.stderr.contains("Source") && ended.stderr.contains("text.wav"));
    assert!(ended.stderr.contains("clicks,bus=sidechain: the plugin has no sidechain"));
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_script_whose_file_cannot_be_played_fails() {
    let words = ["run", "example-plugin", "--output", "virtual", "--clock", "fast"];
    let more = ["--duration", "1", "--source", "file:no/such.wav"];
    let ended = run(&[&words[..], &more[..]].concat());
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("cannot play no/such.wav: No such file"), "{}", ended.stderr);
    assert_eq!(ended.events.last().unwrap()["event"], "stopped");
}

#[test]
fn wrong_words_are_usage_errors_that_say_what_is_right() {
    let refused = |more: &[&str], word: &str| {
        let words = ["run", "example-plugin", "--output", "virtual"];
        let ended = run(&[&words[..], more].concat());
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(word), "{word:?} in\n{}", ended.stderr);
    };
    refused(&["--source", "tone:loud"], "tone: \"loud\" is not a number from 0.01 to 384000");
    refused(&["--source", "kazoo"], "it is one of file:PATH, tone:HZ");
    refused(&["--source", "sweep,bus=aux"], "expected one of plugin-in, sidechain, dry, master");
    refused(&["--source", "mic", "--input", "none"], "--source mic and --input none");
    refused(&["--source", "mic", "--source", "mic,pan=1"], "the microphone is named twice");
    refused(&["--source", "tone:24000"], "at 48000 Hz a tone has to be below 24000 Hz");
}
