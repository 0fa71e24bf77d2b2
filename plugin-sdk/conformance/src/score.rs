//! What is played to a plugin, and the one loop that plays it and looks at what comes back.

use anyhow::{Context as _, Result, bail, ensure};
use clap_sys::events::clap_event_transport;
use clap_sys::process::{CLAP_PROCESS_ERROR, CLAP_PROCESS_SLEEP};

use crate::audio::{Audio, CANARY, Call, Port};
use crate::events::{Event, Output};
use crate::instance::{AudioPort, Instance};
use crate::rng::Rng;

/// Input and events from frame 0 on.
#[derive(Clone, Debug)]
pub(crate) struct Score {
    pub(crate) frames: usize,
    /// All input channels, those of the first port first.
    pub(crate) input: Vec<Vec<f32>>,
    /// In the order of time.
    pub(crate) events: Vec<Event>,
    /// One for each block, in turn; none is a null pointer.
    pub(crate) transports: Vec<clap_event_transport>,
    pub(crate) is_in_place: bool,
}

impl Score {
    /// Noise into all inputs of the present layout.
    pub(crate) fn noise(shape: &Shape, frames: usize, rng: &mut Rng) -> Self {
        let input = (0..shape.input_channels()).map(|_| rng.noise(frames)).collect();
        Self { frames, input, events: Vec::new(), transports: Vec::new(), is_in_place: false }
    }

    pub(crate) fn silence(shape: &Shape, frames: usize) -> Self {
        let input = vec![vec![0.0; frames]; shape.input_channels()];
        Self { frames, input, events: Vec::new(), transports: Vec::new(), is_in_place: false }
    }

    /// With more events, each at its time.
    pub(crate) fn with(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        self.events.extend(events);
        self.events.sort_by_key(Event::time);
        self
    }
}

/// The ports that a plugin has at present.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) inputs: Vec<AudioPort>,
    pub(crate) outputs: Vec<AudioPort>,
}

impl Shape {
    pub(crate) fn of(instance: &Instance<'_>) -> Result<Self> {
        Ok(Self { inputs: instance.audio_ports(true)?, outputs: instance.audio_ports(false)? })
    }

    pub(crate) fn input_channels(&self) -> usize {
        self.inputs.iter().map(|port| port.channels as usize).sum()
    }

    pub(crate) fn output_channels(&self) -> usize {
        self.outputs.iter().map(|port| port.channels as usize).sum()
    }

    /// The output that may share its buffers with this input.
    fn in_place(&self, input: &AudioPort) -> Option<usize> {
        let alike = |port: &AudioPort| port.id == input.pair && port.channels == input.channels;
        self.outputs.iter().position(alike)
    }

    fn ports(&self, is_input: bool, is_in_place: bool) -> Vec<Port> {
        let ports = if is_input { &self.inputs } else { &self.outputs };
        let make = |port: &AudioPort| Port {
            channels: vec![Vec::new(); port.channels as usize],
            constant_mask: 0,
            in_place: if is_input && is_in_place { self.in_place(port) } else { None },
        };
        ports.iter().map(make).collect()
    }
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// All output channels, those of the first port first.
    pub(crate) output: Vec<Vec<f32>>,
    /// Length and status of each block.
    pub(crate) blocks: Vec<(usize, i32)>,
    pub(crate) heap_calls: u64,
}

impl Heard {
    /// The largest magnitude from a frame on.
    pub(crate) fn peak_from(&self, frame: usize) -> f32 {
        let samples = self.output.iter().flat_map(|channel| channel.iter().skip(frame));
        samples.fold(0.0, |peak, sample| peak.max(sample.abs()))
    }

    /// Fails at the first frame that differs by more than the rounding of a rearranged sum.
    pub(crate) fn must_equal(&self, other: &Self, what: &str) -> Result<()> {
        let limit = 1e-5 * self.peak_from(0).max(1.0);
        for (channel, (ours, theirs)) in self.output.iter().zip(&other.output).enumerate() {
            let mut both = ours.iter().zip(theirs);
            if let Some(frame) = both.position(|(ours, theirs)| (ours - theirs).abs() > limit) {
                bail!(
                    "{what}: channel {channel}, frame {frame}: {} and {}",
                    ours[frame],
                    theirs[frame]
                );
            }
        }
        Ok(())
    }
}

/// Plays a score to a started plugin, in blocks of the sizes that `next_size` gives. Audio thread.
///
/// Every block must return a status, leave its input and what lies behind its buffers alone, and
/// write all of its output, which must be finite and free of denormals and as constant as the
/// mask says; the events sent must be in order and within the block.
pub(crate) fn play(
    audio: Audio<'_>,
    shape: &Shape,
    score: &Score,
    mut next_size: impl FnMut() -> usize,
) -> Result<Heard> {
    let mut player = Player {
        audio,
        score,
        inputs: shape.ports(true, score.is_in_place),
        outputs: shape.ports(false, score.is_in_place),
        sent: Output::new(),
        heard: Heard { output: vec![Vec::new(); shape.output_channels()], ..Heard::default() },
    };
    let mut begin = 0;
    while begin < score.frames {
        let frames = next_size().clamp(1, score.frames - begin);
        player.block(begin, frames).with_context(|| {
            let number = player.heard.blocks.len();
            format!("block {number}, frames {begin}..{}", begin + frames)
        })?;
        begin += frames;
    }
    Ok(player.heard)
}

