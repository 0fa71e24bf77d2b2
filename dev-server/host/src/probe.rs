//! Named values from inside a plugin's DSP: what `retake.probe/1` brings and readers take.
//!
//! A fixed table that the plugin's audio thread fills and any thread reads. A plugin that is not
//! watched does nothing for its probes; who reads says until when it watches.

pub(crate) mod ffi;

use std::{
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use retake_engine::overwrite::{OverwriteReader, OverwriteSource, OverwriteWriter, overwrite_ring};

use crate::text;

/// Probes that have room.
pub(crate) const MAX_PROBES: usize = 64;
/// Of those, probes that can send signals.
pub(crate) const MAX_SIGNALS: usize = 8;
/// Samples that a signal's ring holds: a second at 48 kHz.
pub(crate) const RING_SAMPLES: usize = 48_000;
/// Longest name, in bytes.
pub(crate) const NAME_BYTES: usize = 63;

/// All probes of one plugin.
///
/// The audio thread writes without waiting, allocating or calling the system; a single writer is
/// expected, and several are harmless: what finds another one inside is counted as lost.
#[derive(Debug)]
pub struct Probes {
    slots: [Slot; MAX_PROBES],
    rings: [Ring; MAX_SIGNALS],
    n_rings: AtomicU32,
    origin: Instant,
    /// Microseconds after `origin`, plus one; 0 = nobody watches.
    watched_until: AtomicU64,
}

/// Whether a probe sends single values or whole signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// Single values.
    Scalar,
    /// Every sample.
    Signal,
}

/// What a probe said lately.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ProbeReading {
    /// As the plugin calls it.
    pub name: String,
    /// What it sends.
    pub kind: ProbeKind,
    /// The newest value; `None` before the first, and for one that is not a number.
    pub value: Option<f64>,
    /// Smallest since the last reading; `None` if nothing came.
    pub min: Option<f64>,
    /// Largest since the last reading; `None` if nothing came.
    pub max: Option<f64>,
}

#[derive(Debug)]
struct Slot {
    name: OnceLock<Name>,
    last: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
    /// Number of its ring plus one; 0 = none, above 8 = no room.
    ring: AtomicU32,
}

#[derive(Debug)]
struct Ring {
    writer: Mutex<OverwriteWriter>,
    source: OverwriteSource,
}

#[derive(Debug, PartialEq, Eq)]
struct Name {
    len: usize,
    bytes: [u8; NAME_BYTES],
}

impl Name {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Slot {
    fn new() -> Self {
        Self {
            name: OnceLock::new(),
            last: AtomicU64::new(f64::NAN.to_bits()),
            min: AtomicU64::new(f64::INFINITY.to_bits()),
            max: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
            ring: AtomicU32::new(0),
        }
    }

    /// Takes notice of values between `min` and `max` that ended with `last`.
    fn take(&self, last: f64, min: f64, max: f64) {
        replace_if(&self.min, min, |min, old| min < old);
        replace_if(&self.max, max, |max, old| max > old);
        self.last.store(last.to_bits(), Ordering::Release);
    }

    fn read(&self, name: &Name) -> ProbeReading {
        let taken = |cell: &AtomicU64, empty: f64| {
            let value = f64::from_bits(cell.swap(empty.to_bits(), Ordering::AcqRel));
            value.is_finite().then_some(value)
        };
        let last = f64::from_bits(self.last.load(Ordering::Acquire));
        let is_signal = self.ring.load(Ordering::Acquire) > 0;
        ProbeReading {
            name: text::name(name.as_bytes()),
            kind: if is_signal { ProbeKind::Signal } else { ProbeKind::Scalar },
            value: last.is_finite().then_some(last),
            min: taken(&self.min, f64::INFINITY),
            max: taken(&self.max, f64::NEG_INFINITY),
        }
    }
}

/// Stores a value that is better than the one there; only a reader that empties the cell at the
/// same time makes it try twice.
fn replace_if(cell: &AtomicU64, value: f64, is_better: impl Fn(f64, f64) -> bool) {
    let better = |old| is_better(value, f64::from_bits(old)).then_some(value.to_bits());
    let _ = cell.fetch_update(Ordering::AcqRel, Ordering::Acquire, better);
}

impl Default for Probes {
    /// No probe yet, and nobody watches.
    fn default() -> Self {
        Self::new()
    }
}

impl Probes {
    pub(crate) fn new() -> Self {
        let ring = |_| {
            let (writer, source) = overwrite_ring(1, RING_SAMPLES);
            Ring { writer: Mutex::new(writer), source }
        };
        Self {
            slots: std::array::from_fn(|_| Slot::new()),
            rings: std::array::from_fn(ring),
            n_rings: AtomicU32::new(0),
            origin: Instant::now(),
            watched_until: AtomicU64::new(0),
        }
    }

