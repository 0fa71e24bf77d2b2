//! Ten thousand commands while microphones stall and every core is busy: each is answered, and what
//! was accepted is what stands in the end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    line::Line,
    server::{Server, tmp},
    wav::Wav,
};

const N_COMMANDS: usize = 10_000;
/// Refused now, right later.
const BUSY: i64 = -32_000;

/// Two threads that work for nothing, until this is dropped.
struct Hogs {
    may_end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Hogs {
    fn start() -> Self {
        let may_end = Arc::new(AtomicBool::new(false));
        let spin = || {
            let may_end = Arc::clone(&may_end);
            std::thread::spawn(move || while !may_end.load(Ordering::Relaxed) {})
        };
        let threads = vec![spin(), spin()];
        Self { may_end, threads }
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        self.may_end.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// What one client asks for, again and again.
#[derive(Debug, Clone, Copy)]
enum Command {
    Param,
    Gain,
    Pause,
    Bus,
}

const COMMANDS: [Command; 4] = [Command::Param, Command::Gain, Command::Pause, Command::Bus];

impl Command {
    /// The `n`th of its kind, for that source where it is for one.
    fn call(self, n: usize, source: &Value) -> (&'static str, Value) {
        let level = -((n * 7 % 401) as f64) / 10.0;
        match self {
            Self::Param => ("set_param", json!({ "id": "gain", "value": level })),
            Self::Gain => ("set_source", json!({ "id": source, "gain_db": level })),
            Self::Pause => ("pause_source", json!({ "id": source, "on": n.is_multiple_of(2) })),
            Self::Bus => ("set_bus", json!({ "bus": "dry", "gain_db": level })),
        }
    }

    /// Where an answer or a list says what stands.
    fn member(self) -> &'static str {
        match self {
            Self::Param => "value",
            Self::Gain | Self::Bus => "gain_db",
            Self::Pause => "paused",
        }
    }
}

/// What came of one client's commands.
struct Outcome {
    command: Command,
    times: Vec<Duration>,
    n_busy: usize,
    /// As the last answer to an accepted one had it.
    stands: Value,
}

/// Each command waits for the answer to the one before, as the page's do.
fn send(mut line: Line, command: Command, source: &Value, n: usize) -> Outcome {
    let mut outcome =
        Outcome { command, times: Vec::with_capacity(n), n_busy: 0, stands: Value::Null };
    for n in 0..n {
        let (method, params) = command.call(n, source);
        let asked = Instant::now();
        let answer = line.answer(method, &params);
        outcome.times.push(asked.elapsed());
        match answer.get("result") {
            Some(result) => {
                let stands = &result[command.member()];
                let wanted = params.get(command.member()).unwrap_or(&params["on"]);
                assert_eq!(stands, wanted, "{method} {params} does something else: {answer}");
                outcome.stands = stands.clone();
            }
            None if answer["error"]["code"] == BUSY => outcome.n_busy += 1,
            None => panic!("{method} {params}: {answer}"),
        }
    }
    outcome
}

/// What the server says at the end of what each command changes.
fn stands(line: &mut Line, command: Command, source: &Value) -> Value {
    let found = |list: &Value, key: &str, is: &Value| {
        let row = list.as_array().unwrap().iter().find(|row| &row[key] == is).unwrap();
        row[command.member()].clone()
    };
    match command {
        Command::Param => found(&line.call("params", &json!({})), "key", &json!("gain")),
        Command::Gain | Command::Pause => {
            found(&line.call("sources", &json!({}))["sources"], "id", source)
        }
        Command::Bus => found(&line.call("sources", &json!({}))["buses"], "bus", &json!("dry")),
    }
}

#[test]
fn ten_thousand_commands_are_answered_while_devices_stall_and_cores_are_busy() {
    let record = tmp("commands").join("record.wav");
    // From the first second on one of them stands still.
    let first = "virtual:tone=440,stall=1+2";
    let second = "virtual:tone=997,ppm=150,stall=2+3600";
    let args = ["run", "example-plugin", "--no-watch", "--input", first, "--input", second];
    let more = ["--output", "virtual:period=512", "--record", record.to_str().unwrap()];
    let mut server = Server::start(&[&args[..], &more[..]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut line = Line::open(&listening);
    let source = line.call("add_source", &json!({ "spec": "tone:300,gain=-20" }))["id"].take();

    let hogs = Hogs::start();
    let begun = Instant::now();
    let clients = COMMANDS.map(|command| {
        let (line, source) = (Line::open(&listening), source.clone());
        let n = N_COMMANDS / COMMANDS.len();
        std::thread::spawn(move || send(line, command, &source, n))
    });
    let outcomes = clients.map(|client| client.join().unwrap());
    let took = begun.elapsed();
    drop(hogs);

    // Another: the first has not read what it was told of all these.
    let mut line = Line::open(&listening);
    let mut times: Vec<_> = outcomes.iter().flat_map(|outcome| outcome.times.clone()).collect();
    let n_busy: usize = outcomes.iter().map(|outcome| outcome.n_busy).sum();
    assert_eq!(times.len(), N_COMMANDS);
    assert!(n_busy < N_COMMANDS / 2, "{n_busy} refused");
    for outcome in &outcomes {
        let now = stands(&mut line, outcome.command, &source);
        assert_eq!(now, outcome.stands, "{:?} was accepted and is lost", outcome.command);
    }
    times.sort();
    let status = line.call("status", &json!({}));
    println!(
        "{N_COMMANDS} commands in {took:.1?}, {n_busy} busy; p50 {:?}, p99 {:?}, max {:?}\n{}",
        times[N_COMMANDS / 2],
        times[N_COMMANDS * 99 / 100],
        times[N_COMMANDS - 1],
        status["counters"]
    );
    assert!(status["counters"]["underruns"].as_u64() > Some(0), "no microphone stood still");
    assert_eq!(status["counters"]["record_lost_frames"], 0);
    let ended = server.stop().succeeded();
    let frames = ended.event("stopped")["frames"].as_u64().unwrap();
    assert_eq!(Wav::read(&record).frames() as u64, frames, "the recording is not exact");
}
