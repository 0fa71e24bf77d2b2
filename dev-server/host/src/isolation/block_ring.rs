//! The blocks that wait for the child, and their answers: layout and both ends.
//!
//! ```text
//! asks     (only the parent writes)   [asked, watched] [events: a ring] [block 0] [block 1] …
//! answers  (the child writes)                                           [block 0] [block 1] …
//! ```
//!
//! The parent fills block `asked % n` and counts `asked` up; the child answers in the same order and
//! counts its answers on the board, which lives as long as the child does, so that a crash is told
//! there too. A child that is late finds every block that it missed, and catches up. When all
//! blocks wait, the ring is full: the parent is told, and keeps the events for the next one.

use std::sync::{Arc, atomic::Ordering};

use retake_engine::{Outcome, PluginEvent, ProcessIo, Transport, generation::EVENTS_PER_BLOCK};
use serde::{Deserialize, Serialize};

use super::{
    board::Board,
    shm::{Region, acquire, wake},
    words::{EVENT_WORDS, Reader, Writer, load, store},
};

/// Events of all blocks that wait together.
const EVENT_ROOM: usize = 2 * EVENTS_PER_BLOCK;
/// Replies of a block.
pub(crate) const REPLY_ROOM: usize = 256;
/// Words of names and values of probes in a block, beside the samples of eight signals.
const PROBE_WORDS: usize = 2_048;
const N_SIGNALS: usize = 8;
const HEAD_WORDS: usize = 16;
/// Time that the ring spans when all blocks are as large as can be, and its limits in blocks.
const RING_SECONDS: f64 = 0.1;
const N_BLOCKS: std::ops::RangeInclusive<usize> = 8..=64;

const ASKED: usize = 0;
const WATCHED: usize = 1;

/// What a ring is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Of the main input and the sidechain together.
    pub(crate) n_input: usize,
    pub(crate) n_output: usize,
    pub(crate) max_block: usize,
    n_blocks: usize,
}

impl Shape {
    pub(crate) fn new(n_input: usize, n_output: usize, max_block: usize, rate: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let n = (RING_SECONDS * rate / max_block.max(1) as f64).ceil() as usize;
        // A power of two: counters wrap.
        let n_blocks = n.clamp(*N_BLOCKS.start(), *N_BLOCKS.end()).next_power_of_two();
        Self { n_input, n_output, max_block, n_blocks }
    }

    fn ask_words(&self) -> usize {
        (HEAD_WORDS + self.n_input * self.max_block).next_multiple_of(HEAD_WORDS)
    }

    /// Behind the head stands the sound, so that a block without words touches one page.
    fn replies_at(&self) -> usize {
        HEAD_WORDS + self.n_output * self.max_block
    }

    fn probes_at(&self) -> usize {
        self.replies_at() + REPLY_ROOM * EVENT_WORDS
    }

    fn answer_words(&self) -> usize {
        let n_words = self.probes_at() + PROBE_WORDS + N_SIGNALS * self.max_block;
        n_words.next_multiple_of(HEAD_WORDS)
    }

    const ASKS_AT: usize = HEAD_WORDS + EVENT_ROOM * EVENT_WORDS;

    fn slot(&self, count: u32) -> usize {
        count as usize % self.n_blocks
    }

    /// Words of the region that the parent writes.
    pub(crate) fn n_ask_words(&self) -> usize {
        Self::ASKS_AT + self.n_blocks * self.ask_words()
    }

    /// Words of the region that the child writes.
    pub(crate) fn n_answer_words(&self) -> usize {
        self.n_blocks * self.answer_words()
    }
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A block to process.
    Block,
    /// A block to process after a reset.
    Reset,
    /// The end: the processor goes back to the plugin's main thread.
    Halt,
    /// The end: the processor is dropped.
    Drop,
}

const KINDS: [Kind; 4] = [Kind::Block, Kind::Reset, Kind::Halt, Kind::Drop];

/// The parent's end.
#[derive(Debug)]
pub(crate) struct Asker {
    board: Arc<Board>,
    asks: Region,
    answers: Region,
    shape: Shape,
    asked: u32,
    /// Answers that were taken.
    taken: u32,
    /// Events written so far, and up to each block that waits.
    n_events: u32,
    events_to: Box<[u32]>,
}

