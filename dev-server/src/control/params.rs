//! The parameter table: what the plugin has, what it stands at, and what is still to be sent.

use std::collections::BTreeMap;

use retake_host::{ParamInfo, ParamRef};

use crate::web::RpcError;

/// Parameters of the generation that plays (or of the one before it, until it sounds).
#[derive(Debug, Default)]
pub(super) struct ParamTable {
    list: Vec<ParamInfo>,
    /// Newest value per parameter that the command ring has not taken yet: writes coalesce here.
    unsent: BTreeMap<u32, f64>,
}

impl ParamTable {
    /// Another generation's parameters.
    pub(super) fn replace(&mut self, list: Vec<ParamInfo>) {
        self.unsent.retain(|id, _| list.iter().any(|p| p.id == *id));
        self.list = list;
    }

    /// All of them, in the plugin's order.
    pub(super) fn list(&self) -> &[ParamInfo] {
        &self.list
    }

    /// The same, with the values that are still to be sent.
    pub(super) fn newest_list(&self) -> Vec<ParamInfo> {
        let newest = |p: &ParamInfo| ParamInfo { value: self.newest(p), ..p.clone() };
        self.list.iter().map(newest).collect()
    }

    /// Ids and values, for the next generation to take over.
    pub(super) fn values(&self) -> Vec<(u32, f64)> {
        self.list.iter().map(|p| (p.id, self.newest(p))).collect()
    }

    /// Where a parameter stands.
    pub(super) fn value(&self, id: u32) -> Option<f64> {
        self.list.iter().find(|p| p.id == id).map(|p| p.value)
    }

    fn newest(&self, param: &ParamInfo) -> f64 {
        self.unsent.get(&param.id).copied().unwrap_or(param.value)
    }

    /// The id of a parameter.
    pub(super) fn find(&self, wanted: &ParamRef) -> Result<u32, RpcError> {
        self.named(wanted).map(|param| param.id)
    }

    fn named(&self, wanted: &ParamRef) -> Result<&ParamInfo, RpcError> {
        wanted.find(&self.list).ok_or_else(|| {
            let names: Vec<&str> = self.list.iter().map(|p| p.key.as_str()).collect();
            RpcError::invalid_params(format!(
                "no parameter `{wanted}`, the plugin has: {}",
                names.join(", ")
            ))
        })
    }

    /// Checks a wish; gives the parameter's id.
    pub(super) fn check(&self, wanted: &ParamRef, value: Option<f64>) -> Result<u32, RpcError> {
        let param = self.named(wanted)?;
        if param.flags.iter().any(|f| f == "readonly") {
            return Err(RpcError::unsupported(format!("{} can only be read", param.name)));
        }
        match value {
            Some(value) if (param.min..=param.max).contains(&value) => Ok(param.id),
            _ => {
                let (key, min, max) = (&param.key, param.min, param.max);
                let given = value.map_or("that".into(), |value| value.to_string());
                let message = format!("parameter `{key}`: {given} is not between {min} and {max}");
                Err(RpcError::out_of_range(message, min, max))
            }
        }
    }

    /// Notes a checked value to be sent.
    pub(super) fn wish(&mut self, id: u32, value: f64) {
        self.unsent.insert(id, value);
    }

    /// Another generation plays, whose list this is now: what stood at `value` is to stand there
    /// again, as far as its range goes.
    pub(super) fn catch_up(&mut self, id: u32, value: f64) {
        let writable = |p: &&ParamInfo| p.id == id && p.is_writable();
        let Some(param) = self.list.iter().find(writable) else {
            return;
        };
        // Not `clamp`: a plugin may say min > max.
        let value = value.min(param.max).max(param.min);
        if value.to_bits() != param.value.to_bits() {
            self.unsent.insert(id, value);
        }
    }

    /// Sends what waits; `send` says whether it was taken.
    pub(super) fn send(&mut self, mut send: impl FnMut(u32, f64) -> bool) {
        while let Some((&id, &value)) = self.unsent.first_key_value() {
            if !send(id, value) {
                return;
            }
            self.unsent.remove(&id);
        }
    }

    /// A block has carried this value to the plugin, or the plugin moved by itself.
    pub(super) fn arrived(&mut self, id: u32, value: f64) {
        if let Some(param) = self.list.iter_mut().find(|p| p.id == id) {
            param.value = value;
        }
    }

    /// How the plugin writes the value that it stands at.
    pub(super) fn written(&mut self, id: u32, text: &str) {
        if let Some(param) = self.list.iter_mut().find(|p| p.id == id) {
            text.clone_into(&mut param.text);
        }
    }
}
