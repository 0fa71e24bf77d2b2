//! How probes cross: the child writes what came in a block into that block, the parent puts it
//! into the table that readers know.

use retake_engine::overwrite::OverwriteReader;

use super::words::{Reader, Writer};
use crate::probe::{MAX_PROBES, MAX_SIGNALS, NAME_BYTES, Probes, RING_SAMPLES};

const END: u32 = 0;
const NAME: u32 = 1;
const VALUES: u32 = 2;
const SAMPLES: u32 = 3;
/// Words of a record beside samples or a name's bytes.
const NAME_WORDS: usize = 3 + NAME_BYTES.div_ceil(4);
const VALUE_WORDS: usize = 2 + 3 * 2;

/// The child's side.
#[derive(Debug)]
pub(super) struct Harvest {
    signals: [OverwriteReader; MAX_SIGNALS],
    samples: Vec<u32>,
    n_named: u32,
}

impl Harvest {
    pub(super) fn new(probes: &Probes, max_block: usize) -> Self {
        let samples = vec![0; max_block.min(RING_SAMPLES)];
        Self { signals: probes.open_all(), samples, n_named: 0 }
    }

    /// Whether the plugin ever used a probe.
    pub(super) fn has_some(&self) -> bool {
        self.n_named > 0
    }

    /// Writes what came since last time; how many records found no room.
    ///
    /// # Real time
    /// Loads and stores.
    pub(super) fn write(&mut self, probes: &Probes, to: &mut Writer<'_>) -> u64 {
        let mut n_lost = self.write_names(probes, to);
        for probe in 0..self.n_named {
            let Some([last, min, max]) = probes.take_values(probe) else {
                continue;
            };
            if !to.has_room(VALUE_WORDS + 1) {
                n_lost += 1;
                continue;
            }
            to.u32(VALUES);
            to.u32(probe);
            for value in [last, min, max] {
                to.f64(value);
            }
        }
        for probe in 0..self.n_named {
            n_lost += self.write_signal(probes, probe, to);
        }
        to.u32(END);
        n_lost
    }

    fn write_names(&mut self, probes: &Probes, to: &mut Writer<'_>) -> u64 {
        while let Some(name) = probes.name_of(self.n_named) {
            if !to.has_room(NAME_WORDS + 1) {
                // It comes with the next block.
                break;
            }
            to.u32(NAME);
            to.u32(self.n_named);
            to.u32(u32::try_from(name.len()).unwrap_or(0));
            for piece in name.chunks(4) {
                let mut bytes = [0; 4];
                bytes[..piece.len()].copy_from_slice(piece);
                to.u32(u32::from_le_bytes(bytes));
            }
            self.n_named += 1;
        }
        0
    }

    fn write_signal(&mut self, probes: &Probes, probe: u32, to: &mut Writer<'_>) -> u64 {
        let Some(reader) = probes.ring_number(probe).and_then(|n| self.signals.get_mut(n)) else {
            return 0;
        };
        let received = reader.read(&mut self.samples);
        let samples = &self.samples[..received.records];
        if samples.is_empty() {
            return 0;
        }
        if !to.has_room(3 + samples.len() + 1) {
            return 1;
        }
        to.u32(SAMPLES);
        to.u32(probe);
        to.u32(u32::try_from(samples.len()).unwrap_or(0));
        for sample in samples {
            to.u32(*sample);
        }
        u64::from(received.lost > 0)
    }
}

/// The parent's side.
#[derive(Debug)]
pub(super) struct Sowing {
    /// The child's numbers to ours.
    numbers: [Option<u32>; MAX_PROBES],
    samples: Vec<f32>,
}

impl Sowing {
    pub(super) fn new(max_block: usize) -> Self {
        Self { numbers: [None; MAX_PROBES], samples: vec![0.0; max_block.min(RING_SAMPLES)] }
    }

    /// Takes what a block brought; how many probes have no room.
    ///
    /// # Real time
    /// Loads, and what [`Probes`] does.
    pub(super) fn read(&mut self, mut from: Reader<'_>, probes: &Probes) -> u64 {
        let mut n_lost = 0;
        // A child that writes nonsense is read to the end of its room, not further.
        for _ in 0..4 * MAX_PROBES {
            let kind = from.u32();
            if kind == END || kind > SAMPLES {
                break;
            }
            let probe = from.u32() as usize;
            match kind {
                NAME => self.name(probe, &mut from, probes, &mut n_lost),
                VALUES => self.values(probe, &mut from, probes),
                _ => n_lost += self.signal(probe, &mut from, probes),
            }
        }
        n_lost
    }

    fn name(&mut self, probe: usize, from: &mut Reader<'_>, probes: &Probes, n_lost: &mut u64) {
        let len = (from.u32() as usize).min(NAME_BYTES);
        let mut name = [0; NAME_BYTES.next_multiple_of(4)];
        for piece in name[..len.next_multiple_of(4)].chunks_mut(4) {
            piece.copy_from_slice(&from.u32().to_le_bytes());
        }
        let number = probes.find(&name[..len]);
        *n_lost += u64::from(number.is_none());
        if let Some(place) = self.numbers.get_mut(probe) {
            *place = number;
        }
    }

    fn values(&self, probe: usize, from: &mut Reader<'_>, probes: &Probes) {
        let values = [(); 3].map(|()| from.f64());
        if let Some(number) = self.numbers.get(probe).copied().flatten() {
            probes.put_values(number, values);
        }
    }

    fn signal(&mut self, probe: usize, from: &mut Reader<'_>, probes: &Probes) -> u64 {
        let n = (from.u32() as usize).min(self.samples.len());
        for sample in &mut self.samples[..n] {
            *sample = f32::from_bits(from.u32());
        }
        let number = self.numbers.get(probe).copied().flatten();
        number.map_or(0, |number| (!probes.signal(number, &self.samples[..n])).into())
    }
}
