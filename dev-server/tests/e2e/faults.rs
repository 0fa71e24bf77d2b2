//! Mistakes of the author: the old sound stays, the mistake is named, the fix is heard.

use serde_json::{Value, json};

use crate::{
    crates::{Crate, UNITY, source},
    line::Line,
    priority::await_normal,
    reload::{Booth, assert_nothing_lost, pause, wait_for_sound},
    server::{Server, tmp},
    take::Take,
};

/// −6 dB as the plugin makes it.
const MINUS_6_DB: f32 = 0.501_187_2;

/// The line of `source` that holds the statement.
fn line_of(statement: &str) -> u64 {
    let text = source(statement);
    let first = statement.lines().next().unwrap();
    let index = text.lines().position(|line| line.contains(first)).unwrap();
    u64::try_from(index).unwrap() + 1
}

fn is_in_the_source(place: &Value) -> bool {
    let file = place["file"].as_str().unwrap();
    file.ends_with("src/lib.rs")
}

#[test]
fn a_syntax_error_then_a_panic_then_a_fix() {
    let (plugin, booth) = (Crate::new("broken"), Booth::new("broken"));
    let mut server = booth.start(&plugin, &[]);
    let mut page = Line::open(&server.wait("listening"));
    wait_for_sound(&mut server);
    pause(&mut server, 100);
    let id = page.call("params", &json!({}))[0]["id"].clone();
    page.call("set_param", &json!({"id": "gain", "value": -6.0}));
    page.wait_for("param", |param| param["id"] == id);
    pause(&mut server, 200);
    break_the_syntax(&plugin, &mut server, &mut page);
    pause(&mut server, 200);
    let line = panic_in_process(&plugin, &mut server, &mut page);
    pause(&mut server, 200);
    fix(&plugin, &mut server, &mut page);
    pause(&mut server, 200);
    drop(page);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    let place = format!("lib.rs:{line}");
    assert!(ended.stderr.contains(&place), "{}", ended.stderr);
    assert!(ended.stderr.contains("boom"));
    assert_nothing_lost(&ended);
    assert_sounds_in_order(&booth);
}

fn break_the_syntax(plugin: &Crate, server: &mut Server, page: &mut Line) {
    let broken = "*sample *= gain * ;";
    plugin.law(broken);
    let failed = server.wait("build_failed");
    let error = &failed["diagnostics"][0];
    assert!(is_in_the_source(error), "{failed}");
    assert_eq!(error["line"], line_of(broken));
    assert!(error["column"].as_u64().unwrap() > 1);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("expected expression"), "{failed}");
    let told = page.wait_for("event", |event| event["event"] == "build_failed");
    assert_eq!(told["diagnostics"], failed["diagnostics"]);
    assert_eq!(page.call("status", &json!({}))["build"], failed);
}

/// Where the warm-up does not come; the line of the panic.
fn panic_in_process(plugin: &Crate, server: &mut Server, page: &mut Line) -> u64 {
    let panics = "if gain < 0.2 {\npanic!(\"boom\") }\n*sample *= gain * 0.25;";
    let line = line_of(panics) + 1;
    plugin.law(panics);
    server.wait("reloaded");
    pause(server, 100);
    page.call("set_param", &json!({"id": "gain", "value": -20.0}));
    let fault = server.wait("fault");
    assert!(is_in_the_source(&fault), "{fault}");
    assert_eq!(fault["kind"], "panic");
    assert_eq!((&fault["action"], &fault["generation"]), (&json!("standby"), &json!(2)));
    assert_eq!(fault["message"], "boom");
    assert_eq!(fault["line"], line);
    let told = page.wait_for("event", |event| event["event"] == "fault");
    assert_eq!(told, fault);
    let promoted = server.wait("promoted");
    assert_eq!((&promoted["generation"], &promoted["instead_of"]), (&json!(1), &json!(2)));
    let status = page.call("status", &json!({}));
    assert_eq!((&status["fault"], &status["generation"]), (&fault, &json!(1)));
    // What moved since the first one played is not forgotten.
    let mut stands_at = || page.call("params", &json!({}))[0]["value"].take();
    let has_come = (0..100).any(|_| {
        pause(server, 10);
        stands_at() == -20.0
    });
    assert!(has_come, "{}", stands_at());
    page.call("set_param", &json!({"id": "gain", "value": -6.0}));
    page.wait_for("param", |param| param["value"] == -6.0);
    line
}

