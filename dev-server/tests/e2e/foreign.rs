//! Plugins that know nothing of Retake: the whole loop without a changed line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    crates::{alone, write},
    reload::{Booth, assert_nothing_lost, pause, wait_for_sound},
    server::{Server, retake, tmp},
    take::Take,
    wav::Wav,
};

/// Runs `retake run ARGS` in `dir`, between the booth's files.
fn start(booth: &Booth, dir: &Path, args: &[&str]) -> Server {
    let mut command = retake();
    command.current_dir(dir).arg("run").args(args).args(["--json", "--port", "0"]);
    for (end, file) in [("--input", "in"), ("--output", "out")] {
        command.args([end, &format!("virtual:file={}", booth.file(file).display())]);
    }
    command.arg("--record").arg(booth.file("record"));
    Server::spawn(command)
}

/// Ends the session and listens: these gains, each after the other, with nothing but the
/// cross-fade in between and no frame missing.
fn hears(booth: &Booth, mut server: Server, gains: &[f32]) {
    pause(&mut server, 200);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);
    let recorded = Wav::read(&booth.file("record"));
    for channel in 0..2 {
        let take = Take::new(&booth.input, &recorded, channel, gains[0]);
        let ends = take.assert_gains(gains);
        println!("channel {channel}: ends {ends:?} of {}", recorded.frames());
        assert_eq!(ends.last(), Some(&recorded.frames()));
    }
}

fn edit(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old:?} in {}", file.display());
    fs::write(file, text.replace(old, new)).unwrap();
}

fn assert_carried(reloaded: &Value) {
    println!("{reloaded}");
    assert_eq!(reloaded["lost_frames"], 0, "{reloaded}");
    assert_eq!(reloaded["params"]["carried"], 1, "{reloaded}");
}

#[test]
fn a_c_plugin_takes_its_new_law_over_under_sound() {
    let (_alone, booth) = (alone(), Booth::new("foreign-c"));
    let parent = tmp("foreign");
    let dir = parent.join("in-c");
    // Of a run before.
    let _ = fs::remove_dir_all(&dir);
    let made = retake().current_dir(&parent).args(["new", "in-c", "--template", "c"]).output();
    assert!(made.unwrap().status.success());

    // The command line that `retake new` prints.
    let run = ["in-c.clap", "--build", "./build.sh", "--watch", "src", "--set", "Gain=-6"];
    let mut server = start(&booth, &dir, &run);
    wait_for_sound(&mut server);
    pause(&mut server, 100);
    let source = dir.join("src/plugin.c");
    edit(&source, "{ return sample * gain; }", "{ return sample * gain * 0.5f }");
    let failed = server.wait("build_failed");
    let diagnostic = &failed["diagnostics"][0];
    assert_eq!(diagnostic["file"], "src/plugin.c", "{failed}");
    assert_eq!((&diagnostic["level"], diagnostic["line"].is_u64()), (&"error".into(), true));
    edit(&source, "{ return sample * gain * 0.5f }", "{ return sample * gain * 0.5f; }");
    assert_carried(&server.wait("reloaded"));
    let minus_6_db = 10.0_f64.powf(-6.0 / 20.0) as f32;
    hears(&booth, server, &[minus_6_db, minus_6_db * 0.5]);
}

#[test]
fn a_nice_plug_plugin_takes_its_new_law_over_and_keeps_its_parameter() {
    let (_alone, booth) = (alone(), Booth::new("foreign-nice"));
    let dir = copied("nice-gain");
    build(&dir);
    let mut server = start(&booth, &dir, &["--set", "Gain=0.5"]);
    wait_for_sound(&mut server);
    pause(&mut server, 100);
    edit(&dir.join("src/lib.rs"), "*sample *= gain;", "*sample *= gain * 0.5;");
    assert_carried(&server.wait("reloaded"));
    // A parameter that was not carried would be 1.0 again, and this 0.5.
    hears(&booth, server, &[0.5, 0.25]);
}

/// Builds a crate and plays it for a moment: a framework's first build may take longer than anybody
/// has patience.
fn build(dir: &Path) {
    let moment = ["--no-watch", "--duration", "0.1", "--port", "0"];
    let mut command = retake();
    command.arg("run").arg(dir).args(moment).args(["--input", "virtual", "--output", "virtual"]);
    let built = command.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

/// The plugin of that name below `tests/plugins`, where it can be edited.
fn copied(name: &str) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugins").join(name);
    let to = tmp("foreign").join(name);
    fs::create_dir_all(to.join("src")).unwrap();
    for file in ["Cargo.toml", "Cargo.lock", "src/lib.rs"] {
        write(&to.join(file), &fs::read_to_string(from.join(file)).unwrap());
    }
    to
}
