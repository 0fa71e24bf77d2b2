//! Flush-to-zero: denormal numbers count as zero while a guard lives.
//!
//! Audio thread, one guard per block. A decaying filter otherwise ends in numbers that cost the
//! processor up to a hundred times as much. Elsewhere than on x86-64 and ARM64 it does nothing.

#![allow(
    unsafe_code,
    reason = "the floating-point control register is reached by instruction only"
)]

use std::marker::PhantomData;

/// Restores the thread's own setting when dropped; bound to its thread.
#[derive(Debug)]
pub(crate) struct FlushToZero {
    before: Control,
    thread: PhantomData<*const ()>,
}

impl FlushToZero {
    /// # Real time
    ///
    /// Two instructions, two more when it is dropped.
    pub(crate) fn on() -> Self {
        let before = read();
        write(flushing(before));
        Self { before, thread: PhantomData }
    }
}

impl Drop for FlushToZero {
    fn drop(&mut self) {
        write(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
mod register {
    pub(super) type Control = u32;

    /// Sets FTZ (bit 15) for results, DAZ (bit 6) for operands.
    pub(super) fn flushing(control: Control) -> Control {
        control | 1 << 15 | 1 << 6
    }

    pub(super) fn read() -> Control {
        let mut control: Control = 0;
        // SAFETY: stores 4 bytes into a local that is live, writable and aligned.
        unsafe {
            std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut control, options(nostack));
        }
        control
    }

    pub(super) fn write(control: Control) {
        // SAFETY: loads a value that `read` returned, at most with the two flush bits set, which
        // are valid on every x86-64 processor.
        unsafe {
            std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const control, options(nostack));
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod register {
    pub(super) type Control = u64;

    /// Sets FZ (bit 24) for operands and results.
    pub(super) fn flushing(control: Control) -> Control {
        control | 1 << 24
    }

    pub(super) fn read() -> Control {
        let control: Control;
        // SAFETY: reads a register that every thread may read.
        unsafe {
            std::arch::asm!("mrs {}, fpcr", out(reg) control, options(nomem, nostack));
        }
        control
    }

    pub(super) fn write(control: Control) {
        // SAFETY: writes a value that `read` returned, at most with the flush bit set.
        unsafe {
            std::arch::asm!("msr fpcr, {}", in(reg) control, options(nomem, nostack));
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod register {
    /// Nothing to keep.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Control;

    pub(super) fn flushing(control: Control) -> Control {
        control
    }

    pub(super) fn read() -> Control {
        Control
    }

    pub(super) fn write(_: Control) {}
}

use register::{Control, flushing, read, write};

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use std::hint::black_box;

    use super::*;

    fn halve_smallest() -> f32 {
        black_box(f32::MIN_POSITIVE) * black_box(0.5)
    }

    #[test]
    fn denormals_are_zero_only_while_the_guard_lives() {
        assert!(halve_smallest() > 0.0);
        let guard = FlushToZero::on();
        let inside = halve_smallest();
        drop(guard);
        assert_eq!(inside.to_bits(), 0);
        assert!(halve_smallest() > 0.0);
    }
}