fn fix(plugin: &Crate, server: &mut Server, page: &mut Line) {
    plugin.law("*sample *= gain * 0.5;");
    server.wait("reloaded");
    let params = page.call("params", &json!({}));
    assert_eq!(params[0]["value"], -6.0, "{params}");
    let status = page.call("status", &json!({}));
    assert!(status["fault"].is_null() && status["build"].is_null(), "{status}");
}

/// Old, through the syntax error; the one that panics; the old one again, in the very block that
/// panicked; the fix.
fn assert_sounds_in_order(booth: &Booth) {
    let out = booth.out();
    for channel in 0..2 {
        let take = Take::new(&booth.input, &out, channel, 1.0);
        let set = take.find(take.exact_until(take.first(), 1.0), MINUS_6_DB);
        let swap = take.exact_until(set, MINUS_6_DB);
        let panics = take.find(swap, MINUS_6_DB * 0.25);
        // Nothing but the fade between the old law and the one that panics.
        assert!(panics <= swap + 961, "{swap} to {panics}");
        let end = take.exact_until(panics, MINUS_6_DB * 0.25);
        let set = take.find(end, MINUS_6_DB);
        println!("panic at {end}, at −6 dB from {set}, {} frames", set - end);
        assert!(longest_silence(&out.channels[channel][end..set]) < 16, "nothing between the two");
        let swap = take.exact_until(set, MINUS_6_DB);
        let fixed = take.find(swap, MINUS_6_DB * 0.5);
        assert!(fixed <= swap + 961, "{swap} to {fixed}");
        let end = take.exact_until(fixed, MINUS_6_DB * 0.5);
        take.assert_fades_out(end, MINUS_6_DB * 0.5);
    }
}

/// Frames of zeros in a row.
fn longest_silence(frames: &[f32]) -> usize {
    let runs = frames.chunk_by(|a, b| (*a == 0.0) == (*b == 0.0));
    runs.filter(|run| run[0] == 0.0).map(<[f32]>::len).max().unwrap_or(0)
}

#[test]
fn samples_that_are_no_numbers_are_silence_until_the_fix() {
    let (plugin, booth) = (Crate::new("nan"), Booth::new("nan"));
    let mut server = booth.start(&plugin, &["--admit-anyway"]);
    wait_for_sound(&mut server);
    pause(&mut server, 100);
    plugin.law("*sample *= gain * f32::NAN;");
    let reloaded = server.wait("reloaded");
    assert_eq!(reloaded["warnings"][0]["kind"], "non_finite", "{reloaded}");
    let fault = server.wait("fault");
    assert_eq!((&fault["kind"], &fault["action"]), (&json!("non_finite"), &json!("muted")));
    assert_eq!(fault["generation"], 2);
    pause(&mut server, 200);
    plugin.law("*sample *= gain * 0.5;");
    server.wait("reloaded");
    pause(&mut server, 200);
    assert_eq!(server.count("fault"), 1, "{:#?}", server.seen);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    let out = booth.out();
    for channel in 0..2 {
        assert!(out.channels[channel].iter().all(|x| x.is_finite()));
        let take = Take::new(&booth.input, &out, channel, 1.0);
        let broken = take.exact_until(take.first(), 1.0);
        let fixed = take.find(broken, 0.5);
        let between = &out.channels[channel][broken..fixed - 960];
        assert!(between.iter().all(|&x| x == 0.0), "it was muted");
        take.assert_fades_out(take.exact_until(fixed, 0.5), 0.5);
    }
}

