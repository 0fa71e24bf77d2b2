//! The C interface of `retake.probe/1`, the host's half.

#![allow(unsafe_code, reason = "CLAP's extensions are C interfaces")]

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use clack_plugin::extensions::prelude::{Extension, HostExtensionSide, RawExtension};
use clack_plugin::host::HostSharedHandle;

type Host = *const c_void;

/// The host's table of functions, as the C header of the extension has it.
#[derive(Clone, Copy)]
#[repr(C)]
struct Table {
    is_watched: Option<unsafe extern "C" fn(host: Host) -> bool>,
    find: Option<unsafe extern "C" fn(host: Host, name: *const c_char, n_bytes: u32) -> u32>,
    scalar: Option<unsafe extern "C" fn(host: Host, probe: u32, offset: u32, value: f64)>,
    signal: Option<
        unsafe extern "C" fn(
            host: Host,
            probe: u32,
            offset: u32,
            samples: *const f32,
            n_samples: u32,
        ),
    >,
}

/// The host's half of the extension.
#[derive(Clone, Copy)]
pub(in super::super) struct HostProbe(RawExtension<HostExtensionSide, Table>);

// SAFETY: the type is a pointer to the table that belongs to the identifier.
unsafe impl Extension for HostProbe {
    const IDENTIFIERS: &'static [&'static CStr] = &[c"retake.probe/1"];
    type ExtensionSide = HostExtensionSide;

    unsafe fn from_raw(raw: RawExtension<Self::ExtensionSide>) -> Self {
        // SAFETY: the caller has promised a pointer to the table of the identifier.
        Self(unsafe { raw.cast() })
    }
}

impl HostProbe {
    /// Whether somebody looks. Any thread.
    pub(super) fn is_watched(self, host: HostSharedHandle<'_>) -> bool {
        let Some(is_watched) = host.use_extension(&self.0).is_watched else {
            return false;
        };
        // SAFETY: the function is the host's own, for which `host` is valid.
        unsafe { is_watched(pointer(host)) }
    }

    /// The number of a name of at most 63 bytes of UTF-8, if the host has room. Audio thread.
    pub(super) fn find(self, host: HostSharedHandle<'_>, name: &[u8]) -> Option<u32> {
        let find = host.use_extension(&self.0).find?;
        let n_bytes = u32::try_from(name.len()).ok()?;
        // SAFETY: the function is the host's own, for which `host` is valid; the name is valid for
        // the call and has `n_bytes` bytes.
        let number = unsafe { find(pointer(host), name.as_ptr().cast(), n_bytes) };
        (number != u32::MAX).then_some(number)
    }

    /// Shows one value. Audio thread.
    pub(super) fn scalar(self, host: HostSharedHandle<'_>, probe: u32, offset: u32, value: f64) {
        if let Some(scalar) = host.use_extension(&self.0).scalar {
            // SAFETY: the function is the host's own, for which `host` is valid.
            unsafe { scalar(pointer(host), probe, offset, value) };
        }
    }

    /// Shows a signal. Audio thread.
    pub(super) fn signal(
        self,
        host: HostSharedHandle<'_>,
        probe: u32,
        offset: u32,
        samples: &[f32],
    ) {
        let Some(signal) = host.use_extension(&self.0).signal else {
            return;
        };
        let n_samples = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        // SAFETY: the function is the host's own, for which `host` is valid; the samples are valid
        // for the call, at least `n_samples` of them.
        unsafe { signal(pointer(host), probe, offset, samples.as_ptr(), n_samples) };
    }
}

fn pointer(host: HostSharedHandle<'_>) -> Host {
    ptr::from_ref(host.as_raw()).cast()
}
