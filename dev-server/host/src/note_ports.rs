//! Which notes a plugin wants, and that it may say so anew.

pub(crate) mod ffi;

use clack_extensions::note_ports::{NoteDialects, NotePortInfoBuffer, PluginNotePorts};
use clack_host::prelude::*;

/// How a plugin wants its notes: the dialects of its first note port, none without one.
pub(crate) fn dialects(plugin: PluginMainThreadHandle<'_>) -> NoteDialects {
    let dialects = || {
        let ext = plugin.get_extension::<PluginNotePorts>()?;
        let mut buffer = NotePortInfoBuffer::new();
        let port = (ext.count(&plugin, true) > 0).then(|| ext.get(&plugin, 0, true, &mut buffer));
        Some(port??.supported_dialects)
    };
    let dialects = dialects().unwrap_or_else(NoteDialects::empty);
    // Who reads MPE reads MIDI.
    let is_mpe = dialects.contains(NoteDialects::MIDI_MPE);
    if is_mpe { dialects | NoteDialects::MIDI } else { dialects }
}

/// Whether notes can be brought to a plugin of those dialects.
pub(crate) fn takes_notes(dialects: NoteDialects) -> bool {
    dialects.intersects(NoteDialects::CLAP | NoteDialects::MIDI)
}
