//! The take: the last minute of what the plugin heard, always there to be looped or saved.
//!
//! The thread `take` reads the tap of the plugin's main input into a `Ring` in memory, and is the
//! only one that touches it: whoever wants a piece asks, and gets a copy. It wakes some times a
//! second; the tap holds three seconds, and what is overwritten before it came is counted. While a
//! take loops it holds: the loop does not overwrite what it came from. On the fast clock there is
//! no such thread.

mod ring;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use retake_engine::tap::{TapReader, TapSource};
use retake_io::{IoError, wav_bytes};

use crate::{
    seconds::few_frames_of,
    web::{TakeFile, TakeHandle, TakeRefused},
};
use ring::Ring;
pub use ring::{Holes, Piece};

/// How much is kept.
pub const KEPT_SECONDS: u32 = 60;
/// Between two looks at the tap, which holds three seconds.
const NAP: Duration = Duration::from_millis(50);
/// Frames that are read at once.
const CHUNK: usize = 4_096;

/// What the thread is asked.
enum Order {
    /// An engine begins.
    Listen(Tapped),
    /// Go on after a piece was copied with `holds`.
    GoOn,
    /// A copy of the newest frames.
    Copy(CopyOrder),
}

/// The plugin's input, as the engine hands it on.
#[derive(Debug)]
pub struct Tapped {
    /// The main input.
    pub tap: TapSource,
    /// Hz.
    pub rate: u32,
}

/// A copy that is wanted.
struct CopyOrder {
    seconds: f64,
    lead_seconds: f64,
    holds: bool,
    tell: Tell,
}

type Tell = Box<dyn FnOnce(Result<Cut, TakeError>) + Send>;

/// A piece of the kept input.
#[derive(Debug)]
pub struct Cut {
    /// Its frames.
    pub piece: Piece,
    /// Hz.
    pub rate: u32,
}

impl Cut {
    /// As a WAV file of 32-bit floats.
    ///
    /// # Errors
    /// [`IoError::WavWrite`] when it is longer than such a file can be.
    pub fn to_wav(&self) -> Result<Vec<u8>, IoError> {
        let channels = u16::try_from(self.piece.channels).unwrap_or(u16::MAX);
        wav_bytes(self.rate, channels, &self.piece.samples)
    }
}

/// Why there is no such piece.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TakeError {
    /// Not so much is kept.
    #[error("{asked} s are more than the {kept:.3} s that are kept")]
    TooLong {
        /// Seconds that were asked for.
        asked: f64,
        /// Seconds that are kept.
        kept: f64,
    },
    /// Less than a frame.
    #[error("{asked} s are less than a frame")]
    TooShort {
        /// Seconds that were asked for.
        asked: f64,
    },
    /// There is no engine yet, or one whose plugin has no input.
    #[error("there is no plugin input to be kept")]
    NoInput,
}

/// A handle on the thread, which ends with the last one.
#[derive(Clone)]
pub struct Keeper {
    orders: Sender<Order>,
    shown: Arc<Shown>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// What saves the newest seconds as a file, for pages.
pub fn saver(keeper: Option<Keeper>) -> TakeHandle {
    TakeHandle::new(move |seconds, reply| {
        let Some(keeper) = &keeper else {
            let why = "on the fast clock nothing is kept".to_owned();
            return drop(reply.send(Err(TakeRefused::Nothing(why))));
        };
        keeper.copy(seconds, move |cut| {
            // The client went away meanwhile.
            drop(reply.send(cut.map(file_of).map_err(refused)));
        });
    })
}

fn file_of(cut: Cut) -> TakeFile {
    Box::new(move || cut.to_wav().map_err(|error| error.to_string()))
}

fn refused(error: TakeError) -> TakeRefused {
    match error {
        TakeError::NoInput => TakeRefused::Nothing(error.to_string()),
        TakeError::TooLong { .. } | TakeError::TooShort { .. } => {
            TakeRefused::Length(error.to_string())
        }
    }
}

/// What is kept, for everyone to see.
#[derive(Debug, Default)]
struct Shown {
    frames: AtomicUsize,
    holes: AtomicUsize,
    lost: AtomicUsize,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start() -> std::io::Result<Self> {
        let (orders, inbox) = channel();
        let shown = Arc::<Shown>::default();
        let keeping = Keeping { inbox, shown: Arc::clone(&shown), input: None, is_held: false };
        thread::Builder::new().name("take".into()).spawn(move || keeping.run())?;
        Ok(Self { orders, shown })
    }

    /// Keeps what this tap gives from now on; what is kept already stays, if it fits to it.
    pub fn listen(&self, tapped: Tapped) {
        self.order(Order::Listen(tapped));
    }

