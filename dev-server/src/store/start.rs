//! Where the first generation starts from: the last session, or the preset that was asked for.

use retake_host::{ParamInfo, Started};

use super::{Folder, StoreError};
use crate::report::{Tone, say};

/// Asked on the plugin's thread, once its id is known: only then is it known whose presets they are.
#[derive(Debug, Clone)]
pub struct Start {
    /// Where everything lies.
    pub folder: Folder,
    /// The session to go on with.
    pub session: Option<String>,
    /// `--preset`: wins over the session.
    pub preset: Option<String>,
}

impl Start {
    /// For the plugin's thread.
    pub fn ask(self) -> retake_host::Start {
        retake_host::Start::new(move |plugin, params| {
            self.find(&plugin.id, params).map_err(|error| error.to_string())
        })
    }

    /// What the plugin of that id, with these parameters, starts from.
    ///
    /// # Errors
    /// The preset cannot be had. A session that cannot be had is told and left.
    pub fn find(&self, plugin: &str, params: &[ParamInfo]) -> Result<Started, StoreError> {
        let found = match &self.preset {
            Some(name) => Some(self.folder.read(plugin, name)?),
            None => self.last_session(plugin),
        };
        let Some(saved) = found else {
            return Ok(Started::default());
        };
        if self.preset.is_none() {
            let what = "parameters of the last session; --fresh starts from the plugin's defaults";
            say(Tone::Plain, "Restored", what);
        }
        Ok(Started { params: saved.values(params), state: saved.state })
    }

    fn last_session(&self, plugin: &str) -> Option<super::Saved> {
        let found = self.folder.session(self.session.as_deref()?);
        let found = found.unwrap_or_else(|error| {
            say(Tone::Warning, "Session", format!("starts afresh: {error}"));
            None
        });
        found.filter(|saved| saved.plugin == plugin)
    }
}
