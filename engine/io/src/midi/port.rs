//! A MIDI input port: opened by its name, watched, and opened again when it was lost.
//!
//! Messages come on a thread of the system (or of its MIDI library) and go on at once. The thread
//! `midi` looks once a second whether the port is still there, because no system tells.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel},
    },
    thread,
    time::Duration,
};

use midir::{Ignore, MidiInput, MidiInputConnection};
use retake_engine::EventBody;
use serde::Serialize;

use crate::{
    choice::{Candidate, choose},
    devices::DeviceState,
    error::{End, IoError},
    hosts::keep_alsa_quiet,
};

/// What the system shows other programs of us.
const CLIENT: &str = "Retake";
/// How often the port is looked for.
const LOOK: Duration = Duration::from_secs(1);

/// What a port tells.
#[derive(Debug, Clone, PartialEq)]
pub enum MidiEvent {
    /// A message came.
    Played(EventBody),
    /// The port is lost, or back.
    State {
        /// Which.
        state: DeviceState,
        /// Its name.
        port: String,
    },
}

/// Told from several threads; must not block.
type Tell = Arc<dyn Fn(MidiEvent) + Send + Sync>;

/// An open input port. Dropping it closes the port.
#[derive(Debug)]
pub struct MidiPort {
    name: String,
    _stop: Sender<()>,
}

impl MidiPort {
    /// Opens the port that `given` means, as a device's name does: exactly, else but for case, else
    /// as a part that only one port has. Everything it hears goes to `tell`, which must not block.
    ///
    /// # Errors
    /// [`IoError::UnknownMidiPort`], [`IoError::AmbiguousMidiPort`], [`IoError::MidiUnavailable`],
    /// [`IoError::MidiPort`], [`IoError::Thread`].
    pub fn open(given: &str, tell: Tell) -> Result<Self, IoError> {
        let given = given.to_owned();
        let (stop, stopped) = channel();
        let (opened, answer) = sync_channel(1);
        let thread = move || {
            let watch = Midir::new().and_then(|ports| Watch::open(ports, given, tell));
            match watch {
                Ok(mut watch) => {
                    // Nobody hears it only if the caller is gone, and then `stopped` ends us.
                    let _ = opened.send(Ok(watch.name.clone().unwrap_or_default()));
                    watch.run(&stopped);
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        };
        let failed = |reason| IoError::Thread { name: "midi", reason };
        let spawned = thread::Builder::new().name("midi".into()).spawn(thread);
        spawned.map_err(|error| failed(error.to_string()))?;
        let name = answer.recv().map_err(|_| failed("it panicked".to_owned()))??;
        Ok(Self { name, _stop: stop })
    }

    /// The port's whole name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What `retake devices` shows of MIDI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MidiListing {
    /// Why there are no ports now, if that is so.
    pub unavailable: Option<String>,
    /// Names of the input ports, as `--midi` takes them.
    pub inputs: Vec<String>,
}

/// The input ports that there are now.
pub fn list_midi() -> MidiListing {
    match Midir::new() {
        Ok(mut ports) => {
            let inputs = ports.list().into_iter().map(|port| port.name).collect();
            MidiListing { unavailable: None, inputs }
        }
        Err(error) => MidiListing { unavailable: Some(error.to_string()), inputs: Vec::new() },
    }
}

/// The system's ports, as far as the watch needs them.
trait Ports {
    /// Closes the port when dropped.
    type Connection;
    fn list(&mut self) -> Vec<Candidate>;
    fn connect(&mut self, id: &str, tell: Tell) -> Result<Self::Connection, String>;
}

/// A port that is wanted, and is open or not.
struct Watch<P: Ports> {
    ports: P,
    given: String,
    tell: Tell,
    /// The id that is open, and what holds it.
    open: Option<(String, P::Connection)>,
    /// Of the port that is or was open.
    name: Option<String>,
}

impl<P: Ports> Watch<P> {
    fn open(ports: P, given: String, tell: Tell) -> Result<Self, IoError> {
        let mut watch = Self { ports, given, tell, open: None, name: None };
        watch.connect()?;
        Ok(watch)
    }

    fn connect(&mut self) -> Result<(), IoError> {
        let mut list = self.ports.list();
        let at = choose(End::Input, &self.given, &list).map_err(of_midi)?;
        let Candidate { name, id } = list.swap_remove(at);
        let connection = self.ports.connect(&id, Arc::clone(&self.tell));
        let failed = |reason| IoError::MidiPort { port: name.clone(), reason };
        self.open = Some((id, connection.map_err(failed)?));
        self.name = Some(name);
        Ok(())
    }

    fn run(&mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            self.look();
        }
    }

    /// Notices that the port has gone, or has come back.
    fn look(&mut self) {
        let is_open = self.open.is_some();
        let list = self.ports.list();
        self.open.take_if(|(id, _)| list.iter().all(|port| port.id != *id));
        match (is_open, self.open.is_some()) {
            (true, false) => self.say(DeviceState::Lost),
            // Until it is there again: nobody wants to hear every second that it is not.
            (false, false) if self.connect().is_ok() => self.say(DeviceState::Back),
            _ => {}
        }
    }

    fn say(&self, state: DeviceState) {
        let port = self.name.clone().unwrap_or_default();
        (self.tell)(MidiEvent::State { state, port });
    }
}

/// Ports are chosen as devices are, and called by their own name when that fails.
fn of_midi(error: IoError) -> IoError {
    match error {
        IoError::UnknownDevice { given, suggestion, devices, .. } => {
            IoError::UnknownMidiPort { given, suggestion, ports: devices }
        }
        IoError::AmbiguousDevice { given, matches, .. } => {
            IoError::AmbiguousMidiPort { given, matches }
        }
        other => other,
    }
}

/// The ports by way of midir. Stays on its thread, which it has made quiet.
struct Midir(MidiInput);

impl Midir {
    fn new() -> Result<Self, IoError> {
        keep_alsa_quiet();
        let input = MidiInput::new(CLIENT);
        input.map(Self).map_err(|error| IoError::MidiUnavailable { reason: error.to_string() })
    }
}

impl Ports for Midir {
    type Connection = MidiInputConnection<()>;

