//! What pages and scripts ask of a source. All of it is checked before anything is done, and what
//! cannot be done is an error.

use retake_engine::{
    CommandKind,
    mixer::{VoiceChange, gain_of_db},
};
use serde_json::{Value, json};

use super::{Control, Source, State, buses::busy};
use crate::{
    report::{Tone, say},
    seconds::frames_of,
    source::{SourceChange, SourceKind},
    store::Asker,
    web::{RpcError, SourceRequest},
};

impl Control {
    /// Answers what is asked of sources and buses, or sees to it that it will be.
    pub(in super::super) fn answer_source(&mut self, request: SourceRequest, asker: Asker) {
        let outcome = match request {
            SourceRequest::List => Ok(self.sources.show_all()),
            SourceRequest::Add { spec } => return self.add_client_source(&spec, asker),
            SourceRequest::SetInput { id, device } => return self.set_input(id, device, asker),
            SourceRequest::Set { id, change } => self.set_source(id, &change),
            SourceRequest::Pause { id, on } => self.pause_source(id, on),
            SourceRequest::Seek { id, seconds } => self.seek_source(id, seconds),
            SourceRequest::Remove { id } => self.remove_source(id),
            SourceRequest::SetBus { bus, change } => self.set_bus(bus, change),
        };
        asker.answer("", outcome);
    }

    /// Changes a source; gives it back as it is then.
    fn set_source(&mut self, id: u32, change: &SourceChange) -> Result<Value, RpcError> {
        let at = self.sources.find(id)?;
        self.check_change(&self.sources.list[at], change)?;
        for step in self.steps(at, change) {
            self.send_change(at, step).map_err(busy)?;
        }
        if change.mute.is_some() {
            self.sources.cycle = None;
        }
        let source = &mut self.sources.list[at];
        change.apply(&mut source.spec);
        source.mute = change.mute.unwrap_or(source.mute);
        source.unsaid.note();
        if source.input.is_some() {
            self.presets.note_move();
        }
        if change.repeat.is_some() && source.has_its_loop_in_its_file() {
            let begin_at = source.begin_at;
            self.reopen(at, begin_at);
        }
        self.show_inputs();
        Ok(self.tell_source(at))
    }

    /// What the engine is to do.
    fn steps(&self, at: usize, change: &SourceChange) -> Vec<VoiceChange> {
        let source = &self.sources.list[at];
        let is_muted = change.mute.unwrap_or(source.mute);
        let gain = change.gain_db.map_or(source.spec.strip.gain, gain_of_db);
        let has_level = change.gain_db.is_some() || change.mute.is_some();
        let repeat = change.repeat.as_ref().filter(|_| !source.is_stream);
        let span = |repeat: &crate::source::Repeat| {
            repeat.frames(self.sources.rate).map(|frames| (frames.start, frames.end))
        };
        let steps = [
            has_level.then_some(VoiceChange::Gain(if is_muted { 0.0 } else { gain })),
            change.pan.map(VoiceChange::Pan),
            change.law.map(VoiceChange::Law),
            change.bus.map(VoiceChange::Bus),
            change.pitch.map(VoiceChange::Pitch),
            repeat.map(|repeat| VoiceChange::Loop(span(repeat))),
        ];
        steps.into_iter().flatten().collect()
    }

    fn check_change(&self, source: &Source, change: &SourceChange) -> Result<(), RpcError> {
        let of_files = [("pitch", change.pitch.is_some()), ("loop", change.repeat.is_some())];
        for (word, _) in of_files.iter().filter(|(_, is_wanted)| *is_wanted) {
            check_time_line(source, word)?;
        }
        if let Some(bus) = change.bus {
            if source.spec.kind == SourceKind::Take {
                let message = "a take is for the plugin's main input";
                return Err(RpcError::unsupported(message));
            }
            self.check_bus(bus)?;
        }
        let span = change.repeat.as_ref().and_then(|repeat| repeat.frames(self.sources.rate));
        match (span, source.frames) {
            (Some(span), Some(frames)) if span.end > frames => {
                Err(self.beyond("loop: its end", span.end, frames))
            }
            (Some(span), _) if span.is_empty() => {
                Err(RpcError::invalid_params("loop: it has to be a frame long at least"))
            }
            _ => Ok(()),
        }
    }

    fn beyond(&self, what: &str, frame: u64, frames: u64) -> RpcError {
        let rate = f64::from(self.sources.rate.max(1));
        let (at, end) = (frame as f64 / rate, frames as f64 / rate);
        RpcError::out_of_range(format!("{what} ({at} s) is beyond the end ({end} s)"), 0.0, end)
    }

