//! The parent's ear at a child: reads what it says, sees its end, and ends it when it is stuck.

use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::ExitStatusExt},
    },
    process::{Child, ExitStatus},
    sync::{Arc, mpsc::Sender},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, Signal, kill_process_group},
    time::Timespec,
};

use super::{
    child::LOST,
    link::{Link, STUCK},
    proxy::Mail,
    wire,
};
use crate::{
    audit::{LastWords, Words},
    finding::CrashKind,
};

/// How often it looks whether the child is stuck.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// How long a child that closed its end of the talk may live on.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long a child that crashes may take to say where it was: its libraries have to be searched,
/// on a busy machine.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// How long it has to say where it is, before it is ended.
const PATIENCE: Duration = Duration::from_millis(100);

/// Why it was ended by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Stuck,
    Slow,
    Mute,
}

/// What was made of a child until its end.
#[derive(Debug, Default)]
struct Sentence {
    verdict: Option<Verdict>,
    /// What it said when it was asked where it is.
    words: Option<Words>,
    /// It says nothing any more.
    is_mute: bool,
}

/// Owned by its thread.
pub(super) struct Watch {
    pub(super) child: Child,
    pub(super) pidfd: OwnedFd,
    pub(super) socket: UnixStream,
    pub(super) link: Arc<Link>,
    pub(super) mail: Sender<Mail>,
}

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    pub(super) what: CrashKind,
    pub(super) message: String,
    /// What it said about it.
    pub(super) words: Option<Words>,
}

impl Watch {
    /// Until the child is gone, with all that it started.
    pub(super) fn run(mut self) {
        let sentence = self.listen();
        self.link.die();
        // What it said before is still to be read.
        while !sentence.is_mute && self.look(false).0 && self.hear() {}
        self.kill();
        let status = self.child.wait();
        let said = self.link.board.last_words().and_then(LastWords::read);
        let (crash, other) = match said {
            Some(said) if said.are_of_a_crash() => (Some(said), None),
            said => (None, said),
        };
        let words = crash.or(sentence.words).or(other);
        let _ = self.mail.send(Mail::Ended(end(status, sentence.verdict, words)));
    }

    /// Hears it until it has ended, and ends it if need be.
    fn listen(&self) -> Sentence {
        let mut sentence = Sentence::default();
        let (mut mute_since, mut crashing_since) = (None, None);
        let is_over = |since: Option<Instant>, limit| since.is_some_and(|at| at.elapsed() > limit);
        loop {
            let (has_word, has_ended) = self.look(sentence.is_mute);
            if has_ended {
                return sentence;
            }
            if has_word && !self.hear() {
                (sentence.is_mute, mute_since) = (true, Some(Instant::now()));
            }
            if self.link.board.has_ended() {
                crashing_since.get_or_insert_with(Instant::now);
            }
            let is_mute = is_over(mute_since, FAREWELL);
            // One that crashes comes back from no call, and is no hang.
            let is_due = match crashing_since {
                Some(since) => is_over(Some(since), LAST_BREATH),
                None => is_mute || self.link.is_stuck(),
            };
            if is_due && sentence.verdict.is_none() {
                sentence.verdict = Some(self.verdict(is_mute));
                sentence.words = self.ask(is_mute);
                self.kill();
            }
        }
    }

    fn verdict(&self, is_mute: bool) -> Verdict {
        match (is_mute, self.link.is_slow()) {
            (true, _) => Verdict::Mute,
            (false, true) => Verdict::Slow,
            (false, false) => Verdict::Stuck,
        }
    }

    /// Where the audio thread is, if that is what does not come back.
    fn ask(&self, is_mute: bool) -> Option<Words> {
        let is_main = self.link.board.busy_for().is_some_and(|lasting| lasting > STUCK);
        let words = self.link.board.last_words().filter(|_| !is_mute && !is_main)?;
        words.ask(self.child.id(), PATIENCE)
    }

