//! How the audio thread is scheduled: as the kernel has it, as it is told, and where it is refused.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{line::Line, server::Server};

const ARGS: [&str; 6] =
    ["run", "example-plugin", "--input", "virtual:tone=997", "--output", "virtual"];

/// Policy and priority of the process's thread `virtual`: fields 41 and 40 of its stat.
fn kernels_word(pid: u32) -> (u32, u32) {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    for task in tasks.map(|task| task.unwrap().path()) {
        let stat = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.rsplit_once(") ") else { continue };
        if name.ends_with("(virtual") {
            let field = |n: usize| rest.split(' ').nth(n - 3).unwrap().parse().unwrap();
            return (field(41), field(40));
        }
    }
    panic!("no thread \"virtual\" in {pid}");
}

/// Waits until that process's audio thread has no priority any more.
pub(crate) fn await_normal(pid: u32) {
    let until = Instant::now() + Duration::from_secs(20);
    while kernels_word(pid).1 > 0 {
        assert!(Instant::now() < until, "it keeps its priority");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The session's `priority` event, which `status` repeats.
fn told(server: &mut Server) -> Value {
    let listening = server.wait("listening");
    let told = server.wait("priority")["priority"].take();
    let status = Line::open(&listening).call("status", &json!({}));
    assert_eq!(status["audio"]["priority"], told);
    told
}

#[test]
fn the_audio_thread_has_the_priority_that_is_told() {
    let mut server = Server::start(&ARGS);
    let told = told(&mut server);
    let is_real_time = told["policy"] == "real-time";
    // SCHED_FIFO, with the flag that what it starts has none; or as all others.
    let value = u32::try_from(told["value"].as_u64().unwrap_or(0)).unwrap();
    assert_eq!(kernels_word(server.pid()), if is_real_time { (1, value) } else { (0, 0) });
    assert_eq!(told["lacks"].as_array().unwrap().is_empty(), is_real_time, "{told}");
    let ended = server.stop().succeeded();
    assert_eq!(ended.stderr.matches("Priority").count(), usize::from(!is_real_time));
}

/// `retake` where no real-time priority is allowed, whoever runs the tests.
fn without_the_right() -> Server {
    let plain = Server::command(&ARGS);
    let (tool, keys): (_, &[&str]) = if rustix::process::getuid().is_root() {
        ("setpriv", &["--bounding-set=-sys_nice", "--inh-caps=-sys_nice"])
    } else {
        ("prlimit", &["--rtprio=0:0"])
    };
    let mut command = Command::new(tool);
    command.args(keys);
    command.arg(plain.get_program()).args(plain.get_args());
    for (key, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    command.current_dir(plain.get_current_dir().unwrap());
    Server::spawn(command)
}

#[test]
fn a_refused_priority_is_told_once_and_nothing_fails() {
    let mut server = without_the_right();
    let told = told(&mut server);
    assert_eq!((&told["policy"], &told["value"]), (&json!("normal"), &Value::Null));
    let lacks = told["lacks"][0].as_str().unwrap();
    assert!(lacks.contains("rtprio") && lacks.contains("not permitted"), "{lacks}");
    assert_eq!(kernels_word(server.pid()), (0, 0));
    server.listen_for(Duration::from_secs(1));
    let ended = server.stop().succeeded();
    assert_eq!(ended.stderr.matches("real-time priority").count(), 1, "{}", ended.stderr);
    assert!(ended.event("stopped")["frames"].as_u64().unwrap() > 24_000);
}
