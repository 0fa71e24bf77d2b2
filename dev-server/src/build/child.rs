//! A child process in a group of its own, and the threads that read what it writes.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

/// What the reading threads tell.
#[derive(Debug)]
pub(super) enum FromChild {
    /// A line of its error stream.
    Line(Line),
    /// One of its two streams ended.
    Ended,
}

/// A line, and when it came.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) at: SystemTime,
    pub(super) text: String,
}

/// What a child wrote, and how it ended.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    /// The lines of its error stream, to be given by who hears them.
    pub(super) lines: Vec<Line>,
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A running child. Dropped, it is killed with its whole group and reaped; what it had started is
/// left to init to reap, but runs no more.
pub(super) struct Child {
    process: std::process::Child,
    began: SystemTime,
    readers: Vec<JoinHandle<String>>,
    n_open: usize,
    reaped: bool,
}

impl Child {
    /// Starts `command` with its output piped; `tell` is called on the threads that read it.
    pub(super) fn spawn(
        command: &mut Command,
        tell: impl Fn(FromChild) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let began = SystemTime::now();
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // From here on an error drops `child`, and the process with it.
        let readers = Vec::new();
        let mut child = Self { process, began, readers, n_open: 0, reaped: false };
        let (stdout, stderr) = (child.process.stdout.take(), child.process.stderr.take());
        let tell_line = tell.clone();
        child.read("build-out", stdout, |_| {}, tell.clone())?;
        let each_line = move |text| {
            tell_line(FromChild::Line(Line { at: SystemTime::now(), text }));
        };
        child.read("build-err", stderr, each_line, tell)?;
        Ok(child)
    }

    fn read(
        &mut self,
        name: &str,
        stream: Option<impl Read + Send + 'static>,
        each_line: impl FnMut(String) + Send + 'static,
        tell: impl Fn(FromChild) + Send + 'static,
    ) -> io::Result<()> {
        let Some(stream) = stream else { return Ok(()) };
        let reader = thread::Builder::new().name(name.into()).spawn(move || {
            let text = read_lines(stream, each_line);
            tell(FromChild::Ended);
            text
        })?;
        self.readers.push(reader);
        self.n_open += 1;
        Ok(())
    }

    /// Whether nobody can write any more. A process that the child left behind with the pipes open
    /// counts as a part of the build.
    pub(super) fn output_ended(&self) -> bool {
        self.n_open == 0
    }

    /// To be called for each [`FromChild::Ended`].
    pub(super) fn count_ended_output(&mut self) {
        self.n_open = self.n_open.saturating_sub(1);
    }

    /// Reaps the child and gives its output.
    pub(super) fn finish(mut self) -> io::Result<Output> {
        let status = self.process.wait()?;
        self.reaped = true;
        let mut texts = std::mem::take(&mut self.readers)
            .into_iter()
            .map(|reader| reader.join().unwrap_or_default());
        let (stdout, stderr) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        let (began, ended, lines) = (self.began, SystemTime::now(), Vec::new());
        Ok(Output { began, ended, lines, status, stdout, stderr })
    }

    fn kill_group(&mut self) {
        // The child is not reaped yet, so its id and its group's cannot belong to anyone else.
        // An error means that they are gone already.
        #[cfg(unix)]
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&self.process),
            rustix::process::Signal::KILL,
        );
        #[cfg(not(unix))]
        let _ = self.process.kill();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill_group();
            let _ = self.process.wait();
        }
    }
}

/// Reads to the end; what a compiler writes need not be valid text. A broken pipe ends the text
/// where it broke.
fn read_lines(stream: impl Read, mut each: impl FnMut(String)) -> String {
    let mut stream = BufReader::new(stream);
    let (mut text, mut bytes) = (String::new(), Vec::new());
    while matches!(stream.read_until(b'\n', &mut bytes), Ok(1..)) {
        let line = String::from_utf8_lossy(&bytes);
        each(line.trim_end().to_owned());
        text.push_str(&line);
        bytes.clear();
    }
    text
}
