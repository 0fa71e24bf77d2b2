//! `retake latency`: how long sound really takes from the speaker back to the plugin's input.
//!
//! An engine with a `Prober` in the plugin's place: it gives a burst of noise that is known sample
//! by sample, and keeps what comes in. The place where the burst is found again is the round trip.

mod live;
mod prober;
mod round_trip;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Args;
use retake_engine::{BusShape, Engine, EngineControl, FrameConsumer, Generation, Probe, Setup};
use retake_io::{
    AudioInfo, Choice, DeviceEvent, DeviceRequest, DeviceState, Devices, Opened, RunPlan,
};
use serde_json::{Value, json};

use crate::{
    app,
    cli::DeviceArgs,
    control::Failure,
    counters::Counters,
    report::{Report, Tone, claim_stdout, say},
};
use prober::{Prober, Signal};
use round_trip::{RoundTrip, round_trip};

pub(crate) use live::{Ear, Unheard, signal};

/// `retake latency`.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("output", |arg| arg.help("Speaker: a device, or `virtual[:key=value,…]`")))]
#[command(mut_arg("period", |arg| arg.help("Frames per device period")))]
#[command(mut_arg("clock", |arg| arg.help("`fast`: virtual devices on virtual time")))]
pub struct Latency {
    /// Through what.
    #[command(flatten)]
    pub devices: DeviceArgs,
    /// Microphone that hears the speaker: a device, or `virtual:loop[=MS]`
    #[arg(long, value_name = "DEVICE", display_order = 1)]
    pub input: Option<String>,
    /// One JSON object per event on stdout
    #[arg(long, display_order = 7)]
    pub json: bool,
}

/// Longer than any device takes to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plays, listens and tells.
pub fn latency(args: &Latency) -> ExitCode {
    let started = Instant::now();
    let measured = claim_stdout().context("stdout").and_then(|stdout| {
        let probe = Arc::new(Probe::default());
        let report =
            Report::new(started, args.json.then_some(stdout), Counters::new(Arc::clone(&probe)));
        measure(args, started, probe, report)
    });
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => app::failed(&error),
    }
}

fn measure(
    args: &Latency,
    epoch: Instant,
    probe: Arc<Probe>,
    mut report: Report,
) -> anyhow::Result<()> {
    let (tell, events) = channel();
    let tell = Box::new(move |event| drop(tell.send(event)));
    let devices =
        Devices::spawn(request(args, epoch), Arc::clone(&probe), tell).map_err(Failure::failed)?;
    let opened = open(&events)?;
    let info = opened.info.clone();
    let signal = Signal::new(info.engine_rate);
    let (engine, _control, heard) = engine(opened, &signal, probe)?;
    let run = RunPlan { stop_after_frames: Some(signal.frames() as u64), ..RunPlan::default() };
    devices.start(engine, run);
    let played = finish(&events);
    devices.stop();
    devices.join();
    played?;
    let trip = round_trip(&signal, &all(heard));
    tell_all(&info, trip, &mut report);
    let missing = "nothing came back within a second: does the input hear the output? A cable from \
                   one to the other, or a microphone before the loudspeaker, turned up, is needed";
    trip.map(|_| ()).ok_or_else(|| Failure::failed(missing).into())
}

fn request(args: &Latency, epoch: Instant) -> DeviceRequest {
    let choice = |given: &Option<String>| {
        let Ok(choice) = given.as_deref().unwrap_or("default").parse::<Choice>();
        choice
    };
    let DeviceArgs { host, output, rate, period, clock } = args.devices.clone();
    DeviceRequest {
        host,
        input: choice(&args.input),
        more: Vec::new(),
        output: choice(&output),
        rate,
        period,
        clock: clock.into(),
        epoch,
    }
}

fn open(events: &Receiver<DeviceEvent>) -> Result<Opened, Failure> {
    match events.recv_timeout(PATIENCE) {
        Ok(DeviceEvent::Opened(opened)) => {
            for notice in &opened.notices {
                say(Tone::Warning, "Audio", notice);
            }
            Ok(*opened)
        }
        Ok(DeviceEvent::OpenFailed(error)) if error.is_usage() => Err(Failure::usage(error)),
        Ok(DeviceEvent::OpenFailed(error)) => Err(Failure::failed(error)),
        _ => Err(Failure::failed("the devices do not answer")),
    }
}