    /// Goes on keeping after [`Keeper::hold`].
    pub fn go_on(&self) {
        self.order(Order::GoOn);
    }

    /// Copies the newest `seconds`; `tell` is called on the thread and should be quick.
    pub fn copy(&self, seconds: f64, tell: impl FnOnce(Result<Cut, TakeError>) + Send + 'static) {
        let (lead_seconds, tell) = (0.0, Box::new(tell));
        self.order(Order::Copy(CopyOrder { seconds, lead_seconds, holds: false, tell }));
    }

    /// Copies the newest `seconds` and `lead_seconds` before them, and keeps nothing more until
    /// [`Keeper::go_on`], if it succeeds.
    pub fn hold(
        &self,
        seconds: f64,
        lead_seconds: f64,
        tell: impl FnOnce(Result<Cut, TakeError>) + Send + 'static,
    ) {
        let tell = Box::new(tell);
        self.order(Order::Copy(CopyOrder { seconds, lead_seconds, holds: true, tell }));
    }

    /// Frames that are kept, as of the last look.
    pub fn kept_frames(&self) -> usize {
        self.shown.frames.load(Relaxed)
    }

    /// What is missing in them.
    pub fn holes(&self) -> Holes {
        let Shown { holes, lost, .. } = &*self.shown;
        Holes { holes: holes.load(Relaxed), lost_frames: lost.load(Relaxed) as u64 }
    }

    fn order(&self, order: Order) {
        // The thread ends after the last handle does.
        drop(self.orders.send(order));
    }
}

/// The thread's own.
struct Keeping {
    inbox: Receiver<Order>,
    shown: Arc<Shown>,
    input: Option<Input>,
    is_held: bool,
}

/// What is kept of one signal.
struct Input {
    tapped: Tapped,
    reader: TapReader,
    ring: Ring,
    interleaved: Vec<f32>,
}

impl Keeping {
    fn run(mut self) {
        loop {
            match self.inbox.recv_timeout(NAP) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => self.keep(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.show();
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Listen(tapped) => {
                let before = self.input.take().map(|input| (input.tapped, input.ring));
                self.input = Input::open(tapped, before);
                self.is_held = false;
            }
            Order::GoOn if self.is_held => {
                self.is_held = false;
                self.input.iter_mut().for_each(Input::reopen);
            }
            Order::GoOn => {}
            Order::Copy(order) => {
                self.keep();
                let cut = self.cut(&order);
                self.is_held |= order.holds && cut.is_ok();
                (order.tell)(cut);
            }
        }
    }

    fn keep(&mut self) {
        if !self.is_held {
            self.input.iter_mut().for_each(Input::keep);
        }
    }

    fn cut(&self, order: &CopyOrder) -> Result<Cut, TakeError> {
        let input = self.input.as_ref().ok_or(TakeError::NoInput)?;
        let (asked, rate) = (order.seconds, input.tapped.rate);
        let frames = few_frames_of(asked, rate);
        if frames == 0 {
            return Err(TakeError::TooShort { asked });
        }
        let piece = input.ring.newest(frames, few_frames_of(order.lead_seconds, rate));
        let kept = input.ring.kept() as f64 / f64::from(rate);
        piece.map(|piece| Cut { piece, rate }).ok_or(TakeError::TooLong { asked, kept })
    }

    fn show(&self) {
        let Some(Input { ring, .. }) = &self.input else {
            return self.shown.frames.store(0, Relaxed);
        };
        let kept = ring.kept();
        let Holes { holes, lost_frames } = ring.holes(kept);
        self.shown.frames.store(kept, Relaxed);
        self.shown.holes.store(holes, Relaxed);
        self.shown.lost.store(usize::try_from(lost_frames).unwrap_or(usize::MAX), Relaxed);
    }
}

impl Input {
    /// Begins with the tap's next frame. What was kept of a signal `before` stays when it is of the
    /// same kind.
    fn open(tapped: Tapped, before: Option<(Tapped, Ring)>) -> Option<Self> {
        let channels = tapped.tap.channels();
        if channels == 0 || tapped.rate == 0 {
            return None;
        }
        let is_alike =
            |(old, _): &(Tapped, Ring)| (old.tap.channels(), old.rate) == (channels, tapped.rate);
        let ring = match before.filter(is_alike) {
            Some((_, mut ring)) => {
                ring.skip(0);
                ring
            }
            None => Ring::new(channels, (KEPT_SECONDS * tapped.rate) as usize),
        };
        let reader = tapped.tap.open();
        let interleaved = vec![0.0; CHUNK * channels];
        Some(Self { tapped, reader, ring, interleaved })
    }

    /// Goes on with the tap's next frame.
    fn reopen(&mut self) {
        self.reader = self.tapped.tap.open();
        self.ring.skip(0);
    }