#[test]
fn what_panics_before_it_sounds_is_named_and_the_old_one_plays_on() {
    let (plugin, booth) = (Crate::new("broken"), Booth::new("at-once"));
    let mut server = booth.start(&plugin, &[]);
    let mut page = Line::open(&server.wait("listening"));
    wait_for_sound(&mut server);
    pause(&mut server, 100);
    for generation in 2..5 {
        // No test signal is between these two.
        let panics = format!(
            "assert!(!(0.26..0.9).contains(sample), \"number {generation}\"); *sample *= gain;"
        );
        plugin.law(&panics);
        let fault = server.wait("fault");
        assert!(is_in_the_source(&fault), "{fault}");
        assert_eq!(fault["line"], line_of(&panics));
        assert_eq!(fault["message"], format!("number {generation}"));
        assert_eq!((&fault["kind"], &fault["action"]), (&json!("panic"), &json!("standby")));
        let refused = server.wait("reload_failed");
        assert_eq!((&refused["reason"], &refused["keeps"]), (&json!("panic"), &json!(1)));
        for event in [&fault, &refused] {
            assert_eq!(event["generation"], generation);
        }
        assert_eq!(refused["line"], fault["line"]);
        let status = page.call("status", &json!({}));
        assert_eq!((&status["refused"], &status["fault"]), (&refused, &Value::Null));
    }
    plugin.law("*sample *= gain * 0.5;");
    server.wait("reloaded");
    assert_eq!(page.call("status", &json!({}))["refused"], Value::Null);
    pause(&mut server, 100);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);
    let out = booth.out();
    let take = Take::new(&booth.input, &out, 0, 1.0);
    let swap = take.exact_until(take.first(), 1.0);
    let fixed = take.find(swap, 0.5);
    assert!(fixed <= swap + 961, "{swap} to {fixed}: the old one is heard until the fix");
    take.assert_fades_out(take.exact_until(fixed, 0.5), 0.5);
}

/// On the impulse.
const HANGS: &str = "if *sample > 0.9 { loop { std::thread::sleep(std::time::Duration::from_secs(1)) } }\n*sample *= gain;";

#[test]
fn what_fails_on_a_test_signal_or_in_the_replay_is_refused_with_what_was_found() {
    let (plugin, booth) = (Crate::new("refused"), Booth::new("vetted"));
    let mut server = booth.start(&plugin, &[]);
    let mut page = Line::open(&server.wait("listening"));
    wait_for_sound(&mut server);
    pause(&mut server, 200);
    let panics = "assert!(*sample < 0.9, \"too loud\"); *sample *= gain;";
    let laws = [
        (panics, "panic", json!("impulse"), "panic"),
        ("*sample *= gain * f32::NAN;", "refused", json!("replay"), "non_finite"),
        ("*sample *= gain * 1000.0;", "refused", json!("replay"), "peak"),
        (HANGS, "refused", Value::Null, "hang"),
    ];
    for (law, reason, signal, kind) in &laws {
        plugin.law(law);
        let refused = server.wait("reload_failed");
        println!("{refused}");
        assert_eq!((&refused["reason"], &refused["keeps"]), (&json!(reason), &json!(1)));
        let finding = &refused["findings"][0];
        assert_eq!((&finding["signal"], &finding["kind"]), (signal, &json!(kind)));
        assert_eq!(page.call("status", &json!({}))["refused"], refused);
    }
    // The same bytes are not tried again.
    plugin.law(UNITY);
    server.wait("reloaded");
    plugin.law(HANGS);
    let refused = server.wait("reload_failed");
    assert_eq!(refused["findings"][0]["kind"], "quarantined", "{refused}");
    plugin.law("*sample *= gain * 25.0;");
    let loud = server.wait("reloaded");
    println!("{loud}");
    assert_eq!(
        (&loud["warnings"][0]["signal"], &loud["warnings"][0]["kind"]),
        (&json!("full_scale"), &json!("peak"))
    );
    plugin.law("*sample *= gain * 0.5;");
    let reloaded = server.wait("reloaded");
    assert_eq!(
        (&reloaded["warnings"], reloaded["vet_ms"].as_f64() > Some(0.0)),
        (&json!([]), true)
    );
    pause(&mut server, 100);
    assert_eq!(server.count("fault"), 0, "{:#?}", server.seen);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);
    let out = booth.out();
    let take = Take::new(&booth.input, &out, 0, 1.0);
    let ends = take.assert_gains(&[1.0, 1.0, 25.0, 0.5]);
    take.assert_fades_out(ends[3], 0.5);
}

