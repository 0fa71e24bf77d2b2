//! What happened, told to everyone it concerns: a JSON line for scripts, a line for people, a
//! notification for the pages.
//!
//! Owned by the `control` thread. stdout carries nothing but JSON lines (and only with `--json`);
//! everything for people goes to stderr. Plugins print to stderr too: see [`claim_stdout`].

mod terminal;

use std::{fs::File, io::Write, sync::Arc, time::Instant};

use retake_engine::Probe;
use serde_json::{Map, Value, json};

pub use terminal::{Tone, say};

use crate::web::Notifier;

/// The three audiences.
#[derive(Debug)]
pub struct Report {
    started: Instant,
    json: Option<File>,
    probe: Arc<Probe>,
    /// Of capture devices beside the first.
    more: Vec<Arc<Probe>>,
    /// What those lost that are gone.
    gone: Losses,
    pages: Option<Notifier>,
}

/// What live inputs lost.
#[derive(Debug, Clone, Copy, Default)]
struct Losses {
    underruns: u64,
    overruns: u64,
    frames: u64,
}

impl Losses {
    fn and(self, probe: &Probe) -> Self {
        Self {
            underruns: self.underruns + probe.underruns.get(),
            overruns: self.overruns + probe.overruns.get(),
            frames: self.frames + probe.lost_frames.get(),
        }
    }
}

impl Report {
    /// Tells scripts through `json`, if they listen. Time counts from `started`.
    pub fn new(started: Instant, json: Option<File>, probe: Arc<Probe>) -> Self {
        Self { started, json, probe, more: Vec::new(), gone: Losses::default(), pages: None }
    }

    /// What a capture device beside the first loses is lost as well.
    pub fn count_also(&mut self, probe: &Arc<Probe>) {
        if !self.more.iter().any(|known| Arc::ptr_eq(known, probe)) {
            self.more.push(Arc::clone(probe));
        }
    }

    /// A capture device is gone; what it lost stays lost.
    pub fn count_no_more(&mut self, probe: &Arc<Probe>) {
        if let Some(at) = self.more.iter().position(|known| Arc::ptr_eq(known, probe)) {
            self.gone = self.gone.and(&self.more.swap_remove(at));
        }
    }

    /// From now on pages hear as well.
    pub fn connect(&mut self, pages: Notifier) {
        self.pages = Some(pages);
    }

    /// An event of interface.md: to scripts and pages, with time and frame. `fields` is an object.
    /// Gives the whole event back.
    pub fn event(&mut self, name: &str, fields: Value) -> Value {
        let mut event = Map::new();
        event.insert("event".into(), name.into());
        event.insert("t".into(), json!(self.started.elapsed().as_secs_f64()));
        event.insert("frame".into(), json!(self.probe.frames.get()));
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        let event = Value::Object(event);
        if let Some(json) = &mut self.json {
            // A script that went away has heard enough; the sound goes on.
            let _ = writeln!(json, "{event}");
        }
        self.notify("event", &event);
        event
    }

    /// `stopped`: the last event of every session, even of one that never began.
    pub fn stopped(&mut self, reason: &str) -> Value {
        let p = &self.probe;
        let lost = self.more.iter().chain([p]).fold(self.gone, |sum, probe| sum.and(probe));
        let fields = json!({
            "reason": reason,
            "frames": p.frames.get(),
            "underruns": lost.underruns,
            "overruns": lost.overruns,
            "lost_frames": lost.frames,
            "late_callbacks": p.late_callbacks.get(),
            "missed_blocks": p.missed_blocks.get(),
        });
        self.event("stopped", fields)
    }

    /// A notification that only pages get.
    pub fn notify(&self, method: &str, params: &Value) {
        if let Some(pages) = &self.pages {
            pages.notify(method, params);
        }
    }

    /// The clock of the events.
    pub fn started(&self) -> Instant {
        self.started
    }
}

/// Keeps stdout for JSON lines: gives a handle to it, and lets file descriptor 1 be stderr from now
/// on, so that a plugin's own prints never mix in.
///
/// # Errors
/// The system refused to duplicate a descriptor.
#[cfg(unix)]
pub fn claim_stdout() -> std::io::Result<File> {
    let ours = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(File::from(ours))
}

/// Keeps stdout for JSON lines, as far as this system lets us: a plugin's own prints may mix in.
///
/// # Errors
/// The system refused to duplicate the handle.
#[cfg(windows)]
pub fn claim_stdout() -> std::io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(std::io::stdout().as_handle().try_clone_to_owned()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_microphone_lost_that_is_gone_stays_lost() {
        let [first, gone, there] = [(); 3].map(|()| Arc::<Probe>::default());
        for (probe, n) in [(&first, 1), (&gone, 10), (&there, 100)] {
            probe.lost_frames.add(n);
            probe.underruns.add(2 * n);
            probe.overruns.add(3 * n);
        }
        let mut report = Report::new(Instant::now(), None, first);
        for probe in [&gone, &there, &gone] {
            report.count_also(probe);
        }
        report.count_no_more(&gone);
        report.count_no_more(&gone);
        assert_eq!(report.more.len(), 1, "its counters are kept by nobody");
        let told = report.stopped("quit");
        let lost = ["lost_frames", "underruns", "overruns"].map(|name| told[name].as_u64());
        assert_eq!(lost, [Some(111), Some(222), Some(333)]);
    }
}
