//! Calls a plugin's main-thread functions.

#![allow(unsafe_code, reason = "CLAP is a C interface")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result, ensure};
use clap_sys::ext::audio_ports::{
    CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports,
};
use clap_sys::ext::audio_ports_config::{
    CLAP_EXT_AUDIO_PORTS_CONFIG, clap_audio_ports_config, clap_plugin_audio_ports_config,
};
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_plugin_latency};
use clap_sys::ext::note_ports::{CLAP_EXT_NOTE_PORTS, clap_note_port_info, clap_plugin_note_ports};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::plugin::clap_plugin;
use clap_sys::stream::{clap_istream, clap_ostream};

use super::{AudioPort, NotePort, Param, PortsConfig};
use crate::events::{Event, Input, Output};
use crate::host::Host;
use crate::library::{Descriptor, Library, read_descriptor, text};

/// Calls a function of one of CLAP's tables; a null function is a failure.
macro_rules! call {
    ($table:expr, $function:ident $(, $argument:expr)*) => {{
        let function = $table
            .$function
            .context(concat!("the function `", stringify!($function), "` is null"))?;
        // SAFETY: the table is the plugin's, which lives; the arguments are as CLAP asks for.
        unsafe { function($($argument),*) }
    }};
}
pub(crate) use call;

/// What texts are full of before a plugin writes them: no NUL, so an end must be written too.
const FILL: c_char = 0x7f;

/// What a plugin gave with a parameter, to be given back with its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookie(pub(crate) *mut c_void);

// SAFETY: nobody but the plugin looks behind it.
unsafe impl Send for Cookie {}

// SAFETY: as above.
unsafe impl Sync for Cookie {}

/// The tables that a plugin's extensions have given.
#[derive(Clone, Copy, Debug)]
struct Extensions {
    params: Option<clap_plugin_params>,
    state: Option<clap_plugin_state>,
    latency: Option<clap_plugin_latency>,
    tail: Option<clap_plugin_tail>,
    audio_ports: Option<clap_plugin_audio_ports>,
    note_ports: Option<clap_plugin_note_ports>,
    ports_config: Option<clap_plugin_audio_ports_config>,
}

/// An initialized plugin. Its main thread is the one that made it.
#[derive(Debug)]
pub(crate) struct Instance<'l> {
    raw: NonNull<clap_plugin>,
    table: clap_plugin,
    extensions: Extensions,
    pub(crate) host: Arc<Host>,
    library: PhantomData<&'l Library>,
}

impl<'l> Instance<'l> {
    /// Makes and initializes a plugin.
    pub(crate) fn new(library: &'l Library, id: &CStr, host: Arc<Host>) -> Result<Self> {
        let made = library.create(host.raw(), id)?;
        let raw = made.context("the factory gave null for the plugin's own id")?;
        // SAFETY: the factory gave a plugin.
        let table = *unsafe { raw.as_ref() };
        ensure!(call!(table, init, raw.as_ptr()), "`init` returned false");
        // SAFETY: a plugin may fill its table as late as in `init`.
        let table = *unsafe { raw.as_ref() };
        let extensions = Extensions {
            params: extension(raw, &table, CLAP_EXT_PARAMS)?,
            state: extension(raw, &table, CLAP_EXT_STATE)?,
            latency: extension(raw, &table, CLAP_EXT_LATENCY)?,
            tail: extension(raw, &table, CLAP_EXT_TAIL)?,
            audio_ports: extension(raw, &table, CLAP_EXT_AUDIO_PORTS)?,
            note_ports: extension(raw, &table, CLAP_EXT_NOTE_PORTS)?,
            ports_config: extension(raw, &table, CLAP_EXT_AUDIO_PORTS_CONFIG)?,
        };
        Ok(Self { raw, table, extensions, host, library: PhantomData })
    }

    pub(crate) fn raw(&self) -> *const clap_plugin {
        self.raw.as_ptr()
    }

    pub(crate) fn table(&self) -> &clap_plugin {
        &self.table
    }

