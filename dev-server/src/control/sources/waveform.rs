//! What sources look like: their lowest and highest samples, found when somebody asks for the first
//! time.

use std::{collections::BTreeMap, sync::Arc};

use retake_io::sound::{Columns, NotYet, Overview, Overviews, Sight};
use serde_json::{Value, json};

use super::{Control, State};
use crate::{
    source::SourceKind,
    web::{RpcError, Span},
};

/// All that are known, or being looked at, by the numbers of their sources.
#[derive(Debug, Default)]
pub(super) struct Waveforms {
    /// Started with the first.
    overviews: Option<Overviews>,
    known: BTreeMap<u32, Arc<Overview>>,
}

impl Waveforms {
    /// A source is gone: its waveform is nobody's any more.
    pub(super) fn forget(&mut self, id: u32) {
        self.known.remove(&id);
    }

    fn begin(&mut self, id: u32, sight: Sight) -> Result<Arc<Overview>, RpcError> {
        let overviews = match self.overviews.take() {
            Some(overviews) => overviews,
            None => Overviews::start().map_err(|error| RpcError::busy(error.to_string()))?,
        };
        let overview = self.overviews.insert(overviews).begin(sight);
        self.known.insert(id, Arc::clone(&overview));
        Ok(overview)
    }
}

impl Control {
    /// A source's waveform within a range.
    ///
    /// # Errors
    /// −32602 for a source that there is not; −32001 for one that has none; −32002 while it is not
    /// known yet.
    pub(in super::super) fn waveform(&mut self, id: u32, span: Span) -> Result<Value, RpcError> {
        let known = self.sources.waveforms.known.get(&id).cloned();
        let overview = if let Some(overview) = known {
            overview
        } else {
            let sight = self.sight(id)?;
            self.sources.waveforms.begin(id, sight)?
        };
        let Span { from, to, n } = span;
        match overview.columns(from, to, n) {
            Ok(columns) => Ok(show(&columns)),
            Err(not_yet @ NotYet { known_seconds }) => {
                let data = json!({ "known_seconds": known_seconds });
                Err(RpcError::not_yet(not_yet.to_string(), data))
            }
        }
    }

    /// Where a source's samples are.
    fn sight(&self, id: u32) -> Result<Sight, RpcError> {
        let source = &self.sources.list[self.sources.find(id)?];
        if let State::Failed(reason) = &source.state {
            return Err(RpcError::unsupported(reason.clone()));
        }
        if let Some(file) = source.spec.kind.file() {
            return Ok(Sight::File(file));
        }
        match &source.spec.kind {
            SourceKind::Take => {
                let clip = self.take.clip().map(|clip| Sight::Clip(clip, self.sources.rate));
                clip.ok_or_else(|| RpcError::unsupported("the take has ended"))
            }
            kind => {
                let word = kind.word();
                let message = format!("source {id} is of the kind {word}, which has no waveform");
                Err(RpcError::unsupported(message))
            }
        }
    }
}

fn show(columns: &Columns) -> Value {
    json!({
        "from": columns.seconds.0,
        "to": columns.seconds.1,
        "channels": columns.min.len(),
        "min": columns.min,
        "max": columns.max,
        "resolution": columns.resolution_seconds,
    })
}
