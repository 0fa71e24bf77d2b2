//! The virtual card as cpal sees it: host, devices and streams.

use std::{fmt, hash, time::Duration};

use cpal::{
    BufferSize, Data, DeviceDescription, DeviceDescriptionBuilder, DeviceDirection, DeviceId,
    Error, ErrorKind, FrameCount, InputCallbackInfo, InputStreamTimestamp, OutputCallbackInfo,
    OutputStreamTimestamp, SampleFormat, StreamConfig, StreamInstant, SupportedBufferSize,
    SupportedStreamConfig, SupportedStreamConfigRange,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};

use crate::{
    error::{End, IoError},
    r#virtual::{
        card::{Card, Pace},
        lane::{Callback, Config, Lane, OnError, Plug},
        spec::Spec,
    },
};

const DEFAULT_RATE: u32 = 48_000;
const DEFAULT_CHANNELS: u16 = 2;
const DEFAULT_PERIOD: u32 = 512;
const MAX_PERIOD: u32 = 65_536;

/// A card's devices: microphones, and at most one speaker.
pub(crate) struct VirtualHost {
    card: Card,
}

impl VirtualHost {
    /// Opens what the strings name.
    ///
    /// # Errors
    /// [`IoError::WavRead`], [`IoError::VirtualSpec`], [`IoError::Thread`].
    pub(crate) fn new(
        pace: Pace,
        microphones: Vec<Spec>,
        speaker: Option<Spec>,
    ) -> Result<Self, IoError> {
        let hears = microphones.iter().find(|microphone| microphone.air_ms.is_some());
        if let (Some(hears), None) = (hears, &speaker) {
            return Err(hears.error("loop hears the virtual speaker, and there is none".to_owned()));
        }
        let microphones = microphones.into_iter().map(|spec| Lane::open(spec, End::Input));
        let speaker = speaker.map(|spec| Lane::open(spec, End::Output));
        let lanes = microphones.chain(speaker).collect::<Result<_, _>>()?;
        let card = Card::new("virtual", pace, lanes)?;
        Ok(Self { card })
    }

    /// One microphone with a thread of its own, on the real clock.
    ///
    /// # Errors
    /// As [`VirtualHost::new`].
    pub(crate) fn microphone(spec: Spec) -> Result<Self, IoError> {
        let lane = Lane::open(spec, End::Input)?;
        let card = Card::new("virtual-mic", Pace::Real, vec![lane])?;
        Ok(Self { card })
    }

    /// The clock behind the devices.
    pub(crate) fn card(&self) -> &Card {
        &self.card
    }

    fn find(&self, end: End) -> Option<VirtualDevice> {
        self.devices().ok()?.find(|device| device.end == end)
    }
}

impl HostTrait for VirtualHost {
    type Devices = std::vec::IntoIter<VirtualDevice>;
    type Device = VirtualDevice;

    fn is_available() -> bool {
        true
    }

    fn devices(&self) -> Result<Self::Devices, Error> {
        let device = |(lane, of): (usize, &Lane)| VirtualDevice {
            card: self.card.clone(),
            lane,
            end: of.end(),
            name: of.spec().text.clone(),
        };
        let devices: Vec<_> = self.card.with(|state| {
            let now = state.now();
            let lanes = state.lanes.iter().enumerate();
            lanes.filter(|(_, lane)| lane.is_present(now)).map(device).collect()
        });
        Ok(devices.into_iter())
    }

    fn default_input_device(&self) -> Option<VirtualDevice> {
        self.find(End::Input)
    }

    fn default_output_device(&self) -> Option<VirtualDevice> {
        self.find(End::Output)
    }
}

/// One lane of a card.
#[derive(Clone)]
pub(crate) struct VirtualDevice {
    card: Card,
    lane: usize,
    end: End,
    name: String,
}

impl fmt::Debug for VirtualDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.end)
    }
}

impl fmt::Display for VirtualDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for VirtualDevice {
    fn eq(&self, other: &Self) -> bool {
        self.lane == other.lane && self.name == other.name
    }
}

impl Eq for VirtualDevice {}

impl hash::Hash for VirtualDevice {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.lane.hash(state);
    }
}

