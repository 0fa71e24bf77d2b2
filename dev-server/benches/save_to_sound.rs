//! From save to sound, and from click to sound: the loop's own figures.
//!
//! `cargo bench -p retake` runs the release binary on virtual devices with the real clock and
//! prints medians. "bare cargo" is the same edit of the same crate built by the same cargo command
//! line into a target directory of its own, nothing else; edits alternate between the two, so that
//! a noisy machine is noisy for both. Each reload has its admission and its warm start of two
//! seconds. All of it for two crates: the example, and the same with ten dependencies beside the SDK.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a bench prints")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use retake::project::{CargoPackage, Project, Request};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, WebSocket, connect, stream::MaybeTlsStream};

/// Edits, and bare builds of the same edits.
const EDITS: usize = 10;
/// Calls of `set_param`.
const CALLS: usize = 500;

/// As long as a warm start reaches back, and something.
const PAST: Duration = Duration::from_millis(2_500);

/// Crates that plugins use, of versions that this workspace uses as well.
const TEN: &str = r#"
bytemuck = "1"
dasp_sample = "0.11"
fastrand = "2"
num-complex = "0.4"
realfft = "3"
rtrb = "0.4"
rustfft = "6"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
smallvec = "1"
"#;

/// Something of each.
const USE_OF_TEN: &str = r"
#[derive(serde::Serialize)]
struct Kept {
    gain: f32,
}

/// Never called; the compiler reads all ten.
pub fn of_each(gain: f32) -> String {
    let real = realfft::RealFftPlanner::<f32>::new().plan_fft_forward(64).len();
    let complex = rustfft::FftPlanner::<f32>::new().plan_fft_forward(64).len();
    let (_producer, consumer) = rtrb::RingBuffer::<f32>::new(real + complex);
    let few: smallvec::SmallVec<[f32; 4]> = smallvec::smallvec![gain, fastrand::f32()];
    let size = num_complex::Complex::new(few[0], few[1]).norm();
    let n_bytes = bytemuck::cast_slice::<f32, u8>(&few).len() + consumer.slots();
    let short = dasp_sample::Sample::to_sample::<i16>(size);
    let gain = gain + f32::from(short) + n_bytes as f32;
    serde_json::to_string(&Kept { gain }).unwrap_or_default()
}
";

fn main() {
    let ten = ("the example with ten dependencies", TEN, USE_OF_TEN);
    for (name, dependencies, uses) in [("the example", "", ""), ten] {
        println!("{name}");
        let bench = Bench::new(dependencies, uses);
        first_build(&bench);
        save_to_sound(&bench);
    }
}

struct Bench {
    root: tempfile::TempDir,
    krate: PathBuf,
    bare: CargoPackage,
}

impl Bench {
    /// A copy of example-plugin outside of the workspace, with these dependencies and their use.
    fn new(dependencies: &str, uses: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let krate = root.path().join("gain");
        fs::create_dir_all(krate.join("src")).unwrap();
        let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let manifest = format!(
            "[package]\nname = \"gain\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\nretake-sdk = {{ path = \"{repository}/plugin-sdk\" }}\n{dependencies}\n[workspace]\n"
        );
        fs::write(krate.join("Cargo.toml"), manifest).unwrap();
        fs::copy(format!("{repository}/Cargo.lock"), krate.join("Cargo.lock")).unwrap();
        let source = fs::read_to_string(format!("{repository}/example-plugin/src/lib.rs")).unwrap();
        // Its tests stay behind.
        let source = source.split("#[cfg(test)]").next().unwrap();
        fs::write(krate.join("src/lib.rs"), format!("{source}{uses}")).unwrap();
        let request = Request {
            path: Some(krate.clone()),
            working_dir: root.path().to_owned(),
            cache_dir: Some(root.path().join("bare")),
            ..Request::default()
        };
        let Ok(Project::Cargo(bare)) = Project::find(&request) else { panic!("no package") };
        Self { root, krate, bare }
    }

    /// The n-th edit: another law, as a developer would try one.
    fn edit(&self, n: usize) {
        let path = self.krate.join("src/lib.rs");
        let source = fs::read_to_string(&path).unwrap();
        let law = source.find("*sample *= ").unwrap();
        let end = law + source[law..].find(')').unwrap();
        let edited = format!("{}*sample *= gain * 0.{n:03}{}", &source[..law], &source[end..]);
        fs::write(path, edited).unwrap();
    }