/// How far the child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The last block that was asked is answered.
    pub(crate) is_done: bool,
    /// The child is gone.
    pub(crate) is_over: bool,
}

impl Asker {
    /// The only ring of this board.
    pub(crate) fn new(board: Arc<Board>, asks: Region, answers: Region, shape: Shape) -> Self {
        let events_to = vec![0; shape.n_blocks].into();
        board.begin_answers();
        Self { board, asks, answers, shape, asked: 0, taken: 0, n_events: 0, events_to }
    }

    /// Whether another block can wait.
    ///
    /// # Real time
    /// As all of this type, no call of the system but one to wake the child.
    pub(crate) fn has_room(&self) -> bool {
        (self.asked.wrapping_sub(self.done()) as usize) < self.shape.n_blocks
    }

    /// Blocks answered; never more than asked, whatever the child wrote.
    fn done(&self) -> u32 {
        let done = acquire(self.board.answered()) >> 1;
        // The counter lost its highest bit to the mark of the end.
        let waiting = self.asked.wrapping_sub(done) << 1 >> 1;
        let open = self.asked.wrapping_sub(self.taken);
        self.asked.wrapping_sub(waiting.min(open))
    }

    /// How far the child is.
    pub(crate) fn progress(&self) -> Progress {
        let is_over = self.board.has_ended();
        Progress { is_done: self.done() == self.asked, is_over }
    }

    /// The word that changes when the child answers, as it was just now.
    pub(crate) fn waiting_word(&self) -> (&std::sync::atomic::AtomicU32, u32) {
        let word = self.board.answered();
        (word, acquire(word))
    }

    /// Says whether somebody looks at the plugin's probes.
    pub(crate) fn watch(&self, is_watched: bool) {
        self.asks.words()[WATCHED].store(is_watched.into(), Ordering::Relaxed);
    }

    /// Hands a block to the child; there is room. How many events had none.
    pub(crate) fn post(
        &mut self,
        kind: Kind,
        io: &ProcessIo<'_>,
        events: impl Iterator<Item = PluginEvent>,
    ) -> u64 {
        let (first, n_lost) = (self.n_events, self.write_events(events));
        let slot = self.begin(kind);
        let mut head = Writer::new(&slot[1..]);
        head.u32(u32::try_from(io.frames).unwrap_or(0));
        head.u64(io.frame);
        head.transport(io.transport);
        head.u32(first);
        head.u32(self.n_events.wrapping_sub(first));
        let rows = slot[HEAD_WORDS..].chunks_exact(self.shape.max_block.max(1));
        for (row, samples) in rows.zip(io.input.rows()) {
            store(row, &samples[..io.frames]);
        }
        self.finish();
        n_lost
    }

    /// Ends the child's audio thread after the blocks that wait; there is room.
    pub(crate) fn post_end(&mut self, kind: Kind) {
        self.begin(kind);
        self.finish();
    }

    fn begin(&self, kind: Kind) -> &[std::sync::atomic::AtomicU32] {
        let size = self.shape.ask_words();
        let slot =
            &self.asks.words()[Shape::ASKS_AT + self.shape.slot(self.asked) * size..][..size];
        let kind = KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        slot[0].store(u32::try_from(kind).unwrap_or(0), Ordering::Relaxed);
        slot
    }

    fn finish(&mut self) {
        self.events_to[self.shape.slot(self.asked)] = self.n_events;
        self.asked = self.asked.wrapping_add(1);
        let word = &self.asks.words()[ASKED];
        word.store(self.asked, Ordering::Release);
        wake(word);
    }

    fn write_events(&mut self, events: impl Iterator<Item = PluginEvent>) -> u64 {
        let done = self.done();
        let is_idle = done == self.asked;
        let read_to = self.events_to[self.shape.slot(done.wrapping_sub(1))];
        let used = if is_idle { 0 } else { self.n_events.wrapping_sub(read_to) as usize };
        let room = (EVENT_ROOM - used.min(EVENT_ROOM)).min(EVENTS_PER_BLOCK);
        let mut n_lost = 0;
        for (n, event) in events.enumerate() {
            if n >= room {
                n_lost += 1;
                continue;
            }
            let at = HEAD_WORDS + self.n_events as usize % EVENT_ROOM * EVENT_WORDS;
            Writer::new(&self.asks.words()[at..][..EVENT_WORDS]).event(event);
            self.n_events = self.n_events.wrapping_add(1);
        }
        n_lost
    }

