//! The plugin's state, in and out.

use std::io;

use clack_extensions::state::PluginState;

use crate::{error::HostError, instance::Instance};

/// Longest state that is taken, in bytes.
const MAX_STATE: usize = 64 << 20;

/// Takes a state until it is too long.
#[derive(Debug, Default)]
struct StateWriter {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for StateWriter {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.is_full |= self.bytes.len() + more.len() > MAX_STATE;
        if self.is_full {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Instance {
    pub(super) fn load_state(&mut self, state: &[u8]) -> Result<(), HostError> {
        let plugin = self.plugin.plugin_handle();
        let Some(ext) = plugin.get_extension::<PluginState>() else {
            return Ok(());
        };
        let mut reader = state;
        let loaded = self.busy.call(|| ext.load(&plugin, &mut reader));
        loaded.map_err(|_| HostError::State { n_bytes: state.len() })
    }

    /// The plugin's state; `None` if it keeps none.
    pub(crate) fn save_state(&mut self) -> Result<Option<Vec<u8>>, String> {
        let plugin = self.plugin.plugin_handle();
        let Some(ext) = plugin.get_extension::<PluginState>() else {
            return Ok(None);
        };
        let mut state = StateWriter::default();
        let saved = self.busy.call(|| ext.save(&plugin, &mut state));
        match saved {
            _ if state.is_full => Err(format!(
                "the plugin's state has more than {MAX_STATE} bytes: keep samples in files, and \
                 their names in the state"
            )),
            Ok(()) => Ok(Some(state.bytes)),
            Err(e) => Err(e.to_string()),
        }
    }
}