struct Player<'p> {
    audio: Audio<'p>,
    score: &'p Score,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    sent: Output,
    heard: Heard,
}

impl Player<'_> {
    fn block(&mut self, begin: usize, frames: usize) -> Result<()> {
        self.fill(begin, frames);
        let before = self.inputs.clone();
        let events = self.events(begin, frames)?;
        let transports = &self.score.transports;
        let turn = self.heard.blocks.len().checked_rem(transports.len());
        let (status, heap_calls) = self.audio.process(&mut Call {
            frames,
            inputs: &mut self.inputs,
            outputs: &mut self.outputs,
            events: &events,
            sent: &mut self.sent,
            transport: turn.map(|turn| &transports[turn]),
            steady: i64::try_from(begin)?,
        })?;
        ensure!(status != CLAP_PROCESS_ERROR, "`process` returned an error");
        ensure!((1..=CLAP_PROCESS_SLEEP).contains(&status), "`process` returned status {status}");
        self.heard.blocks.push((frames, status));
        self.heard.heap_calls += heap_calls;
        self.check_inputs(&before)?;
        self.check_outputs(frames)?;
        self.check_sent(frames)?;
        self.keep(frames);
        Ok(())
    }

    /// Puts the score's input where the plugin will look for it.
    fn fill(&mut self, begin: usize, frames: usize) {
        let ports = self.inputs.iter_mut().chain(&mut self.outputs);
        ports.for_each(|port| port.clear(frames));
        self.sent.clear();
        let mut sources = self.score.input.iter();
        for input in &mut self.inputs {
            let mut mask = 0;
            let target = match input.in_place {
                Some(output) => &mut self.outputs[output],
                None => &mut *input,
            };
            for (number, (channel, source)) in
                (0..).zip(target.channels.iter_mut().zip(&mut sources))
            {
                channel[..frames].copy_from_slice(&source[begin..begin + frames]);
                mask |= u64::from(number < 64 && is_constant(&channel[..frames])) << (number % 64);
            }
            input.constant_mask = mask;
        }
    }

    /// The events of the block, with times that count from its beginning.
    fn events(&self, begin: usize, frames: usize) -> Result<Vec<Event>> {
        let (begin, end) = (u32::try_from(begin)?, u32::try_from(begin + frames)?);
        let events = self.score.events.iter();
        let inside = events.filter(|event| (begin..end).contains(&event.time()));
        Ok(inside.map(|event| event.at(event.time() - begin)).collect())
    }

    fn check_inputs(&self, before: &[Port]) -> Result<()> {
        for (port, before) in self.inputs.iter().zip(before) {
            let bits = |port: &Port| -> Vec<u32> {
                port.channels.iter().flatten().map(|sample| sample.to_bits()).collect()
            };
            let is_same = port.in_place.is_some() || bits(port) == bits(before);
            ensure!(is_same, "the plugin wrote into its input");
        }
        Ok(())
    }

    fn check_outputs(&self, frames: usize) -> Result<()> {
        for port in &self.outputs {
            ensure!(port.has_guards(frames), "the plugin wrote behind the end of its output");
            for (number, channel) in port.channels.iter().enumerate() {
                let channel = &channel[..frames];
                check_samples(channel).with_context(|| format!("output channel {number}"))?;
                let is_marked = number < 64 && port.constant_mask >> number & 1 == 1;
                ensure!(
                    !is_marked || is_constant(channel),
                    "output channel {number} is marked constant and is not"
                );
            }
        }
        Ok(())
    }

    fn check_sent(&self, frames: usize) -> Result<()> {
        let mut last = 0;
        for sent in self.sent.sent() {
            ensure!((sent.time as usize) < frames, "an event was sent at {}", sent.time);
            ensure!(sent.time >= last, "an event at {} was sent after {last}", sent.time);
            ensure!(sent.size >= 16, "an event of {} bytes was sent", sent.size);
            last = sent.time;
        }
        Ok(())
    }

    fn keep(&mut self, frames: usize) {
        let channels = self.outputs.iter().flat_map(|port| &port.channels);
        for (heard, channel) in self.heard.output.iter_mut().zip(channels) {
            heard.extend_from_slice(&channel[..frames]);
        }
    }
}

fn is_constant(samples: &[f32]) -> bool {
    samples.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits())
}

fn check_samples(samples: &[f32]) -> Result<()> {
    for (frame, sample) in samples.iter().enumerate() {
        ensure!(sample.to_bits() != CANARY.to_bits(), "frame {frame} was not written");
        ensure!(sample.is_finite(), "frame {frame} is {sample}");
        ensure!(!sample.is_subnormal(), "frame {frame} is the denormal number {sample:e}");
    }
    Ok(())
}
