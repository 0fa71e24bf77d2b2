//! The rings between control and the engine: commands in, facts out, boxes back.
//!
//! | ring | writer → reader | when full |
//! |---|---|---|
//! | command | control → engine | [`Busy`] to the caller; [`CommandKind::is_urgent`] has a lane of its own |
//! | event | engine → control | parameter echoes are dropped and counted; facts have reserved room |
//! | retired | engine → control | cannot be: a swap begins only with room for all that can leave |
//! | spent | engine → control | cannot be: it holds every voice that can be alive |

use std::sync::Arc;

use crate::{
    event::EventBody,
    generation::Generation,
    meter::MeterSource,
    mixer::{Bus, Voice, VoiceChange, VoiceId, VoiceProbe},
    probe::Probe,
    tap::TapSource,
};

/// Commands that fit between control and the engine.
pub const COMMAND_CAPACITY: usize = 16_384;
/// Urgent commands that fit beside them, whatever waits there.
pub(crate) const URGENT_CAPACITY: usize = 8;
/// Events that fit between the engine and control.
const EVENT_CAPACITY: usize = 32_768;
/// Slots of the event ring that parameter echoes leave alone.
const FACT_SLOTS: usize = 64;

/// Something for the engine to do at a frame of its clock.
#[derive(Debug)]
pub struct Command {
    /// The engine's frame at which it takes effect; a frame already past means at once.
    pub at_frame: u64,
    /// What to do.
    pub kind: CommandKind,
}

/// What the engine can be asked to do.
#[derive(Debug)]
pub enum CommandKind {
    /// Something for the plugin, at the very frame; already checked by control.
    Plugin(EventBody),
    /// Let the next generation take over. Stays queued while an earlier swap is fading; events
    /// that pass it meanwhile are its first ones.
    Swap(Box<Generation>, Fade),
    /// Hear the dry signal (delayed by the plugin's latency) instead of the plugin.
    Bypass(bool),
    /// Give this generation up, because it is known to be broken: the standby takes its place, as
    /// after an error. While it fades in or waits for its swap, that swap is undone; as the standby,
    /// it goes.
    Condemn {
        /// The broken generation; any other is left alone.
        generation: u32,
    },
    /// Give up the standby: it goes back through the retired ring.
    DropStandby,
    /// Let a voice sound, from that very frame on.
    Play(Box<Voice>),
    /// Change a voice; one that has ended by then is left in peace.
    Voice(VoiceId, VoiceChange),
    /// Change the live input's strip: level, pan, law, bus. What only a voice has, it has not.
    Live(VoiceChange),
    /// Another level of a bus, linear; silence is how it is muted.
    Bus(Bus, f32),
    /// Silence the output, behind meters and taps. `Mute(false)` also releases what the guard has
    /// muted after a howl.
    Mute(bool),
    /// From now on the output can come back through an input: a microphone came to be, or another.
    LiveLoop,
    /// Fade out over 20 ms and stay silent: the last command of a session.
    Stop,
}

impl CommandKind {
    pub(crate) fn is_for_plugin(&self) -> bool {
        matches!(self, Self::Plugin(_))
    }

    /// Whether the command has reserved room. It does not wait for those queued before it.
    pub fn is_urgent(&self) -> bool {
        matches!(self, Self::Swap(..) | Self::Stop | Self::Condemn { .. } | Self::DropStandby)
    }
}

/// How one generation hands over to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fade {
    /// Both sound at once, linear gains that sum to one: right for signals that resemble each other.
    Cross {
        /// Length in frames, at least 1.
        frames: usize,
    },
    /// The old one fades out, then the new one fades in: when both together would not fit into
    /// the block's budget, or when their channels differ.
    OutIn {
        /// Length of both halves together in frames, at least 2.
        frames: usize,
    },
}

