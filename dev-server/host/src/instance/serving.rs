//! What the main thread does between its messages: wishes, timers, changes to tell.

use std::time::{Duration, Instant};

use clack_extensions::timer::PluginTimer;

use crate::{instance::Instance, note::News, ports, wishes::Wish};

/// How often the list of parameters is compared with what was told of it.
const COMPARE: Duration = Duration::from_secs(1);

/// What a plugin is to be activated anew for.
pub(crate) const RESTARTS: [(Wish, &str); 4] = [
    (Wish::Restart, "the plugin asks for it"),
    (Wish::PortRescan, "the plugin's audio ports changed"),
    (Wish::ConfigRescan, "the plugin offers other configurations of its ports"),
    (Wish::NotePortRescan, "the plugin's note ports changed"),
];

impl Instance {
    /// Does what the plugin asked for since last time.
    pub(crate) fn serve(&mut self) {
        if self.wishes.take(Wish::Callback) {
            let Self { plugin, busy, .. } = self;
            busy.call(|| plugin.call_on_main_thread_callback());
        }
        self.call_timers();
        // While it is active every block flushes.
        if self.wishes.take(Wish::Flush) && !self.plugin.is_active() {
            self.flush(&[]);
        }
        self.compare_params();
        self.tell_changes();
        self.wishes.probes.expire();
        self.wishes.deliver_logs();
        self.tell_audit(Some(Instant::now()));
    }

    fn call_timers(&mut self) {
        let due = self.plugin.access_handler(|main| main.due_timers(Instant::now()));
        let plugin = self.plugin.plugin_handle();
        let Some(ext) = (!due.is_empty()).then(|| plugin.get_extension::<PluginTimer>()) else {
            return;
        };
        for (ext, id) in ext.into_iter().flat_map(|ext| due.iter().map(move |id| (ext, *id))) {
            self.busy.call(|| ext.on_timer(&plugin, id));
        }
    }

    /// Reads the parameters again if the plugin says so, and from time to time, because not every
    /// plugin does. Of what it did not announce only the list counts: values move with events.
    fn compare_params(&mut self) {
        let is_announced = self.wishes.take(Wish::ParamRescan);
        if !is_announced && self.compared.elapsed() < COMPARE {
            return;
        }
        let params = self.params();
        let is_same = params.len() == self.told.len()
            && params.iter().zip(&self.told).all(|(now, told)| now.is_like(told));
        self.compared = Instant::now();
        if is_same && !is_announced {
            return;
        }
        if !is_announced {
            self.complain(
                "the plugin changed its parameters without a word: call `params.rescan` (they \
                 were read again)"
                    .to_owned(),
            );
        }
        self.told.clone_from(&params);
        self.wishes.outbox.send(News::ParamsChanged(params));
    }

    fn tell_changes(&mut self) {
        let Self { wishes, .. } = self;
        let tell = |wish, news| {
            if wishes.take(wish) {
                wishes.outbox.send(news);
            }
        };
        tell(Wish::StateDirty, News::StateDirty);
        tell(Wish::Latency, News::LatencyChanged);
        tell(Wish::TailNews, News::TailChanged { frames: wishes.tail_frames() });
        for (wish, why) in RESTARTS {
            tell(wish, News::RestartWanted { why });
        }
        if self.wishes.take(Wish::PortNames) {
            self.rename_ports();
        }
    }

    /// Takes over new names of ports; of nothing else, which only a restart can change.
    fn rename_ports(&mut self) {
        let plugin = self.plugin.plugin_handle();
        let Ok(now) = self.busy.call(|| ports::read(plugin)) else {
            return;
        };
        self.ports.rename_from(&now);
        self.wishes.outbox.send(News::PortsChanged(self.ports.clone()));
    }
}
