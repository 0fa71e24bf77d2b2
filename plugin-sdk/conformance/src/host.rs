//! The host that a plugin meets: it notes every call that comes from the wrong thread.

mod ffi;

pub(crate) use ffi::Host;

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

/// What the present thread is to the plugin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    Main,
    Audio,
    Neither,
}

thread_local! {
    static ROLE: Cell<Role> = const { Cell::new(Role::Neither) };
}

static WRONGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Says what the present thread is from now on.
pub(crate) fn become_role(role: Role) {
    ROLE.set(role);
}

pub(crate) fn role() -> Role {
    ROLE.get()
}

/// Notes what a plugin may not do to its host.
fn wrong(what: String) {
    WRONGS.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

/// What plugins did wrong to their hosts in this process so far.
pub(crate) fn wrongs() -> Vec<String> {
    WRONGS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
