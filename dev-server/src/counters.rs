//! The session's counters, summed over its capture devices: a loss of the second microphone is a
//! loss of the session.
//!
//! The first device counts in the probe of the engine, each other one in its own. What a device has
//! lost that is gone stays in the sums: they never go down.

use std::sync::{Arc, Mutex, PoisonError};

use retake_engine::{Probe, probe::Counter};

/// What a capture device counts, in the order of the telemetry.
pub(crate) const CAPTURED: [fn(&Probe) -> &Counter; 4] =
    [|p| &p.underruns, |p| &p.overruns, |p| &p.lost_frames, |p| &p.discarded_frames];

/// See the module. Shared by control, which adds, and everyone who reads.
#[derive(Debug)]
pub struct Counters {
    engine: Arc<Probe>,
    /// Of capture devices beside the first.
    more: Mutex<Vec<Arc<Probe>>>,
    /// What those have counted that are gone.
    gone: Probe,
}

impl Counters {
    /// Of a session whose engine and first capture device count in `engine`.
    pub fn new(engine: Arc<Probe>) -> Arc<Self> {
        Arc::new(Self { engine, more: Mutex::default(), gone: Probe::default() })
    }

    /// What the engine itself counts.
    pub fn engine(&self) -> &Probe {
        &self.engine
    }

    /// From now on a further capture device counts as well; one that does already counts once.
    pub fn count_also(&self, probe: &Arc<Probe>) {
        let mut more = self.more.lock().unwrap_or_else(PoisonError::into_inner);
        if !more.iter().any(|known| Arc::ptr_eq(known, probe)) {
            more.push(Arc::clone(probe));
        }
    }

    /// A device is gone; what it has lost stays lost.
    pub fn count_no_more(&self, probe: &Arc<Probe>) {
        let mut more = self.more.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = more.iter().position(|known| Arc::ptr_eq(known, probe)) else {
            return;
        };
        let last = more.swap_remove(at);
        for counter in CAPTURED {
            counter(&self.gone).add(counter(&last).get());
        }
    }

    /// One of the counters of capture, summed over all devices. Losses are counted at each device's own rate.
    pub fn sum(&self, counter: fn(&Probe) -> &Counter) -> u64 {
        let more = self.more.lock().unwrap_or_else(PoisonError::into_inner);
        let probes = more.iter().map(|probe| &**probe).chain([self.engine(), &self.gone]);
        probes.map(|probe| counter(probe).get()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_counts_once() {
        let probes: [Arc<Probe>; 3] = std::array::from_fn(|_| Arc::default());
        let counters = Counters::new(Arc::clone(&probes[0]));
        for probe in [&probes[1], &probes[2], &probes[1]] {
            counters.count_also(probe);
        }
        for (probe, n) in probes.iter().zip([1, 10, 100]) {
            probe.lost_frames.add(n);
        }
        assert_eq!(counters.sum(|probe| &probe.lost_frames), 111);
        assert_eq!(counters.sum(|probe| &probe.underruns), 0);
        counters.count_no_more(&probes[1]);
        counters.count_no_more(&probes[1]);
        probes[1].lost_frames.add(1_000);
        assert_eq!(counters.sum(|probe| &probe.lost_frames), 111, "gone, and what it lost stays");
    }
}
