//! Opening a library and what cannot be said in safe words about it.
//!
//! A [`Library`] is mapped and initialised as long as anything holds its entry: clack's instances
//! and processors do. Its `deinit` and unloading run on the thread that lets go last, which is the
//! plugin's own thread unless something leaked (then it stays mapped).
//!
//! clack initialises entries under one lock of the process, so a library that hangs in `init` would
//! stop the loading of all others. Therefore clack is given an entry of our own, whose `init` does
//! nothing, and the library's own `init` and `deinit` are called here, outside that lock.
#![allow(unsafe_code, reason = "loading and entering a foreign library cannot be safe")]

use std::{
    error::Error,
    ffi::{CStr, CString, c_char, c_void},
    fs::File,
    path::Path,
    ptr::NonNull,
    slice,
    sync::Arc,
};

use clack_host::{
    entry::{EntryDescriptor, EntryProvider, PluginEntry},
    plugin::PluginMainThreadHandle,
    process::audio_buffers::InputAudioBuffers,
    utils::ClapVersion,
};

use crate::{error::HostError, staging::StagedCopy};

/// A loaded and initialised CLAP library.
pub(crate) struct Library {
    entry: PluginEntry,
    mapped: Arc<Mapped>,
    /// One of its functions.
    code: u64,
    file: Option<File>,
}

/// Fields are dropped in this order: left, unmapped, removed.
struct Mapped {
    initialised: Initialised,
    library: libloading::Library,
    copy: StagedCopy,
}

/// The library's `init` said yes; its `deinit` is due.
struct Initialised {
    deinit: Option<unsafe extern "C" fn()>,
}

impl Drop for Initialised {
    fn drop(&mut self) {
        if let Some(deinit) = self.deinit {
            // SAFETY: `init` succeeded, this runs once, and `Mapped` still holds the library.
            unsafe { deinit() };
        }
    }
}

/// The entry clack sees; it keeps the library.
struct Held {
    entry: Box<EntryDescriptor>,
    _mapped: Arc<Mapped>,
}

// SAFETY: the pointer is to a box that lives as long as `self` and is never written.
unsafe impl EntryProvider for Held {
    fn entry_pointer(&self) -> NonNull<EntryDescriptor> {
        NonNull::from(&*self.entry)
    }
}

impl Library {
    /// Maps the copy, checks its CLAP version and calls its entry's `init`.
    ///
    /// # Errors
    /// [`HostError::Loader`], [`HostError::NoClapEntry`], [`HostError::ClapVersion`] or
    /// [`HostError::Init`]; the library is unmapped and the copy removed then.
    pub(crate) fn open(copy: StagedCopy) -> Result<Self, HostError> {
        // Whoever looks for names later reads it, whatever becomes of the path.
        let file = File::open(copy.path()).ok();
        let library = map(copy.path())?;
        let entry = entry_of(&library)?;
        let found = ClapVersion::from_raw(entry.clap_version);
        if !found.is_compatible() {
            return Err(HostError::ClapVersion {
                found: found.to_string(),
                host: ClapVersion::CURRENT.to_string(),
            });
        }
        let path = CString::new(copy.told().to_string_lossy().as_bytes())
            .map_err(|e| HostError::Loader(e.to_string()))?;
        let mapped = Arc::new(Mapped { initialised: initialise(&entry, &path)?, library, copy });
        let code = entry.init.map_or(0, |init| init as usize as u64);
        let held = Held {
            entry: Box::new(EntryDescriptor {
                init: Some(already_initialised),
                deinit: None,
                ..entry
            }),
            _mapped: Arc::clone(&mapped),
        };
        // SAFETY: `entry` is a CLAP entry whose `init` succeeded, and `held` keeps its library.
        let entry = unsafe { PluginEntry::load_from(held, &path) }
            .map_err(|e| HostError::Init(e.to_string()))?;
        Ok(Self { entry, mapped, code, file })
    }

    /// What instances are made from.
    pub(crate) fn entry(&self) -> &PluginEntry {
        &self.entry
    }

    /// Whether it has thread-locals.
    pub(crate) fn has_tls(&self) -> bool {
        self.mapped.copy.has_tls()
    }

    /// Address of one of its functions.
    pub(crate) fn code(&self) -> u64 {
        self.code
    }

