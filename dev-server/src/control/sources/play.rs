//! Opening, playing and ending.

use std::{
    ops::Range,
    sync::{Arc, atomic::Ordering::Release},
};

use retake_engine::{
    BusShape, CommandKind,
    mixer::{
        Bus, Clip, ClipPlayer, Generator, Material, Signal, StripSettings, Voice, VoiceChange,
        VoicePool,
    },
};
use retake_io::sound::{Sound, SoundEvent, SoundRequest};

use super::{Control, LIVE, Playing, Source, State, buses::busy};
use crate::{
    cli::ClockArg,
    control::{Failure, Message},
    report::{Tone, say},
    seconds::frames_of,
    source::{Repeat, SourceKind, SourceSpec},
    web::RpcError,
};

/// What a file tells.
#[derive(Debug)]
pub struct SoundNews {
    source: u32,
    epoch: u32,
    order: u32,
    event: SoundEvent,
}

impl Source {
    /// The formula of a source that is one; noises differ by their number.
    fn signal(&self) -> Option<Signal> {
        let seed = self.id.into();
        match self.spec.kind {
            SourceKind::Signal(Signal::WhiteNoise { .. }) => Some(Signal::WhiteNoise { seed }),
            SourceKind::Signal(Signal::PinkNoise { .. }) => Some(Signal::PinkNoise { seed }),
            SourceKind::Signal(signal) => Some(signal),
            _ => None,
        }
    }

    /// Another engine takes over, maybe at another rate: it goes on where it stood.
    fn change_engine(&mut self, from: u32, to: u32) {
        let stood = self.voice.take().map(|voice| voice.probe.position()).or(self.begin_at);
        let at_rate = |frames: u64| frames_of(frames as f64 / f64::from(from), to);
        self.begin_at = stood.filter(|_| from > 0).map(at_rate);
        (self.place, self.order) = (None, None);
    }
}

impl Repeat {
    /// In frames at `rate` Hz.
    pub(super) fn frames(&self, rate: u32) -> Option<Range<u64>> {
        match self {
            Self::Never => None,
            Self::All => Some(0..u64::MAX),
            Self::Between(seconds) => {
                Some(frames_of(seconds.start, rate)..frames_of(seconds.end, rate))
            }
        }
    }
}

impl Control {
    /// An engine begins. With the first, everything sounds from its first frame on, files as soon as
    /// they are open; with a later one everything goes on where it stood.
    ///
    /// # Errors
    /// Usage: a source of the command line does not fit the rate.
    pub(in super::super) fn begin_sources(
        &mut self,
        shape: BusShape,
        has_sidechain: bool,
    ) -> Result<(), Failure> {
        let before = std::mem::replace(&mut self.sources.rate, shape.rate);
        self.sources.pool = VoicePool::default();
        self.sources.epoch += 1;
        self.sources.n_opening.store(0, Release);
        self.sources.inputs.forget_voices();
        self.begin_live();
        self.begin_buses();
        for at in 0..self.sources.list.len() {
            let source = &mut self.sources.list[at];
            source.change_engine(before, shape.rate);
            let conflict = source.spec.conflict_with(shape.rate);
            if let Some(conflict) = conflict.filter(|_| source.is_given && before == 0) {
                return Err(Failure::usage(format!("--source {conflict}")));
            }
            if self.sources.list[at].state != State::Eof {
                self.begin_source(at, shape);
            }
        }
        if !has_sidechain {
            self.warn_of_sidechain();
        }
        self.show_inputs();
        Ok(())
    }

    /// The live input is listed while there is one.
    fn begin_live(&mut self) {
        let n_live = self.audio.n_live();
        let list = &mut self.sources.list;
        let at = list.iter().position(Source::is_live);
        match at {
            None if n_live > 0 => list.insert(0, Source::new(LIVE, SourceSpec::mic())),
            Some(at) if n_live == 0 => drop(list.remove(at)),
            _ => {}
        }
        if let Some(live) = list.iter_mut().find(|source| source.is_live()) {
            live.channels = Some(n_live);
            live.state = State::Ready;
        }
    }