    /// Milliseconds of a bare build.
    fn build(&self) -> f64 {
        let start = Instant::now();
        let status = retake::build::cargo_command(&self.bare)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        start.elapsed().as_secs_f64() * 1e3
    }
}

fn first_build(bench: &Bench) {
    println!("first build of a plugin crate, from nothing      {:8.1} s", bench.build() / 1e3);
}

fn save_to_sound(bench: &Bench) {
    let mut server = Server::start(bench.root.path(), &bench.krate);
    server.wait("reloaded");
    std::thread::sleep(PAST);
    let (mut bare, mut whole, mut own) = (Vec::new(), Vec::new(), Vec::new());
    let (mut vet, mut warm) = (Vec::new(), Vec::new());
    for n in 0..EDITS {
        bench.edit(100 + n);
        let reloaded = server.wait("reloaded");
        let total = reloaded["save_to_sound_ms"].as_f64().unwrap();
        whole.push(total);
        own.push(total - reloaded["build_ms"].as_f64().unwrap());
        vet.push(reloaded["vet_ms"].as_f64().unwrap());
        warm.push(reloaded["warm_frames"].as_f64().unwrap() / 48_000.0);
        bare.push(bench.build());
    }
    println!(
        "save to sound, median of {EDITS}                        {:8.1} ms",
        median(&mut whole)
    );
    println!("  of that outside of cargo                        {:8.1} ms", median(&mut own));
    println!("  test signals                                    {:8.1} ms", median(&mut vet));
    println!(
        "  past that it hears, median / least              {:8.2} / {:.2} s",
        median(&mut warm),
        warm[0]
    );
    println!("bare cargo build of the same edits, median        {:8.1} ms", median(&mut bare));
    let difference = median(&mut whole) - median(&mut bare);
    println!("save to sound less bare cargo                     {difference:8.1} ms");
    parameters(&server);
}

fn parameters(server: &Server) {
    let mut socket = server.connect();
    let (mut replies, mut echoes) = (Vec::new(), Vec::new());
    for n in 0..CALLS {
        let value = -((n % 50) as f64);
        let call = json!({"jsonrpc": "2.0", "id": n, "method": "set_param",
                          "params": {"id": "gain", "value": value}});
        let start = Instant::now();
        socket.send(Message::text(call.to_string())).unwrap();
        let (mut replied, mut echoed) = (None, None);
        while replied.is_none() || echoed.is_none() {
            let message: Value = serde_json::from_str(&text(&mut socket)).unwrap();
            let now = start.elapsed().as_secs_f64() * 1e3;
            if message["id"] == n {
                replied = Some(now);
            } else if message["method"] == "param" && message["params"]["value"] == value {
                echoed = Some(now);
            }
        }
        replies.extend(replied);
        echoes.extend(echoed);
        std::thread::sleep(Duration::from_millis(2));
    }
    let p99 = |times: &[f64]| times[times.len() * 99 / 100];
    let middle = median(&mut replies);
    println!(
        "set_param, call to reply, p50 / p99               {middle:8.2} / {:.2} ms",
        p99(&replies)
    );
    let middle = median(&mut echoes);
    println!(
        "set_param, call to `param` (period 5.33 ms)       {middle:8.2} / {:.2} ms",
        p99(&echoes)
    );
}

fn text(socket: &mut WebSocket<MaybeTlsStream<std::net::TcpStream>>) -> String {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return text.to_string();
        }
    }
}

/// Sorts, too.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn start(root: &Path, krate: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_retake"))
            .arg(krate)
            .args(["--input", "virtual", "--output", "virtual", "--json", "--port", "0"])
            .env("XDG_CACHE_HOME", root.join("cache"))
            .env("XDG_STATE_HOME", root.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, lines, url: String::new() };
        let listening = server.wait("listening");
        let token = listening["token"].as_str().unwrap();
        server.url = format!("{}?token={token}", listening["ws"].as_str().unwrap());
        server
    }

    fn wait(&mut self, name: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended");
            let event: Value = serde_json::from_str(&line).unwrap();
            assert_ne!(event["event"], "build_failed", "{event}");
            if event["event"] == name {
                return event;
            }
        }
    }

    fn connect(&self) -> WebSocket<MaybeTlsStream<std::net::TcpStream>> {
        let (mut socket, _) = connect(&self.url).unwrap();
        if let MaybeTlsStream::Plain(tcp) = socket.get_mut() {
            tcp.set_nodelay(true).unwrap();
        }
        socket
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
