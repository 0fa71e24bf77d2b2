//! A field that is kept in the plugin's state and is no parameter: a title, a table, a sample.
//!
//! Each side has an own copy; a new value crosses in a box for one, whose owner is whoever's turn
//! it is. So the audio thread takes it by a swap and neither waits nor frees.

use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A type that can stand in a saved state, as text.
///
/// The SDK implements it for `String`, `bool`, all numbers and `Vec<u8>`.
pub trait Persist: Clone + Default + Send + 'static {
    /// The value as text; any characters. The same value makes the same text.
    fn to_text(&self) -> String;

    /// The value of a text; nothing refuses the whole state.
    fn from_text(text: &str) -> Option<Self>;
}

impl Persist for String {
    fn to_text(&self) -> String {
        self.clone()
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

macro_rules! persist_by_display {
    ($($number:ty),*) => {$(
        impl Persist for $number {
            fn to_text(&self) -> String {
                self.to_string()
            }

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

persist_by_display!(bool, i8, i16, i32, i64, u8, u16, u32, u64, usize, isize);

macro_rules! persist_finite {
    ($($number:ty),*) => {$(
        /// What is not finite is saved as 0, and refused in a state.
        impl Persist for $number {
            fn to_text(&self) -> String {
                let finite = if self.is_finite() { *self } else { 0.0 };
                format!("{finite:?}")
            }

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok().filter(|number: &Self| number.is_finite())
            }
        }
    )*};
}

persist_finite!(f32, f64);

/// Two hexadecimal digits per byte.
impl Persist for Vec<u8> {
    fn to_text(&self) -> String {
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
        self.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    fn from_text(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return None;
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        pairs
            .iter()
            .map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok())
            .collect()
    }
}

/// A field that is kept in the plugin's state and is no parameter. It begins as `T::default()`.
///
/// ```
/// use retake_sdk::{Params, Persisted};
///
/// #[derive(Params)]
/// struct SamplerParams {
///     #[persist]
///     title: Persisted<String>,
/// }
///
/// let mut params = SamplerParams::default();
/// let main_thread = params.title.handle();
/// main_thread.set("Rain".to_owned());
/// assert_eq!(params.title.get(), "Rain");
/// ```
///
/// The field itself belongs to the audio side; other threads have a [`PersistedHandle`].
pub struct Persisted<T> {
    mine: T,
    slot: Arc<Slot<T>>,
}

impl<T: Persist> Persisted<T> {
    /// A field at its default. The derive calls this.
    #[doc(hidden)]
    #[must_use]
    pub fn of(key: String) -> Self {
        let slot = Slot {
            key,
            kept: Mutex::default(),
            turn: AtomicU8::new(EMPTY),
            crossing: Mutex::default(),
        };
        Self { mine: T::default(), slot: Arc::new(slot) }
    }

    /// The value that was set last, by a handle or by a loaded state.
    ///
    /// # Real time
    ///
    /// One atomic load; if there is a new value, a swap. The old value is freed on another thread,
    /// when the next one is set or the plugin is destroyed.
    pub fn get(&mut self) -> &T {
        self.slot.take(&mut self.mine);
        &self.mine
    }

    /// A way to the value for any thread but the audio thread.
    ///
    /// # Real time
    ///
    /// One atomic addition: the audio thread may make a handle and send it away.
    pub fn handle(&self) -> PersistedHandle<T> {
        PersistedHandle { slot: Arc::clone(&self.slot) }
    }

    /// What the state reads and writes.
    #[doc(hidden)]
    pub fn slot(&self) -> Arc<dyn PersistedSlot> {
        Arc::clone(&self.slot) as Arc<dyn PersistedSlot>
    }
}

impl<T> fmt::Debug for Persisted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Persisted").field("key", &self.slot.key).finish_non_exhaustive()
    }
}

/// The way to a [`Persisted`] value for any thread but the audio thread: the calls may wait for
/// each other and use the heap.
pub struct PersistedHandle<T> {
    slot: Arc<Slot<T>>,
}

impl<T: Persist> PersistedHandle<T> {
    /// The value that was set last.
    #[must_use]
    pub fn get(&self) -> T {
        lock(&self.slot.kept).clone()
    }

    /// Sets the value; the audio thread has it with its next [`Persisted::get`].
    pub fn set(&self, value: T) {
        self.slot.set(value);
    }
}

impl<T> Clone for PersistedHandle<T> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot) }
    }
}