#[test]
fn a_build_that_hung_is_not_loaded_by_the_next_session_either() {
    let (plugin, booth) = (Crate::new("refused"), Booth::new("quarantine"));
    let state = tmp("states").join("quarantine");
    let _ = std::fs::remove_dir_all(&state);
    let start = |more: &[&str]| booth.start_in(&state, &plugin, more);
    plugin.law(HANGS);
    let findings = |server: &mut Server| server.wait("reload_failed")["findings"][0]["kind"].take();
    let mut server = start(&[]);
    assert_eq!(findings(&mut server), "hang");
    server.stop().succeeded();

    let mut server = start(&[]);
    assert_eq!(findings(&mut server), "quarantined");
    let ended = server.stop().succeeded();
    assert!(ended.stderr.contains("--admit-anyway"), "{}", ended.stderr);

    // The microphone is not loud enough for it; what sounds is pardoned.
    let mut server = start(&["--admit-anyway"]);
    wait_for_sound(&mut server);
    server.stop().succeeded();
    let mut server = start(&[]);
    assert_eq!(findings(&mut server), "hang", "it is tried again");
    server.stop().succeeded();
}

/// Loops for ever, takes all the time there is, aborts: once the gain is turned down.
const ABORTS: &str = "if gain < 0.2 {\nstd::process::abort() }\n*sample *= gain * 0.5;";
const LOOPS: &str = "if gain < 0.2 {\nloop { std::hint::spin_loop() } }\n*sample *= gain * 0.5;";

/// More than a frame's time for each frame.
const CRAWLS: &str = "if gain < 0.2 {\nlet begin = std::time::Instant::now(); while begin.elapsed().as_micros() < 60 {} }\n*sample *= gain * 0.5;";

#[test]
fn a_plugin_in_its_own_process_may_crash_or_hang_and_the_standby_plays_on() {
    let plugin = Crate::new("broken");
    for (kind, law) in [("crash", ABORTS), ("hang", LOOPS), ("over_budget", CRAWLS)] {
        plugin.law(UNITY);
        let booth = Booth::new(kind);
        let mut server = booth.start(&plugin, &["--isolation", "process"]);
        let mut page = Line::open(&server.wait("listening"));
        wait_for_sound(&mut server);
        let isolation = page.call("status", &json!({}))["isolation"].take();
        assert_eq!(isolation["mode"], "process");
        assert!(isolation["pid"].as_u64() > Some(1), "{isolation}");
        pause(&mut server, 200);
        ends_while_it_sounds(&plugin, &mut server, &mut page, (kind, law));
        pause(&mut server, 200);
        // What hung is known by its bytes; what crashed is refused for the replay.
        plugin.law(UNITY);
        server.wait("reloaded");
        plugin.law(law);
        let finding = server.wait("reload_failed")["findings"][0].take();
        println!("{finding}");
        let expected = if kind == "hang" { "quarantined" } else { kind };
        assert_eq!(finding["kind"], expected);
        let ended = server.stop().succeeded();
        println!("{}", ended.stderr);
        assert_eq!(ended.event("stopped")["lost_frames"], 0);
        let silence = assert_the_standby_is_heard(&booth);
        // Its end is seen in that block: only a standby that is late itself is silence, and counted.
        let missed = &ended.event("stopped")["missed_blocks"];
        let is_seamless = kind != "crash" || *missed != 0 || silence <= 1;
        assert!(is_seamless, "{silence} frames of nothing, {missed} blocks missed");
    }
}

fn ends_while_it_sounds(
    plugin: &Crate,
    server: &mut Server,
    page: &mut Line,
    (kind, law): (&str, &str),
) {
    plugin.law(law);
    server.wait("reloaded");
    pause(server, 200);
    page.call("set_param", &json!({"id": "gain", "value": -20.0}));
    let fault = server.wait("fault");
    println!("{fault}");
    assert_eq!((&fault["kind"], &fault["action"]), (&json!(kind), &json!("standby")));
    assert_eq!((&fault["generation"], &fault["line"]), (&json!(2), &json!(line_of(law) + 1)));
    assert!(is_in_the_source(&fault), "{fault}");
    assert!(fault["stack"].as_array().is_some_and(|stack| stack.len() > 1));
    let promoted = server.wait("promoted");
    assert_eq!((&promoted["generation"], &promoted["instead_of"]), (&json!(1), &json!(2)));
    let status = page.call("status", &json!({}));
    assert_eq!((&status["generation"], &status["fault"]), (&json!(1), &fault));
}

