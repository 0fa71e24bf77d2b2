//! A plugin's instance on its main thread.

mod ffi;

pub(crate) use ffi::{Cookie, Instance, call};

use anyhow::{Context as _, Result};

/// A parameter as its plugin describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Param {
    pub(crate) id: u32,
    pub(crate) flags: u32,
    pub(crate) name: String,
    pub(crate) module: String,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) default: f64,
}

/// An audio port as its plugin describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AudioPort {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) flags: u32,
    pub(crate) channels: u32,
    pub(crate) kind: Option<String>,
    pub(crate) pair: u32,
}

/// A note port as its plugin describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NotePort {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) supported: u32,
    pub(crate) preferred: u32,
}

/// One of the layouts a plugin offers: ports, and the channels of the main ones.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PortsConfig {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) inputs: u32,
    pub(crate) outputs: u32,
    pub(crate) main_input: Option<u32>,
    pub(crate) main_output: Option<u32>,
}

impl Instance<'_> {
    /// All parameters, in the plugin's order.
    pub(crate) fn params(&self) -> Result<Vec<Param>> {
        (0..self.param_count()?)
            .map(|index| {
                self.param(index)?.with_context(|| format!("parameter {index} has no description"))
            })
            .collect()
    }

    /// The plain value of each parameter.
    pub(crate) fn values(&self) -> Result<Vec<f64>> {
        let params = self.params()?;
        params.iter().map(|param| self.known_value(param)).collect()
    }

    pub(crate) fn known_value(&self, param: &Param) -> Result<f64> {
        let value = self.value(param.id)?;
        value.with_context(|| format!("{:?} has no value", param.name))
    }

    pub(crate) fn audio_ports(&self, is_input: bool) -> Result<Vec<AudioPort>> {
        (0..self.audio_port_count(is_input)?)
            .map(|index| {
                let port = self.audio_port(index, is_input)?;
                port.with_context(|| format!("audio port {index} has no description"))
            })
            .collect()
    }

    pub(crate) fn note_ports(&self, is_input: bool) -> Result<Vec<NotePort>> {
        (0..self.note_port_count(is_input)?)
            .map(|index| {
                let port = self.note_port(index, is_input)?;
                port.with_context(|| format!("note port {index} has no description"))
            })
            .collect()
    }

    pub(crate) fn ports_configs(&self) -> Result<Vec<PortsConfig>> {
        (0..self.ports_config_count()?)
            .map(|index| {
                let config = self.ports_config(index)?;
                config.with_context(|| format!("layout {index} has no description"))
            })
            .collect()
    }

    /// Saves without limits on the stream.
    pub(crate) fn saved(&self) -> Result<Vec<u8>> {
        self.save(usize::MAX, usize::MAX)?.context("`state.save` returned false")
    }
}
