//! A plugin's thread under test, and control's chair.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use retake_engine::{
    Outcome, Planar, PluginEvent, ProcessIo, Processor, Transport, processor::Replies,
};
use retake_host::{
    Activated, Admission, FailReason, Format, Isolation, News, Patience, PluginThread, Request,
    Severity, StagingDir,
};

pub(crate) const RATE: f64 = 48_000.0;
pub(crate) const MAX_BLOCK: usize = 256;
pub(crate) const FORMAT: Format =
    Format { rate: RATE, max_block: MAX_BLOCK, n_input: 2, n_output: 2 };

/// Whether the plugins of this program's tests have processes of their own.
pub(crate) const IS_ISOLATED: bool = matches!(crate::ISOLATION, Isolation::Process);

/// A library that `cargo test` built as an example.
pub(crate) fn example(name: &str) -> PathBuf {
    built(&format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"))
}

/// A program that `cargo test` built as an example.
pub(crate) fn program(name: &str) -> PathBuf {
    built(&format!("{name}{EXE_SUFFIX}"))
}

fn built(file: &str) -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let profile = exe.parent().and_then(Path::parent).unwrap();
    let path = profile.join("examples").join(file);
    assert!(path.exists(), "no {}: run the whole `cargo test`", path.display());
    path
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
}

pub(crate) struct Rig {
    pub(crate) thread: PluginThread,
    pub(crate) notes: Receiver<News>,
    pub(crate) staging: Arc<StagingDir>,
    pub(crate) _dir: tempfile::TempDir,
}

impl Rig {
    /// Loads the subject under the name of its misbehaviour.
    pub(crate) fn load(kind: &str) -> Self {
        Self::load_with(kind, |_| {})
    }

    pub(crate) fn load_with(kind: &str, change: impl FnOnce(&mut Request)) -> Self {
        Self::load_file(kind, |path| copy(&example("host_subject"), path), change)
    }

    /// Loads the plugin in plain C terms under the name of its misbehaviour.
    pub(crate) fn raw(kind: &str) -> Self {
        Self::raw_with(kind, |_| {})
    }

    pub(crate) fn raw_with(kind: &str, change: impl FnOnce(&mut Request)) -> Self {
        Self::load_file(kind, |path| copy(&example("host_raw"), path), change)
    }

    /// Loads whatever `write` puts at the path.
    pub(crate) fn load_file(
        name: &str,
        write: impl FnOnce(&Path),
        change: impl FnOnce(&mut Request),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let artifact = dir.path().join(format!("{name}{DLL_SUFFIX}"));
        write(&artifact);
        let staging = Arc::new(StagingDir::within(&dir.path().join("staged")).unwrap());
        let mut request = Request {
            start: None,
            generation: 7,
            artifact,
            staging: Arc::clone(&staging),
            plugin_id: None,
            format: FORMAT,
            is_guarded: true,
            state: None,
            params: Vec::new(),
            set: Vec::new(),
            isolation: crate::ISOLATION,
            patience: Patience::Watchdog,
            executable: program("plugin_host"),
            // Most subjects count what is done with them.
            admission: Admission { is_waived: true, ..Admission::default() },
        };
        change(&mut request);
        let (send, notes) = channel();
        let send = move |note: retake_host::Note| {
            assert_eq!(note.generation, 7);
            let _ = send.send(note.news);
        };
        Self {
            thread: PluginThread::spawn(request, Box::new(send)).unwrap(),
            notes,
            staging,
            _dir: dir,
        }
    }

    /// The next news for which `pick` has an answer.
    pub(crate) fn wait<T>(&self, mut pick: impl FnMut(News) -> Option<T>) -> T {
        loop {
            let news = self.notes.recv_timeout(Duration::from_secs(30)).expect("no such news");
            if let Some(picked) = pick(news) {
                return picked;
            }
        }
    }

    pub(crate) fn activated(&self) -> Activated {
        self.wait(|news| match news {
            News::Activated(activated) => Some(*activated),
            News::Failed { message, .. } => panic!("{message}"),
            _ => None,
        })
    }

    pub(crate) fn failed(&self) -> (FailReason, String) {
        self.wait(|news| match news {
            News::Failed { reason, message, .. } => Some((reason, message)),
            News::Activated(_) => panic!("it was activated"),
            _ => None,
        })
    }

    /// The next line that blames the plugin.
    pub(crate) fn complaint(&self) -> String {
        self.wait(|news| match news {
            News::Log { severity: Severity::PluginMisbehaving, message } => Some(message),
            News::Failed { message, .. } => panic!("{message}"),
            _ => None,
        })
    }

    /// Whether the library stayed mapped.
    pub(crate) fn gone(&self) -> bool {
        self.wait(|news| match news {
            News::Gone { pinned } => Some(pinned),
            _ => None,
        })
    }

    pub(crate) fn n_copies(&self) -> usize {
        fs::read_dir(self.staging.path())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name() != "lock")
            .count()
    }

    pub(crate) fn is_mapped(&self) -> bool {
        let staged = self.staging.path().to_string_lossy().into_owned();
        fs::read_to_string("/proc/self/maps").unwrap().contains(&staged)
    }
}

/// One block of noise through a processor.
pub(crate) struct Block {
    pub(crate) input: Planar,
    pub(crate) output: Planar,
    pub(crate) replies: Replies,
}

impl Block {
    pub(crate) fn new(n_input: usize, n_output: usize) -> Self {
        let mut input = Planar::new(n_input, MAX_BLOCK);
        let mut seed = 1_u32;
        for sample in input.rows_mut().flatten() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
        }
        let mut output = Planar::new(n_output, MAX_BLOCK);
        output.rows_mut().for_each(|row| row.fill(9.0));
        Self { input, output, replies: Replies::new(256) }
    }

    pub(crate) fn run(
        &mut self,
        processor: &mut dyn Processor,
        frames: usize,
        events: &[PluginEvent],
    ) -> Outcome {
        processor.process(&mut ProcessIo {
            input: &self.input,
            output: &mut self.output,
            frames,
            frame: 1_000,
            transport: Transport::at(1_000, 48_000, 120.0),
            events,
            replies: &mut self.replies,
        })
    }

    /// The output is the input times `gain`, bit by bit.
    pub(crate) fn assert_gain(&self, gain: f32, frames: usize) {
        for (to, from) in self.output.rows().zip(self.input.rows()) {
            for (to, from) in to[..frames].iter().zip(from) {
                assert_eq!(to.to_bits(), (from * gain).to_bits());
            }
        }
    }
}
