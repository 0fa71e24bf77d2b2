//! The main thread's end of the audit: places become findings, and news when they changed.

use std::{
    cmp::Reverse,
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use super::{
    modules::Modules,
    recorder::{Recorder, Seen},
    symbols::Symbols,
};
use crate::finding::{AuditFinding, StackFrame};

/// Between two news.
const PAUSE: Duration = Duration::from_secs(1);

/// A rate that changed by less is the same.
const RATE_SHARE: f64 = 0.1;

/// Reads what a [`Recorder`] has, names it, and remembers what was told.
pub(crate) struct Auditor {
    /// A function of the library.
    code: u64,
    /// The library as it was loaded, which may have no name any more.
    library: Option<File>,
    /// Frames in a second of sound.
    rate: f64,
    /// Stacks of the table's places.
    named: HashMap<usize, Vec<StackFrame>>,
    told: Vec<AuditFinding>,
    looked: Option<Instant>,
    n_calls: u64,
    /// When the rates begin.
    frames: u64,
}

impl Auditor {
    pub(crate) fn new(code: u64, library: Option<File>) -> Self {
        Self {
            code,
            library,
            rate: 48_000.0,
            named: HashMap::new(),
            told: Vec::new(),
            looked: None,
            n_calls: 0,
            frames: 0,
        }
    }

    /// How many frames are a second, from now on.
    pub(crate) fn set_rate(&mut self, rate: f64) {
        self.rate = rate;
    }

    /// All findings, if something is new; not before a second has passed, unless there is no `now`:
    /// then it is the last look.
    pub(crate) fn look(
        &mut self,
        recorder: &Recorder,
        now: Option<Instant>,
    ) -> Option<Vec<AuditFinding>> {
        let is_early = now.zip(self.looked).is_some_and(|(now, then)| now - then < PAUSE);
        let n_calls = recorder.n_calls();
        let is_quiet = n_calls == self.n_calls && self.told.iter().all(|f| f.per_second <= 0.0);
        if is_early || is_quiet {
            return None;
        }
        self.looked = now;
        self.n_calls = n_calls;
        let found = self.findings(recorder);
        // The last word is the right number, even where the rate is the same.
        let is_news = if now.is_some() { differ(&found, &self.told) } else { found != self.told };
        is_news.then(|| {
            self.told.clone_from(&found);
            found
        })
    }

    /// One for each place in the author's source and kind of call, the most frequent first.
    fn findings(&mut self, recorder: &Recorder) -> Vec<AuditFinding> {
        let seen = recorder.seen();
        self.name(&seen);
        let mut found: Vec<AuditFinding> = Vec::new();
        // The call that comes most often names the place.
        let mut seen: Vec<_> = seen.into_iter().enumerate().collect();
        seen.sort_by_key(|(_, seen)| seen.as_ref().map(|seen| Reverse((seen.n, seen.call.name()))));
        for (index, seen) in seen {
            let Some((seen, stack)) = seen.zip(self.named.get(&index)) else { continue };
            let one = AuditFinding {
                kind: seen.call.kind(),
                call: seen.call.name().to_owned(),
                stack: stack.clone(),
                n: seen.n,
                per_second: 0.0,
            };
            match found.iter_mut().find(|other| other.is_same_place(&one)) {
                Some(other) => other.n += one.n,
                None => found.push(one),
            }
        }
        self.rate_them(&mut found, recorder.frames());
        found.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.place().cmp(&b.place())));
        found
    }

    /// Calls since the last look by seconds of sound, at least one second.
    fn rate_them(&mut self, found: &mut [AuditFinding], frames: u64) {
        let seconds = ((frames - self.frames) as f64 / self.rate).max(1.0);
        self.frames = frames;
        for finding in found {
            let before = self.told.iter().find(|told| told.is_same_place(finding));
            let n_new = finding.n - before.map_or(0, |told| told.n.min(finding.n));
            finding.per_second = n_new as f64 / seconds;
        }
    }

    /// Gives the places names that have none yet.
    fn name(&mut self, seen: &[Option<Seen>]) {
        let fresh = seen.iter().enumerate().filter_map(|(index, seen)| {
            let stack = seen.as_ref().filter(|_| !self.named.contains_key(&index))?;
            Some((index, stack.stack.clone()))
        });
        let (indices, stacks): (Vec<_>, Vec<_>) = fresh.unzip();
        if indices.is_empty() {
            return;
        }
        // What cannot be read has no names; its places are told all the same.
        let library = self.library.as_ref().and_then(|file| whole(file).ok()).unwrap_or_default();
        let modules = Modules::of_this_process(self.code).unwrap_or_default();
        let named = Symbols::new(modules, library).stacks(&stacks);
        self.named.extend(indices.into_iter().zip(named));
    }
}