    pub(crate) fn params_table(&self) -> Result<&clap_plugin_params> {
        self.extensions.params.as_ref().context("the plugin has no parameters")
    }

    /// The descriptor that the instance itself points to.
    pub(crate) fn descriptor(&self) -> Result<Descriptor> {
        read_descriptor(self.table.desc)
    }

    pub(crate) fn has_extension(&self, id: &CStr) -> Result<bool> {
        Ok(!call!(self.table, get_extension, self.raw(), id.as_ptr()).is_null())
    }

    pub(crate) fn has_params(&self) -> bool {
        self.extensions.params.is_some()
    }

    pub(crate) fn has_state(&self) -> bool {
        self.extensions.state.is_some()
    }

    pub(crate) fn activate(&self, rate: f64, max_block: u32) -> Result<()> {
        self.host.is_activating.store(true, Ordering::Relaxed);
        let is_active = call!(self.table, activate, self.raw(), rate, 1, max_block);
        self.host.is_activating.store(false, Ordering::Relaxed);
        self.host.is_active.store(is_active, Ordering::Relaxed);
        ensure!(is_active, "`activate` at {rate} Hz, 1..={max_block} frames returned false");
        Ok(())
    }

    pub(crate) fn deactivate(&self) -> Result<()> {
        call!(self.table, deactivate, self.raw());
        self.host.is_active.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Serves the plugin's requests for a callback, asked for or not.
    pub(crate) fn on_main_thread(&self) -> Result<()> {
        call!(self.table, on_main_thread, self.raw());
        Ok(())
    }

    pub(crate) fn latency(&self) -> Result<Option<u32>> {
        let Some(latency) = &self.extensions.latency else {
            return Ok(None);
        };
        Ok(Some(call!(latency, get, self.raw())))
    }

    /// Main or audio thread.
    pub(crate) fn tail(&self) -> Result<Option<u32>> {
        let Some(tail) = &self.extensions.tail else {
            return Ok(None);
        };
        Ok(Some(call!(tail, get, self.raw())))
    }

    pub(crate) fn param_count(&self) -> Result<u32> {
        let Some(params) = &self.extensions.params else {
            return Ok(0);
        };
        Ok(call!(params, count, self.raw()))
    }

    pub(crate) fn param(&self, index: u32) -> Result<Option<Param>> {
        let Some(info) = self.param_info(index)? else {
            return Ok(None);
        };
        Ok(Some(Param {
            id: info.id,
            flags: info.flags,
            name: bounded(&info.name)?,
            module: bounded(&info.module)?,
            min: info.min_value,
            max: info.max_value,
            default: info.default_value,
        }))
    }

    /// The cookie of a parameter; null if there is no such parameter.
    pub(crate) fn cookie(&self, id: u32) -> Result<Cookie> {
        for index in 0..self.param_count()? {
            if let Some(info) = self.param_info(index)?.filter(|info| info.id == id) {
                return Ok(Cookie(info.cookie));
            }
        }
        Ok(Cookie(ptr::null_mut()))
    }

    fn param_info(&self, index: u32) -> Result<Option<clap_param_info>> {
        let mut info = clap_param_info {
            id: u32::MAX,
            flags: 0,
            cookie: ptr::null_mut(),
            name: [FILL; _],
            module: [FILL; _],
            min_value: f64::NAN,
            max_value: f64::NAN,
            default_value: f64::NAN,
        };
        let params = self.params_table()?;
        let is_known = call!(params, get_info, self.raw(), index, &raw mut info);
        Ok(is_known.then_some(info))
    }

    pub(crate) fn value(&self, id: u32) -> Result<Option<f64>> {
        let mut value = f64::NAN;
        let is_known = call!(self.params_table()?, get_value, self.raw(), id, &raw mut value);
        Ok(is_known.then_some(value))
    }

    pub(crate) fn text(&self, id: u32, value: f64) -> Result<Option<String>> {
        let mut buffer: [c_char; 256] = [FILL; _];
        let params = self.params_table()?;
        let is_known =
            call!(params, value_to_text, self.raw(), id, value, buffer.as_mut_ptr(), 256);
        if !is_known {
            return Ok(None);
        }
        bounded(&buffer).map(Some)
    }

    pub(crate) fn value_of_text(&self, id: u32, text: &str) -> Result<Option<f64>> {
        let text = CString::new(text)?;
        let mut value = f64::NAN;
        let params = self.params_table()?;
        let is_known = call!(params, text_to_value, self.raw(), id, text.as_ptr(), &raw mut value);
        Ok(is_known.then_some(value))
    }

    /// Main thread while not active, audio thread while active.
    pub(crate) fn flush(&self, events: &[Event], output: &mut Output) -> Result<()> {
        let input = Input::new(&events);
        let output = output.raw();
        call!(self.params_table()?, flush, self.raw(), input.raw(), &raw const output);
        Ok(())
    }

    /// Saves to a stream that takes at most `chunk` bytes at a time and `room` bytes in all.
    pub(crate) fn save(&self, chunk: usize, room: usize) -> Result<Option<Vec<u8>>> {
        let state = self.extensions.state.context("the plugin has no state")?;
        let mut sink = Sink { bytes: Vec::new(), chunk, room };
        let stream = clap_ostream { ctx: ptr::from_mut(&mut sink).cast(), write: Some(write) };
        let is_saved = call!(state, save, self.raw(), &raw const stream);
        Ok(is_saved.then_some(sink.bytes))
    }

    /// Loads from a stream that gives at most `chunk` bytes at a time.
    pub(crate) fn load(&self, bytes: &[u8], chunk: usize) -> Result<bool> {
        let state = self.extensions.state.context("the plugin has no state")?;
        let mut source = Source { bytes, chunk };
        let stream = clap_istream { ctx: ptr::from_mut(&mut source).cast(), read: Some(read) };
        Ok(call!(state, load, self.raw(), &raw const stream))
    }

    pub(crate) fn audio_port_count(&self, is_input: bool) -> Result<u32> {
        let Some(ports) = &self.extensions.audio_ports else {
            return Ok(0);
        };
        Ok(call!(ports, count, self.raw(), is_input))
    }

    pub(crate) fn audio_port(&self, index: u32, is_input: bool) -> Result<Option<AudioPort>> {
        let ports = self.extensions.audio_ports.context("the plugin has no audio ports")?;
        let mut info = clap_audio_port_info {
            id: u32::MAX,
            name: [FILL; _],
            flags: 0,
            channel_count: 0,
            port_type: ptr::null(),
            in_place_pair: u32::MAX,
        };
        if !call!(ports, get, self.raw(), index, is_input, &raw mut info) {
            return Ok(None);
        }
        Ok(Some(AudioPort {
            id: info.id,
            name: bounded(&info.name)?,
            flags: info.flags,
            channels: info.channel_count,
            kind: text(info.port_type)?,
            pair: info.in_place_pair,
        }))
    }

    pub(crate) fn note_port_count(&self, is_input: bool) -> Result<u32> {
        let Some(ports) = &self.extensions.note_ports else {
            return Ok(0);
        };
        Ok(call!(ports, count, self.raw(), is_input))
    }

    pub(crate) fn note_port(&self, index: u32, is_input: bool) -> Result<Option<NotePort>> {
        let ports = self.extensions.note_ports.context("the plugin has no note ports")?;
        let mut info = clap_note_port_info {
            id: u32::MAX,
            supported_dialects: 0,
            preferred_dialect: 0,
            name: [FILL; _],
        };
        if !call!(ports, get, self.raw(), index, is_input, &raw mut info) {
            return Ok(None);
        }
        Ok(Some(NotePort {
            id: info.id,
            name: bounded(&info.name)?,
            supported: info.supported_dialects,
            preferred: info.preferred_dialect,
        }))
    }

    pub(crate) fn ports_config_count(&self) -> Result<u32> {
        let Some(configs) = &self.extensions.ports_config else {
            return Ok(0);
        };
        Ok(call!(configs, count, self.raw()))
    }

    pub(crate) fn ports_config(&self, index: u32) -> Result<Option<PortsConfig>> {
        let configs = self.extensions.ports_config.context("the plugin has no layouts")?;
        let mut info = clap_audio_ports_config {
            id: u32::MAX,
            name: [FILL; _],
            input_port_count: 0,
            output_port_count: 0,
            has_main_input: false,
            main_input_channel_count: 0,
            main_input_port_type: ptr::null(),
            has_main_output: false,
            main_output_channel_count: 0,
            main_output_port_type: ptr::null(),
        };
        if !call!(configs, get, self.raw(), index, &raw mut info) {
            return Ok(None);
        }
        Ok(Some(PortsConfig {
            id: info.id,
            name: bounded(&info.name)?,
            inputs: info.input_port_count,
            outputs: info.output_port_count,
            main_input: info.has_main_input.then_some(info.main_input_channel_count),
            main_output: info.has_main_output.then_some(info.main_output_channel_count),
        }))
    }

    pub(crate) fn select_ports_config(&self, id: u32) -> Result<bool> {
        let configs = self.extensions.ports_config.context("the plugin has no layouts")?;
        Ok(call!(configs, select, self.raw(), id))
    }
}

impl Drop for Instance<'_> {
    fn drop(&mut self) {
        if self.host.is_active.load(Ordering::Relaxed) {
            // A failure has interrupted the check; it is told already.
            let _ = self.deactivate();
        }
        if let Some(destroy) = self.table.destroy {
            // SAFETY: the last call of all, on the main thread.
            unsafe { destroy(self.raw()) };
        }
    }
}

