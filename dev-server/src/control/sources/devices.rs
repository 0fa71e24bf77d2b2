//! Microphones on demand: what pages and scripts ask, what the last session had, and what the `devices`
//! thread answers. Nothing here waits for a device.

use retake_io::{InputOrder, InputSet, IoError, MoreInput, OnInput, r#virtual::Spec};
use serde_json::{Value, json};

use super::{Control, LIVE, Source, Way};
use crate::{
    cli::ClockArg,
    control::Message,
    listing::Listing,
    report::{Tone, say},
    source::{SourceKind, SourceSpec},
    store::Asker,
    web::RpcError,
};

/// Microphones beside the first.
const MOST: usize = 15;

/// What became of a microphone that somebody asked for.
#[derive(Debug)]
pub struct InputNews {
    asker: Asker,
    wish: Wish,
    outcome: Result<InputSet, IoError>,
}

#[derive(Debug)]
enum Wish {
    /// One more.
    Add(SourceSpec),
    /// A source that is to be another device.
    Set { source: u32, device: String },
}

/// What can be asked for.
impl Control {
    /// Whether there may be one more microphone.
    pub(super) fn check_one_more_input(&self) -> Result<(), RpcError> {
        let n = self.sources.list.iter().filter(|source| source.input.is_some()).count();
        if n + self.sources.inputs.n_opening >= MOST {
            let message =
                format!("there are {MOST} microphones beside the first already: remove one first");
            return Err(RpcError::busy(message));
        }
        Ok(())
    }

    /// Whether a client may name that device now.
    pub(super) fn check_device(&self, device: &str) -> Result<(), RpcError> {
        if self.parts.run.audio.devices.clock == ClockArg::Fast {
            let message = "microphones come and go in real time, and --clock fast has none: \
                           give --input or --source mic:DEVICE at the start";
            return Err(RpcError::invalid_params(message));
        }
        if device == "none" {
            let message = "none is no device: mute the source, or remove it";
            return Err(RpcError::invalid_params(message));
        }
        if Spec::is_virtual(device) {
            let spec = device.parse::<Spec>();
            let spec = spec.map_err(|error| RpcError::invalid_params(error.to_string()))?;
            if spec.file.is_some() {
                let message = "a client names no path on this machine: leave file= out";
                return Err(RpcError::invalid_params(message));
            }
        }
        Ok(())
    }
}

/// What is asked for.
impl Control {
    /// Opens one more microphone; the answer comes when it is open.
    pub(super) fn open_input(&mut self, spec: SourceSpec, asker: Asker) {
        if let Err(error) = self.check_new(&spec, super::Origin::Client) {
            return asker.answer("", Err(error));
        }
        let device = spec.kind.device().unwrap_or_default().to_owned();
        let number = self.sources.inputs.next_number();
        let then = self.then(Wish::Add(spec), asker);
        self.sources.inputs.n_opening += 1;
        self.order_input(InputOrder::Add { number, device, then });
    }

    /// Makes a microphone another device; the answer comes when that is open.
    pub(super) fn set_input(&mut self, id: u32, device: String, asker: Asker) {
        let number = match self.check_set_input(id, &device) {
            Ok(number) => number,
            Err(error) => return asker.answer("", Err(error)),
        };
        let then = self.then(Wish::Set { source: id, device: device.clone() }, asker);
        self.order_input(InputOrder::Set { number, device, then });
    }

    fn check_set_input(&self, id: u32, device: &str) -> Result<usize, RpcError> {
        let source = &self.sources.list[self.sources.find(id)?];
        if !source.spec.kind.is_captured() {
            let word = source.spec.kind.word();
            let message = format!("source {id} is of the kind {word}, not a microphone");
            return Err(RpcError::unsupported(message));
        }
        self.check_device(device)?;
        Ok(source.input.unwrap_or(0))
    }

    fn then(&self, wish: Wish, asker: Asker) -> OnInput {
        let mailbox = self.parts.mailbox.clone();
        Box::new(move |outcome| {
            // Control is gone: nobody wants it any more.
            drop(mailbox.send(Message::Input(InputNews { asker, wish, outcome })));
        })
    }

    fn order_input(&mut self, order: InputOrder) {
        let refused = self.parts.devices.order(order);
        if let Err(InputOrder::Add { then, .. } | InputOrder::Set { then, .. }) = refused {
            then(Err(IoError::NotNow("too many microphones are being opened")));
        }
    }

    /// Those of the last session come when they are there.
    pub(in super::super) fn add_remembered_inputs(&mut self) {
        for mic in std::mem::take(&mut self.parts.memory.mics) {
            let Ok(spec) = mic.source.parse::<SourceSpec>() else { continue };
            let Some(device) = spec.kind.device().map(str::to_owned) else { continue };
            if self.check_one_more_input().is_err() {
                return;
            }
            let at = self.push_input(spec);
            let source = &mut self.sources.list[at];
            source.mute = mic.mute;
            source.say();
            let number = source.input.unwrap_or_default();
            self.order_input(InputOrder::Await { number, device });
        }
    }

    fn push_input(&mut self, spec: SourceSpec) -> usize {
        let number = self.sources.inputs.next_number();
        self.push_numbered(spec, number)
    }

    fn push_numbered(&mut self, spec: SourceSpec, number: usize) -> usize {
        let sources = &mut self.sources;
        sources.is_used = true;
        sources.last_id += 1;
        let mut source = Source::new(sources.last_id, spec);
        source.input = Some(number);
        sources.list.push(source);
        sources.list.len() - 1
    }

    /// Lists the devices of the machine; the answer comes when they have been asked.
    pub(in super::super) fn list_devices(&mut self, asker: Asker) {
        let listing = match self.listing.take() {
            Some(listing) => listing,
            None => match Listing::start() {
                Ok(listing) => listing,
                Err(error) => return asker.answer("", Err(RpcError::busy(error.to_string()))),
            },
        };
        self.listing.insert(listing).ask(asker);
    }
}

/// What the `devices` thread answers.
impl Control {
    /// A microphone was opened, or could not be: then nothing has changed.
    pub(in super::super) fn on_input(&mut self, news: InputNews) {
        let InputNews { asker, wish, outcome } = news;
        if matches!(wish, Wish::Add(_)) {
            self.sources.inputs.n_opening -= 1;
        }
        let outcome = match (outcome, wish) {
            (Ok(InputSet::Beside(more)), Wish::Add(spec)) => self.on_added(spec, *more),
            (Ok(set), Wish::Set { source, device }) => self.on_set(source, device, set),
            (Ok(InputSet::First { .. }), Wish::Add(_)) => return,
            (Err(error), _) => Err(refusal(&error)),
        };
        asker.answer("", outcome);
    }

    fn on_added(&mut self, spec: SourceSpec, more: MoreInput) -> Result<Value, RpcError> {
        let at = self.push_numbered(spec, more.number);
        let id = self.sources.list[at].id;
        self.take_input(more);
        self.presets.note_move();
        self.sources.list[at].say();
        self.show_source(id)
    }

    fn on_set(&mut self, id: u32, device: String, set: InputSet) -> Result<Value, RpcError> {
        match set {
            InputSet::Beside(more) => {
                let at = self.sources.find(id)?;
                let spec = &mut self.sources.list[at].spec;
                spec.text = SourceSpec::input(device.clone()).text;
                spec.kind = SourceKind::Input(device);
                self.take_input(*more);
            }
            InputSet::First { info, latency_frames, is_live_loop } => {
                if is_live_loop {
                    self.audio.close_loop();
                }
                self.audio.set_way(Way::opened(latency_frames, &self.parts.probe));
                self.shown.audio["input"] = json!(info);
                self.shown.audio["latency_frames"] = json!(latency_frames);
                self.parts.memory.stand.devices.input = Some(device);
            }
        }
        self.presets.note_move();
        let at = self.sources.find(id)?;
        let device = match id {
            LIVE => self.shown.audio["input"]["device"].as_str().unwrap_or_default().to_owned(),
            _ => self.sources.list[at].name(),
        };
        say(Tone::Plain, "Source", format!("{id}: {device} from now on"));
        Ok(self.tell_source(at))
    }
}

/// What a client is told that cannot have a device.
fn refusal(error: &IoError) -> RpcError {
    let message = error.to_string();
    match error {
        IoError::NotNow(_) => RpcError::busy(message),
        error if error.is_usage() => RpcError::invalid_params(message),
        _ => RpcError::unsupported(message),
    }
}
