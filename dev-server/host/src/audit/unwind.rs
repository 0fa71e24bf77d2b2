//! The way back out of a call: the compiler's unwinder over its own tables, as a panic walks.
//!
//! # Limits
//! With glibc 2.35 and libgcc 12 or later nothing in it allocates or locks. Before, each frame
//! takes the loader's lock for reading, which a thread that is loading a library may hold: then the
//! walk waits for it. Code without tables (hand-written assembly, libraries built with
//! `-fno-asynchronous-unwind-tables`) ends the walk.

mod ffi;

/// Most frames that are walked.
pub(super) const MAX_FRAMES: usize = 64;

pub(super) use ffi::{has_tables, walk};

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn inner(into: &mut [u64]) -> (usize, u32) {
        std::hint::black_box((walk(into, usize::MAX), line!()))
    }

    #[test]
    fn the_caller_is_found() {
        let mut stack = [0; MAX_FRAMES];
        let (n, line) = inner(&mut stack);
        assert!(n >= 3, "{n}");
        let modules = super::super::modules::Modules::of_this_process(stack[0]).unwrap();
        let library = std::fs::read("/proc/self/exe").unwrap();
        let frames = super::super::symbols::Symbols::new(modules, library).stack(&stack[..n]);
        let position = |name: &str| frames.iter().position(|f| f.function.ends_with(name));
        assert!(
            position("unwind::tests::inner").unwrap() < position("the_caller_is_found").unwrap()
        );
        assert_eq!(frames[position("tests::inner").unwrap()].line, Some(line), "{frames:?}");
    }

    #[test]
    fn the_walk_ends_where_it_is_told() {
        let mut stack = [0; MAX_FRAMES];
        let here = std::ptr::from_ref(&stack).addr();
        let n = walk(&mut stack, here);
        assert_eq!(n, 1);
        assert_eq!(inner(&mut stack[..1]).0, 1);
    }
}
