//! Whether two devices have one clock, by what their names say.
//!
//! A sound server is no clock: two cards on one server have two, and so have two of `PulseAudio`'s null
//! sinks, whose timers go on by whole microseconds per block (1,024 frames at 48 kHz as 21,333 µs
//! instead of 21,333⅓: 16 ppm). Only what must have one is taken for shared. A wrong "two" costs the
//! resampler; a wrong "one" is found out by the delay and given up.

use super::open::Granted;
use crate::{hosts::VIRTUAL, r#virtual::Spec};

/// What is known of two devices' clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Belief {
    /// One thread, one time.
    Same,
    /// One card, or what one card plays: probably one clock.
    Shared,
    Apart,
}

impl Belief {
    pub(super) fn of(capture: &Granted, playback: &Granted) -> Self {
        if capture.host != playback.host {
            return Self::Apart;
        }
        if capture.host == VIRTUAL {
            let is_one = ppm(capture).to_bits() == ppm(playback).to_bits();
            return if is_one { Self::Same } else { Self::Apart };
        }
        let ids = (capture.id.as_str(), playback.id.as_str());
        if have_one_card(&capture.host, ids) { Self::Shared } else { Self::Apart }
    }
}

/// By how much a virtual device's clock is off.
pub(super) fn ppm(granted: &Granted) -> f64 {
    granted.info.device.parse::<Spec>().map_or(0.0, |spec| spec.ppm)
}

fn have_one_card(host: &str, (capture, playback): (&str, &str)) -> bool {
    // A stand-in has no id, and a clock of its own.
    if playback.is_empty() {
        return false;
    }
    match host {
        // One cycle calls all its clients.
        "jack" => true,
        "pulseaudio" => {
            let heard = capture.strip_suffix(".monitor");
            let card = pulse_card(heard.unwrap_or(capture));
            heard == Some(playback) || (card.is_some() && card == pulse_card(playback))
        }
        "alsa" => alsa_card(capture) == alsa_card(playback),
        _ => capture == playback,
    }
}

/// `alsa_input.usb-Maker_Model-00.analog-stereo` is of the card `usb-Maker_Model-00`.
fn pulse_card(name: &str) -> Option<&str> {
    let at = name.strip_prefix("alsa_input.").or_else(|| name.strip_prefix("alsa_output."))?;
    at.rsplit_once('.').map(|(card, _profile)| card)
}

/// `plughw:CARD=PCH,DEV=0` is of the card `PCH`; a name without a card stands for itself.
fn alsa_card(name: &str) -> &str {
    let Some((_, place)) = name.split_once(':') else { return name };
    let card = place.split(',').next().unwrap_or(place);
    card.strip_prefix("CARD=").unwrap_or(card)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::DeviceInfo;

    fn granted(host: &str, id: &str) -> Granted {
        let info = DeviceInfo {
            device: id.to_owned(),
            rate: 48_000,
            channels: 2,
            format: "f32".to_owned(),
            period: 256,
        };
        Granted { host: host.to_owned(), id: id.to_owned(), info }
    }

    fn belief(host: &str, (capture, playback): (&str, &str)) -> Belief {
        Belief::of(&granted(host, capture), &granted(host, playback))
    }

    #[test]
    fn a_server_is_no_clock_but_a_card_and_its_monitor_are() {
        let usb = "alsa_input.usb-Maker_Model-00.analog-stereo";
        let (same, other) = (
            "alsa_output.usb-Maker_Model-00.iec958-stereo",
            "alsa_output.pci-0000_00_1f.3.analog-stereo",
        );
        let pairs = [
            (usb, same, Belief::Shared),
            (usb, other, Belief::Apart),
            ("alsa_output.pci-0000_00_1f.3.hdmi.monitor", other, Belief::Shared),
            ("speaker.monitor", "speaker", Belief::Shared),
            ("mic.monitor", "speaker", Belief::Apart),
            ("mic", "speaker", Belief::Apart),
        ];
        for (capture, playback, wanted) in pairs {
            assert_eq!(belief("pulseaudio", (capture, playback)), wanted, "{capture} {playback}");
        }
    }

    #[test]
    fn other_hosts_are_asked_for_their_cards() {
        for (capture, playback, wanted) in [
            ("plughw:CARD=PCH,DEV=0", "hw:CARD=PCH,DEV=3", Belief::Shared),
            ("hw:CARD=PCH,DEV=0", "hw:CARD=Mic,DEV=0", Belief::Apart),
            ("hw:1,0", "plughw:1", Belief::Shared),
            ("default", "default", Belief::Shared),
            ("default", "hw:CARD=PCH,DEV=0", Belief::Apart),
        ] {
            assert_eq!(belief("alsa", (capture, playback)), wanted, "{capture} {playback}");
        }
        assert_eq!(belief("jack", ("system", "system")), Belief::Shared);
        assert_eq!(belief("coreaudio", ("a", "b")), Belief::Apart);
        let two_hosts = Belief::of(&granted("jack", "system"), &granted("alsa", "system"));
        assert_eq!(two_hosts, Belief::Apart);
        assert_eq!(belief("pulseaudio", ("mic", "")), Belief::Apart, "a stand-in");
    }

    #[test]
    fn virtual_devices_say_their_clocks() {
        let with = |capture| belief(VIRTUAL, (capture, "virtual:ppm=30"));
        assert_eq!(with("virtual:ppm=30"), Belief::Same);
        assert_eq!(with("virtual"), Belief::Apart);
    }
}
