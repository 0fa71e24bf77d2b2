//! The take: what the plugin heard lately, over and over, and from its first frame on with each
//! new build.
//!
//! The thread `take` keeps what the plugin hears (see [`crate::take`]). A loop of it is a source
//! like any other, but for what [`retake_engine::mixer::Voice::as_take`] says: nothing else is
//! heard on the plugin's main input, and the engine lets it begin anew with every generation.

use std::sync::Arc;

use retake_engine::{
    BusShape,
    mixer::{Clip, VoiceId},
};
use serde_json::{Value, json};

use super::{Control, Message};
use crate::{
    report::{Tone, say},
    seconds::few_frames_of,
    store::Asker,
    take::{Cut, Holes, KEPT_SECONDS, Keeper, TakeError, Tapped},
    web::{RpcError, TakeRequest},
};

/// What the key loops.
const KEY_SECONDS: f64 = 8.0;
/// The cross-fade at the loop's seam.
const SEAM_SECONDS: f64 = 0.005;

/// The loop that plays, and who keeps what it is made from.
#[derive(Debug)]
pub(super) struct Take {
    /// None on the fast clock, and where nobody could ask.
    keeper: Option<Keeper>,
    looping: Option<Looping>,
    /// The loop that fades out: until it is gone, nothing is kept.
    ending: Option<VoiceId>,
    /// Counts engines: a piece that was cut for an older one is void.
    epoch: u32,
}

#[derive(Debug)]
struct Looping {
    source: u32,
    clip: Arc<Clip>,
    seconds: f64,
    holes: Holes,
}

/// A loop that was cut, or why there is none.
#[derive(Debug)]
pub struct TakeNews {
    asker: Asker,
    epoch: u32,
    outcome: Result<Loop, TakeError>,
}

#[derive(Debug)]
struct Loop {
    clip: Arc<Clip>,
    seconds: f64,
    holes: Holes,
}

impl Take {
    pub(super) fn new(keeper: Option<Keeper>) -> Self {
        Self { keeper, looping: None, ending: None, epoch: 0 }
    }

    /// What loops.
    pub(super) fn clip(&self) -> Option<Arc<Clip>> {
        self.looping.as_ref().map(|looping| Arc::clone(&looping.clip))
    }

    /// As the reply, the event and `status` show it, at `rate` Hz.
    pub(super) fn show(&self, rate: u32) -> Value {
        let kept = self.keeper.as_ref().map_or(0, Keeper::kept_frames);
        let holes = self.keeper.as_ref().map_or_else(Holes::default, Keeper::holes);
        let looping = self.looping.as_ref().map(|looping| {
            json!({
                "seconds": looping.seconds,
                "source": looping.source,
                "holes": looping.holes.holes,
                "lost_frames": looping.holes.lost_frames,
            })
        });
        json!({
            "kept_seconds": kept as f64 / f64::from(rate.max(1)),
            "max_seconds": if self.keeper.is_some() { KEPT_SECONDS } else { 0 },
            "holes": holes.holes,
            "lost_frames": holes.lost_frames,
            "looping": looping,
        })
    }

    /// Whether it keeps the microphones from the plugin.
    pub(super) fn is_heard(&self) -> bool {
        self.looping.is_some() || self.ending.is_some()
    }

    /// Goes on keeping, unless something of a loop still sounds.
    fn keep_on(&self) {
        if let (None, None, Some(keeper)) = (&self.looping, self.ending, &self.keeper) {
            keeper.go_on();
        }
    }
}

impl Control {
    /// Answers what is asked of the take and of waveforms, or sees to it that it will be.
    pub(super) fn answer_take(&mut self, request: TakeRequest, asker: Asker) {
        let outcome = match request {
            TakeRequest::Show => Ok(self.show_take()),
            TakeRequest::Loop { seconds } => return self.loop_take(seconds, asker),
            TakeRequest::Stop => self.stop_take(),
            TakeRequest::Waveform { id, span } => self.waveform(id, span),
        };
        answer(asker, outcome);
    }

    /// An engine begins: what its plugin hears is kept from now on. A loop was the last one's.
    pub(super) fn begin_take(&mut self, shape: BusShape) {
        if let Some(source) = self.take.looping.as_ref().map(|looping| looping.source) {
            say(Tone::Warning, "Take", "the devices have changed: its loop has ended");
            drop(self.remove_source(source));
        }
        self.take.ending = None;
        self.take.epoch += 1;
        if let (Some(keeper), Some(tap)) = (&self.take.keeper, self.audio.main_input()) {
            keeper.listen(Tapped { tap, rate: shape.rate });
        }
    }

    pub(super) fn show_take(&self) -> Value {
        self.take.show(self.audio.shape().map_or(0, |shape| shape.rate))
    }

    /// Loops what the plugin heard in the last `seconds`, instead of what loops already. The answer
    /// comes when it is cut.
    pub(super) fn loop_take(&mut self, seconds: f64, asker: Asker) {
        let (keeper, shape) = match self.check_take(seconds) {
            Ok(checked) => checked,
            Err(error) => return answer(asker, Err(error)),
        };
        let (mailbox, epoch) = (self.parts.mailbox.clone(), self.take.epoch);
        let seam = few_frames_of(SEAM_SECONDS, shape.rate);
        keeper.hold(seconds, SEAM_SECONDS, move |cut| {
            let outcome = cut.and_then(|cut| looped(cut, seam));
            // Control is gone: nobody wants it any more.
            drop(mailbox.send(Message::Take(TakeNews { asker, epoch, outcome })));
        });
    }

