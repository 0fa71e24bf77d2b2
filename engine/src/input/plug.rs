//! Another device in an input's place while the engine runs on: behind a fade of 5 ms, where there is
//! anything to be heard.

use super::LiveInput;

/// Inputs that can wait for the engine, and those that can wait for their end.
const WAITING: usize = 4;

/// The devices' end: puts another input in the place of the one that plays. Nothing else in the
/// engine notices.
#[derive(Debug)]
pub struct InputPlug {
    next: rtrb::Producer<Box<LiveInput>>,
    old: rtrb::Consumer<Box<LiveInput>>,
    channels: usize,
    engine_rate: u32,
}

/// The engine's end.
#[derive(Debug)]
pub(super) struct Socket {
    next: rtrb::Consumer<Box<LiveInput>>,
    old: rtrb::Producer<Box<LiveInput>>,
}

impl InputPlug {
    /// Whether `input` has the channels and the engine's rate of the one that plays.
    pub fn fits(&self, input: &LiveInput) -> bool {
        (input.channels(), input.engine_rate()) == (self.channels, self.engine_rate)
    }

    /// Has `input` play as soon as what plays has faded out, which takes one block: what the ring
    /// holds suffices for it. Frees those that were replaced.
    ///
    /// # Errors
    /// Gives it back when it does not fit, or when the engine has not taken the last ones yet.
    pub fn replace(&mut self, input: Box<LiveInput>) -> Result<(), Box<LiveInput>> {
        while self.old.pop().is_ok() {}
        if !self.fits(&input) {
            return Err(input);
        }
        self.next.push(input).map_err(|rtrb::PushError::Full(input)| input)
    }
}

impl LiveInput {
    /// A plug by which it can be replaced, in the place of any it had.
    pub fn plug(&mut self) -> InputPlug {
        let (next, incoming) = rtrb::RingBuffer::new(WAITING);
        let (outgoing, old) = rtrb::RingBuffer::new(WAITING);
        let (channels, engine_rate) = (self.channels(), self.engine_rate());
        self.socket = Some(Socket { next: incoming, old: outgoing });
        InputPlug { next, old, channels, engine_rate }
    }

    /// The input that waits takes over, and keeps the socket; what is heard until then fades out with
    /// the next read.
    ///
    /// # Real time
    /// Moves boxes; nothing is freed here.
    pub(super) fn change_over(&mut self) {
        let Some(socket) = self.socket.as_mut().filter(|socket| socket.old.slots() > 0) else {
            return;
        };
        if socket.next.is_empty() {
            return;
        }
        if self.feed.silence_due().is_some() {
            return self.feed.leave();
        }
        let Ok(mut next) = socket.next.pop() else {
            return;
        };
        next.socket = self.socket.take();
        std::mem::swap(self, &mut next);
        if let Some(socket) = &mut self.socket {
            let pushed = socket.old.push(next);
            debug_assert!(pushed.is_ok(), "there was room");
        }
    }
}
