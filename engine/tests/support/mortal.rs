//! Processors that fail when they are told to.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use retake_engine::{Layout, Outcome, ProcessIo, Processor};

/// How each block goes, by the frame it begins at.
pub type Fate = Box<dyn Fn(u64) -> Outcome + Send>;

/// Does as another does, as long as its fate is good; what it writes otherwise is not to be heard.
pub struct Mortal<P> {
    pub inner: P,
    pub fate: Fate,
    pub n_resets: Arc<AtomicU32>,
}

impl<P> Mortal<P> {
    pub fn new(inner: P, fate: impl Fn(u64) -> Outcome + Send + 'static) -> Self {
        Self { inner, fate: Box::new(fate), n_resets: Arc::default() }
    }

    /// Ends with `outcome` at the first block that begins at `frame` or later.
    pub fn until(inner: P, frame: u64, outcome: Outcome) -> Self {
        Self::new(inner, move |at| if at < frame { Outcome::Ok } else { outcome })
    }
}

impl<P: Processor + 'static> Processor for Mortal<P> {
    fn layout(&self) -> Layout {
        self.inner.layout()
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        let outcome = (self.fate)(io.frame);
        self.inner.process(io);
        if outcome != Outcome::Ok {
            io.output.rows_mut().for_each(|row| row.fill(99.0));
        }
        outcome
    }

    fn reset(&mut self) {
        self.n_resets.fetch_add(1, Relaxed);
        self.inner.reset();
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
