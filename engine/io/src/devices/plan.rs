//! From what the user asked for to which device is meant at each end.

use cpal::traits::HostTrait;

use super::{Clock, DeviceRequest};
use crate::{
    choice::Choice,
    error::{End, IoError},
    hosts::{Found, Hosts, VIRTUAL, is_there},
    r#virtual::{Card, Pace, Run, Spec, VirtualHost},
};

/// What is at one end.
pub(super) enum Target {
    /// A lane of the session's card.
    Virtual { device: Box<cpal::Device>, name: String },
    /// Whatever is that host's default when it is opened. A sound server that restarts must not
    /// find its card taken by us.
    Default { host: String },
    /// The device of that id.
    Named(String),
}

impl Target {
    /// The device, as it is there now.
    ///
    /// # Errors
    /// [`IoError::UnknownDevice`] and those of the host; no default device is `UnknownDevice` too.
    pub(super) fn find(&self, end: End, hosts: &mut Hosts) -> Result<Found, IoError> {
        match self {
            Self::Virtual { device, name } if is_there(device, end) => Ok(Found {
                device: cpal::Device::clone(device),
                host: VIRTUAL.to_owned(),
                name: name.clone(),
                id: name.clone(),
            }),
            Self::Virtual { name, .. } => Err(IoError::Device {
                end,
                device: name.clone(),
                kind: cpal::ErrorKind::DeviceNotAvailable,
                reason: "it is unplugged".to_owned(),
            }),
            Self::Named(id) => hosts.named_device(end, id),
            Self::Default { host } => {
                let found = hosts.default_device(end, Some(host))?;
                found.ok_or_else(|| no_default(end))
            }
        }
    }
}

impl Target {
    pub(super) fn is_real(&self) -> bool {
        !matches!(self, Self::Virtual { .. })
    }
}

/// Both ends of a session, and the card if one of them is virtual.
pub(super) struct Plan {
    pub(super) hosts: Hosts,
    pub(super) input: Option<Target>,
    /// The microphones beside it.
    pub(super) more: Vec<Target>,
    pub(super) output: Option<Target>,
    pub(super) card: Option<Card>,
    pub(super) notices: Vec<String>,
}

/// A decision about one end, before its virtual device exists.
enum Decided {
    Nothing,
    Virtual(Spec),
    Real(Target),
}

impl Plan {
    /// # Errors
    /// All usage errors of [`IoError`]; [`IoError::HostUnavailable`] for a named host;
    /// [`IoError::WavRead`].
    pub(super) fn new(request: &DeviceRequest) -> Result<Self, IoError> {
        if request.input == Choice::None && request.output == Choice::None {
            return Err(IoError::NoEnds);
        }
        let mut hosts = Hosts::new(request.host.as_deref())?;
        let mut notices = Vec::new();
        let mut decide = |end, choice| {
            if request.clock == Clock::Fast {
                check_fast(end, choice, hosts.is_virtual_only())?;
            }
            decide(end, choice, &mut hosts, &mut notices)
        };
        let input = decide(End::Input, &request.input)?;
        let more = request.more.iter().map(|choice| decide(End::Input, choice));
        let more: Vec<_> = more.collect::<Result<_, _>>()?;
        let output = decide(End::Output, &request.output)?;
        let pace = match request.clock {
            Clock::Real => Pace::Real,
            Clock::Fast => Pace::Fast,
        };
        let virtual_host = virtual_host(pace, (&input, &more), &output)?;
        let mut microphones = virtual_host.iter().flat_map(OnCard::microphones);
        let mut target = |end, decided| match (decided, end) {
            (Decided::Nothing, _) => None,
            (Decided::Real(target), _) => Some(target),
            (Decided::Virtual(spec), End::Input) => {
                let device = Box::new(microphones.next()?);
                Some(Target::Virtual { device, name: spec.text })
            }
            (Decided::Virtual(spec), End::Output) => virtual_host.as_ref()?.speaker(spec),
        };
        Ok(Self {
            input: target(End::Input, input),
            more: more.into_iter().filter_map(|decided| target(End::Input, decided)).collect(),
            output: target(End::Output, output),
            card: virtual_host.as_ref().map(|host| host.card.clone()),
            hosts,
            notices,
        })
    }

    /// The microphone of that number, as it is there now.
    ///
    /// # Errors
    /// As [`Target::find`].
    pub(super) fn find_input(&mut self, input: usize) -> Result<Found, IoError> {
        let Some(more) = input.checked_sub(1) else {
            return self.find(End::Input);
        };
        self.more.get(more).ok_or(IoError::NoEnds)?.find(End::Input, &mut self.hosts)
    }

    /// Another device as that microphone; gives back the one that it was.
    pub(super) fn put_input(&mut self, input: usize, target: Target) -> Option<Target> {
        let Some(more) = input.checked_sub(1) else {
            return self.input.replace(target);
        };
        self.more.get_mut(more).map(|place| std::mem::replace(place, target))
    }

    pub(super) fn input_target(&self, input: usize) -> Option<&Target> {
        input.checked_sub(1).map_or(self.input.as_ref(), |more| self.more.get(more))
    }

    /// Whether that microphone is real and may hear a real speaker.
    pub(super) fn is_live_loop(&self, input: usize) -> bool {
        self.input_target(input).is_some_and(Target::is_real)
            && self.output.as_ref().is_some_and(Target::is_real)
    }