fn whole(file: &File) -> io::Result<Vec<u8>> {
    let n = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    let mut bytes = vec![0; n];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Whether a place is new, or a rate is another.
fn differ(found: &[AuditFinding], told: &[AuditFinding]) -> bool {
    found.len() != told.len()
        || found.iter().any(|one| {
            let before = told.iter().find(|told| told.is_same_place(one));
            before.is_none_or(|before| {
                let (now, then) = (one.per_second, before.per_second);
                (now - then).abs() > RATE_SHARE * now.max(then)
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{interpose::Call, recorder::Block};

    const SECOND: usize = 48_000;

    fn here() -> u64 {
        here as fn() -> u64 as usize as u64
    }

    fn elsewhere() -> u64 {
        elsewhere as fn() -> u64 as usize as u64
    }

    fn auditor() -> Auditor {
        Auditor::new(here(), File::open("/proc/self/exe").ok())
    }

    /// A second of sound with so many calls from these places.
    fn play(recorder: &Recorder, calls: &[(Call, &[u64], u32)]) {
        let block = Block::new(recorder, SECOND, 0);
        let write = |to: &mut [u64], stack: &[u64]| {
            to[..stack.len()].copy_from_slice(stack);
            stack.len()
        };
        for (depth, (call, stack, n)) in calls.iter().enumerate() {
            (0..*n).for_each(|_| block.note(*call, 8 * depth, |to| write(to, stack)));
        }
    }

    /// Of the most frequent finding, a second.
    fn rate(found: Option<Vec<AuditFinding>>) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "a small number")]
        found.map_or(-1, |found| found[0].per_second.round() as i64)
    }

    #[test]
    fn news_come_once_a_second_and_only_if_something_changed() {
        let (recorder, mut auditor) = (Recorder::new(), auditor());
        let now = Instant::now();
        let mut look = |recorder, ms| auditor.look(recorder, Some(now + Duration::from_millis(ms)));
        assert_eq!(look(&recorder, 0), None, "nothing happened");
        play(&recorder, &[(Call::malloc, &[here()], 8)]);
        let found = look(&recorder, 10).unwrap();
        assert_eq!((found.len(), found[0].n, rate(Some(found.clone()))), (1, 8, 8));
        assert_eq!((found[0].kind, &*found[0].call), (crate::AuditKind::Allocation, "malloc"));
        assert!(found[0].place().unwrap().function.ends_with("::here"), "{found:?}");
        play(&recorder, &[(Call::malloc, &[here()], 20)]);
        assert_eq!(look(&recorder, 900), None, "too early");
        assert_eq!(rate(look(&recorder, 1_010)), 20, "another rate");
        play(&recorder, &[(Call::malloc, &[here()], 21)]);
        assert_eq!(look(&recorder, 2_010), None, "the same rate");
        play(&recorder, &[(Call::malloc, &[here()], 20), (Call::free, &[elsewhere()], 1)]);
        assert_eq!(look(&recorder, 3_010).unwrap().len(), 2, "a new place");
        play(&recorder, &[]);
        assert_eq!(rate(look(&recorder, 4_010)), 0, "it stopped");
        assert_eq!(look(&recorder, 5_010), None);
        play(&recorder, &[(Call::malloc, &[here()], 1)]);
        assert_eq!(auditor.look(&recorder, None).unwrap()[0].n, 70, "the last word, at once");
    }

    #[test]
    fn a_place_is_a_line_and_a_kind() {
        let (recorder, mut auditor) = (Recorder::new(), auditor());
        play(
            &recorder,
            &[
                (Call::malloc, &[here()], 1),
                (Call::realloc, &[here(), elsewhere()], 5),
                (Call::free, &[here()], 2),
                (Call::malloc, &[elsewhere()], 3),
            ],
        );
        let found = auditor.look(&recorder, None).unwrap();
        let found: Vec<_> = found.iter().map(|f| (&*f.call, f.n)).collect();
        assert_eq!(found, [("realloc", 6), ("malloc", 3), ("free", 2)]);
    }
}