    /// Shows each answer that came since last time, in order.
    pub(crate) fn take(&mut self, mut see: impl FnMut(Answer<'_>)) {
        let (done, size) = (self.done(), self.shape.answer_words());
        while self.taken != done {
            let at = self.shape.slot(self.taken) * size;
            let words = &self.answers.words()[at..][..size];
            self.taken = self.taken.wrapping_add(1);
            see(Answer { words, shape: &self.shape, is_last: self.taken == self.asked });
        }
    }
}

/// What the child answered to a block.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    words: &'a [std::sync::atomic::AtomicU32],
    shape: &'a Shape,
    /// To the block that was asked last.
    pub(crate) is_last: bool,
}

impl Answer<'_> {
    /// How it went.
    pub(crate) fn outcome(&self) -> Outcome {
        if self.words[0].load(Ordering::Relaxed) == 0 { Outcome::Ok } else { Outcome::Error }
    }

    /// What the plugin said, and how much found no room there.
    pub(crate) fn replies(&self) -> (impl Iterator<Item = PluginEvent>, u64) {
        let n = self.words[1].load(Ordering::Relaxed) as usize;
        let mut reader = Reader::new(&self.words[self.shape.replies_at()..]);
        let replies = (0..n.min(REPLY_ROOM)).filter_map(move |_| reader.event());
        (replies, self.words[2].load(Ordering::Relaxed).into())
    }

    /// What its probes said.
    pub(crate) fn probes(&self) -> Option<Reader<'_>> {
        let has_some = self.words[3].load(Ordering::Relaxed) != 0;
        has_some.then(|| Reader::new(&self.words[self.shape.probes_at()..]))
    }

    /// Copies its sound.
    pub(crate) fn store(&self, output: &mut retake_engine::Planar, frames: usize) {
        let rows = self.words[HEAD_WORDS..].chunks_exact(self.shape.max_block.max(1));
        for (to, row) in output.rows_mut().zip(rows) {
            load(row, &mut to[..frames]);
        }
    }
}

/// The child's end.
#[derive(Debug)]
pub(crate) struct Answerer {
    board: &'static Board,
    asks: Region,
    answers: Region,
    pub(crate) shape: Shape,
    done: u32,
}

/// A block to process.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) frames: usize,
    pub(crate) frame: u64,
    pub(crate) transport: Transport,
}

impl Answerer {
    pub(crate) fn new(board: &'static Board, asks: Region, answers: Region, shape: Shape) -> Self {
        Self { board, asks, answers, shape, done: 0 }
    }

    /// The word that changes when there is a block, and what it is as long as there is none.
    pub(crate) fn waiting_word(&self) -> (&std::sync::atomic::AtomicU32, u32) {
        (&self.asks.words()[ASKED], self.done)
    }

    /// Whether somebody looks at the plugin's probes.
    ///
    /// # Real time
    /// Loads and stores, as all of this type, and a call of the system to wake the parent.
    pub(crate) fn is_watched(&self) -> bool {
        self.asks.words()[WATCHED].load(Ordering::Relaxed) != 0
    }

    fn ask(&self) -> &[std::sync::atomic::AtomicU32] {
        let size = self.shape.ask_words();
        &self.asks.words()[Shape::ASKS_AT + self.shape.slot(self.done) * size..][..size]
    }

