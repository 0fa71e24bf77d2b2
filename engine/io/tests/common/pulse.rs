//! A private PulseAudio daemon with two null sinks: `mic` (its monitor is the microphone) and
//! `speaker` (its monitor is what was heard).
//!
//! The client looks for the socket under `$XDG_RUNTIME_DIR`, and a test must not change its own
//! environment: [`in_private_home`] runs the test again in a child process that has one.
#![allow(dead_code, reason = "each test crate uses its part")]

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const HOME_KEY: &str = "RETAKE_TEST_PULSE_HOME";

/// Runs `test` in a child process whose home and runtime directory are private; `name` is the
/// test's own full name.
pub(crate) fn in_private_home(name: &str, test: impl FnOnce()) {
    if std::env::var_os(HOME_KEY).is_some() {
        return test();
    }
    // Two daemons at once would measure each other.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let home = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--include-ignored"])
        .env(HOME_KEY, home.path())
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("PULSE_SERVER")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{name} failed in its private home");
}

/// The daemon; dropping it kills it, by its pid.
pub(crate) struct Daemon(Child);

const SCRIPT: &str = "\
load-module module-native-protocol-unix
load-module module-null-sink sink_name=mic format=float32le rate=48000 channels=2 sink_properties=device.description=Booth
load-module module-null-sink sink_name=speaker format=float32le rate=48000 channels=2 sink_properties=device.description=Hall
set-default-sink speaker
set-default-source mic.monitor
";

impl Daemon {
    /// Starts it and waits for its socket; inside [`in_private_home`] only.
    pub(crate) fn start() -> Self {
        let home = PathBuf::from(std::env::var_os(HOME_KEY).expect("a private home"));
        let script = home.join("start.pa");
        std::fs::write(&script, SCRIPT).unwrap();
        let socket = home.join("pulse/native");
        // A killed daemon leaves its socket behind.
        drop(std::fs::remove_file(&socket));
        let daemon = Command::new("pulseaudio")
            .args([
                "-n",
                "--daemonize=no",
                "--use-pid-file=no",
                "--exit-idle-time=-1",
            ])
            .args(["--system=false", "--disallow-exit", "--realtime=no", "-F"])
            .arg(&script)
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio is installed (./setup.sh --dev)");
        let mut daemon = Self(daemon);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !daemon.answers() {
            assert!(Instant::now() < deadline, "pulseaudio does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon
    }

    fn answers(&mut self) -> bool {
        assert!(self.0.try_wait().unwrap().is_none(), "pulseaudio has ended");
        let sinks = Command::new("pactl")
            .args(["list", "short", "sinks"])
            .output();
        let sinks = sinks.expect("pactl is installed (./setup.sh --dev)").stdout;
        String::from_utf8_lossy(&sinks).contains("speaker")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
