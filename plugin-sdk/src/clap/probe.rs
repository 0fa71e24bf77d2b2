//! Probes and meters over the extension `retake.probe/1`: the numbers of their names, found once,
//! and the list of the meters.

mod ffi;
mod meters;

pub(super) use meters::PluginProbe;

use ffi::HostProbe;

use clack_plugin::host::HostSharedHandle;

use crate::context::ProbeSink;

const MAX_PROBES: usize = 64;
const MAX_NAME: usize = 63;

/// A name, and the host's number of it; no number if the host had no room.
#[derive(Clone, Copy)]
struct Known {
    name: [u8; MAX_NAME],
    len: usize,
    number: Option<u32>,
}

/// The probes of an active instance. Audio thread.
pub(super) struct Probes<'a> {
    host: HostSharedHandle<'a>,
    extension: Option<HostProbe>,
    /// Has room for `MAX_PROBES`.
    known: Vec<Known>,
}

impl<'a> Probes<'a> {
    /// Asks the host whether it can look. Main thread.
    pub(super) fn new(host: HostSharedHandle<'a>) -> Self {
        let extension = host.get_extension();
        let room = if extension.is_some() { MAX_PROBES } else { 0 };
        Self { host, extension, known: Vec::with_capacity(room) }
    }

    /// Whoever looks during this block, if somebody does. Asks the host, once.
    pub(super) fn watched(&mut self) -> Option<Watched<'_, 'a>> {
        let extension = self.extension?;
        extension.is_watched(self.host).then_some(Watched { extension, probes: self })
    }

    /// The host's number of a name, asked once per name.
    fn number(&mut self, name: &str, extension: HostProbe) -> Option<u32> {
        let name = &name.as_bytes()[..name.floor_char_boundary(MAX_NAME)];
        let known = self.known.iter().find(|known| known.name[..known.len] == *name);
        if let Some(known) = known {
            return known.number;
        }
        if self.known.len() == MAX_PROBES {
            return None;
        }
        let number = extension.find(self.host, name);
        let mut known = Known { name: [0; MAX_NAME], len: name.len(), number };
        known.name[..name.len()].copy_from_slice(name);
        self.known.push(known);
        number
    }
}

/// The way to a host that looks.
pub(super) struct Watched<'p, 'a> {
    extension: HostProbe,
    probes: &'p mut Probes<'a>,
}

impl ProbeSink for Watched<'_, '_> {
    fn scalar(&mut self, name: &str, offset: usize, value: f64) {
        if let Some(number) = self.probes.number(name, self.extension) {
            self.extension.scalar(self.probes.host, number, narrow(offset), value);
        }
    }

    fn signal(&mut self, name: &str, offset: usize, samples: &[f32]) {
        if let Some(number) = self.probes.number(name, self.extension) {
            self.extension.signal(self.probes.host, number, narrow(offset), samples);
        }
    }
}

/// A frame of a block, whose length CLAP counts in 32 bits.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