    /// The next block, its input and its events; there is one.
    pub(crate) fn read(
        &self,
        input: &mut retake_engine::Planar,
        events: &mut Vec<PluginEvent>,
    ) -> Asked {
        let slot = self.ask();
        let mut head = Reader::new(slot);
        let kind = KINDS.get(head.u32() as usize).copied().unwrap_or(Kind::Drop);
        let frames = (head.u32() as usize).min(self.shape.max_block);
        let asked = Asked { kind, frames, frame: head.u64(), transport: head.transport() };
        let (first, n) = (head.u32(), head.u32());
        events.clear();
        for n in 0..n.min(u32::try_from(EVENTS_PER_BLOCK).unwrap_or(0)) {
            let at = HEAD_WORDS + first.wrapping_add(n) as usize % EVENT_ROOM * EVENT_WORDS;
            events.extend(Reader::new(&self.asks.words()[at..][..EVENT_WORDS]).event());
        }
        let rows = slot[HEAD_WORDS..].chunks_exact(self.shape.max_block.max(1));
        for (to, row) in input.rows_mut().zip(rows) {
            load(row, &mut to[..frames]);
        }
        asked
    }

    /// Where the answer to that block goes.
    pub(crate) fn draft(&self) -> Draft<'_> {
        let size = self.shape.answer_words();
        let at = self.shape.slot(self.done) * size;
        Draft { words: &self.answers.words()[at..][..size], shape: &self.shape }
    }

    /// The answer is written.
    pub(crate) fn send(&mut self) {
        self.done = self.done.wrapping_add(1);
        self.board.answer(self.done);
    }
}

/// An answer that is being written.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    words: &'a [std::sync::atomic::AtomicU32],
    shape: &'a Shape,
}

