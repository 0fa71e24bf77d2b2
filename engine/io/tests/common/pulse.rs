//! A private `PulseAudio` daemon with two sinks: `mic` (its monitor is the microphone) and `speaker` (its
//! monitor is what was heard). A null sink of four channels stands for their card, so they have one
//! clock, as their names say; two null sinks would be some ppm apart.
//!
//! Only inside [`super::home::in_private_home`]: the client looks under `$XDG_RUNTIME_DIR`.
#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails loudly")]

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::home::home;

/// The daemon; dropping it kills it, by its pid.
pub(crate) struct Daemon(Child);

const SCRIPT: &str = "\
load-module module-native-protocol-unix
load-module module-null-sink sink_name=desk format=float32le rate=RATE channels=4 channel_map=front-left,front-right,rear-left,rear-right norewinds=1
load-module module-remap-sink sink_name=alsa_output.desk.mic master=desk channels=2 channel_map=front-left,front-right master_channel_map=rear-left,rear-right remix=no sink_properties=device.description=Booth
load-module module-remap-sink sink_name=alsa_output.desk.speaker master=desk channels=2 channel_map=front-left,front-right master_channel_map=front-left,front-right remix=no sink_properties=device.description=Hall
set-default-sink alsa_output.desk.speaker
set-default-source alsa_output.desk.mic.monitor
";

impl Daemon {
    /// Starts it and waits until it answers.
    pub(crate) fn start() -> Self {
        Self::start_at(48_000)
    }

    /// The same with sinks of another rate.
    pub(crate) fn start_at(rate: u32) -> Self {
        let home = home();
        let script = home.join("start.pa");
        std::fs::write(&script, SCRIPT.replace("RATE", &rate.to_string())).unwrap();
        let socket = home.join("pulse/native");
        // A killed daemon leaves its socket behind.
        drop(std::fs::remove_file(&socket));
        let daemon = Command::new("pulseaudio")
            .args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"])
            .args(["--system=false", "--disallow-exit", "--realtime=yes", "-F"])
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
        let sinks = Command::new("pactl").args(["list", "short", "sinks"]).output();
        let sinks = sinks.expect("pactl is installed (./setup.sh --dev)").stdout;
        String::from_utf8_lossy(&sinks).contains("speaker")
    }
}

/// What `pactl` calls the sinks, and the microphone.
pub(crate) const MIC_SINK: &str = "alsa_output.desk.mic";
pub(crate) const MIC: &str = "alsa_output.desk.mic.monitor";
pub(crate) const SPEAKER: &str = "alsa_output.desk.speaker";
pub(crate) const SPEAKER_MONITOR: &str = "alsa_output.desk.speaker.monitor";

/// The daemon gets one more microphone, which hears what the first one does; gives the module's number.
/// (A null sink of its own would be silent for two seconds: its first block is as long as it may be.)
pub(crate) fn load_microphone(name: &str) -> String {
    load_microphone_of(name, "front-left,front-right")
}

/// The same, of these channels.
pub(crate) fn load_microphone_of(name: &str, channels: &str) -> String {
    let (name, master) = (format!("source_name={name}"), format!("master={MIC}"));
    let n = format!("channels={}", channels.split(',').count());
    let map = format!("channel_map={channels}");
    pactl(&["load-module", "module-remap-source", &name, &master, &n, &map])
}

/// As if somebody pulled its plug.
pub(crate) fn unload(module: &str) {
    pactl(&["unload-module", module]);
}

/// A `sink` or a `source` is let sleep, or woken.
pub(crate) fn suspend(what: &str, name: &str, sleeps: bool) {
    pactl(&[&format!("suspend-{what}"), name, if sleeps { "1" } else { "0" }]);
}

fn pactl(words: &[&str]) -> String {
    let done = Command::new("pactl").args(words).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
