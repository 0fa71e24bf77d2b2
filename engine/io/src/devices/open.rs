//! Opening one stream: which configuration to ask for, and what was granted.

use std::time::Duration;

use cpal::{
    BufferSize, Data, Error, ErrorKind, SampleFormat, StreamConfig, StreamInstant,
    SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange,
    traits::{DeviceTrait, StreamTrait},
};

use super::{DEFAULT_PERIOD, DeviceInfo};
use crate::{
    error::{End, IoError},
    formats,
    hosts::Found,
};

/// A server that does not answer for so long is not going to.
const PATIENCE: Duration = Duration::from_secs(5);

/// What rate a stream should have.
#[derive(Debug, Clone, Copy)]
pub(super) enum RateWish {
    /// The user's word.
    Must(u32),
    /// If the device can do it itself.
    Rather(u32),
    /// The device's own.
    Own,
}

/// What a stream should have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) rate: RateWish,
    pub(super) period: Option<u32>,
}

/// What a device has given.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) host: String,
    /// What the host calls it; nothing for a stand-in.
    pub(super) id: String,
    pub(super) info: DeviceInfo,
}

/// What is asked of a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) config: StreamConfig,
    pub(super) format: SampleFormat,
}

impl Asked {
    pub(super) fn rate(&self) -> u32 {
        self.config.sample_rate
    }

    pub(super) fn channels(&self) -> u16 {
        self.config.channels
    }

    /// Frames per callback, as far as it is known before the stream is built.
    pub(super) fn period(&self) -> u32 {
        match self.config.buffer_size {
            BufferSize::Fixed(frames) => frames,
            BufferSize::Default => DEFAULT_PERIOD,
        }
    }
}

/// The best configuration of `found` for `wish`: its own channels, f32 if it can.
///
/// # Errors
/// [`IoError::UnsupportedRate`], [`IoError::Device`].
pub(super) fn settle(found: &Found, end: End, wish: Wish) -> Result<Asked, IoError> {
    let fail = |e: Error| device_error(found, end, &e);
    let own = own_config(&found.device, end).map_err(fail)?;
    let ranges = ranges(&found.device, end).map_err(fail)?;
    let has_rate = |rate| ranges.iter().any(|r| r.contains_rate(rate)) || rate == own.sample_rate();
    let rate = match wish.rate {
        RateWish::Must(rate) if !has_rate(rate) => {
            return Err(IoError::UnsupportedRate {
                device: found.name.clone(),
                rate,
                supported: rates(&ranges, &own),
            });
        }
        RateWish::Must(rate) => rate,
        RateWish::Rather(rate) if has_rate(rate) => rate,
        RateWish::Rather(_) | RateWish::Own => own.sample_rate(),
    };
    let fits = |r: &&SupportedStreamConfigRange| {
        r.contains_rate(rate) && formats::is_supported(r.sample_format())
    };
    let order = |r: &&SupportedStreamConfigRange| {
        let is_own = r.sample_format() == own.sample_format();
        (r.channels() == own.channels(), r.sample_format() == SampleFormat::F32, is_own)
    };
    let best = ranges.iter().filter(fits).max_by_key(order);
    let (channels, format, sizes) = match best {
        Some(r) => (r.channels(), r.sample_format(), *r.buffer_size()),
        None => (own.channels(), own.sample_format(), *own.buffer_size()),
    };
    let config = StreamConfig {
        channels,
        sample_rate: rate,
        buffer_size: BufferSize::Fixed(period(wish.period, sizes)),
    };
    Ok(Asked { config, format })
}

fn period(wanted: Option<u32>, sizes: SupportedBufferSize) -> u32 {
    let wanted = wanted.unwrap_or(DEFAULT_PERIOD);
    match sizes {
        SupportedBufferSize::Range { min, max } => wanted.clamp(min.max(1), max.max(min).max(1)),
        SupportedBufferSize::Unknown => wanted,
    }
}

fn own_config(device: &cpal::Device, end: End) -> Result<SupportedStreamConfig, Error> {
    match end {
        End::Input => device.default_input_config(),
        End::Output => device.default_output_config(),
    }
}