    /// Lets a source play that is not playing.
    pub(super) fn begin_source(&mut self, at: usize, shape: BusShape) {
        let source = &mut self.sources.list[at];
        source.state = State::Filling;
        if let Some(conflict) = source.spec.conflict_with(shape.rate) {
            return self.mark_source(at, State::Failed(conflict));
        }
        match (source.signal(), source.spec.kind.clone()) {
            (Some(signal), _) => {
                let generator = Generator::new(signal, shape.rate);
                source.channels = Some(1);
                self.play_source(at, Material::Generator(generator), shape);
            }
            (None, SourceKind::Push(_)) => self.mark_source(at, State::Waiting),
            (None, SourceKind::Fifo(pipe)) => self.open_pipe(at, pipe, shape),
            (None, kind) if let Some(file) = kind.file() => {
                let repeat = source.spec.repeat.frames(shape.rate);
                self.mark_source(at, State::Filling);
                self.open_file(at, SoundRequest { file, rate: shape.rate, repeat });
            }
            (None, SourceKind::Take) => {
                let Some(clip) = self.take.clip() else { return };
                source.channels = Some(clip.channels());
                source.frames = Some(clip.frames());
                let player = ClipPlayer::new(clip, Some(0..u64::MAX));
                self.play_source(at, Material::Clip(player), shape);
            }
            (None, SourceKind::Input(_)) => self.begin_input(at, shape),
            // Listed without anybody having asked for it, the live input is nothing to tell.
            _ if self.sources.is_used => self.mark_source(at, State::Ready),
            _ => source.state = State::Ready,
        }
    }

    /// Opens its file; what it plays until then plays on.
    fn open_file(&mut self, at: usize, request: SoundRequest) {
        self.sources.last_order += 1;
        let (epoch, order) = (self.sources.epoch, self.sources.last_order);
        let source = &mut self.sources.list[at];
        source.order = Some(order);
        let (source, mailbox) = (source.id, self.parts.mailbox.clone());
        let tell = move |event| {
            // Control is gone: nobody wants it any more.
            drop(mailbox.send(Message::Sound(SoundNews { source, epoch, order, event })));
        };
        if let Err(error) = self.sources.open(request, tell) {
            self.mark_source(at, State::Failed(error.to_string()));
        }
    }

    /// Opens its file once more, with the loop as it is now, and lets that take over from what it
    /// plays: from frame `begin_at` on, or from where it stands.
    pub(super) fn reopen(&mut self, at: usize, begin_at: Option<u64>) {
        let Some(shape) = self.audio.shape() else {
            return;
        };
        let source = &mut self.sources.list[at];
        source.begin_at = begin_at;
        if let Some(file) = source.spec.kind.file() {
            let repeat = source.spec.repeat.frames(shape.rate);
            self.open_file(at, SoundRequest { file, rate: shape.rate, repeat });
        }
    }

    /// A file was opened, or could not be: then a script has failed, and a session goes on.
    pub(in super::super) fn on_sound(&mut self, news: SoundNews) -> Result<(), Failure> {
        let SoundNews { source, epoch, order, event } = news;
        if epoch != self.sources.epoch {
            return Ok(());
        }
        let is_opened = matches!(event, SoundEvent::Opened(_));
        let is_its = |s: &Source| s.id == source && s.order == Some(order);
        if let Some(at) = self.sources.list.iter().position(is_its) {
            self.on_file(at, event)?;
        }
        if is_opened {
            // What was sent is heard from the very next block on.
            self.sources.n_opening.fetch_sub(1, Release);
        }
        Ok(())
    }

    fn on_file(&mut self, at: usize, event: SoundEvent) -> Result<(), Failure> {
        let is_opened = matches!(event, SoundEvent::Opened(_));
        match event {
            SoundEvent::Opened(Ok(sound)) => self.on_opened_file(at, sound),
            SoundEvent::Opened(Err(error)) | SoundEvent::Broke(error) => {
                if self.parts.run.audio.devices.clock == ClockArg::Fast {
                    return Err(Failure::failed(error));
                }
                if is_opened && let Some(before) = self.sources.list[at].voice.take() {
                    self.audio.command(CommandKind::Voice(before.id, VoiceChange::Stop));
                }
                self.mark_source(at, State::Failed(error.to_string()));
            }
        }
        Ok(())
    }

    fn on_opened_file(&mut self, at: usize, sound: Sound) {
        let Some(shape) = self.audio.shape() else {
            return;
        };
        let source = &mut self.sources.list[at];
        source.channels = Some(sound.channels);
        source.frames = sound.frames;
        source.is_stream = matches!(sound.material, Material::Stream(_));
        if let Some(before) = source.voice.take() {
            source.begin_at = source.begin_at.or(Some(before.probe.position()));
            self.audio.command(CommandKind::Voice(before.id, VoiceChange::Stop));
        }
        self.play_source(at, sound.material, shape);
    }

