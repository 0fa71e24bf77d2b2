//! The measured round trip: a burst of noise goes out of the speaker, around the plugin, and is
//! looked for in what the plugin gets. See [`crate::latency`], which measures the same without
//! a session.

use std::thread;

use retake_engine::mixer::{Bus, Clip};
use serde_json::{Value, json};

use super::{Control, Message};
use crate::{
    cli::ClockArg,
    latency::{Ear, Unheard, signal},
    report::{Tone, say},
    seconds::frames_of,
    store::Asker,
    web::RpcError,
};

/// From the order to the burst: all of its blocks are still to come then.
const LEAD_SECONDS: f64 = 0.1;

/// The last round trip, and who waits for the next.
#[derive(Debug, Default)]
pub(super) struct Trip {
    /// Of the one that is being measured.
    asker: Option<Asker>,
    /// The last `round_trip`.
    last: Value,
}

/// What the listening thread heard.
#[derive(Debug)]
pub struct TripNews {
    /// Hz.
    rate: u32,
    outcome: Result<f64, Unheard>,
}

impl Trip {
    pub(super) fn last(&self) -> &Value {
        &self.last
    }
}

impl Control {
    /// Measures the way from the speaker back to the plugin's input. The answer comes when the burst
    /// was heard, or would have been.
    pub(super) fn measure_latency(&mut self, asker: Asker) {
        let begun = self.check_trip().and_then(|()| self.send_burst());
        let ear = match begun {
            Ok(ear) => ear,
            Err(error) => return asker.answer("", Err(error)),
        };
        let (mailbox, rate) = (self.parts.mailbox.clone(), ear.rate);
        let listen = move || {
            let outcome = ear.listen();
            // Control is gone: nobody wants it any more.
            drop(mailbox.send(Message::Trip(TripNews { rate, outcome })));
        };
        match thread::Builder::new().name("round-trip".into()).spawn(listen) {
            Ok(_) => self.trip.asker = Some(asker),
            Err(error) => asker.answer("", Err(RpcError::busy(error.to_string()))),
        }
    }

    fn check_trip(&self) -> Result<(), RpcError> {
        let has_end = |end: &str| self.shown.audio.get(end).is_some_and(|end| !end.is_null());
        let why = match () {
            () if self.parts.run.audio.devices.clock == ClockArg::Fast => {
                "on the fast clock nothing takes its time: `retake latency --clock fast` measures there"
            }
            () if self.trip.asker.is_some() => {
                return Err(RpcError::busy("a round trip is being measured already"));
            }
            () if !self.audio.is_running() => return Err(RpcError::busy("nothing sounds yet")),
            () if !has_end("input") => "a round trip needs a microphone, and this session has none",
            () if !has_end("output") => "a round trip needs a speaker, and this session has none",
            () if self.mute => "the output is muted: unmute it first",
            () if !self.sources.is_heard(Bus::Master) => {
                "the bus master is muted, or another one is soloed: let it be heard first"
            }
            () if self.take.is_heard() => {
                "a take is heard instead of the microphone: stop it first"
            }
            () => return Ok(()),
        };
        Err(RpcError::unsupported(why))
    }

    /// Has the burst played from a frame on that is still to come.
    fn send_burst(&mut self) -> Result<Ear, RpcError> {
        let (Some(shape), Some(input)) = (self.audio.shape(), self.audio.main_input()) else {
            return Err(RpcError::busy("nothing sounds yet"));
        };
        let clip = Clip::new(1, &signal()).map_err(|error| RpcError::busy(error.to_string()))?;
        let lead = frames_of(LEAD_SECONDS, shape.rate) + self.audio.period_frames();
        let begin = self.parts.probe.frames.get() + lead;
        let ear = Ear { input: input.open(), rate: shape.rate, begin };
        self.play_once(clip, Bus::Master, begin)?;
        let rendered = self.parts.probe.frames.get() + shape.max_block as u64;
        if rendered > begin {
            return Err(RpcError::busy("this machine was too busy to play it in time"));
        }
        Ok(ear)
    }

    /// The burst was heard, or was not.
    pub(super) fn on_trip(&mut self, TripNews { rate, outcome }: TripNews) {
        let ms = |frames: f64| frames * 1e3 / f64::from(rate);
        let reported = self.audio.way().frames(&self.parts.probe);
        let fields = match outcome {
            Ok(frames) => json!({
                "found": true,
                "frames": (frames * 100.0).round() / 100.0,
                "ms": ms(frames),
                "reported_frames": reported,
                "reported_ms": ms(reported as f64),
            }),
            Err(unheard) => json!({ "found": false, "reason": unheard.to_string() }),
        };
        let line = match outcome {
            Ok(frames) => {
                let told = |frames: f64| format!("{frames:.1} frames ({:.2} ms)", ms(frames));
                format!("{}, reported {}", told(frames), told(reported as f64))
            }
            Err(unheard) => unheard.to_string(),
        };
        let tone = if outcome.is_ok() { Tone::Good } else { Tone::Warning };
        say(tone, "Round trip", line);
        self.trip.last = self.parts.report.event("round_trip", fields.clone());
        if let Some(asker) = self.trip.asker.take() {
            asker.answer("", Ok(fields));
        }
    }
}
