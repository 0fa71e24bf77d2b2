//! The way out: fade, stop the streams, take the plugins apart, close the files, say goodbye.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use retake_engine::{CommandKind, Engine, EngineParts};
use retake_io::DeviceEvent;

use super::{Control, Message, TICK, reload::STATE_LIMIT};
use crate::{
    cli::ClockArg,
    report::{Tone, say},
};

/// Why a session failed: one message and its exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    is_usage: bool,
}

impl Failure {
    /// It failed (exit code 1).
    pub fn failed(why: impl Display) -> Self {
        Self { message: why.to_string(), is_usage: false }
    }

    /// The command line was wrong (exit code 2).
    pub fn usage(why: impl Display) -> Self {
        Self { message: why.to_string(), is_usage: true }
    }

    /// 1 or 2.
    pub fn exit_code(&self) -> u8 {
        if self.is_usage { 2 } else { 1 }
    }
}

/// Longest wait for the fade-out: it takes 20 ms where callbacks come.
const FADE_LIMIT: Duration = Duration::from_millis(300);
/// Longest wait for the devices to close.
const DEVICES_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait for the plugins to be destroyed.
const PLUGINS_LIMIT: Duration = Duration::from_secs(2);

impl Control {
    /// Ends the session in order, whatever ended it.
    pub(super) fn shut_down(mut self, end: Result<&'static str, Failure>) -> Result<(), Failure> {
        // After the given time the devices have stopped by themselves.
        let is_sounding = self.audio.is_running() && !matches!(end, Ok("duration"));
        if is_sounding && self.parts.run.audio.devices.clock == ClockArg::Real {
            self.audio.command(CommandKind::Stop);
            self.wait(FADE_LIMIT, |control| control.audio.has_stopped());
        }
        self.keep_session();
        self.wait(STATE_LIMIT, |control| !control.presets.awaits_state());
        self.dismiss_plugins();
        self.stop_devices();
        let recorded = self.finish_recording();
        self.wait(PLUGINS_LIMIT, Self::all_plugins_gone);
        self.parts.staging.remove();
        self.look_at_troubles(true);
        let end = recorded.and(end);
        self.say_goodbye(&end);
        end.map(|_| ())
    }

    /// Goes on hearing everyone until `done` or the time is over.
    fn wait(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) {
        let until = Instant::now() + limit;
        while !done(self) && Instant::now() < until {
            match self.parts.inbox.recv_timeout(TICK) {
                Ok(Message::Plugin(note)) => drop(self.on_plugin(note)),
                Ok(Message::Call(call)) => self.answer(call),
                _ => {}
            }
            // The end has its reason already.
            drop(self.hear_engine());
        }
    }

    /// The streams end; the engine comes back and gives its generations to their threads.
    fn stop_devices(&mut self) {
        if self.audio.could_not_open() {
            return;
        }
        self.parts.devices.stop();
        let until = Instant::now() + DEVICES_LIMIT;
        while Instant::now() < until {
            match self.parts.inbox.recv_timeout(TICK) {
                Ok(Message::Device(DeviceEvent::Stopped { engine })) => {
                    return engine.map_or((), |engine| self.dismantle(*engine));
                }
                Ok(Message::Plugin(note)) => drop(self.on_plugin(note)),
                _ => {}
            }
        }
    }

    fn dismantle(&mut self, engine: Engine) {
        drop(self.hear_engine());
        let EngineParts { playing, next, standby, commands, .. } = engine.into_parts();
        let queued = commands.into_iter().filter_map(|command| match command.kind {
            CommandKind::Swap(generation, _) => Some(generation),
            _ => None,
        });
        for generation in [Some(playing), next, standby].into_iter().flatten().chain(queued) {
            self.on_retired(*generation);
        }
    }

    fn finish_recording(&mut self) -> Result<&'static str, Failure> {
        let Some(recorder) = self.audio.take_recorder() else {
            return Ok("");
        };
        let lost = self.parts.probe.record_lost_frames.get();
        if lost > 0 {
            let why = "the disk was too slow";
            say(Tone::Warning, "Recording", format!("lost {lost} frames: {why}"));
        }
        let frames = recorder.finish().map_err(Failure::failed)?;
        say(Tone::Good, "Recorded", format!("{frames} frames"));
        Ok("")
    }

    fn say_goodbye(&mut self, end: &Result<&'static str, Failure>) {
        let reason = end.as_ref().map_or_else(ToString::to_string, |reason| (*reason).to_owned());
        let told = self.parts.report.stopped(&reason);
        if told["frames"] == 0 {
            return;
        }
        let what = format!(
            "after {} frames: {} underruns, {} overruns, {} lost frames, {} late callbacks, {} missed \
             blocks",
            told["frames"],
            told["underruns"],
            told["overruns"],
            told["lost_frames"],
            told["late_callbacks"],
            told["missed_blocks"],
        );
        say(Tone::Good, "Stopped", what);
        self.say_lossy_inputs();
    }
}