/// How long nothing was heard before it.
fn assert_the_standby_is_heard(booth: &Booth) -> usize {
    let out = booth.out();
    let take = Take::new(&booth.input, &out, 0, 1.0);
    let broken = take.find(take.exact_until(take.first(), 1.0), 0.5);
    let end = take.exact_until(broken, 0.5);
    // −20 dB as the standby makes it.
    let standby = take.find(end, 0.1);
    println!("{} frames from the end to the standby's own sound", standby - end);
    longest_silence(&out.channels[0][end..standby])
}

#[test]
fn a_block_without_end_in_process_ends_the_session_and_is_known_next_time() {
    let (plugin, booth) = (Crate::new("broken"), Booth::new("endless"));
    let state = tmp("states").join("endless");
    let _ = std::fs::remove_dir_all(&state);
    let more = ["--isolation", "in-process"];
    let mut server = booth.start_in(&state, &plugin, &more);
    let mut page = Line::open(&server.wait("listening"));
    wait_for_sound(&mut server);
    plugin.law(LOOPS);
    server.wait("reloaded");
    page.call("set_param", &json!({"id": "gain", "value": -20.0}));
    await_normal(server.pid());
    let fault = server.wait("fault");
    assert_eq!((&fault["kind"], &fault["action"]), (&json!("hang"), &json!("muted")));
    assert_eq!(fault["generation"], 2);
    server.end().failed(1, &["--isolation process", "does not end"]);

    let mut server = booth.start_in(&state, &plugin, &more);
    assert_eq!(server.wait("reload_failed")["findings"][0]["kind"], "quarantined");
    server.stop().succeeded();
}

#[test]
fn what_an_audio_thread_must_not_do_is_told_with_its_line() {
    let (plugin, booth) = (Crate::new("first"), Booth::new("audit"));
    let law = "let copy = vec![*sample; 64];\n*sample *= gain * std::hint::black_box(&copy)[0].signum().abs();";
    plugin.law(law);
    let mut server = booth.start(&plugin, &["--isolation", "process"]);
    let mut page = Line::open(&server.wait("listening"));
    wait_for_sound(&mut server);
    let audit = server.wait("audit");
    println!("{audit}");
    assert_eq!(audit["generation"], 1);
    let findings = audit["findings"].as_array().unwrap();
    let found = findings.iter().find(|found| found["kind"] == "allocation").unwrap();
    assert!(is_in_the_source(found) && found["line"] == line_of(law), "{found}");
    let status = page.call("status", &json!({}));
    assert_eq!(status["audit"].as_array().map(Vec::len), Some(findings.len()));
    let ended = server.stop().succeeded();
    assert!(ended.stderr.contains("Audit"), "{}", ended.stderr);
}

#[test]
fn what_is_too_loud_for_a_speaker_is_held_below_its_ceiling_and_told() {
    let (plugin, booth) = (Crate::new("signals"), Booth::new("limit"));
    plugin.law("*sample *= gain * 1.99;");
    let mut server = booth.start(&plugin, &["--limit"]);
    let guard = server.wait("guard");
    assert_eq!(guard["kind"], "limiter", "{guard}");
    assert!(guard["n"].as_u64() > Some(0), "{guard}");
    pause(&mut server, 300);
    let ended = server.stop().succeeded();
    assert_eq!(ended.event("stopped")["missed_blocks"], 0);
    assert!(ended.stderr.contains("−1 dBFS"), "{}", ended.stderr);
    let out = booth.out();
    let loudest = out.channels.iter().flatten().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!((0.85..=0.8913).contains(&loudest), "{loudest}");
}

