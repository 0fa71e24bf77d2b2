//! Work off the audio thread: a thread of its own that answers requests.
//!
//! The thread exists while the plugin is active: `dsp` starts it after the author's `activate` and
//! joins it at the deactivation, both on the main thread. How the two find each other: while
//! [`collect`] makes or activates a plugin, [`Background::new`] leaves its other half there.
//!
//! Three rings connect it with the audio thread: requests there, replies back, and replies that
//! are no longer needed there again, because only the thread may free memory. Nobody is woken,
//! for that would be a call of the system: the thread looks every [`PERIOD`].

mod ring;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::fault::Fault;
use crate::ffi::thread_number;
use crate::guard::{Caught, guarded};
use ring::Ring;

/// The most requests that wait, and the most replies.
const ROOM: usize = 16;
const PERIOD: Duration = Duration::from_millis(2);

/// Work that takes longer than the audio thread may: a field of the plugin.
///
/// ```
/// use retake_sdk::Background;
///
/// struct Convolver {
///     impulse: Vec<f32>,
///     make: Background<f32, Vec<f32>>,
/// }
///
/// impl Default for Convolver {
///     fn default() -> Self {
///         // Decay in, impulse response out.
///         let make = Background::new(|decay: f32| (0..4800).map(|n| decay.powi(n)).collect());
///         Self { impulse: Vec::new(), make }
///     }
/// }
///
/// impl Convolver {
///     /// Once per block, on the audio thread.
///     fn poll(&mut self) {
///         if let Some(impulse) = self.make.try_receive() {
///             let old = std::mem::replace(&mut self.impulse, impulse);
///             let _ = self.make.discard(old);
///         }
///     }
/// }
/// # let mut convolver = Convolver::default();
/// # convolver.make.try_send(0.9).unwrap();
/// # convolver.poll();
/// ```
///
/// Make it in the plugin's `default` or `activate`. Its thread runs only while the plugin is
/// active; a request is taken within some milliseconds. At an activation what is left of earlier
/// requests and replies is dropped; a deactivation waits for the request in work. A panic in the
/// work is named in the host's log, and its request stays without a reply.
pub struct Background<Request, Reply> {
    shared: Arc<Shared<Request, Reply>>,
}

impl<Request: Send + 'static, Reply: Send + 'static> Background<Request, Reply> {
    /// Work that turns a request into a reply. Main thread; allocates.
    #[must_use]
    pub fn new(work: impl FnMut(Request) -> Reply + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            requests: Ring::new(ROOM),
            replies: Ring::new(ROOM),
            discarded: Ring::new(ROOM),
            work: Mutex::new(Box::new(work)),
            is_ending: AtomicBool::new(false),
            fault: Fault::default(),
            thread: Mutex::new(None),
        });
        leave(&shared);
        Self { shared }
    }

    /// Asks for work.
    ///
    /// # Errors
    ///
    /// 16 requests wait already: the request comes back.
    ///
    /// # Real time
    ///
    /// Moves the request; neither waits nor allocates.
    pub fn try_send(&mut self, request: Request) -> Result<(), Request> {
        self.shared.requests.push(request)
    }

    /// The next reply, in the order of the requests.
    ///
    /// If it owns memory, it goes back through [`discard`](Self::discard).
    ///
    /// # Real time
    ///
    /// Moves the reply; neither waits nor allocates.
    pub fn try_receive(&mut self) -> Option<Reply> {
        self.shared.replies.pop()
    }

    /// Has a reply that is no longer needed dropped on the work's thread.
    ///
    /// # Errors
    ///
    /// 16 wait already: it comes back, to be tried again with the next block.
    ///
    /// # Real time
    ///
    /// Moves the reply; neither waits nor frees.
    pub fn discard(&mut self, reply: Reply) -> Result<(), Reply> {
        self.shared.discarded.push(reply)
    }
}

impl<Request, Reply> fmt::Debug for Background<Request, Reply> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}

/// The half that starts and ends the thread, of whatever types.
pub(crate) trait Worker: Send + Sync {
    /// Starts the thread. Main thread.
    fn start(self: Arc<Self>);

    /// Ends the thread and waits for that. Main thread; harmless if there is none.
    fn stop(&self);

    /// Drops all requests and replies. Main thread, while there is no thread.
    fn clear(&self);

    /// A panic that happened in the work since the last call.
    ///
    /// # Real time
    ///
    /// See [`Fault::take`].
    fn take_fault(&self) -> Option<Caught>;
}

