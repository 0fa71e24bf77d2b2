//! The `reader` thread: fills the windows of all files that are read ahead, the most urgent first.
//!
//! It sleeps while all windows are full: a few milliseconds at a time, because a voice cannot call
//! the system to wake it, and until it is woken while there is no window at all. Who opens a file,
//! and the scheduler of a fast clock that waits for frames, wake it at once.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread::{self, Thread},
    time::Duration,
};

use retake_engine::{mixer::StreamPlayer, window::WindowGauge};

use super::stream::Stream;
use crate::{devices::Gate, error::IoError};

/// Between two looks at full windows.
const NAP: Duration = Duration::from_millis(5);

/// Between two looks whether there is anybody.
const IDLE: Duration = Duration::from_secs(1);

/// Who is told that a file broke while it was read.
pub(super) type OnFailure = Box<dyn FnOnce(IoError) + Send>;

/// A handle on the thread, which ends with the last one.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    orders: Sender<(Stream, OnFailure)>,
    thread: Thread,
    /// The windows that a fast clock waits for.
    gauges: Arc<Mutex<Vec<WindowGauge>>>,
}

impl Reader {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`IoError::Thread`].
    pub(super) fn spawn() -> Result<Self, IoError> {
        let (orders, inbox) = channel();
        let gauges = Arc::<Mutex<Vec<WindowGauge>>>::default();
        let own = Arc::clone(&gauges);
        let name = "reader";
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || run(&inbox, &own))
            .map_err(|e| IoError::Thread { name, reason: e.to_string() })?;
        Ok(Self { orders, thread: thread.thread().clone(), gauges })
    }

    /// Fills the window of `stream` from now on.
    pub(super) fn take(&self, stream: Stream, on_failure: OnFailure) {
        lock(&self.gauges).push(stream.gauge().clone());
        // The thread ends after the last handle does.
        drop(self.orders.send((stream, on_failure)));
        self.thread.unpark();
    }

    /// Opens while every window has what the next block can need.
    pub(super) fn gate(&self) -> Gate {
        let reader = self.clone();
        Box::new(move |frames| {
            let frames = StreamPlayer::most_frames(frames);
            let is_open = lock(&reader.gauges).iter().all(|gauge| gauge.has(frames));
            if !is_open {
                reader.thread.unpark();
            }
            is_open
        })
    }
}

fn lock(gauges: &Mutex<Vec<WindowGauge>>) -> MutexGuard<'_, Vec<WindowGauge>> {
    gauges.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(inbox: &Receiver<(Stream, OnFailure)>, gauges: &Mutex<Vec<WindowGauge>>) {
    let mut streams: Vec<(Stream, Option<OnFailure>)> = Vec::new();
    loop {
        match inbox.try_recv() {
            Ok((stream, on_failure)) => streams.push((stream, Some(on_failure))),
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {}
        }
        if streams.iter().any(|(stream, _)| stream.is_abandoned()) {
            streams.retain(|(stream, _)| !stream.is_abandoned());
            lock(gauges).retain(|gauge| !gauge.is_abandoned());
        }
        let nap = if streams.is_empty() { IDLE } else { NAP };
        let urgent = streams.iter_mut().filter_map(|s| s.0.urgency().map(|urgency| (urgency, s)));
        match urgent.min_by_key(|(urgency, _)| *urgency) {
            Some((_, (stream, on_failure))) => {
                if let (Err(error), Some(tell)) = (stream.serve(), on_failure.take()) {
                    tell(error);
                }
            }
            None => thread::park_timeout(nap),
        }
    }
}
