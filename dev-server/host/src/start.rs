//! Where a first generation starts from: only its plugin tells whose settings they are.

use std::fmt;

use crate::{note::PluginInfo, params::ParamInfo};

/// Asked once, on the plugin's thread (it may read files), when plugin and parameters are known;
/// a message refuses the plugin, and blames the command line.
pub struct Start(Find);

type Find = Box<dyn FnOnce(&PluginInfo, &[ParamInfo]) -> Result<Started, String> + Send>;

/// What a first generation starts from.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Started {
    /// Loaded first.
    pub state: Option<Vec<u8>>,
    /// Then these values, by id.
    pub params: Vec<(u32, f64)>,
}

impl Start {
    /// Starts from what `find` says.
    pub fn new(
        find: impl FnOnce(&PluginInfo, &[ParamInfo]) -> Result<Started, String> + Send + 'static,
    ) -> Self {
        Self(Box::new(find))
    }

    pub(crate) fn find(self, plugin: &PluginInfo, params: &[ParamInfo]) -> Result<Started, String> {
        (self.0)(plugin, params)
    }
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Start")
    }
}
