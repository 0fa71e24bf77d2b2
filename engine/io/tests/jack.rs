//! A real JACK server without hardware: both directions at its own period, and its death.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::process::{Child, Command, Stdio};

use retake_io::{DeviceRequest, DeviceState, End};

#[path = "common/home.rs"]
mod home;
#[path = "common/rig.rs"]
mod rig;
use home::in_private_home;
use rig::{Rig, request};

/// The server; dropping it kills it, by its pid.
struct Server(Child);

impl Server {
    fn start() -> Self {
        let name = std::env::var("JACK_DEFAULT_SERVER").unwrap();
        let server = Command::new("jackd")
            .args(["--no-realtime", "--name", &name])
            .args(["-d", "dummy", "-r", "48000", "-p", "256"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("jackd is installed");
        Self(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn on_jack() -> DeviceRequest {
    DeviceRequest { host: Some("jack".to_owned()), ..request("default", "default") }
}

#[test]
#[ignore = "needs jackd"]
fn both_directions_at_the_servers_period_and_back_after_its_death() {
    let name = "both_directions_at_the_servers_period_and_back_after_its_death";
    in_private_home(name, || {
        let server = Server::start();
        std::thread::sleep(std::time::Duration::from_secs(1));
        let (rig, opened) = Rig::start(on_jack());
        let ends = [&opened.info.input, &opened.info.output];
        assert!(ends.iter().all(|end| end.as_ref().unwrap().period == 256));
        rig.wait("two seconds", |probe| probe.frames.get() > 96_000);
        assert_eq!(rig.probe.lost_frames.get(), 0);
        drop(server);
        rig.until(End::Output, DeviceState::Lost);
        let frames = rig.probe.frames.get();
        rig.wait("the stand-in", |probe| probe.frames.get() > frames + 24_000);
        let _server = Server::start();
        rig.until(End::Output, DeviceState::Back);
        let frames = rig.probe.frames.get();
        rig.wait("sound again", |probe| probe.frames.get() > frames + 24_000);
        rig.stop();
    });
}
