//! Where the Engine changes hands between the `devices` thread and an audio callback.
//!
//! A callback never waits here: it only tries, and only while it has no engine or is asked for it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
    mpsc::SyncSender,
};

use retake_engine::Engine;

use super::Message;

#[derive(Default)]
struct Place {
    engine: Option<Box<Engine>>,
    /// The callback is gone; nothing may be put here any more.
    is_closed: bool,
}

#[derive(Default)]
struct Slot {
    place: Mutex<Place>,
    recall: AtomicBool,
}

/// Both ends of a new, empty slot; an engine that loses its callback is sent to `home`.
pub(super) fn slot(home: SyncSender<Message>) -> (Handover, Held) {
    let slot = Arc::new(Slot::default());
    let held = Held { engine: None, slot: Arc::clone(&slot), home };
    (Handover(slot), held)
}

/// The `devices` thread's end.
pub(super) struct Handover(Arc<Slot>);

impl Handover {
    /// Leaves the engine for the callback; gives it back when the callback is gone already.
    pub(super) fn give(&self, engine: Box<Engine>) -> Result<(), Box<Engine>> {
        let mut place = self.0.place.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_closed {
            return Err(engine);
        }
        self.0.recall.store(false, Relaxed);
        place.engine = Some(engine);
        Ok(())
    }

    /// Asks the callback to put the engine back; [`Handover::take`] until it is there.
    pub(super) fn recall(&self) {
        self.0.recall.store(true, Relaxed);
    }

    /// The engine, if it lies in the slot.
    pub(super) fn take(&self) -> Option<Box<Engine>> {
        let mut place = self.0.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.engine.take()
    }
}

/// The callback's end. Whoever drops it, on whichever thread, the engine goes home.
pub(super) struct Held {
    engine: Option<Box<Engine>>,
    slot: Arc<Slot>,
    home: SyncSender<Message>,
}

impl Held {
    /// The engine, once it has been given and as long as it is not recalled.
    ///
    /// # Real time
    /// One relaxed load in the steady state. While the engine changes hands: one attempt at a
    /// lock that the other side holds for a few instructions; it never waits for it.
    pub(super) fn engine(&mut self) -> Option<&mut Engine> {
        if self.engine.is_none() || self.slot.recall.load(Relaxed) {
            self.change_hands();
        }
        self.engine.as_deref_mut()
    }

    fn change_hands(&mut self) {
        let Ok(mut place) = self.slot.place.try_lock() else {
            return;
        };
        if !self.slot.recall.load(Relaxed) {
            if self.engine.is_none() {
                self.engine = place.engine.take();
            }
        } else if self.engine.is_some() {
            place.engine = self.engine.take();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let left = {
            let mut place = self.slot.place.lock().unwrap_or_else(PoisonError::into_inner);
            place.is_closed = true;
            place.engine.take()
        };
        if let Some(engine) = self.engine.take().or(left) {
            // The channel has room for more messages than can ever be on their way.
            drop(self.home.try_send(Message::Returned(engine)));
        }
    }
}
