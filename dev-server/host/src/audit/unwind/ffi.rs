//! The unwinder's C interface, which every Rust program is linked with.
#![allow(unsafe_code, reason = "the unwinder is C")]

use std::{
    ffi::{c_int, c_void},
    ptr,
};

#[repr(C)]
struct Context {
    _opaque: [u8; 0],
}

type Visit = extern "C" fn(*mut Context, *mut c_void) -> c_int;

/// `_URC_NO_REASON`: go on.
const GO_ON: c_int = 0;
/// `_URC_NORMAL_STOP`: any other value ends the walk.
const STOP: c_int = 4;

unsafe extern "C" {
    fn _Unwind_Backtrace(visit: Visit, argument: *mut c_void) -> c_int;
    fn _Unwind_GetIPInfo(context: *mut Context, is_before: *mut c_int) -> usize;
    fn _Unwind_Find_FDE(address: *const c_void, bases: *mut [usize; 3]) -> *const c_void;
    fn _Unwind_GetCFA(context: *mut Context) -> usize;
}

struct Walk<'a> {
    into: &'a mut [u64],
    n: usize,
    base: usize,
    /// Frames of this file that are left out.
    n_skip: usize,
}

/// Writes the calls that this thread is in, innermost first and this one left out, up to stack
/// address `base`; how many there are. Each is an address *inside* its call, so that its line is
/// the call's.
///
/// # Real time
/// As the [limits](super) say; half a microsecond a frame.
#[inline(never)]
pub(in crate::audit) fn walk(into: &mut [u64], base: usize) -> usize {
    let mut walk = Walk { into, n: 0, base, n_skip: 1 };
    // SAFETY: `visit` gets the walk that outlives the call; the unwinder only reads the stack.
    unsafe { _Unwind_Backtrace(visit, (&raw mut walk).cast()) };
    walk.n
}

/// Whether the walk can go on from that instruction; where no code is, it would fault.
pub(in crate::audit) fn has_tables(address: u64) -> bool {
    let mut bases = [0; 3];
    let address = ptr::with_exposed_provenance(usize::try_from(address).unwrap_or(0));
    // SAFETY: the unwinder only compares the address, and writes its three bases.
    !unsafe { _Unwind_Find_FDE(address, &raw mut bases) }.is_null()
}

extern "C" fn visit(context: *mut Context, walk: *mut c_void) -> c_int {
    // SAFETY: it is the walk that `walk` handed to the unwinder, and nobody else has it meanwhile.
    let walk = unsafe { &mut *walk.cast::<Walk<'_>>() };
    if walk.n_skip > 0 {
        walk.n_skip -= 1;
        return GO_ON;
    }
    // SAFETY: the unwinder gave the context for this visit.
    if unsafe { _Unwind_GetCFA(context) } > walk.base {
        return STOP;
    }
    let mut is_before = 0;
    // SAFETY: as above, and the flag is ours.
    let address = unsafe { _Unwind_GetIPInfo(context, &raw mut is_before) };
    // A return address stands behind its call, which may be the next line already.
    let inside = if is_before == 0 { address.saturating_sub(1) } else { address };
    if let Some(place) = walk.into.get_mut(walk.n).filter(|_| address != 0) {
        *place = inside as u64;
        walk.n += 1;
        return GO_ON;
    }
    STOP
}
