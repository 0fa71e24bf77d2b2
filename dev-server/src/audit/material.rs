//! What a plugin is played in an audit: sounds of every kind, and everything moved that can be.
//!
//! The same for the same plugin, every time.

use std::collections::VecDeque;

use retake_engine::{EventBody, Note, Planar, PluginEvent};
use retake_host::ParamInfo;

/// Longest block in frames.
pub(super) const MAX_BLOCK: usize = 256;
/// Blocks of one kind of sound.
const N_ALIKE: u64 = 32;
/// Notes that are held at most.
const N_HELD: usize = 12;

/// Sound and events, block by block.
#[derive(Debug)]
pub(super) struct Material {
    random: u32,
    n_blocks: u64,
    params: Vec<ParamInfo>,
    /// Only if the plugin takes any.
    notes: Option<VecDeque<u8>>,
    events: Vec<PluginEvent>,
}

impl Material {
    pub(super) fn new(params: Vec<ParamInfo>, takes_notes: bool) -> Self {
        let params = params.into_iter().filter(ParamInfo::is_writable).collect();
        let notes = takes_notes.then(VecDeque::new);
        Self { random: 1, n_blocks: 0, params, notes, events: Vec::new() }
    }

    /// The next block: its sound into `input`, its length in frames, its events in order.
    pub(super) fn next(&mut self, input: &mut Planar) -> (usize, &[PluginEvent]) {
        self.n_blocks += 1;
        // Now and then one is shorter, as some hosts have it.
        let is_short = self.n_blocks.is_multiple_of(8);
        let frames = if is_short { 1 + self.below(MAX_BLOCK) } else { MAX_BLOCK };
        for c in 0..input.channels() {
            for frame in 0..frames {
                input.channel_mut(c)[frame] = self.sample(frame);
            }
        }
        self.events.clear();
        self.move_params(frames);
        self.play_notes(frames);
        self.events.sort_by_key(|event| event.offset);
        (frames, &self.events)
    }

    #[expect(clippy::cast_possible_truncation, reason = "noise needs no more bits")]
    fn sample(&mut self, frame: usize) -> f32 {
        let noise = (self.unit() * 2.0 - 1.0) as f32;
        let is_first = self.n_blocks.is_multiple_of(N_ALIKE) && frame == 0;
        match self.n_blocks / N_ALIKE % 6 {
            0 => 0.0,
            1 => 0.25 * noise,
            2 => f32::from(u8::from(is_first)),
            3 => noise.signum(),
            4 => noise * f32::MIN_POSITIVE,
            _ => 0.001 * noise,
        }
    }

    /// One parameter in each block, in turn; a bypass is back in the next.
    fn move_params(&mut self, frames: usize) {
        let Some(n) = u64::try_from(self.params.len()).ok().filter(|n| *n > 0) else {
            return;
        };
        let turn = |block: u64| usize::try_from(block % n).unwrap_or(0);
        let (now, before) = (turn(self.n_blocks), turn(self.n_blocks - 1));
        let is_bypass = |param: &ParamInfo| param.flags.iter().any(|flag| flag == "bypass");
        if now != before && is_bypass(&self.params[before]) {
            let param = &self.params[before];
            self.events.push(PluginEvent::param(0, param.id, param.default));
        }
        let (x, offset) = (self.unit(), self.below(frames));
        let param = &self.params[now];
        let plain = param.min + x * (param.max - param.min);
        let step = param.step.filter(|step| *step > 0.0);
        let stepped = step.map(|step| param.min + ((plain - param.min) / step).round() * step);
        let value = stepped.unwrap_or(plain).clamp(param.min, param.max);
        self.events.push(PluginEvent::param(offset_of(offset), param.id, value));
    }

    /// A note in every third block, held until enough others are; and a controller's message.
    fn play_notes(&mut self, frames: usize) {
        let Some(mut held) = self.notes.take() else {
            return;
        };
        if self.n_blocks.is_multiple_of(3) {
            let key = u8::try_from(24 + self.below(84)).unwrap_or(60);
            let ended = if held.len() >= N_HELD { held.pop_front() } else { None };
            let offset = offset_of(self.below(frames));
            let velocity = 0.1 + 0.9 * self.unit();
            let note = |key, on| EventBody::Note(Note { key, channel: 0, velocity, on });
            let ends = ended.map(|key| note(key, false));
            let bodies = ends.into_iter().chain([note(key, true)]);
            self.events.extend(bodies.map(|body| PluginEvent { offset, body }));
            held.push_back(key);
        }
        if self.n_blocks.is_multiple_of(5) {
            let value = u8::try_from(self.below(128)).unwrap_or(0);
            let body = EventBody::Midi([0xb0, 1, value]);
            self.events.push(PluginEvent { offset: 0, body });
        }
        self.notes = Some(held);
    }

    /// 0 to 1, the end left out.
    fn unit(&mut self) -> f64 {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.random >> 8) / f64::from(1 << 24)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to n - 1")]
    fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }
}

/// A block's frame as events have it.
fn offset_of(frame: usize) -> u32 {
    u32::try_from(frame).unwrap_or(0)
}
