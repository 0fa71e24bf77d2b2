//! Flush-to-zero: denormals cost a hundred times a normal multiplication, and no ear hears them.
#![allow(unsafe_code, reason = "the control register of the FPU is only reachable by asm")]

/// Sets flush-to-zero (and denormals-are-zero) for as long as it lives; Drop restores what was.
///
/// Drivers hold one around [`crate::Engine::render`]; the host holds one around each plugin call.
/// Does nothing on processors other than `x86_64` and `aarch64`.
#[derive(Debug)]
pub struct FlushToZero {
    before: u64,
}

impl FlushToZero {
    /// Sets the flags of this thread.
    ///
    /// # Real time
    /// Two register moves.
    #[expect(clippy::new_without_default, reason = "a guard is made on purpose")]
    pub fn new() -> Self {
        let before = imp::read();
        imp::write(before | imp::FLAGS);
        Self { before }
    }
}

impl Drop for FlushToZero {
    fn drop(&mut self) {
        imp::write(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
mod imp {
    use std::arch::asm;

    /// FTZ is bit 15 of MXCSR, DAZ bit 6 (Intel SDM vol. 1, 10.2.3).
    pub(super) const FLAGS: u64 = 1 << 15 | 1 << 6;

    pub(super) fn read() -> u64 {
        let mut mxcsr = 0_u32;
        // SAFETY: stores the control register to a live local of four bytes, nothing else.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut mxcsr, options(nostack, preserves_flags)) };
        u64::from(mxcsr)
    }

    #[expect(clippy::cast_possible_truncation, reason = "MXCSR has 32 bits")]
    pub(super) fn write(flags: u64) {
        let mxcsr = flags as u32;
        // SAFETY: loads the register from a live local; the value came from `read` plus FLAGS.
        unsafe {
            asm!("ldmxcsr [{}]", in(reg) &raw const mxcsr, options(nostack, preserves_flags));
        };
    }
}

#[cfg(target_arch = "aarch64")]
mod imp {
    use std::arch::asm;

    /// FZ is bit 24 of FPCR (Arm ARM, C5.2.8).
    pub(super) const FLAGS: u64 = 1 << 24;

    pub(super) fn read() -> u64 {
        let fpcr: u64;
        // SAFETY: reads a control register into an output operand.
        unsafe { asm!("mrs {}, fpcr", out(reg) fpcr, options(nomem, nostack, preserves_flags)) };
        fpcr
    }

    pub(super) fn write(fpcr: u64) {
        // SAFETY: writes a control register; the value came from `read` plus FLAGS.
        unsafe { asm!("msr fpcr, {}", in(reg) fpcr, options(nomem, nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod imp {
    pub(super) const FLAGS: u64 = 0;

    pub(super) fn read() -> u64 {
        0
    }

    pub(super) fn write(_: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn denormals_are_zero_inside_and_alive_outside() {
        let halve = |x: f32| black_box(x) * black_box(0.5);
        {
            let _guard = FlushToZero::new();
            assert_eq!(halve(f32::MIN_POSITIVE).to_bits(), 0);
        }
        assert!(halve(f32::MIN_POSITIVE) > 0.0);
    }
}
