//! Layouts: which ports there are, and what sounds in them wherever the host keeps its samples.

#![expect(clippy::float_cmp, reason = "what is tested is who wrote a sample, not arithmetic")]
#![allow(unsafe_code, reason = "one buffer at both ends is for raw pointers only")]

use clack_extensions::audio_ports::{AudioPortFlags, AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::audio_ports_config::{
    AudioPortsConfigBuffer, PluginAudioPortsConfig, PluginAudioPortsConfigInfo,
};
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use retake_sdk::export::Exported;
use retake_sdk::{Block, Config, Context, Layout, Plugin};

use crate::host::{FRAMES, Host, activate, create};

/// Adds the number of its channel, counted from 1, and the side input to each channel; shows
/// what it hears.
#[derive(Default)]
pub(crate) struct Adder {
    layout: Option<Layout>,
}

impl Plugin for Adder {
    type Params = ();
    const ID: &'static str = "org.retake.test-adder";
    const NAME: &'static str = "Test Adder";
    const LAYOUTS: &'static [Layout] = &[
        Layout::STEREO.with_sidechain(2),
        Layout::MONO,
        Layout::INSTRUMENT.with_sidechain(1),
        Layout::ANALYZER,
        Layout::new(2, 1),
        Layout::new(1, 2),
    ];

    fn activate(&mut self, config: Config) {
        self.layout = Some(config.layout);
    }

    fn process(&mut self, _params: &mut (), block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let layout = self.layout.unwrap();
        assert_eq!(block.n_channels(), layout.block_channels());
        let side = block.sidechain();
        assert_eq!(side.n_channels(), layout.sidechain_channels());
        assert_eq!(block.frames(), FRAMES);
        for (index, channel) in block.channels_mut().enumerate() {
            ctx.probe(["left", "right"][index], channel[FRAMES - 1]);
            let side = side.channels().map(|side| side[FRAMES - 1]).sum::<f32>();
            for sample in channel {
                *sample += index as f32 + 1.0 + side;
            }
        }
    }
}

impl Exported for Adder {
    const VERSION: &'static str = "0";
}

/// An instance with the layout of that index.
fn adder(index: u32) -> PluginInstance<Host> {
    let (mut instance, _) = crate::host::create_probed::<Adder>();
    let configs: PluginAudioPortsConfig = instance.plugin_shared_handle().get_extension().unwrap();
    configs.select(&instance.plugin_handle(), ClapId::new(index)).unwrap();
    instance
}

type Silent<'a> = AudioPortBuffer<[&'a mut [f32]; 0], [&'a mut [f64]; 0]>;
type Ports = Vec<Vec<[f32; FRAMES]>>;

/// Ports with so many channels; the samples of each channel are a number of its own, from `from`.
fn ports(channels: &[u8], mut from: u16) -> Ports {
    let mut port = |channels: &u8| {
        let each = (0..*channels).map(|_| {
            from *= 2;
            [f32::from(from); FRAMES]
        });
        each.collect()
    };
    channels.iter().map(&mut port).collect()
}

/// The output of one block, of each channel its only value.
fn output(index: u32, mut inputs: Ports, mut outputs: Ports) -> Vec<f32> {
    let mut instance = adder(index);
    let mut processor = activate(&mut instance);
    let (mut input_ports, mut output_ports) =
        (AudioPorts::with_capacity(8, 4), AudioPorts::with_capacity(8, 4));
    let inputs = input_ports.with_input_buffers(inputs.iter_mut().map(|port| AudioPortBuffer {
        latency: 0,
        channels: AudioPortBufferType::f32_input_only(
            port.iter_mut().map(|channel| InputChannel::variable(&mut channel[..])),
        ),
    }));
    let mut out =
        output_ports.with_output_buffers(outputs.iter_mut().map(|port| AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(
                port.iter_mut().map(|channel| &mut channel[..]),
            ),
        }));
    let (events, mut none) = (InputEvents::empty(), OutputEvents::void());
    processor.process(&inputs, &mut out, &events, &mut none, None, None).unwrap();
    let channels = outputs.iter().flatten();
    channels
        .map(|channel| {
            assert!(channel.iter().all(|sample| *sample == channel[0]), "{channel:?}");
            channel[0]
        })
        .collect()
}

