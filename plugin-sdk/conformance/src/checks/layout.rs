//! Ports and layouts.

use anyhow::{Result, bail, ensure};
use clap_sys::ext::audio_ports::{
    CLAP_AUDIO_PORT_IS_MAIN, CLAP_AUDIO_PORT_PREFERS_64BITS, CLAP_AUDIO_PORT_SUPPORTS_64BITS,
};

use super::{Check, check};
use crate::case::{Case, Verdict};
use crate::instance::{AudioPort, Instance};
use crate::score::Shape;

pub(super) const CHECKS: &[Check] = &[
    check("layout-audio-ports", audio_ports),
    check("layout-note-ports", note_ports),
    check("layout-audio-ports-config", audio_ports_config),
];

fn audio_ports(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let shape = Shape::of(&instance)?;
    check_ports(&instance, &shape, true)?;
    check_ports(&instance, &shape, false)?;
    Ok(Verdict::Passed)
}

fn check_ports(instance: &Instance<'_>, shape: &Shape, is_input: bool) -> Result<()> {
    let (end, ports, others) = if is_input {
        ("input", &shape.inputs, &shape.outputs)
    } else {
        ("output", &shape.outputs, &shape.inputs)
    };
    for (index, port) in ports.iter().enumerate() {
        let name = &port.name;
        check_port(port, index)?;
        let is_new = !ports[..index].iter().any(|other| other.id == port.id);
        ensure!(is_new, "{end} {name:?} has the id {} of another", port.id);
        if port.pair != u32::MAX {
            let pair = others.iter().find(|other| other.id == port.pair);
            let channels = pair.map(|pair| pair.channels);
            ensure!(
                channels == Some(port.channels),
                "{end} {name:?} is in-place pair of {}, which has {channels:?} channels",
                port.pair
            );
        }
    }
    if let Ok(count @ 1..) = u32::try_from(ports.len()) {
        let beyond = instance.audio_port(count, is_input)?;
        ensure!(beyond.is_none(), "there is an {end} {count}, behind the last");
    }
    Ok(())
}

fn check_port(port: &AudioPort, index: usize) -> Result<()> {
    let name = &port.name;
    ensure!(!name.is_empty(), "port {index} has no name");
    ensure!(port.id != u32::MAX, "port {name:?} has the invalid id");
    ensure!(port.channels > 0, "port {name:?} has no channels");
    let is_main = port.flags & CLAP_AUDIO_PORT_IS_MAIN != 0;
    ensure!(!is_main || index == 0, "port {name:?} is main and number {index}");
    let is_double =
        port.flags & (CLAP_AUDIO_PORT_SUPPORTS_64BITS | CLAP_AUDIO_PORT_PREFERS_64BITS) != 0;
    ensure!(!is_double, "port {name:?} takes 64-bit buffers, for which there is no check yet");
    match (port.kind.as_deref(), port.channels) {
        (Some("mono"), 1) | (Some("stereo"), 2) | (None, _) => Ok(()),
        (Some("mono" | "stereo"), n) => bail!("port {name:?} is {:?} with {n} channels", port.kind),
        (Some(_), _) => Ok(()),
    }
}

fn note_ports(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let mut n_ports = 0;
    for is_input in [true, false] {
        let ports = instance.note_ports(is_input)?;
        n_ports += ports.len();
        for (index, port) in ports.iter().enumerate() {
            let name = &port.name;
            ensure!(port.supported != 0, "note port {name:?} takes no dialect");
            ensure!(
                port.preferred.is_power_of_two() && port.preferred & port.supported != 0,
                "note port {name:?} prefers dialect {} of {}",
                port.preferred,
                port.supported
            );
            let is_new = !ports[..index].iter().any(|other| other.id == port.id);
            ensure!(is_new && port.id != u32::MAX, "note port {name:?} has the id {}", port.id);
        }
    }
    Ok(if n_ports == 0 { Verdict::Skipped("no note ports") } else { Verdict::Passed })
}

/// Every layout can be selected, has the ports it promised, and processes.
fn audio_ports_config(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let configs = instance.ports_configs()?;
    if configs.is_empty() {
        return Ok(Verdict::Skipped("one layout only"));
    }
    for config in &configs {
        let name = &config.name;
        ensure!(instance.select_ports_config(config.id)?, "layout {name:?} cannot be selected");
        let shape = Shape::of(&instance)?;
        check_ports(&instance, &shape, true)?;
        check_ports(&instance, &shape, false)?;
        let counts = (shape.inputs.len(), shape.outputs.len());
        let promised = (config.inputs as usize, config.outputs as usize);
        ensure!(counts == promised, "layout {name:?} promises {promised:?} ports, has {counts:?}");
        let mains = (main_channels(&shape.inputs), main_channels(&shape.outputs));
        let promised = (config.main_input, config.main_output);
        ensure!(mains == promised, "layout {name:?} promises {promised:?} channels, has {mains:?}");
        let score = instance.score(4096, &mut case.rng())?;
        instance.hear(&score)?;
    }
    let is_selected = instance.select_ports_config(u32::MAX)?;
    ensure!(!is_selected, "a layout with the invalid id was selected");
    Ok(Verdict::Passed)
}

fn main_channels(ports: &[AudioPort]) -> Option<u32> {
    let main = ports.iter().find(|port| port.flags & CLAP_AUDIO_PORT_IS_MAIN != 0);
    main.map(|port| port.channels)
}