    /// Silences a source, or lets it be heard: for whoever mutes others.
    pub(super) fn mute_source(&mut self, at: usize, mute: bool) {
        let source = &mut self.sources.list[at];
        if source.mute == mute {
            return;
        }
        source.mute = mute;
        let gain = source.strip().gain;
        if let Err(busy) = self.send_change(at, VoiceChange::Gain(gain)) {
            say(Tone::Warning, "Busy", format!("{busy}: the source was not changed"));
        }
        self.tell_source(at);
    }

    /// Halts a source, or lets it go on; at its end, from its beginning.
    fn pause_source(&mut self, id: u32, on: bool) -> Result<Value, RpcError> {
        let at = self.sources.find(id)?;
        let source = &self.sources.list[at];
        if source.spec.kind.is_captured() {
            return Err(RpcError::unsupported("a live input cannot be paused: mute it"));
        }
        match &source.state {
            State::Failed(reason) => return Err(RpcError::unsupported(reason.clone())),
            State::Eof if on => {
                return Err(RpcError::unsupported(format!("source {id} is at its end")));
            }
            State::Eof => self.begin_again(at, 0),
            _ => self.send_change(at, VoiceChange::Pause(on)).map_err(busy)?,
        }
        let source = &mut self.sources.list[at];
        source.is_paused = on;
        source.say();
        Ok(self.tell_source(at))
    }

    /// Moves a source; one at its end plays again from there.
    fn seek_source(&mut self, id: u32, seconds: f64) -> Result<Value, RpcError> {
        let at = self.sources.find(id)?;
        let source = &self.sources.list[at];
        check_time_line(source, "seek")?;
        let frame = frames_of(seconds, self.sources.rate);
        if let Some(frames) = source.frames.filter(|frames| frame > *frames) {
            return Err(self.beyond("seek: the time", frame, frames));
        }
        match &source.state {
            State::Failed(reason) => return Err(RpcError::unsupported(reason.clone())),
            State::Eof => self.begin_again(at, frame),
            _ if source.voice.is_some() => {
                self.send_change(at, VoiceChange::Seek(frame)).map_err(busy)?;
            }
            _ if source.frames.is_none() => {
                return Err(RpcError::busy(format!("source {id} is still being opened")));
            }
            _ => self.sources.list[at].begin_at = Some(frame),
        }
        say(Tone::Plain, "Source", format!("{id}: from {seconds} s"));
        Ok(self.tell_source(at))
    }

    /// A source at its end plays once more.
    fn begin_again(&mut self, at: usize, frame: u64) {
        let Some(shape) = self.audio.shape() else {
            return;
        };
        self.sources.list[at].begin_at = Some(frame);
        self.begin_source(at, shape);
    }

    /// Ends a source: it fades out, and its number is nobody's any more.
    pub(in super::super) fn remove_source(&mut self, id: u32) -> Result<Value, RpcError> {
        let at = self.sources.find(id)?;
        if self.sources.list[at].is_live() {
            let message = "the first live input cannot be removed: mute it, or use set_input";
            return Err(RpcError::unsupported(message));
        }
        self.send_change(at, VoiceChange::Stop).map_err(busy)?;
        let source = self.sources.list.remove(at);
        if let Some(place) = source.place {
            self.sources.pool.release(place);
        }
        let what = format!("{id} {} removed", source.name());
        say(Tone::Plain, "Source", what);
        self.parts.report.event("source_removed", json!({ "id": id }));
        self.sources.waveforms.forget(id);
        self.let_input_go(&source);
        if source.spec.kind == SourceKind::Take {
            self.on_take_removed(id, source.voice.map(|voice| voice.id));
        }
        self.show_inputs();
        Ok(json!({}))
    }

    /// Sends a change to whatever plays a source; without a voice there is nothing to be told.
    fn send_change(&mut self, at: usize, change: VoiceChange) -> Result<(), retake_engine::Busy> {
        let source = &self.sources.list[at];
        let command = match &source.voice {
            Some(voice) => CommandKind::Voice(voice.id, change),
            None if source.is_live() => CommandKind::Live(change),
            None => return Ok(()),
        };
        self.audio.send(0, command)
    }
}

/// Only what has a time line can be moved, looped, or played at another speed.
fn check_time_line(source: &Source, what: &str) -> Result<(), RpcError> {
    if source.spec.kind.has_time_line() {
        return Ok(());
    }
    let (id, word) = (source.id, source.spec.kind.word());
    Err(RpcError::unsupported(format!("{what} is for files: source {id} is of the kind {word}")))
}