#[test]
fn ports_are_those_of_the_selected_layout() {
    // Name, channels, pair and whether it is a main port.
    type Listed = Vec<(String, u32, Option<u32>, bool)>;
    // Of the inputs and of the outputs.
    type Both = (Listed, Listed);
    fn list(instance: &mut PluginInstance<Host>, is_input: bool) -> Listed {
        let ports: PluginAudioPorts = instance.plugin_shared_handle().get_extension().unwrap();
        let handle = instance.plugin_handle();
        let port = |index| {
            let mut buffer = AudioPortInfoBuffer::new();
            let port = ports.get(&handle, index, is_input, &mut buffer).unwrap();
            let name = str::from_utf8(port.name).unwrap().to_owned();
            let is_main = port.flags.contains(AudioPortFlags::IS_MAIN);
            (name, port.channel_count, port.in_place_pair.map(ClapId::get), is_main)
        };
        (0..ports.count(&handle, is_input)).map(port).collect()
    }
    let main = |name: &str, channels, pair| (name.to_owned(), channels, pair, true);
    let side = |channels| ("Sidechain".to_owned(), channels, None, false);
    let (input, output) = ("Input", "Output");
    let expected: [Both; 6] = [
        (vec![main(input, 2, Some(0)), side(2)], vec![main(output, 2, Some(0))]),
        (vec![main(input, 1, Some(0))], vec![main(output, 1, Some(0))]),
        (vec![side(1)], vec![main(output, 2, None)]),
        (vec![main(input, 2, None)], vec![]),
        (vec![main(input, 2, None)], vec![main(output, 1, None)]),
        (vec![main(input, 1, None)], vec![main(output, 2, None)]),
    ];
    for (index, (inputs, outputs)) in (0..).zip(expected) {
        let mut instance = adder(index);
        assert_eq!(list(&mut instance, true), inputs, "{index}");
        assert_eq!(list(&mut instance, false), outputs, "{index}");
    }
}

#[test]
fn configurations_are_listed_and_selected_while_inactive() {
    let mut instance = create::<Adder>().0.unwrap();
    let configs: PluginAudioPortsConfig = instance.plugin_shared_handle().get_extension().unwrap();
    let info: PluginAudioPortsConfigInfo = instance.plugin_shared_handle().get_extension().unwrap();
    let handle = instance.plugin_handle();
    assert_eq!(configs.count(&handle), 6);
    let mut buffer = AudioPortsConfigBuffer::new();
    let first = configs.get(&handle, 0, &mut buffer).unwrap();
    assert_eq!(first.name, b"stereo + stereo sidechain");
    assert_eq!((first.input_port_count, first.output_port_count), (2, 1));
    assert_eq!(first.main_input.unwrap().channel_count, 2);
    let analyzer = configs.get(&handle, 3, &mut buffer).unwrap();
    assert_eq!((analyzer.input_port_count, analyzer.output_port_count), (1, 0));
    assert!(analyzer.main_output.is_none());
    assert!(configs.get(&handle, 6, &mut buffer).is_none());

    assert_eq!(info.current_config(&handle), Some(ClapId::new(0)));
    configs.select(&handle, ClapId::new(1)).unwrap();
    configs.select(&handle, ClapId::new(6)).unwrap_err();
    assert_eq!(info.current_config(&handle), Some(ClapId::new(1)));
    let mut buffer = AudioPortInfoBuffer::new();
    let port = info.get(&handle, ClapId::new(2), 0, false, &mut buffer).unwrap();
    assert_eq!(port.channel_count, 2);

    activate(&mut instance);
    configs.select(&instance.plugin_handle(), ClapId::new(0)).unwrap_err();
}

