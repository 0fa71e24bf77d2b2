//! Capture devices beside the first: each is a source of the kind `mic`, with a voice that plays it.
//!
//! The first stays source 0, which passes without a voice. How a device goes and comes back is the
//! `devices` thread's business: the voice plays on, and hears silence meanwhile.

use std::sync::Arc;

use retake_engine::{
    BusShape,
    mixer::{LivePlayer, Material},
};
use retake_io::MoreInput;

use super::{Control, Source, Sources, State, Way};
use crate::source::{SourceKind, SourceSpec};

/// What was opened for an engine that begins, by their numbers less one.
#[derive(Debug, Default)]
pub(super) struct Inputs(Vec<Option<MoreInput>>);

impl Sources {
    /// The devices gave these; the ones that are seen for the first time become sources.
    pub(in super::super) fn take_inputs(&mut self, more: Vec<MoreInput>) {
        for (number, input) in (1..).zip(&more) {
            let is_its = |source: &Source| source.input_number() == Some(number);
            if !self.list.iter().any(is_its) {
                self.last_id += 1;
                let spec = SourceSpec::input(number, input.info.device.clone());
                self.list.push(Source::new(self.last_id, spec));
            }
            for source in self.list.iter_mut().filter(|source| is_its(source)) {
                source.counters = Some(Arc::clone(&input.probe));
                source.way = Way::opened(input.latency_frames, &input.probe);
            }
        }
        self.is_used |= !more.is_empty();
        self.inputs = Inputs(more.into_iter().map(Some).collect());
    }
}

impl Source {
    fn input_number(&self) -> Option<usize> {
        match self.spec.kind {
            SourceKind::Input { number, .. } => Some(number),
            _ => None,
        }
    }
}

impl Control {
    /// Lets a voice play what the device gives.
    pub(super) fn begin_input(&mut self, at: usize, number: usize, shape: BusShape) {
        let place = self.sources.inputs.0.get_mut(number - 1);
        let Some(MoreInput { input, info, .. }) = place.and_then(Option::take) else {
            return self.mark_source(at, State::Failed("the device was not opened".to_owned()));
        };
        let source = &mut self.sources.list[at];
        source.channels = Some(info.channels.into());
        // Its time line is now.
        source.begin_at = None;
        self.play_source(at, Material::Live(LivePlayer::new(input)), shape);
    }
}