    /// What a microphone's name means while the session runs on the real clock.
    ///
    /// # Errors
    /// As [`Plan::new`]; nothing falls back to the virtual device.
    pub(super) fn target_of(&mut self, device: &str) -> Result<Target, IoError> {
        let Ok(choice) = device.parse();
        let mut fallbacks = Vec::new();
        match decide(End::Input, &choice, &mut self.hosts, &mut fallbacks)? {
            Decided::Real(target) => Ok(target),
            Decided::Virtual(spec) if fallbacks.is_empty() => alone(spec),
            _ => Err(no_default(End::Input)),
        }
    }

    /// The device at `end`, as it is there now.
    ///
    /// # Errors
    /// As [`Target::find`].
    pub(super) fn find(&mut self, end: End) -> Result<Found, IoError> {
        let target = match end {
            End::Input => self.input.as_ref(),
            End::Output => self.output.as_ref(),
        };
        target.ok_or(IoError::NoEnds)?.find(end, &mut self.hosts)
    }

    pub(super) fn is_virtual(&self, end: End) -> bool {
        matches!(self.target(end), Some(Target::Virtual { .. }))
    }

    pub(super) fn target(&self, end: End) -> Option<&Target> {
        match end {
            End::Input => self.input.as_ref(),
            End::Output => self.output.as_ref(),
        }
    }

    /// Whose callbacks call the engine.
    pub(super) fn clock_end(&self) -> End {
        match self.output {
            Some(_) => End::Output,
            None => End::Input,
        }
    }
}

fn decide(
    end: End,
    choice: &Choice,
    hosts: &mut Hosts,
    notices: &mut Vec<String>,
) -> Result<Decided, IoError> {
    match choice {
        Choice::None => Ok(Decided::Nothing),
        Choice::Named(name) if Spec::is_virtual(name) => Ok(Decided::Virtual(name.parse()?)),
        Choice::Named(name) if hosts.is_virtual_only() => Err(IoError::UnknownDevice {
            end,
            given: name.clone(),
            suggestion: None,
            devices: vec!["virtual[:key=value,…]".to_owned()],
        }),
        Choice::Named(name) => {
            let found = hosts.named_device(end, name)?;
            Ok(Decided::Real(Target::Named(found.id)))
        }
        Choice::Default if hosts.is_virtual_only() => Ok(Decided::Virtual(plain_virtual())),
        Choice::Default => {
            if let Some(Found { host, .. }) = hosts.default_device(end, None)? {
                return Ok(Decided::Real(Target::Default { host }));
            }
            if hosts.is_named() {
                return Err(no_default(end));
            }
            notices.push(fallback_notice(end));
            Ok(Decided::Virtual(plain_virtual()))
        }
    }
}

pub(super) fn fallback_notice(end: End) -> String {
    format!("no default {end} device here: using the virtual one")
}

fn plain_virtual() -> Spec {
    Spec { text: VIRTUAL.to_owned(), ..Spec::default() }
}

fn no_default(end: End) -> IoError {
    IoError::UnknownDevice {
        end,
        given: "default".to_owned(),
        suggestion: None,
        devices: Vec::new(),
    }
}

fn check_fast(end: End, choice: &Choice, is_virtual_host: bool) -> Result<(), IoError> {
    match choice {
        Choice::None => Ok(()),
        Choice::Default if is_virtual_host => Ok(()),
        Choice::Default => Err(IoError::FastClock(format!("--{end} virtual[:…] is missing"))),
        Choice::Named(name) if !Spec::is_virtual(name) => {
            Err(IoError::FastClock(format!("{end} \"{name}\" is not")))
        }
        Choice::Named(name) => match name.parse::<Spec>()?.unplug {
            None => Ok(()),
            // When a rebuild is done is a matter of wall time: no two runs would be alike.
            Some(_) => {
                Err(IoError::FastClock(format!("unplug= of the {end} needs the real clock")))
            }
        },
    }
}

/// The session's card, and cpal's view of it.
struct OnCard {
    host: cpal::Host,
    card: Card,
}

fn virtual_host(
    pace: Pace,
    (input, more): (&Decided, &[Decided]),
    output: &Decided,
) -> Result<Option<OnCard>, IoError> {
    let spec = |decided: &Decided| match decided {
        Decided::Virtual(spec) => Some(spec.clone()),
        _ => None,
    };
    let microphones: Vec<_> = std::iter::once(input).chain(more).filter_map(spec).collect();
    let speaker = spec(output);
    if microphones.is_empty() && speaker.is_none() {
        return Ok(None);
    }
    let host = VirtualHost::new(pace, microphones, speaker)?;
    let card = host.card().clone();
    let host = cpal::platform::CustomHost::from_host(host).into();
    Ok(Some(OnCard { host, card }))
}

/// A virtual microphone on a card of its own, whose clock runs from now on.
fn alone(spec: Spec) -> Result<Target, IoError> {
    if spec.air_ms.is_some() {
        let problem = "loop hears the session's virtual speaker: only an --input can";
        return Err(spec.error(problem.to_owned()));
    }
    let name = spec.text.clone();
    let host = VirtualHost::microphone(spec)?;
    host.card().arm(Run { stop_after: None, skip: 0, gates: Vec::new(), on_end: Box::new(|_| {}) });
    let host = cpal::Host::from(cpal::platform::CustomHost::from_host(host));
    let device = Box::new(host.default_input_device().ok_or_else(|| no_default(End::Input))?);
    Ok(Target::Virtual { device, name })
}

impl OnCard {
    /// In the order in which they were asked for; one that is unplugged from the start has no place.
    fn microphones(&self) -> Vec<cpal::Device> {
        self.host.input_devices().map(Iterator::collect).unwrap_or_default()
    }

    fn speaker(&self, spec: Spec) -> Option<Target> {
        let device = Box::new(self.host.default_output_device()?);
        Some(Target::Virtual { device, name: spec.text })
    }
}
