//! The thread `store`: takes orders from control, and answers whoever asked.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Entry, Folder, Saved, StoreError};
use crate::{
    report::{Tone, say},
    web::RpcError,
};

/// Who asked for something, and how they are answered.
#[derive(Debug)]
pub enum Asker {
    /// A page or a script.
    Client(oneshot::Sender<Result<Value, RpcError>>),
    /// A key of the terminal.
    Terminal,
}

impl Asker {
    /// Whether nobody waits for the answer any more.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Client(reply) if reply.is_closed())
    }

    /// Tells who asked; people at the terminal read `verb` and the preset's name.
    pub fn answer(self, verb: &str, outcome: Result<Value, RpcError>) {
        match (self, outcome) {
            // The client went away meanwhile.
            (Self::Client(reply), outcome) => drop(reply.send(outcome)),
            (Self::Terminal, Ok(value)) => {
                say(Tone::Good, verb, value["name"].as_str().unwrap_or_default());
            }
            (Self::Terminal, Err(error)) => say(Tone::Warning, "Preset", error.message),
        }
    }
}

/// Which preset to recall.
#[derive(Debug)]
pub enum Which {
    /// The one of that name.
    Named(String),
    /// The one after that, by name; the first after the last.
    After(Option<String>),
}

/// What the thread is to do.
#[derive(Debug)]
pub enum Order {
    /// List a plugin's presets.
    List {
        /// Its id.
        plugin: String,
        /// Gets them.
        asker: Asker,
    },
    /// Write a preset.
    Save {
        /// The preset.
        preset: Saved,
        /// Gets its name.
        asker: Asker,
    },
    /// Read a preset; [`StoreEvent::Recalled`] brings it.
    Recall {
        /// The plugin's id.
        plugin: String,
        /// Which.
        which: Which,
        /// Gets an error; its name is for control to answer, when it was recalled.
        asker: Asker,
    },
    /// Delete a preset.
    Delete {
        /// The plugin's id.
        plugin: String,
        /// Its name.
        name: String,
        /// Gets its name.
        asker: Asker,
    },
    /// Write where the session stands.
    Session(Saved),
    /// Write the hashes of builds that hung.
    Quarantine(Vec<u64>),
}

/// What the thread tells control.
#[derive(Debug)]
pub enum StoreEvent {
    /// There are other presets than before.
    Changed,
    /// A preset to be recalled.
    Recalled {
        /// It.
        preset: Box<Saved>,
        /// Waits for the answer.
        asker: Asker,
    },
}

/// Control's end of the thread. Dropping it waits until all orders are done.
#[derive(Debug)]
pub struct Store {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Starts the thread; `tell` must not block.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(folder: Folder, tell: impl Fn(StoreEvent) + Send + 'static) -> io::Result<Self> {
        let (orders, inbox) = channel();
        let worker = Worker { folder, tell: Box::new(tell), has_failed: false };
        let thread = thread::Builder::new().name("store".into()).spawn(|| worker.run(inbox))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Returns at once; the order is done in its turn.
    pub fn order(&self, order: Order) {
        let sent = self.orders.as_ref().is_none_or(|orders| orders.send(order).is_ok());
        debug_assert!(sent, "the thread ends only after us");
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.orders.take());
        drop(self.thread.take().map(JoinHandle::join));
    }
}

struct Worker {
    folder: Folder,
    tell: Box<dyn Fn(StoreEvent) + Send>,
    /// The session could not be written: said once.
    has_failed: bool,
}

impl Worker {
    fn run(mut self, inbox: Receiver<Order>) {
        for order in inbox {
            self.obey(order);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::List { plugin, asker } => {
                let presets = self.list(&plugin).map(|presets| json!({ "presets": presets }));
                asker.answer("Presets", presets.map_err(|error| of_store(&error)));
            }
            Order::Save { preset, asker } => {
                let saved = self.folder.save(&preset);
                self.changed(saved, &preset.name, "Saved", asker);
            }
            Order::Delete { plugin, name, asker } => {
                let deleted = self.folder.delete(&plugin, &name);
                self.changed(deleted, &name, "Deleted", asker);
            }
            Order::Recall { plugin, which, asker } => match self.find(&plugin, which) {
                Ok(preset) => (self.tell)(StoreEvent::Recalled { preset: preset.into(), asker }),
                Err(error) => asker.answer("Recalled", Err(of_store(&error))),
            },
            Order::Session(saved) => self.tell_once(self.folder.save_session(&saved)),
            Order::Quarantine(hashes) => self.tell_once(self.folder.save_quarantine(&hashes)),
        }
    }

    fn tell_once(&mut self, done: Result<(), StoreError>) {
        if let Some(error) = done.err().filter(|_| !self.has_failed) {
            self.has_failed = true;
            say(Tone::Warning, "Session", format!("cannot be kept: {error}"));
        }
    }

