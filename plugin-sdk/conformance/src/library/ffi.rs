//! Opens a library and calls its entry and its factory.

#![allow(unsafe_code, reason = "CLAP is a C interface")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::NonNull;

use anyhow::{Context as _, Result, bail, ensure};
use clap_sys::entry::clap_plugin_entry;
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::{clap_plugin, clap_plugin_descriptor};
use clap_sys::version::{CLAP_VERSION, clap_version, clap_version_is_compatible};

/// An initialized library. Main thread.
#[derive(Debug)]
pub(crate) struct Library {
    entry: clap_plugin_entry,
    path: CString,
    /// Unloaded last.
    _mapped: libloading::Library,
}

/// A descriptor, copied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Descriptor {
    pub(crate) version: [u32; 3],
    pub(crate) id: String,
    pub(crate) name: String,
    /// Vendor, URL, manual, support, version, description.
    pub(crate) texts: [Option<String>; 6],
    pub(crate) features: Vec<String>,
}

impl Library {
    /// Maps the library with all symbols resolved at once, and initializes it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mapped = map(path)?;
        // SAFETY: CLAP fixes the type behind this symbol; it is checked for null below.
        let symbol = unsafe { mapped.get::<*const clap_plugin_entry>(b"clap_entry\0") };
        let symbol = *symbol.context("no symbol `clap_entry`")?;
        // SAFETY: the symbol is the entry, which lives as long as the library is mapped.
        let entry = *unsafe { symbol.as_ref() }.context("`clap_entry` is null")?;
        let version = entry.clap_version;
        ensure!(clap_version_is_compatible(version), "the entry's CLAP version is {version:?}");
        let path = CString::new(path.as_os_str().as_encoded_bytes())?;
        let library = Self { entry, path, _mapped: mapped };
        library.init()?;
        Ok(library)
    }

    /// Initializes once more; CLAP counts.
    pub(crate) fn init(&self) -> Result<()> {
        let init = self.entry.init.context("the entry's `init` is null")?;
        // SAFETY: the path is a string with NUL that outlives the call.
        ensure!(unsafe { init(self.path.as_ptr()) }, "the entry's `init` returned false");
        Ok(())
    }

    /// Takes one `init` back.
    pub(crate) fn deinit(&self) -> Result<()> {
        let deinit = self.entry.deinit.context("the entry's `deinit` is null")?;
        // SAFETY: one call for each `init`.
        unsafe { deinit() }
        Ok(())
    }

    pub(crate) fn raw_factory(&self, id: &CStr) -> Result<*const c_void> {
        let get = self.entry.get_factory.context("the entry's `get_factory` is null")?;
        // SAFETY: the entry is initialized, the identifier ends with NUL.
        Ok(unsafe { get(id.as_ptr()) })
    }

    fn factory(&self) -> Result<(*const clap_plugin_factory, clap_plugin_factory)> {
        let raw = self.raw_factory(CLAP_PLUGIN_FACTORY_ID)?.cast::<clap_plugin_factory>();
        // SAFETY: CLAP fixes the type behind this identifier.
        let table = unsafe { raw.as_ref() }.context("there is no plugin factory")?;
        Ok((raw, *table))
    }

    pub(crate) fn count(&self) -> Result<u32> {
        let (raw, table) = self.factory()?;
        let count = table.get_plugin_count.context("`get_plugin_count` is null")?;
        // SAFETY: the factory lives while the entry is initialized.
        Ok(unsafe { count(raw) })
    }

    pub(crate) fn descriptor(&self, index: u32) -> Result<Option<Descriptor>> {
        let (raw, table) = self.factory()?;
        let get = table.get_plugin_descriptor.context("`get_plugin_descriptor` is null")?;
        // SAFETY: the factory lives while the entry is initialized.
        let found = unsafe { get(raw, index) };
        if found.is_null() {
            return Ok(None);
        }
        read_descriptor(found).map(Some)
    }

    /// Makes a plugin, not yet initialized; null is an answer.
    pub(crate) fn create(
        &self,
        host: *const clap_host,
        id: &CStr,
    ) -> Result<Option<NonNull<clap_plugin>>> {
        let (raw, table) = self.factory()?;
        let create = table.create_plugin.context("`create_plugin` is null")?;
        // SAFETY: the host outlives the plugin, the identifier ends with NUL.
        let made = unsafe { create(raw, host, id.as_ptr()) };
        Ok(NonNull::new(made.cast_mut()))
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // Without `deinit` there is nothing to take back.
        let _ = self.deinit();
    }
}

#[cfg(unix)]
fn map(path: &Path) -> Result<libloading::Library> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: a plugin's initializers are what this program is for.
    let mapped = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    Ok(mapped.context("the library cannot be mapped with all symbols resolved")?.into())
}

#[cfg(not(unix))]
fn map(path: &Path) -> Result<libloading::Library> {
    // SAFETY: a plugin's initializers are what this program is for.
    let mapped = unsafe { libloading::Library::new(path) };
    mapped.context("the library cannot be mapped")
}

/// Copies a descriptor; every required field must be there.
pub(crate) fn read_descriptor(raw: *const clap_plugin_descriptor) -> Result<Descriptor> {
    // SAFETY: the plugin promises a descriptor that lives as long as the library.
    let raw = unsafe { raw.as_ref() }.context("the descriptor is null")?;
    let clap_version { major, minor, revision } = raw.clap_version;
    Ok(Descriptor {
        version: [major, minor, revision],
        id: text(raw.id)?.context("the descriptor's id is null")?,
        name: text(raw.name)?.context("the descriptor's name is null")?,
        texts: [
            text(raw.vendor)?,
            text(raw.url)?,
            text(raw.manual_url)?,
            text(raw.support_url)?,
            text(raw.version)?,
            text(raw.description)?,
        ],
        features: features(raw.features)?,
    })
}

fn features(list: *const *const c_char) -> Result<Vec<String>> {
    ensure!(!list.is_null(), "the list of features is null");
    let mut features = Vec::new();
    for index in 0..256 {
        // SAFETY: the list ends with null, which has not come yet.
        let place = unsafe { list.add(index) };
        // SAFETY: as above.
        let feature = unsafe { place.read() };
        match text(feature)? {
            Some(feature) => features.push(feature),
            None => return Ok(features),
        }
    }
    bail!("the list of features has no end")
}

/// A C string as text; null is `None`.
pub(crate) fn text(raw: *const c_char) -> Result<Option<String>> {
    if raw.is_null() {
        return Ok(None);
    }
    // SAFETY: CLAP's strings end with NUL.
    let text = unsafe { CStr::from_ptr(raw) };
    Ok(Some(text.to_str().context("a text is not UTF-8")?.to_owned()))
}

/// The version this host speaks.
pub(crate) const VERSION: clap_version = CLAP_VERSION;