/// Facts that the engine tells control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// The first block of a generation was rendered and is on its way to the device. (In an
    /// [`Fade::OutIn`] that is the block in which the old one has faded out.)
    Sounding {
        /// Which generation.
        generation: u32,
        /// Frame of that block.
        frame: u64,
        /// The driver's time stamp of that callback.
        at_ns: u64,
    },
    /// The fade is over; the old generation stands by from now on, and the standby before it is on
    /// its way through the retired ring. (One that was given up goes there itself.)
    SwapDone {
        /// The generation that plays alone now.
        generation: u32,
        /// Frame at which the fade ended.
        frame: u64,
    },
    /// A parameter change, a note or a MIDI message reached the plugin in this block, or came from
    /// it.
    Plugin {
        /// What it was.
        body: EventBody,
        /// The frame at which it took effect.
        frame: u64,
        /// Whose it was.
        origin: Origin,
    },
    /// The plugin returned an error. What plays instead is told by [`Event::Promoted`]; without a
    /// standby it is bypassed from this block on.
    ProcessError {
        /// Which generation.
        generation: u32,
        /// Frame of that block.
        frame: u64,
    },
    /// The plugin is gone for good: its process ended or was given up. Goes on like
    /// [`Event::ProcessError`].
    Gone {
        /// Which generation.
        generation: u32,
        /// Frame of the first block that it did not render.
        frame: u64,
    },
    /// A generation failed or was condemned, and another plays in its place from this block on: the
    /// standby; or, in a swap, the one of the two that is left (the old one when the new one failed;
    /// the new one, followed by [`Event::SwapDone`], when the old one failed). The broken one is on
    /// its way through the retired ring.
    Promoted {
        /// The generation that plays now.
        generation: u32,
        /// The one that failed.
        instead_of: u32,
        /// Frame of the block.
        frame: u64,
    },
    /// The plugin's output has had an offset above −20 dBFS for a second. Told once, until it went.
    Dc {
        /// The engine's clock when it was sure.
        frame: u64,
        /// The offset, linear and signed, of the channel that showed it.
        level: f32,
    },
    /// Feedback between loudspeaker and microphone: the output was muted. [`CommandKind::Mute`]
    /// with `false` releases it.
    Howl {
        /// The engine's clock when it was sure.
        frame: u64,
        /// Its frequency.
        hz: f32,
    },
    /// The plugin began to send samples that are not finite; their blocks are silenced.
    NonFinite {
        /// Which generation.
        generation: u32,
        /// Frame of the first such block.
        frame: u64,
    },
    /// The fade after [`CommandKind::Stop`] is over: what follows is silence.
    Stopped {
        /// End of the block in which silence began.
        frame: u64,
    },
}

/// Where an event of a plugin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Control sent it: [`CommandKind::Plugin`].
    Control,
    /// The plugin sent it.
    Plugin,
}

/// The command ring had no room; the command comes back.
#[derive(Debug, thiserror::Error)]
#[error("the engine has {COMMAND_CAPACITY} commands waiting already")]
pub struct Busy(pub CommandKind);

/// Control's end of the command ring.
#[derive(Debug)]
pub struct CommandSender {
    normal: rtrb::Producer<Command>,
    urgent: rtrb::Producer<Command>,
}

impl CommandSender {
    /// Queues a command for `at_frame` (0 = at once).
    ///
    /// # Errors
    /// [`Busy`] with the command when the ring is full; nothing was queued.
    pub fn send(&mut self, at_frame: u64, kind: CommandKind) -> Result<(), Busy> {
        let lane = if kind.is_urgent() { &mut self.urgent } else { &mut self.normal };
        lane.push(Command { at_frame, kind }).map_err(|rtrb::PushError::Full(c)| Busy(c.kind))
    }
}

/// Everything control holds of an engine.
#[derive(Debug)]
pub struct EngineControl {
    /// Commands in.
    pub commands: CommandSender,
    /// Facts out.
    pub events: rtrb::Consumer<Event>,
    /// Generations to be taken apart on their own thread.
    pub retired: rtrb::Consumer<Box<Generation>>,
    /// Voices that have ended: to be dropped, and their places to be released.
    pub spent: rtrb::Consumer<Box<Voice>>,
    /// How loud the live input's strip is.
    pub live: Arc<VoiceProbe>,
    /// Counters.
    pub probe: Arc<Probe>,
    /// Opens meter readers.
    pub meters: MeterSource,
    /// Opens readers of the plugin's output.
    pub tap: TapSource,
    /// Opens readers of what the plugin gets, its sidechain included, which remembers some seconds.
    pub input: TapSource,
}

