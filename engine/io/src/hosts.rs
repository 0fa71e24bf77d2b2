//! The audio systems of this machine, by name, best first.
//!
//! cpal's `host_from_id` does not know custom hosts, so the names are kept here; `virtual` is the
//! one that is always there.

use std::collections::{BTreeMap, btree_map::Entry};

use cpal::{
    HostId,
    traits::{DeviceTrait, HostTrait},
};

use crate::{
    choice::{Candidate, choose, suggest},
    error::{End, IoError},
};

/// The host of the virtual devices.
pub(crate) const VIRTUAL: &str = "virtual";

/// Sound servers before the hardware they hold.
const PREFERRED: [&str; 3] = ["pulseaudio", "jack", "alsa"];

/// Names of the hosts in this build, best first, `virtual` last.
pub fn host_names() -> Vec<String> {
    let real = real_hosts().into_iter().map(|(name, _)| name);
    real.chain([VIRTUAL.to_owned()]).collect()
}

/// Whether a device is there now that `given` means, on `host` or on any. Wakes the hosts: may take
/// some tenths of a second.
pub fn is_present(host: Option<&str>, end: End, given: &str) -> bool {
    Hosts::new(host).is_ok_and(|mut hosts| hosts.named_device(end, given).is_ok())
}

fn real_hosts() -> Vec<(String, HostId)> {
    let is_real = |id: &HostId| !matches!(id.to_string().as_str(), "custom" | "null");
    let ids = cpal::ALL_HOSTS.iter().copied().filter(is_real);
    let mut hosts: Vec<_> = ids.map(|id| (id.to_string(), id)).collect();
    let rank = |name: &str| PREFERRED.iter().position(|p| *p == name);
    hosts.sort_by_key(|(name, _)| rank(name).unwrap_or(PREFERRED.len()));
    hosts
}

/// A device of hardware or of a sound server, ready to be opened.
pub(crate) struct Found {
    pub(crate) device: cpal::Device,
    pub(crate) host: String,
    pub(crate) name: String,
    /// What the host calls it: unlike names, ids differ.
    pub(crate) id: String,
}

impl Found {
    fn new(device: cpal::Device, host: &str) -> Self {
        let name = device.description().map(|d| d.name().to_owned());
        // Some devices have no name.
        let name = name.unwrap_or_else(|_| "unnamed device".to_owned());
        let id = device.id().map_or_else(|_| name.clone(), |id| id.id().to_owned());
        Self { device, host: host.to_owned(), name, id }
    }
}

/// Connections to the hosts, each made when first needed and kept: a new one per retry would leak
/// a thread and a socket each time.
#[derive(Default)]
pub(crate) struct Hosts {
    open: BTreeMap<String, cpal::Host>,
    /// The only one to look at, if the user named one.
    only: Option<String>,
}

impl Hosts {
    /// All hosts, or the one that is named.
    ///
    /// # Errors
    /// [`IoError::UnknownHost`].
    pub(crate) fn new(only: Option<&str>) -> Result<Self, IoError> {
        let only = only.map(known_host).transpose()?;
        Ok(Self { open: BTreeMap::new(), only })
    }

    pub(crate) fn is_virtual_only(&self) -> bool {
        self.only.as_deref() == Some(VIRTUAL)
    }

    pub(crate) fn is_named(&self) -> bool {
        self.only.is_some()
    }

    /// The default device at `end` of the first host that has one, or of `host`.
    ///
    /// # Errors
    /// [`IoError::HostUnavailable`] for a named host that does not answer.
    pub(crate) fn default_device(
        &mut self,
        end: End,
        host: Option<&str>,
    ) -> Result<Option<Found>, IoError> {
        let must_answer = self.is_named();
        let hosts = host.map_or_else(|| self.candidates(), |host| vec![host.to_owned()]);
        for name in hosts {
            let host = match self.get(&name) {
                Ok(host) => host,
                Err(error) if must_answer => return Err(error),
                Err(_) => continue,
            };
            let device = match end {
                End::Input => host.default_input_device(),
                End::Output => host.default_output_device(),
            };
            // ALSA has a default device even where there is no card; it has no configuration.
            if let Some(device) = device.filter(|device| is_there(device, end)) {
                return Ok(Some(Found::new(device, &name)));
            }
        }
        Ok(None)
    }

