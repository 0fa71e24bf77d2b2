//! What a call of `process` is given beside its block: events, transport, and ways to say
//! something back.

use std::fmt;

use crate::event::{Event, Notes};
use crate::transport::Transport;

/// The most events that one call of `process` is given, and the most that may be sent per block
/// of the host.
pub(crate) const ROOM: usize = 1024;

/// Who looks at probes; offsets are in frames of the host's block.
pub(crate) trait ProbeSink {
    fn scalar(&mut self, name: &str, offset: usize, value: f64);
    fn signal(&mut self, name: &str, offset: usize, samples: &[f32]);

    /// The value of a declared meter: a probe like any other, unless somebody keeps them apart.
    fn meter(&mut self, key: &str, offset: usize, value: f64) {
        self.scalar(key, offset, value);
    }
}

/// What the plugin has said during a block of the host.
#[derive(Debug)]
pub(crate) struct Said {
    notes: Notes,
    /// In order of time; frames of the host's block.
    sent: Vec<Event>,
    /// Events that had no room or no port.
    pub(crate) n_refused: u64,
    pub(crate) wants_restart: bool,
    pub(crate) has_new_tail: bool,
}

impl Said {
    /// Allocates its whole room. Main thread.
    pub(crate) fn new(notes: Notes) -> Self {
        let sent = Vec::with_capacity(ROOM);
        Self { notes, sent, n_refused: 0, wants_restart: false, has_new_tail: false }
    }

    pub(crate) fn clear(&mut self) {
        self.sent.clear();
        self.n_refused = 0;
        self.wants_restart = false;
        self.has_new_tail = false;
    }

    pub(crate) fn sent(&self) -> &[Event] {
        &self.sent
    }

    fn send(&mut self, event: Event) -> bool {
        if self.sent.len() == ROOM || !self.notes.may_send(event.kind) {
            self.n_refused += 1;
            return false;
        }
        let place = self.sent.partition_point(|earlier| earlier.frame <= event.frame);
        self.sent.insert(place, event);
        true
    }
}

/// The surroundings of one call of [`Plugin::process`](crate::Plugin::process).
///
/// # Real time
///
/// No method allocates, locks or waits.
pub struct Context<'a> {
    pub(crate) events: &'a [Event],
    /// As the host told it last, and how many frames before this call.
    pub(crate) transport: (&'a Transport, usize),
    pub(crate) sample_rate: f64,
    pub(crate) said: &'a mut Said,
    pub(crate) probes: Option<&'a mut dyn ProbeSink>,
    /// This call's first frame within the host's block.
    pub(crate) start: usize,
    /// This call's length.
    pub(crate) frames: usize,
}

impl<'a> Context<'a> {
    /// The notes and MIDI messages of this block, in order of time.
    ///
    /// With [`Plugin::SPLIT`](crate::Plugin::SPLIT) they all happen at the block's first frame;
    /// without, each at its own [`frame`](Event::frame). One call gets at most 1024 of them; what
    /// is more comes a frame later. Empty unless [`Plugin::NOTES`](crate::Plugin::NOTES) asks for
    /// notes.
    pub fn events(&self) -> &'a [Event] {
        self.events
    }

    /// Sends a note or a MIDI message to the host, at the event's frame within this block.
    ///
    /// Returns whether there was room: for 1024 events per block of the host, and only if
    /// [`Plugin::NOTES`](crate::Plugin::NOTES) has an output. (The end of a note is also for
    /// plugins that only take notes.) What is refused is counted and named in the host's log.
    pub fn send(&mut self, event: impl Into<Event>) -> bool {
        let event = event.into();
        let last = self.frames.saturating_sub(1);
        self.said.send(Event { frame: self.start + event.frame.min(last), ..event })
    }

    /// The host's transport at this block's first frame.
    pub fn transport(&self) -> Transport {
        let (told, frames) = self.transport;
        told.after(frames, self.sample_rate)
    }

    /// Shows the value of a variable, at this block's first frame, to whoever looks.
    ///
    /// Free when nobody looks, and in hosts that cannot look. Names have at most 63 bytes of
    /// UTF-8, the rest is cut off; a plugin has up to 64 of them.
    #[inline]
    pub fn probe(&mut self, name: &str, value: impl Into<f64>) {
        if let Some(probes) = &mut self.probes {
            probes.scalar(name, self.start, value.into());
        }
    }

    /// Shows a signal, one sample per frame from this block's first frame on, to whoever looks.
    ///
    /// Names and costs as of [`probe`](Self::probe).
    #[inline]
    pub fn probe_signal(&mut self, name: &str, samples: &[f32]) {
        if let Some(probes) = &mut self.probes {
            probes.signal(name, self.start, samples);
        }
    }

    /// Whether somebody looks at probes, for those whose values cost something to find.
    pub fn is_probed(&self) -> bool {
        self.probes.is_some()
    }

    /// Says that [`Plugin::latency_frames`](crate::Plugin::latency_frames) has another value.
    ///
    /// A latency can change only between two activations: this asks the host for a new one, which
    /// it makes when it suits it. Until then go on with the latency that the host knows.
    pub fn latency_changed(&mut self) {
        self.request_restart();
    }

    /// Says that [`Plugin::tail`](crate::Plugin::tail) has another value. The host is told after
    /// this block.
    pub fn tail_changed(&mut self) {
        self.said.has_new_tail = true;
    }

    /// Asks the host to deactivate the plugin and activate it again, when it suits it.
    pub fn request_restart(&mut self) {
        self.said.wants_restart = true;
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("events", &self.events)
            .field("start", &self.start)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}