#[test]
fn a_panic_in_the_first_block_is_a_fault_of_what_has_just_begun() {
    let (plugin, booth) = (Crate::new("broken"), Booth::new("first"));
    plugin.law("assert!(gain < 0.0, \"at once\"); *sample *= gain;");
    let mut server = booth.start(&plugin, &["--admit-anyway"]);
    let mut page = Line::open(&server.wait("listening"));
    assert_eq!(server.wait("reloaded")["generation"], 1);
    let fault = server.wait("fault");
    assert_eq!((&fault["generation"], &fault["action"]), (&json!(1), &json!("bypassed")));
    assert_eq!(page.call("status", &json!({}))["fault"], fault);
    pause(&mut server, 100);
    plugin.law("*sample *= gain * 0.5;");
    server.wait("reloaded");
    assert_eq!(page.call("status", &json!({}))["fault"], Value::Null);
    pause(&mut server, 100);
    let ended = server.stop().succeeded();
    assert_nothing_lost(&ended);
    let mut out = booth.out();
    // The way from silence to the input is no whole block.
    let first = out.channels[0].iter().position(|&x| x != 0.0).unwrap();
    out.channels[0][..first + 2_000].fill(0.0);
    let take = Take::new(&booth.input, &out, 0, 1.0);
    let last = take.find(0, 0.5);
    let dry = take.exact_until(last - 3_000, 1.0);
    assert!(dry >= last - 961, "the input is heard until the fix");
    take.assert_fades_out(take.exact_until(last, 0.5), 0.5);
}

#[test]
fn a_plugin_that_hangs_while_it_is_made_is_left_behind() {
    let (plugin, booth) = (Crate::new("refused"), Booth::new("hangs"));
    let mut server = booth.start(&plugin, &[]);
    wait_for_sound(&mut server);
    let hangs = "loop { std::thread::sleep(std::time::Duration::from_secs(1)) }";
    plugin.save("src/lib.rs", &with_new(hangs));
    let refused = server.wait("reload_failed");
    assert_eq!(refused["reason"], "timeout", "{refused}");
    assert_eq!(refused["keeps"], 1);
    plugin.law("*sample *= gain * 0.5;");
    server.wait("reloaded");
    pause(&mut server, 100);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);
    let out = booth.out();
    let take = Take::new(&booth.input, &out, 0, 1.0);
    take.assert_fades_out(take.assert_gains(&[1.0, 0.5])[1], 0.5);
}

/// The plugin with this body of `Default::default`.
fn with_new(body: &str) -> String {
    let source = source(UNITY)
        .replace("#[derive(Debug, Default)]\npub struct", "#[derive(Debug)]\npub struct");
    format!("{source}\nimpl Default for Gain {{\n    fn default() -> Self {{ {body} }}\n}}\n")
}

/// Sources of libraries that cannot be used: why, and a word of the message.
fn useless() -> [(String, &'static str, &'static str); 3] {
    let unity = source(UNITY);
    let no_entry = unity.replace("export_plugin!(Gain);", "").replace(", export_plugin", "");
    let panics_in_new = with_new("panic!(\"no gain\")");
    let panics_in_activate = unity.replace(
        "    fn process(",
        "    fn activate(&mut self, _: retake_sdk::Config) { panic!(\"not at this rate\") }\n\n    fn process(",
    );
    [
        (no_entry, "no_clap_entry", "clap_entry"),
        (panics_in_new, "panic", "no gain"),
        (panics_in_activate, "panic", "not at this rate"),
    ]
}

#[test]
fn a_library_that_cannot_be_used_is_refused_and_the_old_one_plays_on() {
    let (plugin, booth) = (Crate::new("refused"), Booth::new("refused"));
    let mut server = booth.start(&plugin, &[]);
    let mut page = Line::open(&server.wait("listening"));
    wait_for_sound(&mut server);
    pause(&mut server, 100);
    for (text, reason, message) in &useless() {
        plugin.save("src/lib.rs", text);
        let refused = server.wait("reload_failed");
        println!("{refused}");
        assert_eq!((&refused["reason"], &refused["keeps"]), (&json!(reason), &json!(1)));
        assert!(refused["message"].as_str().unwrap().contains(message), "{refused}");
        pause(&mut server, 50);
    }
    // What never sounded is no fault of what sounds.
    assert_eq!(server.count("fault"), 0, "{:#?}", server.seen);
    assert_eq!(page.call("status", &json!({}))["fault"], Value::Null);
    plugin.law("*sample *= gain * 0.5;");
    server.wait("reloaded");
    pause(&mut server, 100);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);
    let out = booth.out();
    let take = Take::new(&booth.input, &out, 0, 1.0);
    let ends = take.assert_gains(&[1.0, 0.5]);
    take.assert_fades_out(ends[1], 0.5);
}