    /// Keeps the plugin sending for so long; then it stops by itself.
    pub fn watch(&self, lasting: Duration) {
        let until = self.elapsed_us().saturating_add(microseconds(lasting));
        self.watched_until.store(until.saturating_add(1), Ordering::Release);
    }

    /// All probes that ever sent, in the order of their first use; starts a new interval of `min`
    /// and `max`.
    pub fn read(&self) -> Vec<ProbeReading> {
        self.slots.iter().map_while(|slot| Some(slot.read(slot.name.get()?))).collect()
    }

    /// The samples to come of a signal, as the bits of an f32 each; `None` if that probe has sent
    /// none yet.
    pub fn open(&self, name: &str) -> Option<OverwriteReader> {
        let is_named =
            |slot: &&Slot| slot.name.get().is_some_and(|n| n.as_bytes() == name.as_bytes());
        let ring = self.slots.iter().find(is_named)?.ring.load(Ordering::Acquire);
        let ring = self.rings.get((ring as usize).checked_sub(1)?)?;
        Some(ring.source.open())
    }

    /// Whether somebody looks.
    ///
    /// # Real time
    /// One load.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched_until.load(Ordering::Acquire) != 0
    }

    /// Ends the watching whose time is over; on a thread that may read clocks.
    pub(crate) fn expire(&self) {
        let until = self.watched_until.load(Ordering::Acquire);
        if until != 0 && until <= self.elapsed_us() {
            // Whoever prolonged it meanwhile wins.
            let _ =
                self.watched_until.compare_exchange(until, 0, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Lets the plugin send from now on, or not, until it is told otherwise: in a process of its
    /// own, whose parent knows who looks.
    ///
    /// # Real time
    /// One store.
    #[cfg(target_os = "linux")]
    pub(crate) fn watch_for_parent(&self, is_watched: bool) {
        self.watched_until.store(if is_watched { u64::MAX } else { 0 }, Ordering::Release);
    }

    /// All signals to come, by the number of their ring.
    #[cfg(target_os = "linux")]
    pub(crate) fn open_all(&self) -> [OverwriteReader; MAX_SIGNALS] {
        std::array::from_fn(|n| self.rings[n].source.open())
    }

    /// The name of a probe, as bytes; `None` if there is none of that number yet.
    ///
    /// # Real time
    /// One load, as the next two.
    #[cfg(target_os = "linux")]
    pub(crate) fn name_of(&self, probe: u32) -> Option<&[u8]> {
        self.slots.get(probe as usize)?.name.get().map(Name::as_bytes)
    }

    /// Number of the ring of a signal.
    #[cfg(target_os = "linux")]
    pub(crate) fn ring_number(&self, probe: u32) -> Option<usize> {
        let number = self.slots.get(probe as usize)?.ring.load(Ordering::Acquire);
        (number as usize).checked_sub(1)
    }

    /// Last, smallest and largest value since this was asked last; `None` if nothing came.
    #[cfg(target_os = "linux")]
    pub(crate) fn take_values(&self, probe: u32) -> Option<[f64; 3]> {
        let slot = self.slots.get(probe as usize)?;
        let last = f64::from_bits(slot.last.load(Ordering::Acquire));
        let take = |cell: &AtomicU64, empty: f64| {
            f64::from_bits(cell.swap(empty.to_bits(), Ordering::AcqRel))
        };
        let min = take(&slot.min, f64::INFINITY);
        let max = take(&slot.max, f64::NEG_INFINITY);
        (min <= max || last.is_nan()).then_some([last, min, max])
    }

    /// Takes notice of values that came to another table: last, smallest, largest.
    ///
    /// # Real time
    /// A few atomic operations.
    #[cfg(target_os = "linux")]
    pub(crate) fn put_values(&self, probe: u32, [last, min, max]: [f64; 3]) {
        if let Some(slot) = self.slots.get(probe as usize) {
            slot.take(last, min, max);
        }
    }

    /// The number of the probe of that name, made if need be; `None` if there is no room or the
    /// name is empty or too long.
    ///
    /// # Real time
    /// At most 64 comparisons.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        if name.is_empty() || name.len() > NAME_BYTES {
            return None;
        }
        let mut bytes = [0; NAME_BYTES];
        bytes[..name.len()].copy_from_slice(name);
        let wanted = Name { len: name.len(), bytes };
        let is_it = |slot: &Slot| {
            *slot.name.get_or_init(|| Name { len: wanted.len, bytes: wanted.bytes }) == wanted
        };
        let index = self.slots.iter().position(is_it)?;
        u32::try_from(index).ok()
    }

    /// Takes a value; whether there is such a probe.
    ///
    /// # Real time
    /// A few atomic operations.
    pub(crate) fn scalar(&self, probe: u32, value: f64) -> bool {
        let slot = self.slots.get(probe as usize);
        slot.inspect(|slot| slot.take(value, value, value)).is_some()
    }

    /// Takes samples, at most a second of them; whether there was room for such a signal.
    ///
    /// # Real time
    /// No waiting: the writer's lock is only tried.
    pub fn signal(&self, probe: u32, samples: &[f32]) -> bool {
        let Some(slot) = self.slots.get(probe as usize) else {
            return false;
        };
        let samples = &samples[samples.len().saturating_sub(RING_SAMPLES)..];
        let Some(last) = samples.last() else {
            return true;
        };
        let min = samples.iter().copied().fold(f32::INFINITY, f32::min);
        let max = samples.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        slot.take((*last).into(), min.into(), max.into());
        let Some(ring) = self.ring_of(slot) else {
            return false;
        };
        let written = ring.writer.try_lock().map(|mut writer| {
            writer.write(samples.len(), |record, _| samples[record].to_bits());
        });
        written.is_ok()
    }

    fn ring_of(&self, slot: &Slot) -> Option<&Ring> {
        let mut number = slot.ring.load(Ordering::Acquire);
        if number == 0 {
            // Saturating: a number beyond the room stays so for ever.
            let next = |n: u32| Some(n.saturating_add(1));
            let before = self.n_rings.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
            number = before.unwrap_or(u32::MAX).saturating_add(1);
            slot.ring.store(number, Ordering::Release);
        }
        self.rings.get(number as usize - 1)
    }

    fn elapsed_us(&self) -> u64 {
        microseconds(self.origin.elapsed())
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A meter that a plugin declares; its value is the probe of the same name as its key.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MeterInfo {
    /// Name of its probe.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Unit; may be empty.
    pub unit: String,
    /// Lower end of its scale.
    pub min: f64,
    /// Upper end of its scale, not below the lower one.
    pub max: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(probes: &Probes) -> Vec<(Option<f64>, Option<f64>, Option<f64>)> {
        probes.read().iter().map(|p| (p.value, p.min, p.max)).collect()
    }

    #[test]
    fn min_and_max_are_those_since_the_last_reading() {
        let probes = Probes::new();
        let env = probes.find(b"env").unwrap();
        assert_eq!(ends(&probes), [(None, None, None)]);
        for value in [0.5, -1.0, 0.25] {
            assert!(probes.scalar(env, value));
        }
        assert_eq!(ends(&probes), [(Some(0.25), Some(-1.0), Some(0.5))]);
        assert_eq!(ends(&probes), [(Some(0.25), None, None)]);
        probes.scalar(env, f64::NAN);
        assert_eq!(ends(&probes), [(None, None, None)]);
    }

    #[test]
    fn a_name_has_one_number_and_there_is_room_for_64() {
        let probes = Probes::new();
        let find = |name: &str| probes.find(name.as_bytes());
        assert_eq!([find("a"), find("b"), find("a")], [Some(0), Some(1), Some(0)]);
        assert_eq!((find(""), find(&"x".repeat(64))), (None, None));
        assert_eq!((2..64).map(|n| find(&n.to_string())).max(), Some(Some(63)));
        assert_eq!((find("beyond"), find("b")), (None, Some(1)));
        assert!(!probes.scalar(64, 1.0) && !probes.signal(u32::MAX, &[1.0]));
    }

    #[test]
    fn a_signal_is_heard_sample_by_sample_and_eight_have_room() {
        let probes = Probes::new();
        let number = |n: usize| probes.find(n.to_string().as_bytes()).unwrap();
        assert!(probes.open("0").is_none());
        for n in 0..=MAX_SIGNALS {
            assert_eq!(probes.signal(number(n), &[0.5]), n < MAX_SIGNALS, "{n}");
        }
        let mut reader = probes.open("3").unwrap();
        assert!(probes.signal(number(3), &[1.0, -2.0]));
        let mut words = [0; 4];
        assert_eq!(reader.read(&mut words).records, 2);
        assert_eq!(words[..2], [1.0_f32.to_bits(), (-2.0_f32).to_bits()]);
        assert_eq!(ends(&probes)[3], (Some(-2.0), Some(-2.0), Some(1.0)));
        assert_eq!(probes.read()[3].kind, ProbeKind::Signal);
    }

    #[test]
    fn watching_ends_by_itself_and_can_be_prolonged() {
        let probes = Probes::new();
        assert!(!probes.is_watched());
        probes.watch(Duration::MAX);
        probes.expire();
        assert!(probes.is_watched());
        probes.watch(Duration::ZERO);
        while probes.elapsed_us() < probes.watched_until.load(Ordering::Relaxed) {}
        assert!(probes.is_watched());
        probes.expire();
        assert!(!probes.is_watched());
    }
}