    fn check_take(&self, seconds: f64) -> Result<(Keeper, BusShape), RpcError> {
        let Some(keeper) = &self.take.keeper else {
            return Err(RpcError::unsupported("on the fast clock nothing is kept"));
        };
        let Some(shape) = self.audio.shape().filter(|_| self.audio.is_running()) else {
            return Err(RpcError::busy("nothing sounds yet"));
        };
        let least = shape.max_block as f64 / f64::from(shape.rate);
        let most = f64::from(KEPT_SECONDS);
        if !(least..=most).contains(&seconds) {
            let message = format!("a take has {least:.3} s (one block) to {most} s");
            return Err(RpcError::out_of_range(message, least, most));
        }
        Ok((keeper.clone(), shape))
    }

    /// A loop was cut, or could not be.
    pub(super) fn on_take(&mut self, news: TakeNews) {
        let TakeNews { asker, epoch, outcome } = news;
        let outcome = match outcome {
            _ if epoch != self.take.epoch => Err(RpcError::busy("the devices have just changed")),
            Ok(cut) => self.play_take(cut),
            Err(error) => Err(refusal(error)),
        };
        if outcome.is_err() {
            self.take.keep_on();
        }
        answer(asker, outcome);
    }

    fn play_take(&mut self, cut: Loop) -> Result<Value, RpcError> {
        let Loop { clip, seconds, holes } = cut;
        let looping = Looping { source: 0, clip, seconds, holes };
        let before = self.take.looping.replace(looping).map(|before| before.source);
        if let Some(before) = before {
            // The last loop and this one cross-fade.
            drop(self.remove_source(before));
        }
        let source = match self.add_take(seconds) {
            Ok(source) => source,
            Err(error) => {
                self.take.looping = None;
                self.tell_take();
                return Err(error);
            }
        };
        if let Some(looping) = &mut self.take.looping {
            looping.source = source;
        }
        let joints = match holes.holes {
            0 => String::new(),
            n => format!(", with {n} hole(s) of {} lost frames", holes.lost_frames),
        };
        let what = format!("looping the last {seconds:.3} s{joints}; it restarts at each reload");
        say(Tone::Good, "Take", what);
        self.tell_take();
        self.show_source(source)
    }

    /// Stops the loop: what it kept from the plugin is heard again.
    pub(super) fn stop_take(&mut self) -> Result<Value, RpcError> {
        match &self.take.looping {
            Some(looping) => self.remove_source(looping.source),
            None => Err(RpcError::unsupported("no take is looping")),
        }
    }

    /// The source of a take was removed; this is its voice, which fades out.
    pub(super) fn on_take_removed(&mut self, source: u32, voice: Option<VoiceId>) {
        self.take.ending = voice.or(self.take.ending);
        if self.take.looping.take_if(|looping| looping.source == source).is_some() {
            say(Tone::Plain, "Take", "stopped");
            self.tell_take();
        }
        self.take.keep_on();
    }

    /// A voice has come to its end.
    pub(super) fn on_voice_gone(&mut self, voice: VoiceId) {
        if self.take.ending.take_if(|ending| *ending == voice).is_some() {
            self.take.keep_on();
        }
    }

    /// The key: loops the last seconds, or stops that.
    pub(super) fn turn_take(&mut self) {
        if self.take.looping.is_some() {
            return answer(Asker::Terminal, self.stop_take());
        }
        let rate = self.audio.shape().map_or(1, |shape| shape.rate);
        let kept = self.take.keeper.as_ref().map_or(0, Keeper::kept_frames);
        let kept = kept as f64 / f64::from(rate);
        self.loop_take(KEY_SECONDS.min(kept), Asker::Terminal);
    }

    fn tell_take(&mut self) {
        let take = self.show_take();
        self.parts.report.event("take", take);
    }
}

/// What was cut, with its seam.
fn looped(cut: Cut, seam: usize) -> Result<Loop, TakeError> {
    let Cut { piece, rate } = cut;
    let (seconds, holes) = (piece.frames() as f64 / f64::from(rate), piece.holes);
    let piece = piece.looped(seam);
    let clip = Clip::new(piece.channels, &piece.samples).map_err(|_| TakeError::NoInput)?;
    Ok(Loop { clip: Arc::new(clip), seconds, holes })
}

fn refusal(error: TakeError) -> RpcError {
    match error {
        TakeError::TooLong { kept, .. } => RpcError::out_of_range(error.to_string(), 0.0, kept),
        TakeError::TooShort { .. } => RpcError::invalid_params(error.to_string()),
        TakeError::NoInput => RpcError::unsupported(error.to_string()),
    }
}

/// Tells who asked; the terminal has heard of success.
fn answer(asker: Asker, outcome: Result<Value, RpcError>) {
    match (asker, outcome) {
        (Asker::Terminal, Ok(_)) => {}
        (Asker::Terminal, Err(error)) => say(Tone::Warning, "Take", error.message),
        (client, outcome) => client.answer("", outcome),
    }
}