    /// Takes what has come.
    fn keep(&mut self) {
        loop {
            let received = self.reader.read(&mut self.interleaved);
            if received.lost > 0 {
                self.ring.skip(received.lost);
            }
            let samples = received.records * self.reader.channels();
            self.ring.push(&self.interleaved[..samples]);
            if received.records < CHUNK {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use retake_engine::{
        Planar,
        tap::{TapWriter, tap},
    };

    use super::*;

    const RATE: u32 = 1_000;

    fn copied(keeper: &Keeper, seconds: f64) -> Result<Cut, TakeError> {
        let (tell, told) = channel();
        keeper.copy(seconds, move |cut| tell.send(cut).unwrap());
        told.recv().unwrap()
    }

    /// Writes a block of `n` on the left, its negative on the right, zero in the sidechain.
    fn write(tap: &mut TapWriter, n: f32, frames: usize) {
        let mut block = Planar::with_side(2, 1, frames);
        block.channel_mut(0).fill(n);
        block.channel_mut(1).fill(-n);
        tap.write(&block, frames);
    }

    #[test]
    fn the_main_input_is_kept_and_a_hold_holds() {
        let keeper = Keeper::start().unwrap();
        assert_eq!(copied(&keeper, 1.0).unwrap_err(), TakeError::NoInput);
        let (mut writer, source) = tap(3, 3_000, 0);
        keeper.listen(Tapped { tap: source.first(2), rate: RATE });
        assert_eq!(copied(&keeper, 1.0).unwrap_err(), TakeError::TooLong { asked: 1.0, kept: 0.0 });
        write(&mut writer, 1.0, 500);
        let Cut { piece, rate } = copied(&keeper, 0.5).unwrap();
        assert_eq!((rate, piece.channels, piece.holes), (RATE, 2, Holes::default()));
        assert_eq!(piece.samples, [1.0, -1.0].repeat(500));
        assert!(copied(&keeper, 0.501).is_err());
        assert_eq!(copied(&keeper, 0.0001).unwrap_err(), TakeError::TooShort { asked: 0.0001 });
        // Held: what comes now is none of it.
        let (tell, told) = channel();
        keeper.hold(0.25, 0.1, move |cut| tell.send(cut.unwrap().piece).unwrap());
        let piece = told.recv().unwrap();
        assert_eq!((piece.frames(), piece.lead.len()), (250, 200));
        write(&mut writer, 2.0, 2_000);
        assert_eq!(copied(&keeper, 0.5).unwrap().piece.samples, [1.0, -1.0].repeat(500));
        keeper.go_on();
        assert_eq!(copied(&keeper, 0.5).unwrap().piece.samples, [1.0, -1.0].repeat(500));
        write(&mut writer, 3.0, 10);
        let piece = copied(&keeper, 0.02).unwrap().piece;
        assert_eq!(piece.samples, [[1.0, -1.0].repeat(10), [3.0, -3.0].repeat(10)].concat());
        assert_eq!(piece.holes, Holes { holes: 1, lost_frames: 0 }, "a joint, and nothing lost");
    }

    #[test]
    fn another_rate_begins_anew_and_the_same_goes_on() {
        let keeper = Keeper::start().unwrap();
        let (mut writer, source) = tap(3, 3_000, 0);
        keeper.listen(Tapped { tap: source.first(2), rate: RATE });
        assert!(copied(&keeper, 0.1).is_err());
        write(&mut writer, 1.0, 100);
        assert!(copied(&keeper, 0.1).is_ok());
        keeper.listen(Tapped { tap: source.first(2), rate: RATE });
        assert!(copied(&keeper, 0.1).is_ok());
        keeper.listen(Tapped { tap: source.first(2), rate: 2 * RATE });
        assert!(copied(&keeper, 0.01).is_err());
        keeper.listen(Tapped { tap: source.first(0), rate: RATE });
        assert_eq!(copied(&keeper, 0.01).unwrap_err(), TakeError::NoInput);
    }

    #[test]
    fn what_was_overwritten_before_it_came_is_counted() {
        let (mut writer, source) = tap(3, 3_000, 0);
        let mut input = Input::open(Tapped { tap: source.first(2), rate: RATE }, None).unwrap();
        write(&mut writer, 1.0, 100);
        input.keep();
        write(&mut writer, 2.0, 2_500);
        write(&mut writer, 3.0, 1_500);
        input.keep();
        assert_eq!(input.ring.kept(), 3_100);
        let holes = Holes { holes: 1, lost_frames: 1_000 };
        assert_eq!((input.ring.holes(3_100), input.ring.holes(3_000)), (holes, Holes::default()));
    }
}