pub(crate) fn ranges(
    device: &cpal::Device,
    end: End,
) -> Result<Vec<SupportedStreamConfigRange>, Error> {
    match end {
        End::Input => device.supported_input_configs().map(Iterator::collect),
        End::Output => device.supported_output_configs().map(Iterator::collect),
    }
}

/// Rates and ranges of rates, each once, ascending.
fn rates(ranges: &[SupportedStreamConfigRange], own: &SupportedStreamConfig) -> Vec<String> {
    let mut spans: Vec<_> =
        ranges.iter().map(|r| (r.min_sample_rate(), r.max_sample_rate())).collect();
    spans.push((own.sample_rate(), own.sample_rate()));
    spans.sort_unstable();
    spans.dedup();
    let within = |&(min, max): &(u32, u32)| {
        !spans.iter().any(|&(a, b)| (a, b) != (min, max) && a <= min && max <= b)
    };
    let show = |(min, max)| {
        if min == max { format!("{min} Hz") } else { format!("{min}–{max} Hz") }
    };
    spans.iter().copied().filter(within).map(show).collect()
}

pub(super) fn device_error(found: &Found, end: End, error: &Error) -> IoError {
    IoError::Device {
        end,
        device: found.name.clone(),
        kind: error.kind(),
        reason: error.to_string(),
    }
}

/// Builds a capture stream, paused. A device that refuses the period gets to choose its own.
///
/// # Errors
/// [`IoError::Device`].
pub(super) fn build_input<D, E>(
    found: &Found,
    asked: Asked,
    mut callbacks: impl FnMut() -> (D, E),
) -> Result<(cpal::Stream, Granted), IoError>
where
    D: FnMut(&Data, StreamInstant) + Send + 'static,
    E: FnMut(Error) + Send + 'static,
{
    let build = |config: StreamConfig| {
        let (mut data, error) = callbacks();
        let data = move |samples: &Data, info: &cpal::InputCallbackInfo| {
            data(samples, info.timestamp().callback);
        };
        let device = &found.device;
        device.build_input_stream_raw(config, asked.format, data, error, Some(PATIENCE))
    };
    build_either(found, End::Input, asked, build)
}

/// Builds a playback stream, paused. A device that refuses the period gets to choose its own.
///
/// # Errors
/// [`IoError::Device`].
pub(super) fn build_output<D, E>(
    found: &Found,
    asked: Asked,
    mut callbacks: impl FnMut() -> (D, E),
) -> Result<(cpal::Stream, Granted), IoError>
where
    D: FnMut(&mut Data, StreamInstant) + Send + 'static,
    E: FnMut(Error) + Send + 'static,
{
    let build = |config: StreamConfig| {
        let (mut data, error) = callbacks();
        let data = move |samples: &mut Data, info: &cpal::OutputCallbackInfo| {
            data(samples, info.timestamp().callback);
        };
        let device = &found.device;
        device.build_output_stream_raw(config, asked.format, data, error, Some(PATIENCE))
    };
    build_either(found, End::Output, asked, build)
}

fn build_either(
    found: &Found,
    end: End,
    asked: Asked,
    mut build: impl FnMut(StreamConfig) -> Result<cpal::Stream, Error>,
) -> Result<(cpal::Stream, Granted), IoError> {
    let stream = build(asked.config).or_else(|error| match error.kind() {
        ErrorKind::UnsupportedConfig | ErrorKind::InvalidInput => {
            build(StreamConfig { buffer_size: BufferSize::Default, ..asked.config })
        }
        _ => Err(error),
    });
    let stream = stream.map_err(|e| device_error(found, end, &e))?;
    let period = stream.buffer_size().ok().filter(|&frames| frames > 0);
    let info = DeviceInfo {
        device: found.name.clone(),
        rate: asked.config.sample_rate,
        channels: asked.config.channels,
        format: asked.format.to_string(),
        period: period.unwrap_or_else(|| asked.period()),
    };
    Ok((stream, Granted { host: found.host.clone(), id: found.id.clone(), info }))
}
