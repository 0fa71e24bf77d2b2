//! What `retake devices` shows.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use cpal::SupportedStreamConfigRange;
use serde::Serialize;

use crate::{
    devices::ranges,
    error::{End, IoError},
    hosts::{Found, Hosts, VIRTUAL, host_names},
};

/// One host and its devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostListing {
    /// Name, as `--host` takes it.
    pub host: String,
    /// Why it has no devices now, if that is so.
    pub unavailable: Option<String>,
    /// Microphones.
    pub inputs: Vec<DeviceListing>,
    /// Speakers.
    pub outputs: Vec<DeviceListing>,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceListing {
    /// Name, as `--input` and `--output` take it.
    pub name: String,
    /// What the host calls it; does as well as the name.
    pub id: String,
    /// Whether it is its host's default.
    pub default: bool,
    /// Lowest and highest rate, Hz.
    pub rates: Option<(u32, u32)>,
    /// Smallest and largest number of channels.
    pub channels: Option<(u16, u16)>,
}

/// All hosts of this build with the devices they have now.
pub fn list() -> Vec<HostListing> {
    Lister::default().list()
}

/// Lists as often as one likes, over connections that are made once: each new one would leak a thread
/// and a socket.
#[derive(Default)]
pub struct Lister {
    hosts: BTreeMap<String, Hosts>,
}

impl fmt::Debug for Lister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lister").finish_non_exhaustive()
    }
}

impl Lister {
    /// All hosts of this build with the devices they have now. Wakes the hosts, and waits for them.
    pub fn list(&mut self) -> Vec<HostListing> {
        host_names().iter().map(|name| self.list_host(name)).collect()
    }

    fn list_host(&mut self, name: &str) -> HostListing {
        if name == VIRTUAL {
            return virtual_host();
        }
        let inputs = self.list_end(name, End::Input);
        let outputs = self.list_end(name, End::Output);
        let unavailable = inputs.as_ref().err().or(outputs.as_ref().err()).map(IoError::to_string);
        HostListing {
            host: name.to_owned(),
            unavailable,
            inputs: inputs.unwrap_or_default(),
            outputs: outputs.unwrap_or_default(),
        }
    }

    fn list_end(&mut self, host: &str, end: End) -> Result<Vec<DeviceListing>, IoError> {
        let hosts = match self.hosts.entry(host.to_owned()) {
            Entry::Occupied(hosts) => hosts.into_mut(),
            Entry::Vacant(place) => place.insert(Hosts::new(Some(host))?),
        };
        let default = hosts.default_device(end, None)?.map(|found| found.id);
        let devices = hosts.devices(host, end)?;
        Ok(devices.iter().map(|found| list_device(found, end, default.as_deref())).collect())
    }
}

fn virtual_host() -> HostListing {
    let device = DeviceListing {
        name: "virtual[:key=value,…]".to_owned(),
        id: VIRTUAL.to_owned(),
        default: true,
        rates: Some((1_000, 768_000)),
        channels: Some((1, 64)),
    };
    HostListing {
        host: VIRTUAL.to_owned(),
        unavailable: None,
        inputs: vec![device.clone()],
        outputs: vec![device],
    }
}

fn list_device(found: &Found, end: End, default: Option<&str>) -> DeviceListing {
    let ranges = ranges(&found.device, end).unwrap_or_default();
    let channels = ranges.iter().map(SupportedStreamConfigRange::channels);
    let lowest = ranges.iter().map(SupportedStreamConfigRange::min_sample_rate);
    let highest = ranges.iter().map(SupportedStreamConfigRange::max_sample_rate);
    DeviceListing {
        name: found.name.clone(),
        id: found.id.clone(),
        default: default == Some(&found.id),
        rates: lowest.min().zip(highest.max()),
        channels: channels.clone().min().zip(channels.max()),
    }
}
