//! A stereo delay with feedback. Its tail survives a reload: turn the feedback up, play something,
//! edit, save.

#![forbid(unsafe_code)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sound is f32, places in a line are whole"
)]

use retake_sdk::{
    Block, BoolParam, Config, Context, FloatParam, Layout, Params, Plugin, Tail, export_plugin,
};

const MAX_SECONDS: f32 = 2.0;

#[derive(Params)]
struct DelayParams {
    #[param(name = "Time", unit = "ms", range = 1.0..=2000.0, default = 375.0, taper = log,
            smoothing = exponential_ms(400.0))]
    time: FloatParam,
    #[param(name = "Feedback", unit = "%", range = 0.0..=99.0, default = 50.0)]
    feedback: FloatParam,
    #[param(name = "Mix", unit = "%", range = 0.0..=100.0, default = 35.0)]
    mix: FloatParam,
    #[param(name = "Ping-pong", default = false)]
    ping_pong: BoolParam,
}

#[derive(Default)]
struct Delay {
    sample_rate: f32,
    /// What was heard, per channel, in a circle.
    lines: [Vec<f32>; 2],
    at: usize,
    feedback: f32,
    echo_frames: f32,
}

impl Delay {
    /// What `line` held `delay` frames ago, between two frames in a straight line.
    fn read(&self, channel: usize, delay: f32) -> f32 {
        let line = &self.lines[channel];
        let (whole, part) = (delay as usize, delay.fract());
        let back = |frames: usize| line[(self.at + line.len() - frames) % line.len()];
        back(whole) + (back(whole + 1) - back(whole)) * part
    }
}

impl Plugin for Delay {
    type Params = DelayParams;
    const ID: &'static str = "org.retake.example-delay";
    const NAME: &'static str = "Example Delay";
    const VENDOR: &'static str = "Retake";
    const LAYOUTS: &'static [Layout] = &[Layout::STEREO];
    const FEATURES: &'static [&'static str] = &["delay"];

    fn activate(&mut self, config: Config) {
        self.sample_rate = config.sample_rate as f32;
        let frames = (MAX_SECONDS * self.sample_rate) as usize + 2;
        self.lines = [vec![0.0; frames], vec![0.0; frames]];
        self.at = 0;
    }

    fn process(&mut self, params: &mut DelayParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let crossed = usize::from(params.ping_pong.value());
        let longest = self.lines[0].len() - 2;
        block.each_frame(|frame| {
            let delay = params.time.next() * 1e-3 * self.sample_rate;
            let delay = delay.clamp(1.0, longest as f32);
            let (feedback, mix) = (0.01 * params.feedback.next(), 0.01 * params.mix.next());
            let echoes = [self.read(0, delay), self.read(1, delay)];
            for (channel, sample) in frame.enumerate() {
                self.lines[channel][self.at] = *sample + feedback * echoes[channel ^ crossed];
                *sample += mix * (echoes[channel] - *sample);
            }
            self.at = (self.at + 1) % (longest + 2);
        });
        let feedback = 0.01 * params.feedback.value();
        let echo_frames = params.time.value() * 1e-3 * self.sample_rate;
        if (feedback, echo_frames) != (self.feedback, self.echo_frames) {
            (self.feedback, self.echo_frames) = (feedback, echo_frames);
            ctx.tail_changed();
        }
    }

    fn reset(&mut self) {
        self.lines.iter_mut().for_each(|line| line.fill(0.0));
    }

    /// Until the echoes are 60 dB down.
    fn tail(&self) -> Tail {
        let echoes = if self.feedback > 0.0 { -3.0 / self.feedback.log10() } else { 0.0 };
        Tail::Frames(((1.0 + echoes) * self.echo_frames) as u32)
    }
}

export_plugin!(Delay);

#[cfg(test)]
mod tests;
