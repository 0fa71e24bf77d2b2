//! What is a change, and when it is built.

use std::{fs, time::Duration};

use serde_json::Value;

use crate::{
    crates::{Crate, UNITY, source},
    reload::{Booth, assert_nothing_lost, pause, wait_for_sound},
    server::Server,
    take::Take,
};

fn law(gain: f32) -> String {
    format!("*sample *= gain * {gain:?};")
}

fn is(event: &Value, name: &str) -> bool {
    event["event"] == name
}

/// Ends the session; the last sound must have this gain, and it must be the last of all.
fn assert_ends_with(booth: &Booth, mut server: Server, gain: f32) {
    server.settle();
    pause(&mut server, 100);
    let ended = server.stop().succeeded();
    assert_nothing_lost(&ended);
    let out = booth.out();
    let take = Take::new(&booth.input, &out, 0, 1.0);
    let end = take.exact_until(take.find(take.first(), gain), gain);
    take.assert_fades_out(end, gain);
}

#[test]
fn ten_saves_in_a_row_are_built_at_most_twice_and_the_last_sounds() {
    let (plugin, booth) = (Crate::new("saves"), Booth::new("ten"));
    let mut server = booth.start(&plugin, &[]);
    wait_for_sound(&mut server);
    let before = server.count("build_started");
    for n in 1..=10_u8 {
        plugin.law(&law(f32::from(n) / 16.0));
        std::thread::sleep(Duration::from_millis(20));
    }
    server.settle();
    let started = server.count("build_started") - before;
    println!("ten saves: {started} builds");
    assert!((1..=2).contains(&started), "{:#?}", server.seen);
    assert_ends_with(&booth, server, 10.0 / 16.0);
}

#[test]
fn saves_faster_than_the_build_are_heard_at_least_every_third_time() {
    let (plugin, booth) = (Crate::new("saves"), Booth::new("thirty"));
    let mut server = booth.start(&plugin, &[]);
    wait_for_sound(&mut server);
    plugin.law(&law(0.75));
    let mut build_ms = server.wait("reloaded")["build_ms"].as_f64().unwrap();
    let (mut reloads, mut since, mut longest) = (0, 0, 0);
    for n in 1..=30_u8 {
        plugin.law(&law(f32::from(n) / 32.0));
        since += 1;
        // The machine is not equally fast all the time: the newest build counts.
        let heard = server.listen_for(Duration::from_secs_f64(build_ms * 0.8 / 1e3));
        for reloaded in heard.iter().filter(|event| is(event, "reloaded")) {
            build_ms = reloaded["build_ms"].as_f64().unwrap();
            (reloads, since, longest) = (reloads + 1, 0, longest.max(since));
        }
    }
    println!("30 saves: {reloads} reloads, at most {longest} saves per reload");
    assert!(reloads * 3 >= 30, "{reloads} reloads: {:#?}", server.seen);
    assert_ends_with(&booth, server, 30.0 / 32.0);
}

#[test]
fn what_changes_nothing_builds_nothing() {
    let (plugin, booth) = (Crate::new("saves"), Booth::new("touch"));
    let mut server = booth.start(&plugin, &[]);
    wait_for_sound(&mut server);
    server.settle();
    let before = server.count("build_started");
    let file = plugin.dir.join("src/lib.rs");
    let text = fs::read_to_string(&file).unwrap();
    let nothing: [&dyn Fn(); 5] = [
        &|| drop(fs::OpenOptions::new().append(true).open(&file).unwrap()),
        &|| {
            let now = std::time::SystemTime::now();
            fs::File::open(&file).unwrap().set_modified(now).unwrap();
        },
        &|| fs::write(&file, &text).unwrap(),
        &|| plugin.save_by_rename(&[("src/lib.rs", &text)]),
        &|| fs::write(plugin.dir.join("src/lib.rs~"), "a backup").unwrap(),
    ];
    for act in nothing {
        act();
        pause(&mut server, 100);
    }
    server.listen_for(Duration::from_secs(10));
    assert_eq!(server.count("build_started"), before, "{:#?}", server.seen);
    plugin.law(&law(0.5));
    server.wait("reloaded");
    assert_ends_with(&booth, server, 0.5);
}

#[test]
#[ignore = "a minute"]
fn a_minute_of_idleness_builds_nothing() {
    let (plugin, booth) = (Crate::new("saves"), Booth::new("idle"));
    let mut server = booth.start(&plugin, &[]);
    wait_for_sound(&mut server);
    let heard = server.listen_for(Duration::from_mins(1));
    assert!(heard.iter().all(|event| !is(event, "build_started")), "{heard:#?}");
    assert_nothing_lost(&server.stop().succeeded());
}

#[test]
fn files_saved_together_are_built_once() {
    let (plugin, booth) = (Crate::new("saves"), Booth::new("together"));
    let lib = |function: &str| {
        let call = format!("*sample = law::{function}(*sample, gain);");
        source(&call).replace("use retake_sdk", "mod law;\nuse retake_sdk")
    };
    let module = |function: &str, gain: f32| {
        format!("pub fn {function}(x: f32, gain: f32) -> f32 {{\n    x * gain * {gain:?}\n}}\n")
    };
    plugin.save("src/law.rs", &module("first", 1.0));
    plugin.save("src/lib.rs", &lib("first"));
    let mut server = booth.start(&plugin, &[]);
    wait_for_sound(&mut server);
    server.settle();
    let before = server.count("build_started");
    // A build between the two would not find the function.
    plugin
        .save_by_rename(&[("src/law.rs", &module("second", 0.5)), ("src/lib.rs", &lib("second"))]);
    server.wait("reloaded");
    server.settle();
    assert_eq!(server.count("build_started"), before + 1, "{:#?}", server.seen);
    assert_eq!(server.count("build_failed"), 0);
    assert_ends_with(&booth, server, 0.5);
    plugin.law(UNITY);
}
