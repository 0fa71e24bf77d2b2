//! A plugin that passes its input on, until it does wrong where it is told to.

/// Where in its life a plugin does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    New,
    Activate,
    /// In the first block after the parameter `fuse` took the number of this source.
    Process,
    /// While it takes over the state of the generation before.
    Load,
    Drop,
}

/// Each kind of wrong, as a statement.
pub(crate) const SEGV: &str =
    "unsafe { std::ptr::without_provenance_mut::<u32>(8).write_volatile(1) }";
pub(crate) const ABORT: &str = "std::process::abort()";
pub(crate) const EXIT: &str = "std::process::exit(0)";
pub(crate) const OVERFLOW: &str = "assert_ne!(deeper(1), 0)";
pub(crate) const LOOP: &str = "loop { std::hint::spin_loop() }";
pub(crate) const SLEEP: &str = "std::thread::sleep(std::time::Duration::from_secs(1))";
pub(crate) const PANIC: &str = "panic!(\"boom\")";
pub(crate) const NAN: &str = "scale(block, f32::NAN)";
pub(crate) const INFINITY: &str = "scale(block, f32::INFINITY)";
/// +60 dB.
pub(crate) const HUGE: &str = "scale(block, 1_000.0)";
pub(crate) const CLOSES: &str = "(3..256).for_each(|n| assert!(unsafe { close(n) } < 1))";
pub(crate) const LEAKS: &str =
    "assert_eq!(Box::leak(std::hint::black_box(vec![1_u8; 100 << 20]).into_boxed_slice())[7], 1)";
pub(crate) const THREAD: &str = "drop(std::thread::spawn(|| loop { std::thread::sleep(\
    std::time::Duration::from_millis(1)) }))";

/// Before the deed in `process`.
pub(crate) const CONDITION: &str = "params.fuse.value() as u32 == FUSE";

/// The source of a plugin that does nothing wrong; `number` makes it another one.
pub(crate) fn good(number: u32) -> String {
    source(Place::Process, "", number)
}

/// The source of a plugin that does wrong.
pub(crate) fn source(place: Place, deed: &str, fuse: u32) -> String {
    let place = match place {
        Place::New => "/*new*/",
        Place::Activate => "/*activate*/",
        Place::Process => "/*process*/",
        Place::Load => "/*load*/",
        Place::Drop => "/*drop*/",
    };
    SOURCE.replace("/*fuse*/", &fuse.to_string()).replace(place, deed)
}

const SOURCE: &str = r#"//! A plugin that does wrong.
#![allow(warnings)]
use retake_sdk::{Block, Config, Context, IntParam, Params, Plugin, State, export_plugin};

const FUSE: u32 = /*fuse*/;

unsafe extern "C" {
    fn close(descriptor: i32) -> i32;
}

fn deeper(n: u64) -> u64 {
    let frame = std::hint::black_box([n; 512]);
    deeper(n + 1) + frame[std::hint::black_box(7)]
}

fn scale(block: &mut Block<'_>, gain: f32) {
    block.each_frame(|frame| frame.for_each(|sample| *sample *= gain));
}

#[derive(Params)]
pub struct HostileParams {
    #[param(name = "Fuse", range = 0..=1000, default = 0)]
    fuse: IntParam,
}

pub struct Hostile;

impl Default for Hostile {
    fn default() -> Self {
        { /*new*/ };
        Self
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        { /*drop*/ };
    }
}

impl Plugin for Hostile {
    type Params = HostileParams;
    const ID: &'static str = "org.retake.test-hostile";
    const NAME: &'static str = "Test Hostile";
    const STATE_VERSION: u32 = FUSE + 1;

    fn activate(&mut self, _: Config) {
        { /*activate*/ };
    }

    fn process(&mut self, params: &mut HostileParams, block: &mut Block<'_>, _: &mut Context<'_>) {
        if params.fuse.value() as u32 == FUSE {
            { /*process*/ };
        }
    }

    fn migrate(_: &mut State, _: u32) {
        { /*load*/ };
    }
}

export_plugin!(Hostile);
"#;

/// The line where the deed is done.
pub(crate) fn line_of(place: Place, deed: &str) -> usize {
    source(place, deed, 0).lines().position(|line| line.contains(deed)).unwrap() + 1
}
