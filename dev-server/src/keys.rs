//! Single keys on a terminal, without raw mode: Ctrl-C stays Ctrl-C and lines stay lines.

/// Reads keys while it lives; Drop gives the terminal back as it was.
#[cfg(unix)]
#[derive(Debug)]
pub struct Keys {
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Keys {
    /// Calls `pressed` for each key, on a thread of its own named `keys`. `None` when stdin is no
    /// terminal or this process is in its background.
    pub fn listen(pressed: impl Fn(char) + Send + 'static) -> Option<Self> {
        use rustix::termios::{self, LocalModes, OptionalActions};
        let stdin = rustix::stdio::stdin();
        let before = termios::tcgetattr(stdin).ok()?;
        if termios::tcgetpgrp(stdin).ok()? != rustix::process::getpgrp() {
            return None;
        }
        let mut single = before.clone();
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        termios::tcsetattr(stdin, OptionalActions::Now, &single).ok()?;
        let keys = Self { before };
        std::thread::Builder::new().name("keys".into()).spawn(move || read(&pressed)).ok()?;
        Some(keys)
    }
}

#[cfg(unix)]
impl Drop for Keys {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // The terminal went away: nothing to give back.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(unix)]
const ESCAPE: u8 = 0x1b;

/// Ends when stdin does, or with the process.
#[cfg(unix)]
fn read(pressed: &impl Fn(char)) {
    let mut bytes = [0_u8; 32];
    while let Ok(n @ 1..) = rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
        // An arrow or a function key comes as Esc and more, at once: no key of ours.
        if n == 1 || bytes[0] != ESCAPE {
            bytes[..n].iter().for_each(|byte| pressed(char::from(*byte).to_ascii_lowercase()));
        }
    }
}

/// Keys are for terminals of Unix; elsewhere the page has the same buttons.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Keys;

#[cfg(not(unix))]
impl Keys {
    /// `None`: see the type.
    pub fn listen(_: impl Fn(char) + Send + 'static) -> Option<Self> {
        None
    }
}
