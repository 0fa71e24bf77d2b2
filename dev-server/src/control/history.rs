//! What has lately gone to the plugin, for the warm start of the next one.

use std::collections::{BTreeMap, VecDeque};

use retake_engine::{EventBody, event::HeldNotes};
use retake_host::ParamInfo;

/// Events of the last seconds by the engine's clock, and where everything stood before them.
#[derive(Debug, Default)]
pub(super) struct History {
    events: VecDeque<(u64, EventBody)>,
    /// Parameters that were ever moved: where they stood before the first of `events`.
    values: BTreeMap<u32, f64>,
    held: HeldNotes,
}

/// Events beyond this many are folded into where everything stood, whatever their age.
const CAPACITY: usize = 65_536;

impl History {
    /// A block has carried `body` to the plugin at `frame`; `value_before` is where the parameter
    /// stood until then.
    pub(super) fn push(&mut self, frame: u64, body: EventBody, value_before: Option<f64>) {
        if let (EventBody::Param { id, .. }, Some(value)) = (body, value_before) {
            self.values.entry(id).or_insert(value);
        }
        if self.events.len() == CAPACITY {
            self.forget_first();
        }
        self.events.push_back((frame, body));
    }

    /// Folds what happened before `frame`: nobody will ask for it.
    pub(super) fn forget_before(&mut self, frame: u64) {
        while self.events.front().is_some_and(|e| e.0 < frame) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, body)) = self.events.pop_front() {
            fold(body, &mut self.values, &mut self.held);
        }
    }

    /// Where a plugin with `params` stood at `from`, and what happened from there on: events of
    /// parameters it does not have are left out, values are held within its ranges.
    pub(super) fn since(
        &self,
        from: u64,
        params: &[ParamInfo],
    ) -> (Vec<EventBody>, Vec<(u64, EventBody)>) {
        let (mut values, mut held) = (self.values.clone(), self.held.clone());
        let first = self.events.partition_point(|e| e.0 < from);
        self.events.range(..first).for_each(|(_, body)| fold(*body, &mut values, &mut held));
        let values = values.into_iter().map(|(id, value)| EventBody::Param { id, value });
        let base = values.filter_map(|body| fit(body, params)).chain(held.iter()).collect();
        let events = self.events.range(first..);
        let events = events.filter_map(|(frame, body)| Some((*frame, fit(*body, params)?)));
        (base, events.collect())
    }
}

fn fold(body: EventBody, values: &mut BTreeMap<u32, f64>, held: &mut HeldNotes) {
    held.follow(&body);
    if let EventBody::Param { id, value } = body {
        values.insert(id, value);
    }
}

fn fit(body: EventBody, params: &[ParamInfo]) -> Option<EventBody> {
    let EventBody::Param { id, value } = body else {
        return Some(body);
    };
    let param = params.iter().find(|p| p.id == id && p.is_writable())?;
    // Not `clamp`: a plugin may say min > max.
    Some(EventBody::Param { id, value: value.min(param.max).max(param.min) })
}

#[cfg(test)]
mod tests {
    use retake_engine::Note;

    use super::*;

    fn note(key: u8, on: bool) -> EventBody {
        EventBody::Note(Note { key, channel: 0, velocity: 0.5, on })
    }

    fn set(id: u32, value: f64) -> EventBody {
        EventBody::Param { id, value }
    }

    fn params() -> Vec<ParamInfo> {
        let param = |id: u32, max: f64| ParamInfo {
            id,
            key: id.to_string(),
            name: String::new(),
            group: String::new(),
            value: 0.0,
            default: 0.0,
            min: 0.0,
            max,
            step: None,
            unit: None,
            taper: retake_host::Taper::Linear,
            skew: None,
            choices: None,
            text: String::new(),
            flags: Vec::new(),
        };
        vec![param(1, 1.0), param(2, 0.5)]
    }

    fn history() -> History {
        let mut history = History::default();
        history.push(100, set(1, 0.25), Some(0.75));
        history.push(110, note(60, true), None);
        history.push(200, set(1, 0.5), Some(0.25));
        history.push(210, set(2, 0.9), Some(0.1));
        history.push(220, note(60, false), None);
        history.push(230, set(9, 0.9), Some(0.1));
        history
    }

    #[test]
    fn the_base_is_where_things_stood_and_the_rest_what_happened() {
        let (base, events) = history().since(200, &params());
        assert_eq!(base, [set(1, 0.25), set(2, 0.1), note(60, true)]);
        assert_eq!(events, [(200, set(1, 0.5)), (210, set(2, 0.5)), (220, note(60, false))]);
    }

    #[test]
    fn what_is_forgotten_is_in_the_base() {
        let mut forgetful = history();
        forgetful.forget_before(205);
        assert_eq!(forgetful.events.len(), 3);
        assert_eq!(forgetful.since(215, &params()), history().since(215, &params()));
        let before_all = history().since(0, &params()).0;
        assert_eq!(before_all, [set(1, 0.75), set(2, 0.1)]);
    }
}