impl VirtualDevice {
    fn configs(&self, end: End) -> Vec<SupportedStreamConfigRange> {
        if end != self.end {
            return Vec::new();
        }
        self.card.with(|state| {
            let lane = &state.lanes[self.lane];
            let (rate, channels) = lane.fixed();
            let channels = channels.map_or(1..=64, |n| n..=n);
            let range = |n| {
                SupportedStreamConfigRange::new(
                    n,
                    rate.unwrap_or(1_000),
                    rate.unwrap_or(768_000),
                    periods(lane.spec()),
                    lane.spec().format.unwrap_or(SampleFormat::F32),
                )
            };
            channels.map(range).collect()
        })
    }

    fn default_config(&self, end: End) -> Result<SupportedStreamConfig, Error> {
        if end != self.end {
            return Err(Error::new(ErrorKind::UnsupportedOperation));
        }
        self.card.with(|state| {
            let now = state.now();
            let lane = &state.lanes[self.lane];
            if !lane.is_present(now) {
                return Err(Error::new(ErrorKind::DeviceNotAvailable));
            }
            let (rate, channels) = lane.fixed();
            Ok(SupportedStreamConfig::new(
                channels.unwrap_or(DEFAULT_CHANNELS),
                rate.unwrap_or(DEFAULT_RATE),
                periods(lane.spec()),
                lane.spec().format.unwrap_or(SampleFormat::F32),
            ))
        })
    }

    /// What a stream of `wanted` and `format` will run at.
    fn grant(&self, wanted: StreamConfig, format: SampleFormat) -> Result<Config, Error> {
        let fits = |range: &SupportedStreamConfigRange| {
            range.channels() == wanted.channels
                && range.contains_rate(wanted.sample_rate)
                && range.sample_format() == format
        };
        if !self.configs(self.end).iter().any(fits) {
            return Err(Error::new(ErrorKind::UnsupportedConfig));
        }
        let prescribed = self.card.with(|state| state.lanes[self.lane].spec().period);
        let period = prescribed.unwrap_or(match wanted.buffer_size {
            BufferSize::Default => DEFAULT_PERIOD,
            BufferSize::Fixed(frames) => frames.clamp(1, MAX_PERIOD),
        });
        Ok(Config { rate: wanted.sample_rate, channels: wanted.channels, format, period })
    }

    fn build(
        &self,
        config: Config,
        callback: Callback,
        on_error: OnError,
    ) -> Result<VirtualStream, Error> {
        let id = self.card.with(|state| {
            let now = state.now();
            let id = state.new_id();
            let lane = &mut state.lanes[self.lane];
            if !lane.is_present(now) {
                return Err(Error::new(ErrorKind::DeviceNotAvailable));
            }
            let plug = Plug { id, callback, on_error, is_playing: false };
            let plugged = lane.plug_in(config, plug);
            let rate = lane.true_rate(config);
            if self.end == End::Output && state.lanes.iter().any(|l| l.spec().air_ms.is_some()) {
                state.air.carry(config.channels, rate);
            }
            let plugged = plugged.map_err(|e| Error::with_message(ErrorKind::Other, e.to_string()));
            plugged.map(|()| id)
        })?;
        Ok(VirtualStream { card: self.card.clone(), lane: self.lane, id, period: config.period })
    }
}

fn periods(spec: &Spec) -> SupportedBufferSize {
    SupportedBufferSize::Range {
        min: spec.period.unwrap_or(1),
        max: spec.period.unwrap_or(MAX_PERIOD),
    }
}

impl DeviceTrait for VirtualDevice {
    type SupportedInputConfigs = std::vec::IntoIter<SupportedStreamConfigRange>;
    type SupportedOutputConfigs = std::vec::IntoIter<SupportedStreamConfigRange>;
    type Stream = VirtualStream;

    fn description(&self) -> Result<DeviceDescription, Error> {
        let direction = match self.end {
            End::Input => DeviceDirection::Input,
            End::Output => DeviceDirection::Output,
        };
        Ok(DeviceDescriptionBuilder::new(&self.name).direction(direction).build())
    }

    fn id(&self) -> Result<DeviceId, Error> {
        Ok(DeviceId::new(cpal::HostId::Custom, &self.name))
    }

    fn supported_input_configs(&self) -> Result<Self::SupportedInputConfigs, Error> {
        Ok(self.configs(End::Input).into_iter())
    }

    fn supported_output_configs(&self) -> Result<Self::SupportedOutputConfigs, Error> {
        Ok(self.configs(End::Output).into_iter())
    }

    fn default_input_config(&self) -> Result<SupportedStreamConfig, Error> {
        self.default_config(End::Input)
    }

    fn default_output_config(&self) -> Result<SupportedStreamConfig, Error> {
        self.default_config(End::Output)
    }

