//! Presets, and where the session stands: what control asks the plugin and the store for.
//!
//! A preset is recalled by the ordinary way of parameters, which is smooth. What a plugin keeps
//! beyond its parameters cannot be set while it sounds: when its state still differs afterwards, a
//! new instance of the same library takes over with the preset's state, as in a reload.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Control, Failure, reload::STATE_LIMIT};
use crate::{
    memory::Memory,
    store::{Asker, Order, QUICK, Saved, Stand, Start, Store, StoreEvent, Which},
    web::RpcError,
};

/// The session is written at most this often.
const SESSION_EVERY: Duration = Duration::from_secs(2);
/// How long recalled parameters may take to arrive before the state is compared all the same.
const ARRIVAL_LIMIT: Duration = Duration::from_millis(300);

/// What is kept of the plugin, and what is being asked of it.
#[derive(Debug, Default)]
pub(super) struct Presets {
    store: Option<Store>,
    /// Where the first generation starts from.
    pub(super) start: Option<Start>,
    /// The session that is kept; none when this run is a script's.
    session: Option<String>,
    /// Hashes of builds that hung.
    pub(super) quarantine: Arc<[u64]>,
    /// What the plugin's state was asked for, and when.
    wanted: Vec<Wanted>,
    asked_at: Option<Instant>,
    /// The preset whose state is still to be compared.
    recall: Option<Recall>,
    /// The preset that was saved or recalled last.
    last: Option<String>,
    /// Something moved since the session was written.
    has_moved: bool,
    written_at: Option<Instant>,
}

/// Why the plugin's state was asked for.
#[derive(Debug)]
enum Wanted {
    Preset {
        name: String,
        asker: Asker,
    },
    Session,
    /// For comparison with the preset that is recalled.
    Recall,
}

#[derive(Debug)]
struct Recall {
    state: Vec<u8>,
    values: Vec<(u32, f64)>,
    since: Instant,
}

impl Presets {
    /// Keeps what `memory` says.
    pub(super) fn new(memory: &mut Memory) -> Self {
        let Memory { store, start, session, quarantine, .. } = memory;
        Self {
            store: store.take(),
            start: start.take(),
            session: session.take(),
            quarantine: std::mem::take(quarantine).into(),
            // Devices are kept even where nothing moves.
            has_moved: memory.has_new_devices,
            ..Self::default()
        }
    }

    /// Something that the session remembers has changed.
    pub(super) fn note_move(&mut self) {
        self.has_moved = true;
    }

    /// The store, if this run keeps anything.
    pub(super) fn kept_store(&self) -> Option<&Store> {
        self.store.as_ref().filter(|_| self.session.is_some())
    }

    /// The plugin was asked for its state and has not answered.
    pub(super) fn awaits_state(&self) -> bool {
        self.asked_at.is_some()
    }
}

/// What pages, scripts and keys ask.
impl Control {
    /// Lists the presets of the plugin that sounds.
    pub(super) fn list_presets(&mut self, asker: Asker) {
        self.order(asker, |plugin, asker| Order::List { plugin, asker });
    }

    /// Recalls a preset.
    pub(super) fn recall_preset(&mut self, which: Which, asker: Asker) {
        self.order(asker, |plugin, asker| Order::Recall { plugin, which, asker });
    }

    /// The key: the preset after the one that was used last.
    pub(super) fn recall_next_preset(&mut self) {
        self.recall_preset(Which::After(self.presets.last.clone()), Asker::Terminal);
    }

    /// Deletes a preset.
    pub(super) fn delete_preset(&mut self, name: String, asker: Asker) {
        self.order(asker, |plugin, asker| Order::Delete { plugin, name, asker });
    }

    /// Saves where the plugin stands, once it has given its state.
    pub(super) fn save_preset(&mut self, name: String, asker: Asker) {
        match self.store_and_plugin() {
            Ok(_) => self.ask_state(Wanted::Preset { name, asker }),
            Err(error) => asker.answer("Saved", Err(error)),
        }
    }

    /// The key: saves without asking for a name.
    pub(super) fn save_quick_preset(&mut self) {
        self.save_preset(QUICK.to_owned(), Asker::Terminal);
    }

    /// Every parameter to its default.
    pub(super) fn reset_params(&mut self) {
        let params = self.params.list().iter().filter(|param| param.is_writable());
        let defaults: Vec<_> = params.map(|param| (param.id, param.default)).collect();
        self.set_all(&defaults);
    }

    fn set_all(&mut self, values: &[(u32, f64)]) {
        for &(id, value) in values {
            self.params.wish(id, value);
            self.reload.journal(id, value);
        }
        self.send_params();
    }

    fn order(&mut self, asker: Asker, order: impl FnOnce(String, Asker) -> Order) {
        match self.store_and_plugin() {
            Ok((store, plugin)) => store.order(order(plugin, asker)),
            Err(error) => asker.answer("Preset", Err(error)),
        }
    }

    fn store_and_plugin(&self) -> Result<(&Store, String), RpcError> {
        let plugin = self.reload.playing_info();
        let plugin = plugin.ok_or_else(|| RpcError::unsupported("no plugin is running yet"))?;
        let no_store = || RpcError::unsupported(crate::store::StoreError::NoDirectory.to_string());
        Ok((self.presets.store.as_ref().ok_or_else(no_store)?, plugin.id.clone()))
    }
}

