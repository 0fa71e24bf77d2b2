//! A plugin that ends its process, or never comes back, as its parameter says.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    clippy::cast_possible_truncation,
    reason = "it breaks memory on purpose, for tests alone"
)]

use retake_sdk::{Block, Choice, ChoiceParam, Context, Params, Plugin, export_plugin};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
enum End {
    None,
    Segv,
    Abort,
    StackOverflow,
    IllegalInstruction,
    Loop,
    Jump,
}

#[derive(Params)]
struct CrasherParams {
    #[param(name = "End", default = None)]
    end: ChoiceParam<End>,
}

#[derive(Default)]
struct Crasher {
    n: u64,
}

impl Plugin for Crasher {
    type Params = CrasherParams;
    const ID: &'static str = "test.crasher";
    const NAME: &'static str = "Crasher";

    fn process(&mut self, params: &mut CrasherParams, _: &mut Block<'_>, _: &mut Context<'_>) {
        match params.end.value() {
            End::None => {}
            End::Segv => write_nowhere(self.n as usize),
            End::Abort => give_up(),
            End::StackOverflow => self.n = go_down(self.n),
            End::IllegalInstruction => run_nonsense(),
            End::Loop => self.count_for_ever(),
            End::Jump => jump_nowhere(self.n as usize),
        }
    }
}

impl Crasher {
    #[inline(never)]
    fn count_for_ever(&mut self) {
        while std::hint::black_box(true) {
            self.n = self.n.wrapping_mul(3).wrapping_add(1); // here: loop
        }
    }
}

#[inline(never)]
fn write_nowhere(n: usize) {
    let place = std::ptr::without_provenance_mut::<u32>(0x10 + n);
    unsafe { place.write_volatile(1) }; // here: segv
}

#[inline(never)]
fn give_up() {
    std::process::abort(); // here: abort
}

#[inline(never)]
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn go_down(n: u64) -> u64 {
    let room = std::hint::black_box([n; 64]);
    go_down(n + 1) + room[0]
}

#[inline(never)]
fn run_nonsense() {
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("ud2"); // here: illegal instruction
    }
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("udf #0"); // here: illegal instruction
    }
}

#[inline(never)]
fn jump_nowhere(n: usize) {
    let place = std::hint::black_box(std::ptr::without_provenance::<()>(0x100 + n));
    let function = unsafe { std::mem::transmute::<*const (), fn() -> u64>(place) };
    std::hint::black_box(function()); // here: jump
}

export_plugin!(Crasher);