/// An engine that plays the signal, and what it will hear, one channel.
fn engine(
    opened: Opened,
    signal: &Signal,
    probe: Arc<Probe>,
) -> Result<(Box<Engine>, EngineControl, FrameConsumer), Failure> {
    let format = opened.format;
    if opened.info.input.is_none() || opened.info.output.is_none() {
        return Err(Failure::usage("a round trip needs both an --input and an --output"));
    }
    let shape = BusShape {
        rate: format.engine_rate,
        max_block: format.max_block,
        n_output: format.n_output,
    };
    let (prober, heard) = Prober::new(signal.clone(), format.n_input, format.max_block);
    let (engine, control) = Engine::new(Setup {
        input: opened.input,
        probe,
        // The signal is what it is: an output that nobody hears shapes nothing.
        ..Setup::new(shape, Box::new(Generation::new(1, Box::new(prober), shape)))
    });
    Ok((Box::new(engine), control, heard))
}

fn finish(events: &Receiver<DeviceEvent>) -> Result<(), Failure> {
    loop {
        match events.recv_timeout(PATIENCE) {
            Ok(DeviceEvent::Finished) => return Ok(()),
            Ok(DeviceEvent::Failed(error)) => return Err(Failure::failed(error)),
            Ok(DeviceEvent::State { end, state: DeviceState::Lost, reason, .. }) => {
                return Err(Failure::failed(format!("the {end} was lost: {reason}")));
            }
            Ok(DeviceEvent::Reshape { .. }) => {
                return Err(Failure::failed("a device came back as another"));
            }
            Ok(_) => {}
            Err(_) => return Err(Failure::failed("the devices have stopped")),
        }
    }
}

fn all(mut heard: FrameConsumer) -> Vec<f32> {
    let mut samples = vec![0.0; heard.fill_frames()];
    heard.pop(&mut samples);
    samples
}

/// A part of the way, in frames.
type Stage = (&'static str, usize);

/// What the engine knows of the way: the parts of its latency, in the order of the sound.
fn stages(info: &AudioInfo) -> Vec<Stage> {
    let period = |device: &Option<retake_io::DeviceInfo>| {
        device.as_ref().map_or(0, |device| {
            let frames = u64::from(device.period) * u64::from(info.engine_rate);
            usize::try_from(frames.div_ceil(u64::from(device.rate.max(1)))).unwrap_or(usize::MAX)
        })
    };
    let (capture, playback) = (period(&info.input), period(&info.output));
    let ring = info.latency_frames.saturating_sub(capture + playback);
    // Nothing but the measurement stands in the plugin's place.
    vec![("capture", capture), ("ring", ring), ("plugin", 0), ("playback", playback)]
}

fn tell_all(info: &AudioInfo, trip: Option<RoundTrip>, report: &mut Report) {
    let (rate, reported) = (info.engine_rate, info.latency_frames);
    let stages = stages(info);
    let as_json = |&(name, frames): &Stage| json!({ "name": name, "frames": frames });
    report.event(
        "latency",
        json!({
            "measured_frames": trip.map(|trip| trip.frames),
            "spread_frames": trip.map(|trip| trip.spread),
            "reported_frames": reported,
            "rate": rate,
            "stages": stages.iter().map(as_json).collect::<Vec<Value>>(),
        }),
    );
    let shown =
        |frames: f64| format!("{frames:.1} frames ({:.2} ms)", frames * 1e3 / f64::from(rate));
    let parts: Vec<_> = stages.iter().map(|(name, frames)| format!("{name} {frames}")).collect();
    let line = format!("{}: {}", shown(reported as f64), parts.join(" + "));
    say(Tone::Plain, "Reported", line);
    let Some(RoundTrip { frames, spread, n_found }) = trip else {
        return;
    };
    let line = format!("{}, {n_found} bursts, {spread:.1} frames between them", shown(frames));
    say(Tone::Good, "Measured", line);
    let beyond = shown(frames - reported as f64);
    say(Tone::Plain, "Beyond", format!("{beyond}: inside the devices, and from one to the other"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use retake_io::{Clock, DeviceInfo, Mode};

    #[test]
    fn the_stages_add_up_to_what_is_reported() {
        let device = |rate, period| DeviceInfo {
            device: "x".into(),
            rate,
            channels: 2,
            format: "f32".into(),
            period,
        };
        let info = AudioInfo {
            host: "x".into(),
            mode: Mode::Duplex,
            clock: Clock::Real,
            input: Some(device(44_100, 441)),
            more: Vec::new(),
            output: Some(device(48_000, 256)),
            engine_rate: 48_000,
            max_block: 256,
            latency_frames: 900,
        };
        let expected = [("capture", 480), ("ring", 164), ("plugin", 0), ("playback", 256)];
        assert_eq!(stages(&info), expected);
    }
}