    /// Whether there is something to read, and whether the child has ended.
    fn look(&self, is_mute: bool) -> (bool, bool) {
        let none = PollFlags::empty();
        let mut fds = [
            PollFd::from_borrowed_fd(self.pidfd.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(
                self.socket.as_fd(),
                if is_mute { none } else { PollFlags::IN },
            ),
        ];
        if poll(&mut fds, Some(&LOOK)).is_err() {
            return (false, false);
        }
        (!is_mute && !fds[1].revents().is_empty(), !fds[0].revents().is_empty())
    }

    /// Takes a message; false when none will come any more.
    fn hear(&self) -> bool {
        match wire::receive(&self.socket) {
            Ok(said) => self.mail.send(Mail::Said(said)).is_ok(),
            Err(_) => false,
        }
    }

    /// Ends the child and what it started in its group. It is not reaped yet, so its number is its
    /// own.
    fn kill(&self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Verdict {
    /// What it was ended for, and that in words.
    fn reason(self) -> (CrashKind, &'static str) {
        match self {
            Self::Stuck => {
                (CrashKind::Hang, "the plugin did not come back from a call: its process was ended")
            }
            Self::Slow => (
                CrashKind::OverBudget,
                "the plugin's blocks took more than half of their time, again and again: its \
                 process was ended",
            ),
            Self::Mute => (CrashKind::Killed, "the plugin's process talks nonsense: it was ended"),
        }
    }
}

/// The signal of a crash: said, or the one that ended the process, whoever wanted to end it as well.
fn crash(status: Option<ExitStatus>, words: Option<&Words>) -> Option<(i32, String)> {
    if let Some(words) = words.filter(|words| words.are_of_a_crash()) {
        return Some((words.signal, words.message()));
    }
    let signal = status.and_then(|status| status.signal());
    let is_crash = |signal: &i32| ![libc::SIGKILL, libc::SIGXCPU].contains(signal);
    signal.filter(is_crash).map(|signal| (signal, name(signal)))
}

fn end(status: io::Result<ExitStatus>, verdict: Option<Verdict>, words: Option<Words>) -> End {
    let crash = crash(status.as_ref().ok().copied(), words.as_ref());
    let (what, message) = match (crash, verdict) {
        (Some((signal, said)), _) => {
            (CrashKind::Signal(signal), format!("the plugin crashed: {said}"))
        }
        (None, Some(verdict)) => {
            let (what, message) = verdict.reason();
            (what, message.to_owned())
        }
        (None, None) => by_itself(status),
    };
    End { what, message, words }
}

/// How a process ended that did not crash, and that we did not end.
fn by_itself(status: io::Result<ExitStatus>) -> (CrashKind, String) {
    let status = match status {
        Ok(status) => status,
        Err(e) => return (CrashKind::Killed, format!("the plugin's process is gone: {e}")),
    };
    match (status.signal(), status.code()) {
        (Some(libc::SIGXCPU), _) => (
            CrashKind::Hang,
            "the plugin's audio thread ran on and on: its process was ended".to_owned(),
        ),
        (Some(_), _) => {
            (CrashKind::Killed, "the plugin's process was killed from outside".to_owned())
        }
        (None, Some(LOST)) => (
            CrashKind::Exit(LOST),
            "the plugin closed a descriptor that is not its own: close only what you opened"
                .to_owned(),
        ),
        (None, code) => {
            let code = code.unwrap_or(-1);
            (CrashKind::Exit(code), format!("the plugin ended its process: exit code {code}"))
        }
    }
}

/// The signals of a crash, in words.
fn name(signal: i32) -> String {
    match signal {
        libc::SIGSEGV => "segmentation fault (it used memory that is not its own)".to_owned(),
        libc::SIGBUS => "bus error (it used memory that is not there)".to_owned(),
        libc::SIGABRT => "abort".to_owned(),
        libc::SIGILL => "illegal instruction".to_owned(),
        libc::SIGFPE => "arithmetic error, such as an integer divided by zero".to_owned(),
        other => format!("signal {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How an end is called that came by that signal, whatever we wanted.
    fn what(signal: i32, verdict: Option<Verdict>) -> CrashKind {
        end(Ok(ExitStatus::from_raw(signal)), verdict, None).what
    }

    #[test]
    fn a_crash_that_came_before_our_own_end_is_a_crash() {
        for verdict in [None, Some(Verdict::Stuck), Some(Verdict::Slow), Some(Verdict::Mute)] {
            assert_eq!(what(libc::SIGSEGV, verdict), CrashKind::Signal(libc::SIGSEGV));
        }
        assert_eq!(what(libc::SIGKILL, Some(Verdict::Stuck)), CrashKind::Hang);
        assert_eq!(what(libc::SIGKILL, Some(Verdict::Slow)), CrashKind::OverBudget);
        assert_eq!(what(libc::SIGKILL, None), CrashKind::Killed);
        assert_eq!(what(libc::SIGXCPU, None), CrashKind::Hang);
        assert_eq!(what(libc::SIGXCPU, Some(Verdict::Stuck)), CrashKind::Hang);
    }
}
