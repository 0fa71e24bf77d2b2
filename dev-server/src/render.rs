//! `retake render`: a session on virtual time between two files, without a page.

use std::process::ExitCode;

use crate::{
    app,
    cli::{AudioArgs, ClockArg, DeviceArgs, PageArgs, Render, Run, SessionArgs},
    report::{Tone, say},
};

/// Renders and ends.
pub fn render(args: Render) -> ExitCode {
    let spec = match hound::WavReader::open(&args.input) {
        Ok(reader) => (reader.spec(), reader.duration()),
        Err(error) => {
            let what = format!("cannot read {}: {error}", args.input.display());
            say(Tone::Error, "Error", what);
            return ExitCode::FAILURE;
        }
    };
    app::run(session(args, spec))
}

/// The command line of `run` that this rendering is.
fn session(args: Render, (spec, frames): (hound::WavSpec, u32)) -> Run {
    let (rate, channels) = (spec.sample_rate, spec.channels);
    let to = args.output.display();
    Run {
        path: args.path,
        plugin: args.plugin,
        audio: AudioArgs {
            devices: DeviceArgs {
                host: None,
                output: Some(format!("virtual:rate={rate},channels={channels},file={to}")),
                rate: None,
                period: None,
                clock: ClockArg::Fast,
            },
            input: vec![format!("virtual:once,file={}", args.input.display())],
            source: Vec::new(),
            mix_mono: false,
            unmute: true,
        },
        session: SessionArgs {
            set: args.set,
            at: args.at,
            preset: args.preset,
            fresh: true,
            record: None,
            duration: Some(f64::from(frames) / f64::from(rate) + args.tail),
            json: args.json,
        },
        safety: args.safety,
        notes: args.notes,
        page: PageArgs { port: None, open: false, editor: None, new_token: false },
        is_offline: true,
        audit_lack: None,
    }
}
