//! What ends, holds up or wears out the process that it happens in.
//!
//! A kind `PLACE_DEED` does the deed at one place of the plugin's life.

use std::{cell::RefCell, hint::black_box, ptr::without_provenance_mut, time::Duration};

use crate::KIND;

unsafe extern "C" {
    fn close(descriptor: i32) -> i32;
}

/// Does what the kind says, if this is its place.
pub(super) fn at(place: &str) {
    let kind = KIND.get().and_then(|kind| kind.split_once('_'));
    if let Some((_, deed)) = kind.filter(|(of, _)| *of == place) {
        commit(deed);
    }
}

/// Whether the kind is about that place.
pub(super) fn is_about(place: &str) -> bool {
    let kind = KIND.get().and_then(|kind| kind.split_once('_'));
    kind.is_some_and(|(of, _)| of == place)
}

fn commit(deed: &str) {
    match deed {
        "segv" => unsafe { without_provenance_mut::<u32>(8).write_volatile(1) },
        "abort" => std::process::abort(),
        "exit" => std::process::exit(0),
        "overflow" => assert_ne!(deeper(1), 0),
        "loop" => loop {
            std::hint::spin_loop();
        },
        "sleep" => std::thread::sleep(Duration::from_secs(1)),
        "closes" => (3..256).for_each(|descriptor| assert!(unsafe { close(descriptor) } < 1)),
        "leaks" => drop(black_box(Box::leak(vec![1_u8; 100 << 20].into_boxed_slice()))),
        "thread" => drop(std::thread::spawn(|| {
            loop {
                std::thread::sleep(Duration::from_millis(1));
            }
        })),
        "destructor" => LAST_WORDS.with_borrow_mut(|words| *words = Some(LastWords)),
        _ => {}
    }
}

#[allow(unconditional_recursion, reason = "a stack that overflows")]
fn deeper(n: u64) -> u64 {
    let frame = black_box([n; 512]);
    deeper(n + 1) + frame[black_box(7)]
}

struct LastWords;

impl Drop for LastWords {
    fn drop(&mut self) {
        // Something that the compiler cannot drop with the drop.
        assert!(KIND.get().is_some());
    }
}

thread_local! {
    static LAST_WORDS: RefCell<Option<LastWords>> = const { RefCell::new(None) };
}