    /// The file that it was loaded from.
    pub(crate) fn file(&self) -> Option<File> {
        self.file.as_ref().and_then(|file| file.try_clone().ok())
    }

    /// Leaves and unmaps the library and removes the copy; whether it stayed mapped all the same.
    ///
    /// It does when something of the plugin is still alive, or when the system pinned it (glibc
    /// does while destructors of its thread-locals are to run).
    pub(crate) fn close(self) -> bool {
        let Self { entry, mapped, .. } = self;
        drop(entry);
        let Some(mapped) = Arc::into_inner(mapped) else {
            return true;
        };
        let Mapped { initialised, library, copy } = mapped;
        drop(initialised);
        drop(library);
        is_mapped(copy.path())
    }
}

/// Whether the file is still part of this process (Linux; elsewhere nobody tells).
fn is_mapped(path: &Path) -> bool {
    std::fs::read_to_string("/proc/self/maps")
        .is_ok_and(|maps| maps.contains(&*path.to_string_lossy()))
}

fn map(path: &Path) -> Result<libloading::Library, HostError> {
    #[cfg(unix)]
    let library = {
        use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
        // SAFETY: runs the library's constructors; the user's own code, checked to be whole.
        unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
    };
    #[cfg(not(unix))]
    // SAFETY: runs the library's constructors; the user's own code, checked to be whole.
    let library = unsafe { libloading::Library::new(path) };
    // The error itself says only that it failed; its source says why.
    let why = |e: libloading::Error| e.source().map_or_else(|| e.to_string(), ToString::to_string);
    library.map_err(|e| HostError::Loader(why(e)))
}

fn entry_of(library: &libloading::Library) -> Result<EntryDescriptor, HostError> {
    // SAFETY: CLAP defines the symbol of this name to be such a structure.
    let symbol = unsafe { library.get::<*const EntryDescriptor>(b"clap_entry\0") };
    let pointer = *symbol.map_err(|_| HostError::NoClapEntry)?;
    // SAFETY: null or, by CLAP, the address of a valid constant in the library that is held.
    let entry = unsafe { pointer.as_ref() };
    entry.copied().ok_or(HostError::NoClapEntry)
}

fn initialise(entry: &EntryDescriptor, path: &CString) -> Result<Initialised, HostError> {
    let Some(init) = entry.init else {
        return Err(HostError::Init("its entry has no init".to_owned()));
    };
    // SAFETY: the first call into the library's entry, with a string that outlives it.
    if unsafe { init(path.as_ptr()) } {
        Ok(Initialised { deinit: entry.deinit })
    } else {
        Err(HostError::Init("its entry said no".to_owned()))
    }
}

unsafe extern "C" fn already_initialised(_: *const c_char) -> bool {
    true
}

/// Which functions of a plugin's extension are null, as indices into its table of `n`; none if it
/// has no such extension.
pub(crate) fn null_functions(
    plugin: PluginMainThreadHandle<'_>,
    id: &CStr,
    n: usize,
) -> Vec<usize> {
    let Some(get_extension) = plugin.as_raw().get_extension else {
        return Vec::new();
    };
    // SAFETY: the plugin's own function with the plugin, on its main thread.
    let table = unsafe { get_extension(plugin.as_raw_ptr(), id.as_ptr()) }.cast::<*const c_void>();
    if table.is_null() || !table.is_aligned() {
        return if table.is_null() { Vec::new() } else { (0..n).collect() };
    }
    // SAFETY: by the extension's definition `n` function pointers, valid as long as the plugin.
    let table = unsafe { slice::from_raw_parts(table, n) };
    (0..n).filter(|index| table[*index].is_null()).collect()
}

/// Gives buffers without any channel the length of the block, which clack derives from channels.
///
/// # Real time
/// Nothing but moves.
pub(crate) fn with_frames(inputs: InputAudioBuffers<'_>, frames: u32) -> InputAudioBuffers<'_> {
    if inputs.frames_count().is_some() {
        return inputs;
    }
    // SAFETY: no count of frames means no channel, so no pointer is claimed to have `frames`.
    unsafe { InputAudioBuffers::from_raw_buffers(inputs.as_raw_buffers(), frames) }
}