    /// Plays a clip once, from that very frame on; nobody lists it.
    ///
    /// # Errors
    /// −32000: there is no room for it.
    pub(in super::super) fn play_once(
        &mut self,
        clip: Clip,
        bus: Bus,
        at_frame: u64,
    ) -> Result<(), RpcError> {
        let Some(shape) = self.audio.shape() else {
            return Err(RpcError::busy("nothing sounds yet"));
        };
        let id = self.sources.pool.claim().map_err(|full| RpcError::busy(full.to_string()))?;
        let material = Material::Clip(ClipPlayer::new(Arc::new(clip), None));
        let strip = StripSettings { bus, ..StripSettings::default() };
        let voice = Box::new(Voice::new(id, material, strip, shape));
        self.audio.send(at_frame, CommandKind::Play(voice)).map_err(|full| {
            self.sources.pool.release(id);
            busy(full)
        })
    }

    pub(super) fn play_source(&mut self, at: usize, material: Material, shape: BusShape) {
        let source = &mut self.sources.list[at];
        let place = source.place.take().map_or_else(|| self.sources.pool.claim(), Ok);
        let id = match place {
            Ok(id) => id,
            Err(full) => return self.mark_source(at, State::Failed(full.to_string())),
        };
        let mut voice =
            Voice::new(id, material, source.strip(), shape).with_pitch(source.spec.pitch);
        if source.spec.kind == SourceKind::Take {
            voice = voice.as_take();
        }
        if let Some(frame) = source.begin_at.take().filter(|frame| *frame > 0) {
            voice = voice.with(VoiceChange::Seek(frame));
        }
        if source.is_paused {
            voice = voice.with(VoiceChange::Pause(true));
        }
        let playing = Playing { id, probe: voice.probe() };
        let state = State::of(playing.probe.supply());
        source.voice = Some(playing);
        if let Err(busy) = self.audio.send(0, CommandKind::Play(Box::new(voice))) {
            self.sources.pool.release(id);
            self.sources.list[at].voice = None;
            return self.mark_source(at, State::Failed(busy.to_string()));
        }
        self.mark_source(at, state);
        self.feed_telemetry();
    }

    /// Voices that came to their end, and those whose frames come again or no more.
    pub(in super::super) fn tick_sources(&mut self) {
        for at in 0..self.sources.list.len() {
            let source = &self.sources.list[at];
            let now = source.voice.as_ref().map(|voice| State::of(voice.probe.supply()));
            let is_broken = matches!(source.state, State::Failed(_));
            if let Some(now) = now.filter(|now| !is_broken && *now != source.state) {
                self.mark_source(at, now);
            }
        }
        while let Some(voice) = self.audio.take_spent() {
            self.sources.pool.release(voice.id());
            self.on_voice_gone(voice.id());
            self.sources.inputs.note_spent(voice.id());
            let is_its = |source: &Source| {
                source.voice.as_ref().is_some_and(|playing| playing.id == voice.id())
            };
            let Some(at) = self.sources.list.iter().position(is_its) else { continue };
            self.sources.list[at].voice = None;
            let source = &self.sources.list[at];
            if !matches!(source.state, State::Failed(_)) {
                self.mark_source(at, State::at_end_of(&source.spec.kind));
            }
            self.feed_telemetry();
        }
        self.close_inputs();
        self.say_changes();
    }

    /// Tells everyone where a source stands.
    pub(super) fn mark_source(&mut self, at: usize, state: State) {
        let source = &mut self.sources.list[at];
        source.state = state;
        if let State::Failed(reason) = &source.state {
            say(Tone::Error, "Source", format!("{}: {reason}", source.spec));
        }
        self.tell_source(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_engine_goes_on_where_the_last_one_stood() {
        let mut source = Source::new(1, "file:x".parse().unwrap());
        source.begin_at = Some(96_000);
        source.change_engine(0, 48_000);
        assert_eq!(source.begin_at, None, "the first one begins at the beginning");
        source.begin_at = Some(96_001);
        source.change_engine(48_000, 48_000);
        assert_eq!(source.begin_at, Some(96_001));
        source.change_engine(48_000, 44_100);
        assert_eq!(source.begin_at, Some(88_201));
    }
}