/// What the store and the plugin answer.
impl Control {
    pub(super) fn on_store(&mut self, event: StoreEvent) {
        match event {
            StoreEvent::Changed => self.parts.report.notify("presets_changed", &json!({})),
            StoreEvent::Recalled { preset, asker } => self.on_recalled(*preset, asker),
        }
    }

    fn on_recalled(&mut self, preset: Saved, asker: Asker) {
        if self.reload.playing_info().is_none_or(|plugin| plugin.id != preset.plugin) {
            let message = "the plugin has changed meanwhile";
            return asker.answer("Recalled", Err(RpcError::busy(message)));
        }
        let values = preset.values(self.params.list());
        self.set_all(&values);
        self.presets.last = Some(preset.name.clone());
        self.presets.recall =
            preset.state.map(|state| Recall { state, values, since: Instant::now() });
        asker.answer("Recalled", Ok(json!({ "name": preset.name })));
    }

    fn ask_state(&mut self, wanted: Wanted) {
        let Some(thread) = self.reload.playing_thread() else {
            return;
        };
        self.presets.wanted.push(wanted);
        // One answer serves all who wait for it.
        if self.presets.asked_at.is_none() {
            thread.save_state();
            self.presets.asked_at = Some(Instant::now());
        }
    }

    /// The plugin's state, whoever asked for it.
    ///
    /// # Errors
    /// What ends the session when a recalled state is taken up.
    pub(super) fn on_state_to_keep(
        &mut self,
        state: &Result<Option<Vec<u8>>, String>,
    ) -> Result<(), Failure> {
        self.presets.asked_at = None;
        let mut recalled = Ok(());
        for wanted in std::mem::take(&mut self.presets.wanted) {
            match (wanted, state) {
                (Wanted::Preset { name, asker }, Ok(state)) => {
                    let preset = self.standing(&name, state.clone());
                    self.presets.last = Some(name);
                    self.order(asker, |_, asker| Order::Save { preset, asker });
                }
                (Wanted::Preset { asker, .. }, Err(why)) => {
                    let message = format!("the plugin could not save its state: {why}");
                    asker.answer("Saved", Err(RpcError::unsupported(message)));
                }
                (Wanted::Session, Ok(state)) => self.write_session(state.clone()),
                (Wanted::Recall, Ok(state)) => recalled = self.compare(state.as_deref()),
                (Wanted::Session | Wanted::Recall, Err(_)) => {}
            }
        }
        recalled
    }

    fn standing(&self, name: &str, state: Option<Vec<u8>>) -> Saved {
        let plugin = self.reload.playing_info().map_or("", |plugin| plugin.id.as_str());
        Saved::new(plugin, name, &self.params.newest_list(), state)
    }

    fn write_session(&mut self, state: Option<Vec<u8>>) {
        let Some(name) = &self.presets.session else {
            return;
        };
        let mut saved = self.standing(name, state);
        saved.stand = Some(Stand {
            bypass: self.bypass,
            mute: self.mute,
            devices: self.parts.memory.stand.devices.without_virtual(),
            mics: self.sources.remembered_inputs(),
        });
        if let Some(store) = &self.presets.store {
            store.order(Order::Session(saved));
        }
        self.presets.written_at = Some(Instant::now());
    }

    /// The recalled parameters have arrived: is what the plugin keeps beside them the preset's?
    fn compare(&mut self, state: Option<&[u8]>) -> Result<(), Failure> {
        match self.presets.recall.take() {
            Some(recall) if state != Some(&recall.state) => self.restart_with(recall.state),
            _ => Ok(()),
        }
    }

    /// What has to be looked at regularly.
    pub(super) fn tick_presets(&mut self, now: Instant) {
        if self.presets.asked_at.is_some_and(|at| now - at > STATE_LIMIT) {
            self.give_up_state();
        }
        if self.has_recall_arrived(now) && !self.presets.awaits_state() {
            self.ask_state(Wanted::Recall);
        }
        let is_due = self.presets.written_at.is_none_or(|at| now - at > SESSION_EVERY);
        if is_due && !self.presets.awaits_state() {
            self.keep_session();
        }
    }

    fn has_recall_arrived(&self, now: Instant) -> bool {
        let stands_at = |&(id, value): &(u32, f64)| self.params.value(id) == Some(value);
        self.presets.recall.as_ref().is_some_and(|recall| {
            recall.values.iter().all(stands_at) || now - recall.since > ARRIVAL_LIMIT
        })
    }

    /// Writes where the session stands, if that is kept and has changed.
    pub(super) fn keep_session(&mut self) {
        let can_be = self.presets.session.is_some() && self.reload.playing_thread().is_some();
        if can_be && std::mem::take(&mut self.presets.has_moved) {
            self.ask_state(Wanted::Session);
        }
    }

    /// The plugin does not give its state: a preset without it would not be what was saved.
    fn give_up_state(&mut self) {
        self.presets.asked_at = None;
        for wanted in std::mem::take(&mut self.presets.wanted) {
            if let Wanted::Preset { asker, .. } = wanted {
                let message = "the plugin does not give its state: nothing was saved";
                asker.answer("Saved", Err(RpcError::busy(message)));
            }
        }
        self.presets.recall = None;
    }
}