#[test]
fn each_layout_sounds() {
    // Input channels hold 2, 4, 8, …; output channels rubbish.
    type Case = (u32, &'static [u8], &'static [u8], &'static [f32]);
    let cases: [Case; 6] = [
        (0, &[2, 2], &[2], &[2.0 + 1.0 + 24.0, 4.0 + 2.0 + 24.0]),
        (1, &[1], &[1], &[2.0 + 1.0]),
        (2, &[1], &[2], &[1.0 + 2.0, 2.0 + 2.0]),
        (3, &[2], &[], &[]),
        (4, &[2], &[1], &[2.0 + 1.0]),
        (5, &[1], &[2], &[2.0 + 1.0, 2.0]),
    ];
    for (index, inputs, outputs, expected) in cases {
        assert_eq!(output(index, ports(inputs, 1), ports(outputs, 64)), expected, "{index}");
    }
}

#[test]
fn ports_that_the_host_leaves_out_are_silent() {
    assert_eq!(output(0, ports(&[2], 1), ports(&[2], 64)), [2.0 + 1.0, 4.0 + 2.0]);
    assert_eq!(output(0, ports(&[], 1), ports(&[2], 64)), [1.0, 2.0]);
    assert_eq!(output(0, ports(&[1, 1], 1), ports(&[2], 64)), [2.0 + 1.0 + 4.0, 2.0 + 4.0]);
    assert_eq!(output(0, ports(&[2, 2], 1), ports(&[1], 64)), [2.0 + 1.0 + 24.0]);
    assert_eq!(output(0, ports(&[2, 2], 1), ports(&[], 64)), [0.0; 0]);
}

#[test]
fn a_side_input_that_is_not_finite_is_silent() {
    let mut inputs = ports(&[2, 2], 1);
    inputs[1][0] = [f32::NAN; FRAMES];
    inputs[1][1] = [f32::INFINITY; FRAMES];
    assert_eq!(output(0, inputs, ports(&[2], 64)), [2.0 + 1.0, 4.0 + 2.0]);
}

#[test]
fn an_analyzer_hears_its_input() {
    let (mut instance, heard) = crate::host::create_probed::<Adder>();
    let configs: PluginAudioPortsConfig = instance.plugin_shared_handle().get_extension().unwrap();
    configs.select(&instance.plugin_handle(), ClapId::new(3)).unwrap();
    let mut processor = activate(&mut instance);
    let mut samples = [[2.0; FRAMES], [4.0; FRAMES]];
    let (mut input_ports, mut output_ports) =
        (AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(0, 0));
    let inputs = input_ports.with_input_buffers([AudioPortBuffer {
        latency: 0,
        channels: AudioPortBufferType::f32_input_only(
            samples.iter_mut().map(|channel| InputChannel::variable(&mut channel[..])),
        ),
    }]);
    let none: [Silent<'_>; 0] = [];
    let mut outputs = output_ports.with_output_buffers(none);
    let (events, mut sent) = (InputEvents::empty(), OutputEvents::void());
    processor.process(&inputs, &mut outputs, &events, &mut sent, None, None).unwrap();
    let heard: Vec<_> = heard.probes.named().into_iter().map(|(_, _, value)| value).collect();
    assert_eq!(heard, [2.0, 4.0]);
    assert_eq!(samples, [[2.0; FRAMES], [4.0; FRAMES]], "the host's input stays as it is");
}

#[test]
fn one_buffer_at_both_ends_sounds_the_same() {
    let mut instance = adder(0);
    let mut processor = activate(&mut instance);
    let mut samples = [[2.0; FRAMES], [4.0; FRAMES]];
    let mut output_ports = AudioPorts::with_capacity(2, 1);
    let mut outputs = output_ports.with_output_buffers([AudioPortBuffer {
        latency: 0,
        channels: AudioPortBufferType::f32_output_only(
            samples.iter_mut().map(|channel| &mut channel[..]),
        ),
    }]);
    let raw: Vec<_> = outputs.as_raw_buffers().to_vec();
    // SAFETY: the buffers live until the end of the call, and have so many frames.
    let inputs =
        unsafe { InputAudioBuffers::from_raw_buffers(&raw, u32::try_from(FRAMES).unwrap()) };
    let (events, mut none) = (InputEvents::empty(), OutputEvents::void());
    processor.process(&inputs, &mut outputs, &events, &mut none, None, None).unwrap();
    assert_eq!(samples, [[3.0; FRAMES], [6.0; FRAMES]]);
}
