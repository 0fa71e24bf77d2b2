//! What was found out about a plugin's code: where it crashed, and what it asks of the system
//! while it processes. Plain data, which crosses from the plugin's process to the server's.

use serde::{Deserialize, Serialize};

/// One call on a thread's stack; the innermost stands first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StackFrame {
    /// The function as its author writes it, without the compiler's hash; or where the address
    /// lies when nobody knows.
    pub function: String,
    /// Source file as the compiler was given it.
    pub file: Option<String>,
    /// Line in it, from 1.
    pub line: Option<u32>,
}

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
    /// Someone else ended it.
    Killed,
}