    /// The device at `end` that `given` means, on any host.
    ///
    /// # Errors
    /// As [`choose`]; [`IoError::HostUnavailable`] for a named host that does not answer.
    pub(crate) fn named_device(&mut self, end: End, given: &str) -> Result<Found, IoError> {
        let is_it = |found: &Found| found.id == given || found.name == given;
        let mut found = Vec::new();
        for name in self.candidates() {
            match self.devices(&name, end) {
                Ok(devices) => found.extend(devices),
                Err(error) if self.is_named() => return Err(error),
                Err(_) => {}
            }
            // The other hosts need not be woken.
            if let Some(at) = found.iter().position(is_it) {
                return Ok(found.swap_remove(at));
            }
        }
        let candidate =
            |found: &Found| Candidate { name: found.name.clone(), id: found.id.clone() };
        let candidates: Vec<_> = found.iter().map(candidate).collect();
        let at = choose(end, given, &candidates)?;
        Ok(found.swap_remove(at))
    }

    /// All devices at `end` of one host.
    ///
    /// # Errors
    /// [`IoError::HostUnavailable`].
    pub(crate) fn devices(&mut self, host: &str, end: End) -> Result<Vec<Found>, IoError> {
        let devices = match end {
            End::Input => self.get(host)?.input_devices().map(Iterator::collect::<Vec<_>>),
            End::Output => self.get(host)?.output_devices().map(Iterator::collect),
        };
        let devices = devices.map_err(|e| unavailable(host, &e))?;
        let found = devices.into_iter().map(|device| Found::new(device, host));
        Ok(found.collect())
    }

    /// The hosts to look at now, best first.
    pub(crate) fn candidates(&self) -> Vec<String> {
        if let Some(only) = &self.only {
            return vec![only.clone()];
        }
        let names = real_hosts().into_iter().map(|(name, _)| name);
        names.filter(|name| seems_to_run(name)).collect()
    }

    /// The connection to `name`; a dead one is replaced.
    fn get(&mut self, name: &str) -> Result<&cpal::Host, IoError> {
        if self.open.get(name).is_some_and(|host| !is_alive(name, host)) {
            self.open.remove(name);
        }
        keep_alsa_quiet();
        match self.open.entry(name.to_owned()) {
            Entry::Occupied(host) => Ok(host.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(connect(name)?)),
        }
    }
}

/// Whether a connection that was made earlier still serves.
fn is_alive(name: &str, host: &cpal::Host) -> bool {
    match name {
        "pulseaudio" => host.devices().is_ok(),
        // Its devices are those of the server that ran when it was made.
        "jack" => false,
        _ => true,
    }
}

fn connect(name: &str) -> Result<cpal::Host, IoError> {
    let known = real_hosts().into_iter().find(|(known, _)| known == name);
    let Some((_, id)) = known else {
        let error = cpal::Error::new(cpal::ErrorKind::HostUnavailable);
        return Err(unavailable(name, &error));
    };
    cpal::host_from_id(id).map_err(|e| unavailable(name, &e))
}

fn known_host(given: &str) -> Result<String, IoError> {
    let hosts = host_names();
    let small = given.to_lowercase();
    if hosts.contains(&small) {
        return Ok(small);
    }
    Err(IoError::UnknownHost {
        given: given.to_owned(),
        suggestion: suggest(given, hosts.iter().map(String::as_str)),
        hosts,
    })
}

fn unavailable(host: &str, error: &cpal::Error) -> IoError {
    IoError::HostUnavailable { host: host.to_owned(), reason: error.to_string() }
}

/// Whether there is a device behind the handle.
pub(crate) fn is_there(device: &cpal::Device, end: End) -> bool {
    let config = match end {
        End::Input => device.default_input_config(),
        End::Output => device.default_output_config(),
    };
    // Busy and denied devices are there; opening them says so.
    !matches!(
        config.map_err(|e| e.kind()),
        Err(cpal::ErrorKind::DeviceNotAvailable | cpal::ErrorKind::HostUnavailable)
    )
}

/// Whether asking `host` is worth it: libjack complains on stderr when no server runs.
#[cfg(target_os = "linux")]
fn seems_to_run(host: &str) -> bool {
    if host != "jack" {
        return true;
    }
    let entries = std::fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|name| name.to_string_lossy().starts_with("jack"))
}

/// alsa-lib prints a page on stderr for every device that is not there; what matters comes back
/// as an error. For this thread, until it is called again.
#[cfg(target_os = "linux")]
pub(crate) fn keep_alsa_quiet() {
    drop(alsa::Output::local_error_handler());
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_alsa_quiet() {}

#[cfg(not(target_os = "linux"))]
fn seems_to_run(_: &str) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_is_always_there_and_slips_are_recognised() {
        assert_eq!(host_names().last().map(String::as_str), Some(VIRTUAL));
        assert_eq!(known_host("Virtual"), Ok(VIRTUAL.to_owned()));
        let error = known_host("virtaul").unwrap_err();
        assert!(error.is_usage());
        assert!(error.to_string().contains("did you mean \"virtual\"?"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn on_linux_the_sound_servers_come_first() {
        assert_eq!(host_names(), ["pulseaudio", "jack", "alsa", "virtual"]);
    }
}
