//! What the plugin does that an audio thread must not, and where it ended when it ended badly.
//!
//! While a plugin plays a block, a flag of that thread says so. This program's own functions stand
//! before the system's (`interpose`): when the flag is up, they note the call with its raw stack in
//! a table of fixed size (`recorder`), and go on as ever. The plugin's main thread gives the stacks
//! names and lines (`symbols`) and tells control (`auditor`), at most once a second.
//!
//! Only what the plugin's `process` does itself counts: while it calls the host, the flag is down.
//!
//! Signals are the other half: [`LastWords`].
//!
//! # Limits
//! The line is the compiler's word. Where it merged the same call of several lines into one, it
//! names the function without a line; a function whose last act is the call may have left the stack
//! by then, and its caller is named. `interpose` says which calls are seen at all.
//!
//! The audit is off until [`enable`], which the program's `main` calls. Only Linux has it.

mod auditor;
mod interpose;
mod last_words;
mod modules;
mod recorder;
mod symbols;
mod unwind;

use std::{
    ptr,
    sync::atomic::{AtomicBool, Ordering},
};

pub(crate) use auditor::Auditor;
pub(crate) use last_words::note_library;
pub use last_words::{AltStack, LastWords, Words, install};
pub use modules::Modules;
pub(crate) use recorder::Recorder;
pub use symbols::Symbols;

static IS_ON: AtomicBool = AtomicBool::new(false);

/// Begins to audit every plugin of this process, from the next block on.
///
/// # Errors
/// Why it cannot, for people: this program was linked without its own functions before the
/// system's.
pub fn enable() -> Result<(), String> {
    if let Some(name) = interpose::resolve_all() {
        return Err(format!("plugins do not call this program's `{name}`"));
    }
    // What the unwinder loads at first, it loads now.
    unwind::walk(&mut [0; 4], usize::MAX);
    IS_ON.store(true, Ordering::Release);
    Ok(())
}

/// Whether [`enable`] was called, and could.
fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

/// Runs `work`, the plugin's part of a block of so many frames, noting in `recorder` what it must
/// not do.
///
/// # Real time
/// Some atomics.
pub(crate) fn in_block<T>(recorder: &Recorder, frames: usize, work: impl FnOnce() -> T) -> T {
    if !is_on() {
        return work();
    }
    let here = 0_u8;
    let block = recorder::Block::new(recorder, frames, ptr::from_ref(&here).addr());
    interpose::noted(&block, work)
}

/// Runs `work`, the host's part of what a plugin called: nothing in it is the plugin's doing.
///
/// # Real time
/// A thread-local of this program is written.
pub(crate) fn as_host<T>(work: impl FnOnce() -> T) -> T {
    interpose::unnoted(work)
}
