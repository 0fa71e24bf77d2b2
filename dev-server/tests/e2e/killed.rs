//! `kill -9` at any moment: of the server, of a plugin's process, of both.
#![cfg(target_os = "linux")]

use std::{collections::BTreeSet, fs, time::Duration};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    crates::Crate,
    deeds::{self, Place},
    reload::Booth,
    server::Server,
    traces::Traces,
};

/// Numbers that nobody chose.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seed = now.unwrap().subsec_nanos().into();
        println!("seed {seed}");
        Self(seed)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % n
    }
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Victim {
    Server,
    Plugins,
    Both,
}

const ISOLATED: [&str; 4] = ["--isolation", "process", "--period", "512"];

/// Plugins' processes that are there now; none yet, perhaps.
fn plugins(traces: &Traces) -> Vec<u32> {
    let all = traces.processes().into_iter();
    all.filter(|(_, line)| line.contains("plugin-host")).map(|(pid, _)| pid).collect()
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    // One that has just ended of itself is as dead.
    let _ = kill_process(pid, Signal::KILL);
}

/// Names of shared memory that others can see.
fn shared() -> BTreeSet<String> {
    let entries = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Starts a session, saves something into it, and kills while something is going on.
fn kill_once(plugin: &Crate, booth: &Booth, traces: &Traces, n: u32, dice: &mut Dice) {
    let victim = [Victim::Server, Victim::Plugins, Victim::Both][dice.below(3) as usize];
    plugin.save("src/lib.rs", &deeds::good(2 * n + 2));
    let mut server = Server::spawn_among(booth.command(plugin, &ISOLATED), traces.clone());
    // While it starts, while it sounds, or in whichever stage of a reload.
    let (since, longest_ms) =
        [("start", 2_000), ("sound", 300), ("save", 1_000)][dice.below(3) as usize];
    if since != "start" {
        server.wait("reloaded");
    }
    if since == "save" {
        plugin.save("src/lib.rs", &deeds::good(2 * n + 3));
    }
    let after = Duration::from_millis(dice.below(longest_ms));
    server.listen_for(after);
    let pids = plugins(traces);
    println!("{n}: {victim:?}, {after:?} after the {since}, {pids:?}");
    if victim != Victim::Server {
        pids.iter().copied().for_each(kill);
    }
    if victim == Victim::Plugins {
        // The session lives on: a save is heard.
        server.settle();
        plugin.save("src/lib.rs", &deeds::source(Place::Process, "", 500 + n));
        server.wait("reloaded");
        server.stop().succeeded();
        return;
    }
    kill(server.pid());
    server.await_end();
    traces.await_no_process();
    assert_eq!(traces.libraries(), Vec::<String>::new(), "copies of a library");
}

/// Kills so often; nothing may stay, and each next start finds a clean house.
fn kill_at_random(n_times: u32) {
    let (plugin, booth) = (Crate::new("hostile"), Booth::new("killed"));
    let (traces, mut dice, before) = (Traces::new(), Dice::new(), shared());
    for n in 0..n_times {
        kill_once(&plugin, &booth, &traces, n, &mut dice);
    }
    plugin.save("src/lib.rs", &deeds::good(1));
    let mut server = Server::spawn_among(booth.command(&plugin, &ISOLATED), traces.clone());
    server.wait("reloaded");
    let ended = server.stop().succeeded();
    assert!(!ended.stderr.contains("Error"), "{}", ended.stderr);
    traces.assert_gone();
    let left: Vec<_> = shared().difference(&before).cloned().collect();
    assert!(left.iter().all(|name| !name.contains("retake")), "{left:?}");
}

#[test]
fn killed_at_random_nothing_stays() {
    kill_at_random(5);
}

#[test]
#[ignore = "two minutes"]
fn killed_at_random_fifty_times_nothing_stays() {
    kill_at_random(50);
}
