//! The ways to end: Ctrl-C and a polite kill at any time, and the given duration.

use rustix::process::Signal;

use crate::{
    crates::Crate,
    reload::{Booth, assert_nothing_lost, pause, wait_for_sound},
    server::{Ended, Server, run, tmp},
    take::Take,
    wav::Wav,
};

fn assert_ended_in_order(ended: Ended) -> Ended {
    let ended = ended.succeeded();
    ended.assert_stopped_last();
    assert_eq!(ended.event("stopped")["reason"], "signal");
    ended
}

#[test]
fn both_signals_fade_out() {
    let (plugin, booth) = (Crate::new("signals"), Booth::new("signals"));
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = booth.start(&plugin, &[]);
        wait_for_sound(&mut server);
        pause(&mut server, 100);
        server.signal(signal);
        let ended = assert_ended_in_order(server.end());
        assert_nothing_lost(&ended);
        let out = booth.out();
        let take = Take::new(&booth.input, &out, 0, 1.0);
        take.assert_fades_out(take.exact_until(take.first(), 1.0), 1.0);
    }
}

#[test]
fn an_end_during_the_first_build_leaves_nothing() {
    let (plugin, booth) = (Crate::new("signals"), Booth::new("unbuilt"));
    plugin.law("*sample *= gain * 0.125;");
    let mut server = booth.start(&plugin, &[]);
    server.wait("build_started");
    pause(&mut server, 50);
    assert!(server.traces.processes().len() > 1, "cargo runs");
    let ended = assert_ended_in_order(server.stop());
    println!("{}", ended.stderr);
    assert!(ended.events.iter().all(|event| event["event"] != "audio_started"));
}

#[test]
fn an_end_kills_what_a_build_has_started() {
    let dir = tmp("endless");
    let library = dir.join("libnever.so");
    let (library, dir) = (library.to_str().unwrap(), dir.to_str().unwrap());
    let command = "sleep 3600 & sleep 3600";
    let mut server = Server::start(&["run", library, "--build", command, "--watch", dir]);
    server.wait("build_started");
    let n_asleep = |server: &Server| {
        let processes = server.traces.processes();
        processes.iter().filter(|(_, line)| line.contains("sleep")).count()
    };
    for _ in 0..1_000 {
        if n_asleep(&server) >= 2 {
            break;
        }
        pause(&mut server, 10);
    }
    assert!(n_asleep(&server) >= 2, "the command runs");
    assert_ended_in_order(server.stop());
}

#[test]
fn an_end_during_a_swap_leaves_nothing() {
    let (plugin, booth) = (Crate::new("signals"), Booth::new("swapping"));
    for n in 1..=3_u8 {
        let mut server = booth.start(&plugin, &[]);
        wait_for_sound(&mut server);
        plugin.law(&format!("*sample *= gain * 0.{n};"));
        server.wait("build_started");
        // Told while the fade runs: it lasts four periods.
        server.wait("reloaded");
        assert_nothing_lost(&assert_ended_in_order(server.stop()));
        plugin.law(crate::crates::UNITY);
    }
}

#[test]
fn a_duration_at_the_real_clock_is_kept_to_the_frame() {
    let out = tmp("booth").join("duration.wav");
    let output = format!("virtual:period=512,file={}", out.display());
    let words = ["run", "example-plugin", "--input", "virtual", "--output", &output];
    let ended = run(&[&words[..], &["--duration", "1.2345"]].concat()).succeeded();
    ended.assert_stopped_last();
    let stopped = ended.event("stopped");
    assert_eq!(stopped["reason"], "duration");
    assert_eq!(Wav::read(&out).frames(), 59_256);
}