    fn changed(&self, done: Result<(), StoreError>, name: &str, verb: &str, asker: Asker) {
        let is_done = done.is_ok();
        asker.answer(verb, done.map(|()| json!({ "name": name })).map_err(|e| of_store(&e)));
        if is_done {
            (self.tell)(StoreEvent::Changed);
        }
    }

    fn list(&self, plugin: &str) -> Result<Vec<Entry>, StoreError> {
        let listing = self.folder.list(plugin)?;
        for damaged in &listing.damaged {
            say(Tone::Warning, "Preset", damaged);
        }
        Ok(listing.presets)
    }

    fn find(&self, plugin: &str, which: Which) -> Result<Saved, StoreError> {
        let name = match which {
            Which::Named(name) => name,
            Which::After(last) => next(&self.list(plugin)?, last.as_deref()),
        };
        self.folder.read(plugin, &name)
    }
}

/// The name after `last`; with none saved, the one that a key would have saved.
fn next(presets: &[Entry], last: Option<&str>) -> String {
    let at = presets.iter().position(|entry| Some(entry.name.as_str()) == last);
    let next = presets.get(at.map_or(0, |at| at + 1)).or(presets.first());
    next.map_or_else(|| QUICK.to_owned(), |entry| entry.name.clone())
}

/// The preset that the key `s` saves.
pub const QUICK: &str = "quick";

fn of_store(error: &StoreError) -> RpcError {
    let message = error.to_string();
    match error {
        StoreError::BadName { .. } | StoreError::Unknown { .. } => {
            RpcError::invalid_params(message)
        }
        StoreError::Damaged { .. } | StoreError::NoDirectory => RpcError::unsupported(message),
        StoreError::Io { .. } => RpcError::busy(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store, Receiver<StoreEvent>) {
        let home = tempfile::tempdir().unwrap();
        let (tell, told) = channel();
        let folder = Folder::at(home.path().to_owned());
        let store = Store::start(folder, move |event| drop(tell.send(event))).unwrap();
        (home, store, told)
    }

    fn ask(store: &Store, order: impl FnOnce(Asker) -> Order) -> Result<Value, RpcError> {
        let (reply, answer) = oneshot::channel();
        store.order(order(Asker::Client(reply)));
        answer.blocking_recv().unwrap()
    }

    fn preset(name: &str) -> Saved {
        Saved::new("org.x", name, &[], None)
    }

    #[test]
    fn who_asks_is_answered_and_all_hear_of_changes() {
        let (_home, store, told) = store();
        let save = |name| ask(&store, |asker| Order::Save { preset: preset(name), asker });
        assert_eq!(save("one").unwrap(), json!({ "name": "one" }));
        assert!(matches!(told.recv().unwrap(), StoreEvent::Changed));
        assert_eq!(save("").unwrap_err().code, -32602);
        let list = ask(&store, |asker| Order::List { plugin: "org.x".into(), asker }).unwrap();
        assert_eq!(list["presets"][0]["name"], "one");
        assert!(list["presets"][0]["modified"].as_u64().unwrap() > 1_500_000_000_000);
        let delete = |name: &str| {
            let (plugin, name) = ("org.x".to_owned(), name.to_owned());
            ask(&store, |asker| Order::Delete { plugin, name, asker })
        };
        assert_eq!(delete("two").unwrap_err().code, -32602);
        assert_eq!(delete("one").unwrap(), json!({ "name": "one" }));
        assert!(matches!(told.recv().unwrap(), StoreEvent::Changed));
        assert!(told.try_recv().is_err(), "a refusal changes nothing");
    }

    #[test]
    fn what_is_recalled_goes_to_control() {
        let (_home, store, told) = store();
        ask(&store, |asker| Order::Save { preset: preset("one"), asker }).unwrap();
        let plugin = || "org.x".to_owned();
        let which = Which::Named("one".into());
        store.order(Order::Recall { plugin: plugin(), which, asker: Asker::Terminal });
        told.recv().unwrap();
        let StoreEvent::Recalled { preset: found, .. } = told.recv().unwrap() else {
            panic!("the preset was asked for");
        };
        assert_eq!(*found, preset("one"));
        let missing =
            |asker| Order::Recall { plugin: plugin(), which: Which::Named("x".into()), asker };
        assert!(ask(&store, missing).unwrap_err().message.contains("saved are \"one\""));
    }

    #[test]
    fn the_next_preset_is_the_one_after_the_last() {
        let entry = |name: &str| Entry { name: name.into(), modified: 0 };
        let presets = [entry("a"), entry("b")];
        for (last, wanted) in [(None, "a"), (Some("a"), "b"), (Some("b"), "a"), (Some("gone"), "a")]
        {
            assert_eq!(next(&presets, last), wanted);
        }
        assert_eq!(next(&[], None), QUICK);
    }

    #[test]
    fn dropping_it_waits_for_what_was_ordered() {
        let (home, store, _told) = store();
        store.order(Order::Session(Saved::new("org.x", "/a", &[], None)));
        drop(store);
        assert!(Folder::at(home.path().to_owned()).session("/a").unwrap().is_some());
    }
}
