//! The child's audio thread: takes blocks from the ring and answers them, for one activation.

use std::sync::{Arc, mpsc::Sender};

use retake_engine::{
    Outcome, Planar, ProcessIo, Processor, generation::EVENTS_PER_BLOCK, processor::Replies,
};

use super::{
    block_ring::{Answerer, Asked, Kind, REPLY_ROOM},
    board::Board,
    probe_words::Harvest,
    shm,
};
use crate::wishes::{Fault, Wishes};

/// A processor and all it needs for its blocks.
pub(super) struct Service {
    pub(super) processor: Box<dyn Processor>,
    ring: Answerer,
    wishes: Arc<Wishes>,
    board: &'static Board,
    input: Planar,
    output: Planar,
    events: Vec<retake_engine::PluginEvent>,
    replies: Replies,
    harvest: Harvest,
}

impl Service {
    pub(super) fn new(
        processor: Box<dyn Processor>,
        ring: Answerer,
        wishes: Arc<Wishes>,
        board: &'static Board,
    ) -> Self {
        let (shape, layout) = (ring.shape, processor.layout());
        Self {
            processor,
            input: Planar::with_side(layout.n_input, layout.n_side, shape.max_block),
            output: Planar::new(shape.n_output, shape.max_block),
            events: Vec::with_capacity(EVENTS_PER_BLOCK),
            replies: Replies::new(REPLY_ROOM),
            harvest: Harvest::new(&wishes.probes, shape.max_block),
            ring,
            wishes,
            board,
        }
    }

    /// Serves blocks until the parent wants no more; a halted processor goes to `handed`.
    ///
    /// # Real time
    /// Between blocks it waits; in a block it does what its plugin does, and no more.
    pub(super) fn run(mut self, handed: &Sender<Box<dyn Processor>>) {
        loop {
            self.wait();
            match self.serve() {
                Kind::Block | Kind::Reset => {}
                Kind::Halt => {
                    // Its main thread takes it apart.
                    let _ = handed.send(self.processor);
                    return;
                }
                Kind::Drop => return,
            }
        }
    }

    fn wait(&self) {
        loop {
            let (word, done) = self.ring.waiting_word();
            if shm::acquire(word) != done {
                return;
            }
            shm::wait(word, done, None);
        }
    }

    /// Does one block.
    fn serve(&mut self) -> Kind {
        let asked = self.ring.read(&mut self.input, &mut self.events);
        let outcome = match asked.kind {
            Kind::Reset => {
                self.processor.reset();
                self.process(&asked)
            }
            Kind::Block => self.process(&asked),
            Kind::Halt | Kind::Drop => Outcome::Ok,
        };
        let draft = self.ring.draft();
        let n_lost = self.replies.take_lost();
        draft.write(outcome, self.replies.drain(), n_lost, (&self.output, asked.frames));
        let (probes, wishes) = (&mut self.harvest, &self.wishes);
        draft.write_probes(|to| {
            let n_lost = probes.write(&wishes.probes, to);
            wishes.count(Fault::ProbesLost, n_lost);
            probes.has_some()
        });
        self.board.show(&self.wishes.counts());
        self.ring.send();
        asked.kind
    }

    fn process(&mut self, asked: &Asked) -> Outcome {
        if asked.frames == 0 {
            return Outcome::Ok;
        }
        self.wishes.probes.watch_for_parent(self.ring.is_watched());
        self.processor.process(&mut ProcessIo {
            input: &self.input,
            output: &mut self.output,
            frames: asked.frames,
            frame: asked.frame,
            transport: asked.transport,
            events: &self.events,
            replies: &mut self.replies,
        })
    }
}
