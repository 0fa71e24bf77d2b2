//! Commands that wait for their frame.

use std::collections::VecDeque;

use crate::{
    command::{COMMAND_CAPACITY, Command, CommandKind, CommandReceiver, URGENT_CAPACITY},
    event::PluginEvent,
    generation::EVENTS_PER_BLOCK,
};

// A block has room for every change that can wait here.
const _: () = assert!(COMMAND_CAPACITY <= EVENTS_PER_BLOCK);

/// Waiting commands, in the order of their frames; in the order of arrival where those are equal.
#[derive(Debug)]
pub(crate) struct Schedule {
    waiting: VecDeque<Command>,
    /// Swaps among them.
    n_swaps: usize,
}

impl Schedule {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::with_capacity(COMMAND_CAPACITY + URGENT_CAPACITY), n_swaps: 0 }
    }

    /// Moves commands from their ring as long as there is room. A frame already past means `now`.
    ///
    /// # Real time
    /// No allocation: the room was made at construction.
    pub(crate) fn fill_from(&mut self, ring: &mut CommandReceiver, now: u64) {
        while self.waiting.len() < COMMAND_CAPACITY + URGENT_CAPACITY {
            let Ok(command) = ring.urgent.pop() else {
                break;
            };
            self.insert(command, now);
        }
        while self.waiting.len() < COMMAND_CAPACITY {
            let Ok(command) = ring.normal.pop() else {
                break;
            };
            self.insert(command, now);
        }
    }

    fn insert(&mut self, mut command: Command, now: u64) {
        command.at_frame = command.at_frame.max(now);
        self.n_swaps += usize::from(is_swap(&command));
        let at = self.waiting.partition_point(|c| c.at_frame <= command.at_frame);
        self.waiting.insert(at, command);
    }

    /// The length of the block that begins at `now`: at most `frames`, and not beyond the next
    /// command that takes effect between blocks. (What is for the plugin has offsets within them.)
    pub(crate) fn cut(&self, now: u64, frames: usize) -> usize {
        let end = now + frames as u64;
        let mut inside = self.waiting.iter().take_while(|c| c.at_frame < end);
        let cut = inside.find(|c| c.at_frame > now && !c.kind.is_for_plugin());
        cut.map_or(frames, |c| usize::try_from(c.at_frame - now).map_or(frames, |n| n.min(frames)))
    }

    /// The first command that can be obeyed in the block from `now` to before `end`.
    pub(crate) fn next_due(&mut self, now: u64, end: u64, can_swap: bool) -> Option<Command> {
        let can_obey = |command: &Command| match command.kind {
            CommandKind::Plugin(_) => true,
            CommandKind::Swap(..) => can_swap && command.at_frame <= now,
            _ => command.at_frame <= now,
        };
        let due = self.waiting.iter().take_while(|c| c.at_frame < end);
        let at = due.enumerate().find(|(_, c)| can_obey(c))?.0;
        let command = self.waiting.remove(at)?;
        self.n_swaps -= usize::from(is_swap(&command));
        Some(command)
    }

    /// Tells the generations that wait here of an event that passes them; false when one of them
    /// had no room.
    pub(crate) fn remember(&mut self, event: PluginEvent) -> bool {
        let mut all = true;
        if self.n_swaps == 0 {
            return all;
        }
        for command in &mut self.waiting {
            if let CommandKind::Swap(generation, _) = &mut command.kind {
                all &= generation.remember(event);
            }
        }
        all
    }

    /// Gives generation `number` up before its swap.
    pub(crate) fn condemn(&mut self, number: u32) {
        for command in &mut self.waiting {
            if let CommandKind::Swap(generation, _) = &mut command.kind
                && generation.number() == number
            {
                generation.condemn();
            }
        }
    }

    /// Everything that still waits, here and in the ring.
    pub(crate) fn into_commands(self, mut ring: CommandReceiver) -> Vec<Command> {
        let mut commands = Vec::from(self.waiting);
        commands.extend(std::iter::from_fn(|| ring.urgent.pop().ok()));
        commands.extend(std::iter::from_fn(|| ring.normal.pop().ok()));
        commands
    }
}

fn is_swap(command: &Command) -> bool {
    matches!(command.kind, CommandKind::Swap(..))
}