impl<T> fmt::Debug for PersistedHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersistedHandle").field("key", &self.slot.key).finish_non_exhaustive()
    }
}

/// A persisted field of any type, as the state reads and writes it. Main thread.
#[doc(hidden)]
pub trait PersistedSlot: fmt::Debug + Send + Sync {
    /// The key path of the field.
    fn key(&self) -> &str;

    /// The value as text.
    fn text(&self) -> String;

    /// What would set the value of `text`, or the default without one; nothing if that is no value.
    fn prepare(&self, text: Option<&str>) -> Option<Box<dyn FnOnce() + '_>>;
}

/// Nothing crosses: what is in the box is old.
const EMPTY: u8 = 0;
/// A new value waits for the audio thread.
const FULL: u8 = 1;
/// Another thread changes the box.
const WRITING: u8 = 2;
/// The audio thread changes the box.
const TAKING: u8 = 3;

/// What both sides share.
struct Slot<T> {
    key: String,
    /// The copy of all threads but the audio thread; whoever holds it may write.
    kept: Mutex<T>,
    /// Whose turn it is with `crossing`, so that its lock is always free.
    turn: AtomicU8,
    crossing: Mutex<T>,
}

impl<T: Persist> Slot<T> {
    fn set(&self, value: T) {
        let mut kept = lock(&self.kept);
        kept.clone_from(&value);
        while !self.begin(EMPTY, WRITING) && !self.begin(FULL, WRITING) {
            // The audio thread is about to swap, which takes it a few instructions.
            std::thread::yield_now();
        }
        let old = mem::replace(&mut *lock(&self.crossing), value);
        self.turn.store(FULL, Ordering::Release);
        drop(kept);
        drop(old);
    }

    /// Audio thread: one load, and a swap if there is a new value.
    fn take(&self, mine: &mut T) {
        if self.turn.load(Ordering::Relaxed) != FULL || !self.begin(FULL, TAKING) {
            return;
        }
        if let Ok(mut crossing) = self.crossing.try_lock() {
            mem::swap(mine, &mut crossing);
        }
        self.turn.store(EMPTY, Ordering::Release);
    }

    fn begin(&self, from: u8, to: u8) -> bool {
        self.turn.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

impl<T: Persist> PersistedSlot for Slot<T> {
    fn key(&self) -> &str {
        &self.key
    }

    fn text(&self) -> String {
        lock(&self.kept).to_text()
    }

    fn prepare(&self, text: Option<&str>) -> Option<Box<dyn FnOnce() + '_>> {
        let value = match text {
            Some(text) => T::from_text(text)?,
            None => T::default(),
        };
        Some(Box::new(move || self.set(value)))
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A panic while the lock was held left a whole value behind: values are only replaced.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_from_their_text() {
        fn there_and_back<T: Persist + PartialEq + fmt::Debug>(values: &[T]) {
            for value in values {
                assert_eq!(T::from_text(&value.to_text()).as_ref(), Some(value));
            }
        }
        there_and_back(&[String::new(), "a=b\n\\".to_owned()]);
        there_and_back(&[vec![], vec![0, 15, 16, 255]]);
        there_and_back(&[0.1, -1e300, f64::MIN_POSITIVE]);
        there_and_back(&[0.1_f32, f32::MAX]);
        there_and_back(&[i64::MIN, 0, i64::MAX]);
        there_and_back(&[true, false]);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        assert_eq!(Vec::from_text("0"), None);
        assert_eq!(Vec::from_text("0g"), None);
        assert_eq!(Vec::from_text("é"), None);
        assert_eq!(f64::from_text("NaN"), None);
        assert_eq!(f32::from_text("inf"), None);
        assert_eq!(u8::from_text("256"), None);
        assert_eq!(f64::NAN.to_text(), "0.0");
    }

    #[test]
    fn the_audio_side_sees_whole_values_in_order_and_the_last_one() {
        let mut field = Persisted::<Vec<u8>>::of("table".to_owned());
        let handle = field.handle();
        let writer = std::thread::spawn(move || {
            for round in 1..=250 {
                handle.set(vec![round; 64]);
                assert_eq!(handle.get(), [round; 64]);
            }
        });
        let mut last = 0;
        loop {
            let is_last_look = writer.is_finished();
            let seen = field.get();
            let round = seen.first().copied().unwrap_or(0);
            assert!(round >= last && seen.iter().all(|byte| *byte == round));
            last = round;
            if is_last_look {
                break;
            }
        }
        assert_eq!(last, 250);
        writer.join().unwrap();
    }
}
