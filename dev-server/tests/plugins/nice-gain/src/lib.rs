//! A gain made with nice-plug.

use std::sync::Arc;

use nice_plug::{prelude::*, wrapper::clap::features::ClapFeature};

struct NiceGain {
    params: Arc<NiceGainParams>,
}

#[derive(Params)]
struct NiceGainParams {
    #[id = "gain"]
    gain: FloatParam,
}

impl Default for NiceGain {
    fn default() -> Self {
        let range = FloatRange::Linear { min: 0.0, max: 1.0 };
        let gain = FloatParam::new("Gain", 1.0, range).with_smoother(SmoothingStyle::Linear(15.0));
        Self { params: Arc::new(NiceGainParams { gain }) }
    }
}

impl Plugin for NiceGain {
    const NAME: &'static str = "Nice Gain";
    const VENDOR: &'static str = "Retake";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: NonZeroU32::new(2),
        main_output_channels: NonZeroU32::new(2),
        aux_input_ports: &[],
        aux_output_ports: &[],
        names: PortNames::const_default(),
    }];
    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        for frame in buffer.iter_samples() {
            let gain = self.params.gain.smoothed.next();
            for sample in frame {
                *sample *= gain;
            }
        }
        ProcessStatus::Normal
    }
}

impl ClapPlugin for NiceGain {
    const CLAP_ID: &'static str = "org.retake.nice-gain";
    const CLAP_DESCRIPTION: Option<&'static str> = None;
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[ClapFeature::AudioEffect, ClapFeature::Stereo];
}

nice_export_clap!(NiceGain);
