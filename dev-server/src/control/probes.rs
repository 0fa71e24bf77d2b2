//! What the plugin shows of itself – probes and declared meters – and the texts that it reads, for
//! whoever asks.

use std::{collections::BTreeMap, time::Duration};

use retake_host::{ParamRef, ProbeKind, ProbeReading};
use serde_json::{Value, json};

use super::Control;
use crate::{
    store::Asker,
    web::{ClientId, RpcError},
};

/// Who asks keeps the plugin sending for so long.
const WATCH: Duration = Duration::from_secs(2);

/// What each client has not seen yet.
#[derive(Debug, Default)]
pub(super) struct Probes {
    /// Smallest and largest value per probe since the client's last question.
    unseen: BTreeMap<ClientId, BTreeMap<String, (f64, f64)>>,
    /// Who waits for the value of a text.
    texts: BTreeMap<u64, Asker>,
    n_texts: u64,
}

impl Probes {
    /// Another plugin: nothing of the old one is shown.
    pub(super) fn forget(&mut self) {
        self.unseen.clear();
        self.texts.clear();
    }

    pub(super) fn leave(&mut self, client: ClientId) {
        self.unseen.remove(&client);
    }

    /// Shares a reading, which empties the plugin's own cells, with all who ask.
    fn share(
        &mut self,
        client: ClientId,
        readings: &[ProbeReading],
    ) -> BTreeMap<String, (f64, f64)> {
        self.unseen.entry(client).or_default();
        for reading in readings {
            let (Some(min), Some(max)) = (reading.min, reading.max) else {
                continue;
            };
            for unseen in self.unseen.values_mut() {
                let span = unseen.entry(reading.name.clone()).or_insert((min, max));
                *span = (span.0.min(min), span.1.max(max));
            }
        }
        self.unseen.get_mut(&client).map(std::mem::take).unwrap_or_default()
    }
}

impl Control {
    pub(super) fn show_probes(&mut self, client: ClientId) -> Value {
        let Some(thread) = self.reload.playing_thread() else {
            return json!({ "meters": [], "probes": [] });
        };
        let probes = thread.probes();
        probes.watch(WATCH);
        let readings = probes.read();
        let spans = self.probes.share(client, &readings);
        let meters = self.reload.meters();
        let value_of = |key: &str| readings.iter().find(|r| r.name == key).and_then(|r| r.value);
        let shown_meters: Vec<_> = meters
            .iter()
            .map(|meter| {
                let mut shown = json!(meter);
                shown["value"] = json!(value_of(&meter.key));
                shown
            })
            .collect();
        let is_own = |r: &&ProbeReading| meters.iter().all(|meter| meter.key != r.name);
        let shown_probes: Vec<_> = readings
            .iter()
            .filter(is_own)
            .map(|reading| {
                let span = spans.get(&reading.name);
                json!({
                    "name": reading.name,
                    "kind": match reading.kind {
                        ProbeKind::Scalar => "scalar",
                        ProbeKind::Signal => "signal",
                    },
                    "value": reading.value,
                    "min": span.map(|span| span.0),
                    "max": span.map(|span| span.1),
                })
            })
            .collect();
        json!({ "meters": shown_meters, "probes": shown_probes })
    }

    /// Lets the plugin read a text; the answer comes from its thread.
    pub(super) fn read_text(&mut self, wanted: &ParamRef, text: String, asker: Asker) {
        let found = self.params.find(wanted);
        let (id, thread) = match (found, self.reload.playing_thread()) {
            (Ok(id), Some(thread)) => (id, thread),
            (Err(error), _) => return asker.answer("", Err(error)),
            (Ok(_), None) => {
                let error = RpcError::unsupported("no plugin is running that could read it");
                return asker.answer("", Err(error));
            }
        };
        self.probes.n_texts += 1;
        let tag = self.probes.n_texts;
        thread.text_to_value(id, text, tag);
        self.probes.texts.insert(tag, asker);
    }

    /// The plugin has read a text.
    pub(super) fn on_value_of_text(&mut self, tag: u64, value: Option<f64>, text: &str) {
        let Some(asker) = self.probes.texts.remove(&tag) else {
            return;
        };
        let unread =
            || RpcError::invalid_params(format!("the plugin cannot read {text:?} as a value"));
        asker.answer("", value.map(|value| json!({ "value": value })).ok_or_else(unread));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(min: f64, max: f64) -> [ProbeReading; 1] {
        let name = "env".to_owned();
        let (value, kind) = (Some(max), ProbeKind::Scalar);
        [ProbeReading { name, kind, value, min: Some(min), max: Some(max) }]
    }

    #[test]
    fn each_client_sees_all_extremes_since_its_own_last_question() {
        let (a, b) = (ClientId(1), ClientId(2));
        let mut probes = Probes::default();
        let env = |seen: BTreeMap<String, (f64, f64)>| seen.get("env").copied();
        assert_eq!(env(probes.share(a, &reading(0.0, 1.0))), Some((0.0, 1.0)));
        assert_eq!(env(probes.share(b, &reading(-3.0, 0.5))), Some((-3.0, 0.5)));
        assert_eq!(env(probes.share(a, &reading(0.1, 0.2))), Some((-3.0, 0.5)));
        assert_eq!(env(probes.share(b, &[])), Some((0.1, 0.2)));
        assert_eq!(env(probes.share(b, &[])), None);
        probes.leave(a);
        assert_eq!(probes.unseen.len(), 1);
    }
}