/// The background work of one plugin.
pub(crate) type Workers = Vec<Arc<dyn Worker>>;

type Work<Request, Reply> = Box<dyn FnMut(Request) -> Reply + Send>;

struct Shared<Request, Reply> {
    requests: Ring<Request>,
    replies: Ring<Reply>,
    discarded: Ring<Reply>,
    /// Locked by the thread for all its life, and by nobody else.
    work: Mutex<Work<Request, Reply>>,
    is_ending: AtomicBool,
    fault: Fault,
    /// Only for the main thread.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<Request: Send + 'static, Reply: Send + 'static> Shared<Request, Reply> {
    fn run(&self) {
        let mut work = always(&self.work);
        while !self.is_ending.load(Ordering::Acquire) {
            if !self.step(&mut work) {
                thread::park_timeout(PERIOD);
            }
        }
    }

    /// Frees what came back and answers one request; `false` if there was none, or no room for a
    /// reply.
    fn step(&self, work: &mut Work<Request, Reply>) -> bool {
        let result = guarded(|| {
            while let Some(old) = self.discarded.pop() {
                drop(old);
            }
            if self.replies.is_full() {
                return false;
            }
            let Some(request) = self.requests.pop() else {
                return false;
            };
            // There was room, and only this thread fills it.
            let _ = self.replies.push(work(request));
            true
        });
        result.unwrap_or_else(|caught| {
            self.fault.put(caught);
            true
        })
    }
}

impl<Request: Send + 'static, Reply: Send + 'static> Worker for Shared<Request, Reply> {
    #[expect(clippy::panic, reason = "it is caught: the activation fails and names this")]
    fn start(self: Arc<Self>) {
        self.is_ending.store(false, Ordering::Release);
        let own = Arc::clone(&self);
        let thread = thread::Builder::new().name("background".to_owned());
        match thread.spawn(move || own.run()) {
            Ok(thread) => *always(&self.thread) = Some(thread),
            Err(error) => panic!("no thread for background work: {error}"),
        }
    }

    fn stop(&self) {
        let Some(thread) = always(&self.thread).take() else {
            return;
        };
        self.is_ending.store(true, Ordering::Release);
        thread.thread().unpark();
        // It catches its panics, so it ends without one.
        let _ = thread.join();
    }

    fn clear(&self) {
        while self.requests.pop().is_some() {}
        while self.replies.pop().is_some() {}
        while self.discarded.pop().is_some() {}
    }

    fn take_fault(&self) -> Option<Caught> {
        self.fault.take()
    }
}

/// A lock that no panic spoils: what it guards is whole at every moment.
fn always<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Threads that make a plugin just now, by their number, and the workers that it has made. (No
/// thread-local: one with a destructor would keep the library loaded until its thread ends.)
static COLLECTIONS: Mutex<Vec<(usize, Workers)>> = Mutex::new(Vec::new());

/// Runs the author's code and returns with its result the workers that it has made. Main thread.
pub(crate) fn collect<T>(make: impl FnOnce() -> T) -> (T, Workers) {
    let collection = Collection::begin();
    let made = make();
    (made, collection.take())
}

/// An entry of `COLLECTIONS`, removed even if the author's code panics.
struct Collection {
    thread: usize,
}

impl Collection {
    fn begin() -> Self {
        let thread = thread_number();
        always(&COLLECTIONS).push((thread, Vec::new()));
        Self { thread }
    }

    fn take(&self) -> Workers {
        let mut collections = always(&COLLECTIONS);
        let own = collections.iter_mut().rfind(|(thread, _)| *thread == self.thread);
        own.map(|(_, workers)| std::mem::take(workers)).unwrap_or_default()
    }
}

impl Drop for Collection {
    fn drop(&mut self) {
        let mut collections = always(&COLLECTIONS);
        if let Some(own) = collections.iter().rposition(|(thread, _)| *thread == self.thread) {
            collections.remove(own);
        }
    }
}

/// Leaves a worker for the `collect` that runs on this thread, if one does.
fn leave(worker: &Arc<impl Worker + 'static>) {
    let mut collections = always(&COLLECTIONS);
    let own = collections.iter_mut().rfind(|(thread, _)| *thread == thread_number());
    if let Some((_, workers)) = own {
        workers.push(Arc::clone(worker) as Arc<dyn Worker>);
    }
}