/// The engine's end of the command ring.
#[derive(Debug)]
pub(crate) struct CommandReceiver {
    pub(crate) normal: rtrb::Consumer<Command>,
    pub(crate) urgent: rtrb::Consumer<Command>,
}

/// The engine's ends of the three rings.
#[derive(Debug)]
pub(crate) struct EnginePorts {
    pub(crate) commands: CommandReceiver,
    pub(crate) reporter: Reporter,
    pub(crate) retired: Retired,
}

/// Control's ends of the three rings.
#[derive(Debug)]
pub(crate) struct ControlPorts {
    pub(crate) commands: CommandSender,
    pub(crate) events: rtrb::Consumer<Event>,
    pub(crate) retired: rtrb::Consumer<Box<Generation>>,
}

/// Generations that can be alive at once: playing, fading in, standing by, and two on their way
/// back.
const ALIVE: usize = 5;

pub(crate) fn ports(probe: &Arc<Probe>) -> (EnginePorts, ControlPorts) {
    let (normal_tx, normal_rx) = rtrb::RingBuffer::new(COMMAND_CAPACITY);
    let (urgent_tx, urgent_rx) = rtrb::RingBuffer::new(URGENT_CAPACITY);
    let (event_tx, event_rx) = rtrb::RingBuffer::new(EVENT_CAPACITY);
    let (retired_tx, retired_rx) = rtrb::RingBuffer::new(ALIVE);
    let reporter = Reporter { events: event_tx, probe: Arc::clone(probe) };
    let engine = EnginePorts {
        commands: CommandReceiver { normal: normal_rx, urgent: urgent_rx },
        reporter,
        retired: Retired(retired_tx),
    };
    let control = ControlPorts {
        commands: CommandSender { normal: normal_tx, urgent: urgent_tx },
        events: event_rx,
        retired: retired_rx,
    };
    (engine, control)
}

/// The way back for generations: nothing is dropped on the audio thread.
#[derive(Debug)]
pub(crate) struct Retired(rtrb::Producer<Box<Generation>>);

impl Retired {
    pub(crate) fn has_room_for(&self, n: usize) -> bool {
        self.0.slots() >= n
    }

    /// Sends a generation back to control.
    ///
    /// # Real time
    /// Wait-free.
    pub(crate) fn push(&mut self, generation: Box<Generation>) {
        let pushed = self.0.push(generation);
        debug_assert!(pushed.is_ok(), "no swap begins without room for all that can leave");
    }
}

/// The engine's mouth: sends events, counts what finds no room.
#[derive(Debug)]
pub(crate) struct Reporter {
    events: rtrb::Producer<Event>,
    probe: Arc<Probe>,
}

impl Reporter {
    /// Sends a fact that someone waits for.
    ///
    /// # Real time
    /// Wait-free.
    pub(crate) fn fact(&mut self, event: Event) {
        if self.events.push(event).is_err() {
            self.probe.events_lost.add(1);
        }
    }

    /// Sends a repeatable event, which gives way when room is short.
    ///
    /// # Real time
    /// Wait-free.
    pub(crate) fn echo(&mut self, event: Event) {
        if self.events.slots() > FACT_SLOTS {
            self.fact(event);
        } else {
            self.probe.events_lost.add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_is_busy_but_stop_still_passes() {
        let (_engine, mut control) = ports(&Arc::default());
        let set = || CommandKind::Plugin(EventBody::Param { id: 1, value: 0.5 });
        let accepted = (0..2 * COMMAND_CAPACITY)
            .take_while(|_| control.commands.send(0, set()).is_ok())
            .count();
        assert_eq!(accepted, COMMAND_CAPACITY);
        assert!(control.commands.send(0, CommandKind::Stop).is_ok());
        assert!(control.commands.send(0, set()).is_err());
    }
}