    fn list(&mut self) -> Vec<Candidate> {
        let ports = self.0.ports();
        let named = |port| self.0.port_name(port).ok();
        ports.iter().filter_map(|p| Some(Candidate { name: named(p)?, id: p.id() })).collect()
    }

    fn connect(&mut self, id: &str, tell: Tell) -> Result<Self::Connection, String> {
        let mut input = MidiInput::new(CLIENT).map_err(|error| error.to_string())?;
        input.ignore(Ignore::All);
        let port = input.find_port_by_id(id).ok_or("it has gone")?;
        let hear = move |_time_us: u64, message: &[u8], (): &mut ()| {
            if let Some(body) = channel_message(message) {
                tell(MidiEvent::Played(body));
            }
        };
        input.connect(&port, CLIENT, hear, ()).map_err(|error| error.to_string())
    }
}

/// Program changes and channel pressure have one byte less.
fn channel_message(message: &[u8]) -> Option<EventBody> {
    let (&status, data) = message.split_first()?;
    let byte = |at: usize| data.get(at).copied().unwrap_or(0);
    EventBody::from_midi([status, byte(0), byte(1)])
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// Ports that a test plugs and unplugs.
    #[derive(Clone, Default)]
    struct Desk(Arc<Mutex<Vec<&'static str>>>);

    impl Desk {
        fn set(&self, ports: &[&'static str]) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ports.to_vec();
        }
    }

    impl Ports for Desk {
        type Connection = ();

        fn list(&mut self) -> Vec<Candidate> {
            let ports = self.0.lock().unwrap();
            ports.iter().map(|p| Candidate { name: (*p).into(), id: (*p).into() }).collect()
        }

        fn connect(&mut self, id: &str, tell: Tell) -> Result<(), String> {
            assert!(self.list().iter().any(|port| port.id == id));
            tell(MidiEvent::Played(EventBody::Midi([0xb0, 0, 0])));
            Ok(())
        }
    }

    fn watch(desk: &Desk, given: &str) -> (Result<Watch<Desk>, IoError>, Receiver<MidiEvent>) {
        let (tell, told) = channel();
        let tell = Arc::new(move |event| drop(tell.send(event)));
        (Watch::open(desk.clone(), given.to_owned(), tell), told)
    }

    #[test]
    fn a_port_is_lost_once_and_comes_back_under_another_number() {
        let desk = Desk::default();
        desk.set(&["Midi Through 14:0", "KeyStep 24:0"]);
        let (watch, told) = watch(&desk, "keystep");
        let mut watch = watch.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(watch.name.as_deref(), Some("KeyStep 24:0"));
        let heard = EventBody::Midi([0xb0, 0, 0]);
        let state = |state, port: &str| MidiEvent::State { state, port: port.into() };
        watch.look();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [MidiEvent::Played(heard)]);
        desk.set(&["Midi Through 14:0"]);
        watch.look();
        watch.look();
        let lost = [state(DeviceState::Lost, "KeyStep 24:0")];
        assert_eq!(told.try_iter().collect::<Vec<_>>(), lost);
        desk.set(&["Midi Through 14:0", "KeyStep 28:0"]);
        watch.look();
        let back = [MidiEvent::Played(heard), state(DeviceState::Back, "KeyStep 28:0")];
        assert_eq!(told.try_iter().collect::<Vec<_>>(), back);
    }

    #[test]
    fn a_wrong_name_is_told_the_ports() {
        let desk = Desk::default();
        desk.set(&["KeyStep", "KeyLab"]);
        let error = |given| watch(&desk, given).0.map(|_| ()).unwrap_err();
        let unknown = error("KeyStop");
        assert!(unknown.is_usage());
        let text = "there is no MIDI port \"KeyStop\" (did you mean \"KeyStep\"?); MIDI ports: \
                    \"KeyStep\", \"KeyLab\"";
        assert_eq!(unknown.to_string(), text);
        assert!(error("key").to_string().contains("several MIDI ports"));
    }

    #[test]
    fn short_messages_are_messages() {
        assert_eq!(channel_message(&[0xc2, 5]), Some(EventBody::Midi([0xc2, 5, 0])));
        assert_eq!(channel_message(&[0xfe]), None);
        assert_eq!(channel_message(&[]), None);
        assert!(matches!(channel_message(&[0x91, 60, 1]), Some(EventBody::Note(n)) if n.on));
    }
}
