//! Capture devices beside the first: each is a source of the kind `mic`, with a voice that plays it.
//!
//! The first stays source 0, which passes without a voice. How a device is opened, goes and comes back
//! is the `devices` thread's business; the voice of one that is away plays on, and hears silence. What
//! a voice plays ends behind its fade: only then is the stream closed.

use std::{collections::BTreeMap, sync::Arc};

use retake_engine::{
    BusShape, CommandKind,
    mixer::{LivePlayer, Material, VoiceChange, VoiceId},
};
use retake_io::{InputOrder, MoreInput};

pub(in super::super) use super::devices::InputNews;
use super::{Control, Source, Sources, State, Way};
use crate::{memory::is_kept, store::Mic};

/// Of the microphones beside the first.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// The number of the last one.
    last_number: usize,
    /// Those that clients asked for and that are not open yet.
    pub(super) n_opening: usize,
    /// What no voice has taken up yet, by number.
    ends: BTreeMap<usize, MoreInput>,
    leaving: Vec<Leaving>,
}

/// What is to be closed when nothing is heard of it any more.
#[derive(Debug)]
struct Leaving {
    /// What is heard of it.
    voice: Option<VoiceId>,
    order: InputOrder,
}

impl Inputs {
    pub(super) fn next_number(&mut self) -> usize {
        self.last_number += 1;
        self.last_number
    }

    /// A voice has come to its end.
    pub(super) fn note_spent(&mut self, voice: VoiceId) {
        for leaving in &mut self.leaving {
            leaving.voice.take_if(|id| *id == voice);
        }
    }

    /// Another engine begins, without the voices of the last one.
    pub(super) fn forget_voices(&mut self) {
        self.leaving.iter_mut().for_each(|leaving| leaving.voice = None);
    }
}

impl Sources {
    /// Where the microphone of that number is in the list.
    pub(super) fn find_input(&self, number: usize) -> Option<usize> {
        self.list.iter().position(|source| source.input == Some(number))
    }

    /// The microphones beside the first that the next session begins with.
    pub(in super::super) fn remembered_inputs(&self) -> Vec<Mic> {
        let mic = |source: &Source| {
            let device = source.spec.kind.device().filter(|name| is_kept(name))?;
            Some(Mic { source: source.spec.words(device), mute: source.mute })
        };
        self.list.iter().filter_map(mic).collect()
    }
}

impl Control {
    /// What the devices gave for an engine that will be built.
    pub(in super::super) fn take_inputs(&mut self, more: Vec<MoreInput>) {
        self.sources.inputs.ends.clear();
        for more in more {
            self.note_input(more);
        }
    }

    /// A microphone has another end for the engine: what was heard of it fades out, and this in.
    pub(in super::super) fn take_input(&mut self, more: MoreInput) {
        let number = more.number;
        if more.is_live_loop {
            self.audio.close_loop();
        }
        let Some(at) = self.note_input(more) else { return };
        let can_play = self.audio.is_running() && !self.audio.awaits_engine();
        let Some(shape) = self.audio.shape().filter(|_| can_play) else { return };
        if let Some(before) = self.sources.list[at].voice.take() {
            self.audio.command(CommandKind::Voice(before.id, VoiceChange::Stop));
            let leaving = Leaving { voice: Some(before.id), order: InputOrder::Release { number } };
            self.sources.inputs.leaving.push(leaving);
        }
        self.begin_source(at, shape);
        self.show_inputs();
    }

    /// Keeps it for its source, unless that was removed meanwhile.
    fn note_input(&mut self, more: MoreInput) -> Option<usize> {
        let at = self.sources.find_input(more.number)?;
        self.parts.counters.count_also(&more.probe);
        let source = &mut self.sources.list[at];
        source.counters = Some(Arc::clone(&more.probe));
        source.way = Way::opened(more.latency_frames, &more.probe);
        source.granted = Some(more.info.clone());
        self.sources.inputs.ends.insert(more.number, more);
        Some(at)
    }

    /// Lets a voice play what the device gives, if it has given anything.
    pub(super) fn begin_input(&mut self, at: usize, shape: BusShape) {
        let number = self.sources.list[at].input.unwrap_or_default();
        let Some(MoreInput { input, info, .. }) = self.sources.inputs.ends.remove(&number) else {
            return self.mark_source(at, State::Waiting);
        };
        let source = &mut self.sources.list[at];
        source.channels = Some(info.channels.into());
        // Its time line is now.
        source.begin_at = None;
        self.play_source(at, Material::Live(LivePlayer::new(input)), shape);
    }

    /// A source was removed: if it was a microphone its stream is closed behind its fade.
    pub(super) fn let_input_go(&mut self, source: &Source) {
        let Some(number) = source.input else { return };
        if let Some(probe) = &source.counters {
            self.parts.counters.count_no_more(probe);
        }
        let inputs = &mut self.sources.inputs;
        inputs.ends.remove(&number);
        let voice = source.voice.as_ref().map(|voice| voice.id);
        inputs.leaving.push(Leaving { voice, order: InputOrder::Remove { number } });
        self.presets.note_move();
    }

    /// Closes what nobody hears any more.
    pub(super) fn close_inputs(&mut self) {
        let leaving = std::mem::take(&mut self.sources.inputs.leaving);
        for Leaving { voice, order } in leaving {
            let left = match voice {
                Some(_) => Some(order),
                None => self.parts.devices.order(order).err(),
            };
            self.sources.inputs.leaving.extend(left.map(|order| Leaving { voice, order }));
        }
    }
}