    fn build_input_stream_raw<D, E>(
        &self,
        config: StreamConfig,
        sample_format: SampleFormat,
        mut data_callback: D,
        error_callback: E,
        _timeout: Option<Duration>,
    ) -> Result<VirtualStream, Error>
    where
        D: FnMut(&Data, &InputCallbackInfo) + Send + 'static,
        E: FnMut(Error) + Send + 'static,
    {
        let granted = self.grant(config, sample_format)?;
        let callback = move |data: &mut Data, now| {
            let timestamp = InputStreamTimestamp { callback: now, capture: now };
            data_callback(data, &InputCallbackInfo::new(timestamp));
        };
        self.build(granted, Box::new(callback), Box::new(error_callback))
    }

    fn build_output_stream_raw<D, E>(
        &self,
        config: StreamConfig,
        sample_format: SampleFormat,
        mut data_callback: D,
        error_callback: E,
        _timeout: Option<Duration>,
    ) -> Result<VirtualStream, Error>
    where
        D: FnMut(&mut Data, &OutputCallbackInfo) + Send + 'static,
        E: FnMut(Error) + Send + 'static,
    {
        let granted = self.grant(config, sample_format)?;
        let callback = move |data: &mut Data, now| {
            let timestamp = OutputStreamTimestamp { callback: now, playback: now };
            data_callback(data, &OutputCallbackInfo::new(timestamp));
        };
        self.build(granted, Box::new(callback), Box::new(error_callback))
    }
}

/// A stream on a lane; dropping it drops its callbacks before it returns.
pub(crate) struct VirtualStream {
    card: Card,
    lane: usize,
    id: u64,
    period: u32,
}

impl VirtualStream {
    fn set_playing(&self, is_playing: bool) {
        let set = |lane: &mut Lane| lane.set_playing(self.id, is_playing);
        self.card.with(|state| set(&mut state.lanes[self.lane]));
    }
}

impl Drop for VirtualStream {
    fn drop(&mut self) {
        let plug = self.card.with(|state| state.lanes[self.lane].unplug(self.id));
        // Outside the card's lock: the callbacks may hand something back.
        drop(plug);
    }
}

impl StreamTrait for VirtualStream {
    fn play(&self) -> Result<(), Error> {
        self.set_playing(true);
        Ok(())
    }

    fn pause(&self) -> Result<(), Error> {
        self.set_playing(false);
        Ok(())
    }

    fn now(&self) -> StreamInstant {
        let now = self.card.with(|state| state.now());
        StreamInstant::ZERO + Duration::from_secs_f64(now)
    }

    fn buffer_size(&self) -> Result<FrameCount, Error> {
        Ok(self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r#virtual::Run;
    use std::sync::mpsc::{channel, sync_channel};

    /// Ordinary cpal callbacks: what plays first, and what happens on a tie.
    #[test]
    fn callbacks_come_in_the_order_of_time_captures_first_on_a_tie() {
        let spec = |text: &str| Some(text.parse().unwrap());
        let (input, output) = (spec("virtual:period=200"), spec("virtual:period=100"));
        let host = VirtualHost::new(Pace::Fast, Vec::from_iter(input), output).unwrap();
        let config =
            StreamConfig { channels: 2, sample_rate: 48_000, buffer_size: BufferSize::Default };
        let (log, order) = channel();
        let heard = log.clone();
        let microphone = host.default_input_device().unwrap();
        let capture = microphone.build_input_stream(
            config,
            move |data: &[f32], _| heard.send(('c', data.len() / 2)).unwrap(),
            |_| {},
            None,
        );
        let speaker = host.default_output_device().unwrap();
        let playback = speaker.build_output_stream(
            config,
            move |data: &mut [f32], _| log.send(('p', data.len() / 2)).unwrap(),
            |_| {},
            None,
        );
        let (ended, end) = sync_channel(1);
        host.card().arm(Run {
            stop_after: Some(450),
            skip: 0,
            gates: Vec::new(),
            on_end: Box::new(move |result| ended.send(result).unwrap()),
        });
        capture.as_ref().unwrap().play().unwrap();
        assert!(order.try_recv().is_err(), "the clock waits for both");
        playback.as_ref().unwrap().play().unwrap();
        assert_eq!(end.recv(), Ok(Ok(())));
        let order: Vec<_> = order.try_iter().collect();
        let (p, c) = (('p', 100), ('c', 200));
        assert_eq!(order, [p, p, c, p, p, c, ('p', 50)]);
    }
}
