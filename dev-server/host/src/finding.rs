//! What was found out about a plugin's code: where it crashed, and what it asks of the system
//! while it processes. Plain data, which crosses from the plugin's process to the server's.

use serde::{Deserialize, Serialize};

/// One call on a thread's stack; the innermost stands first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StackFrame {
    /// The function as its author writes it, without the compiler's hash; or where the address
    /// lies when nobody knows.
    pub function: String,
    /// Source file as the compiler was given it.
    pub file: Option<String>,
    /// Line in it, from 1.
    pub line: Option<u32>,
}

impl StackFrame {
    /// Whether the plugin's author wrote it, as far as name and file tell: not the language's
    /// libraries, nor those of a registry, nor the SDK.
    pub fn is_authors(&self) -> bool {
        let is_foreign = |file: &str| FOREIGN_FOLDERS.iter().any(|folder| file.contains(folder));
        let name = self.function.trim_start_matches(['<', '&', '(']);
        self.file.as_ref().is_some_and(|file| !file.starts_with("/usr/") && !is_foreign(file))
            && !FOREIGN_CRATES.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Where a stack's trouble is to be mended: the innermost call of the author's own; without one,
    /// the innermost with a line at all, or the innermost.
    pub fn place(stack: &[Self]) -> Option<&Self> {
        let mut frames = stack.iter();
        frames
            .clone()
            .find(|frame| frame.is_authors())
            .or_else(|| frames.clone().find(|frame| frame.line.is_some()))
            .or_else(|| frames.next())
    }
}

/// Sources that come with the compiler, from a registry, from a repository by cargo, or are the SDK.
const FOREIGN_FOLDERS: [&str; 6] = [
    "/rustc/",
    "/rust/deps/",
    "/lib/rustlib/src/",
    "/registry/src/",
    "/git/checkouts/",
    "plugin-sdk/src/",
];

const FOREIGN_CRATES: [&str; 4] = ["core::", "alloc::", "std::", "retake_sdk::"];

/// A place in the plugin's `process` that does what an audio thread must not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditFinding {
    /// What it does.
    pub kind: AuditKind,
    /// The system's function that it ends in, such as `malloc`.
    pub call: String,
    /// How it came there, when it did so first.
    pub stack: Vec<StackFrame>,
    /// How often since the plugin was loaded.
    pub n: u64,
    /// How often a second lately.
    pub per_second: f64,
}

impl AuditFinding {
    /// Where it is to be mended.
    pub fn place(&self) -> Option<&StackFrame> {
        StackFrame::place(&self.stack)
    }

    /// Whether both do the same kind of thing at the same place.
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.kind == other.kind && self.place() == other.place()
    }
}

/// What an audio thread must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// Takes memory from the heap, or changes the size of a piece of it.
    Allocation,
    /// Gives memory back to the heap.
    Free,
    /// Takes a lock, or waits for another thread.
    Lock,
    /// Opens, reads, writes or asks for a file (standard output is one).
    File,
    /// Speaks to the network or to another process.
    Socket,
    /// Gives the processor away for a time.
    Sleep,
    /// Any other call of the system, such as making a thread or mapping memory.
    System,
}

/// How a plugin's process ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrashKind {
    /// This signal ended it.
    Signal(i32),
    /// The plugin ended it, with this code.
    Exit(i32),
    /// It did not come back from a call, and was ended.
    Hang,
    /// Its blocks came, but too late, one after the other, and it was ended.
    OverBudget,
    /// Someone else ended it.
    Killed,
}