impl Draft<'_> {
    /// Writes how it went, what the plugin said, and its sound.
    pub(crate) fn write(
        &self,
        outcome: Outcome,
        replies: impl Iterator<Item = PluginEvent>,
        n_lost: u64,
        (output, frames): (&retake_engine::Planar, usize),
    ) {
        self.words[0].store((outcome != Outcome::Ok).into(), Ordering::Relaxed);
        let mut writer = Writer::new(&self.words[self.shape.replies_at()..self.shape.probes_at()]);
        let mut n = 0;
        for reply in replies {
            writer.event(reply);
            n += 1;
        }
        self.words[1].store(n, Ordering::Relaxed);
        let n_lost = u32::try_from(n_lost).unwrap_or(u32::MAX);
        self.words[2].store(n_lost, Ordering::Relaxed);
        let rows = self.words[HEAD_WORDS..].chunks_exact(self.shape.max_block.max(1));
        for (row, samples) in rows.zip(output.rows()) {
            store(row, &samples[..frames]);
        }
    }

    /// Has the probes written, by what says whether there were any.
    pub(crate) fn write_probes(&self, write: impl FnOnce(&mut Writer<'_>) -> bool) {
        let has_some = write(&mut Writer::new(&self.words[self.shape.probes_at()..]));
        self.words[3].store(has_some.into(), Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test; what crosses is exact")]
mod tests {
    use retake_engine::{Planar, processor::Replies};

    use super::*;
    use crate::isolation::shm::Writers;

    const FRAMES: usize = 4;

    struct Both {
        asker: Asker,
        answerer: Answerer,
        board: Arc<Board>,
        output: Planar,
        replies: Replies,
    }

    impl Both {
        fn new() -> Self {
            let shape = Shape::new(1, 1, FRAMES, 48_000.0);
            let (asks, asks_file) =
                Region::create("asks", shape.n_ask_words(), Writers::Maker).unwrap();
            let (answers, answers_file) =
                Region::create("answers", shape.n_answer_words(), Writers::Everybody).unwrap();
            let (board, board_file) = Board::create().unwrap();
            let board = Arc::new(board);
            let childs = Box::leak(Box::new(Board::map(&board_file).unwrap()));
            let theirs = Region::map(&asks_file, shape.n_ask_words(), Writers::Maker).unwrap();
            let ours =
                Region::map(&answers_file, shape.n_answer_words(), Writers::Everybody).unwrap();
            Self {
                asker: Asker::new(Arc::clone(&board), asks, answers, shape),
                answerer: Answerer::new(childs, theirs, ours, shape),
                board,
                output: Planar::new(1, FRAMES),
                replies: Replies::new(REPLY_ROOM),
            }
        }

        /// Asks for a block of this value, with this many events.
        fn ask(&mut self, value: f32, n_events: u32) -> u64 {
            let mut input = Planar::new(1, FRAMES);
            input.channel_mut(0).fill(value);
            let io = ProcessIo {
                input: &input,
                output: &mut self.output,
                frames: FRAMES,
                frame: 7,
                transport: Transport::at(7, 48_000, 120.0),
                events: &[],
                replies: &mut self.replies,
            };
            let event = |n: u32| PluginEvent::param(0, n, f64::from(value));
            self.asker.post(Kind::Block, &io, (0..n_events).map(event))
        }

        /// Answers a block with its own input, and its events as replies.
        fn answer(&mut self) -> (f32, Vec<PluginEvent>) {
            let (mut input, mut events) = (Planar::new(1, FRAMES), Vec::new());
            let asked = self.answerer.read(&mut input, &mut events);
            assert_eq!((asked.kind, asked.frames, asked.frame), (Kind::Block, FRAMES, 7));
            let draft = self.answerer.draft();
            draft.write_probes(|_| false);
            let replies = events.iter().copied().take(REPLY_ROOM);
            draft.write(Outcome::Ok, replies, 0, (&input, FRAMES));
            self.answerer.send();
            (input.channel(0)[0], events)
        }

        fn taken(&mut self) -> Vec<(f32, usize, bool)> {
            let mut taken = Vec::new();
            self.asker.take(|answer| {
                let mut output = Planar::new(1, FRAMES);
                answer.store(&mut output, FRAMES);
                taken.push((output.channel(0)[3], answer.replies().0.count(), answer.is_last));
            });
            taken
        }
    }

    #[test]
    fn a_late_child_finds_every_block_in_order_until_the_ring_is_full() {
        let mut both = Both::new();
        for round in 0..3_u16 {
            let mut n = 0_u16;
            while both.asker.has_room() {
                assert_eq!(both.ask(f32::from(n), 2), 0);
                n += 1;
            }
            assert_eq!(n, 64, "round {round}");
            for expected in 0..n {
                let (value, events) = both.answer();
                assert_eq!((value, events.len()), (f32::from(expected), 2));
                assert_eq!(events[1], PluginEvent::param(0, 1, f64::from(expected)));
            }
            let taken = both.taken();
            let expected = (0..n).map(|at| (f32::from(at), 2, at + 1 == n));
            assert_eq!(taken, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn events_beyond_the_room_are_lost_and_counted_and_none_is_overwritten() {
        let mut both = Both::new();
        let most = u32::try_from(EVENTS_PER_BLOCK).unwrap();
        assert_eq!(both.ask(0.25, most + 5), 5);
        assert_eq!(both.ask(0.5, most), 0);
        // No room for any until the child has read.
        assert_eq!(both.ask(0.75, 3), 3);
        let (_, events) = both.answer();
        assert_eq!(events.len(), EVENTS_PER_BLOCK);
        assert!(events.iter().all(
            |e| matches!(e.body, retake_engine::EventBody::Param { value, .. } if value == 0.25)
        ));
        assert_eq!(both.ask(1.0, 3), 0);
        assert_eq!([(); 3].map(|()| both.answer().1.len()), [EVENTS_PER_BLOCK, 0, 3]);
    }

    #[test]
    fn a_counter_that_makes_no_sense_is_not_believed() {
        let mut both = Both::new();
        both.ask(0.5, 0);
        both.board.answered().store(77 << 1, Ordering::Relaxed);
        assert!(!both.asker.progress().is_done);
        assert!(both.taken().is_empty() && both.asker.has_room());
        both.answer();
        assert_eq!(both.taken(), [(0.5, 0, true)]);
        both.board.end();
        assert!(both.asker.progress().is_over && both.asker.progress().is_done);
    }

    #[test]
    fn what_the_parent_writes_nobody_else_can() {
        let shape = Shape::new(1, 1, FRAMES, 48_000.0);
        let (_, file) = Region::create("asks", shape.n_ask_words(), Writers::Maker).unwrap();
        assert!(Region::map(&file, shape.n_ask_words(), Writers::Everybody).is_err());
        assert!(Region::map(&file, 1 << 20, Writers::Maker).is_err(), "it is shorter");
        assert!(rustix::fs::ftruncate(&file, 0).is_err(), "nobody makes it shorter");
    }
}