fn extension<T: Copy>(
    raw: NonNull<clap_plugin>,
    table: &clap_plugin,
    id: &CStr,
) -> Result<Option<T>> {
    let found = call!(table, get_extension, raw.as_ptr(), id.as_ptr()).cast::<T>();
    // SAFETY: CLAP fixes the type behind the identifier; it holds as long as the plugin lives.
    Ok(unsafe { found.as_ref() }.copied())
}

/// The text in an array; an array without NUL is a failure, and so is what is not UTF-8.
fn bounded(array: &[c_char]) -> Result<String> {
    let bytes: Vec<u8> = array.iter().map(|c| c.to_ne_bytes()[0]).collect();
    let text =
        CStr::from_bytes_until_nul(&bytes).context("a text does not end within its array")?;
    Ok(text.to_str().context("a text is not UTF-8")?.to_owned())
}

struct Sink {
    bytes: Vec<u8>,
    chunk: usize,
    room: usize,
}

unsafe extern "C" fn write(stream: *const clap_ostream, from: *const c_void, size: u64) -> i64 {
    // SAFETY: the plugin passes the stream that it was given.
    let stream = unsafe { &*stream };
    // SAFETY: `save` has put its sink there.
    let sink = unsafe { &mut *stream.ctx.cast::<Sink>() };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let taken = size.min(sink.chunk).min(sink.room);
    if taken == 0 && size > 0 {
        return -1;
    }
    // SAFETY: the plugin gives `size` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), taken) };
    sink.bytes.extend_from_slice(bytes);
    sink.room -= taken;
    i64::try_from(taken).unwrap_or(-1)
}

struct Source<'b> {
    bytes: &'b [u8],
    chunk: usize,
}

unsafe extern "C" fn read(stream: *const clap_istream, to: *mut c_void, size: u64) -> i64 {
    // SAFETY: the plugin passes the stream that it was given.
    let stream = unsafe { &*stream };
    // SAFETY: `load` has put its source there.
    let source = unsafe { &mut *stream.ctx.cast::<Source<'_>>() };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let given = size.min(source.chunk).min(source.bytes.len());
    let (now, later) = source.bytes.split_at(given);
    source.bytes = later;
    // SAFETY: the plugin has `size` bytes of room, which is not ours.
    unsafe { ptr::copy_nonoverlapping(now.as_ptr(), to.cast::<u8>(), given) };
    i64::try_from(given).unwrap_or(-1)
}
