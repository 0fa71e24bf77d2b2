//! The hostile set in a running session: an edit and a save bring each wrong into the signal.
//!
//! All generations pass their input on unchanged, so the recording is the input, frame by frame,
//! whichever of them sounds; what is not is a gap and must be accounted for.
//!
//! In process a segfault, an abort, `exit()`, an overflowing stack, an endless loop and a closed
//! descriptor take the server with them: those are asserted with `--isolation process` alone.

use serde_json::{Value, json};

use crate::{
    crates::Crate,
    deeds::{self, Place},
    line::Line,
    reload::{Booth, pause, wait_for_sound},
    server::{Ended, Server},
    take::Take,
};

/// Frames of a device's period: half of it, 5 ms, is the patience with a plugin's process.
const PERIOD: usize = 512;
/// The difference at a joint decays over 5 ms.
const SEAM: usize = 240;

/// A session with a plugin that was edited several times.
struct Session {
    plugin: Crate,
    booth: Booth,
    server: Server,
    page: Line,
    /// Number of the newest source.
    number: u32,
}

impl Session {
    fn start(isolation: &str) -> Self {
        let (plugin, booth) = (Crate::new("hostile"), Booth::new(&format!("hostile-{isolation}")));
        plugin.save("src/lib.rs", &deeds::good(1));
        let record = booth.file("record");
        let mut server = booth.start(
            &plugin,
            &[
                "--isolation",
                isolation,
                "--period",
                &PERIOD.to_string(),
                "--record",
                record.to_str().unwrap(),
            ],
        );
        let page = Line::open(&server.wait("listening"));
        wait_for_sound(&mut server);
        pause(&mut server, 100);
        Self { plugin, booth, server, page, number: 1 }
    }

    /// Saves a source with a new number; gives the number.
    fn save(&mut self, place: Place, deed: &str) -> u32 {
        self.number += 1;
        self.plugin.save("src/lib.rs", &deeds::source(place, deed, self.number));
        self.number
    }

    /// A source that does nothing wrong, heard.
    fn mend(&mut self) -> Value {
        self.save(Place::Process, "");
        let reloaded = self.server.wait("reloaded");
        pause(&mut self.server, 150);
        reloaded
    }

    /// What does wrong while it sounds; the fault that is told of it, and its generation.
    fn set_off(&mut self, deed: &str) -> (Value, u32) {
        let number = self.save(Place::Process, deed);
        let reloaded = self.server.wait("reloaded");
        pause(&mut self.server, 150);
        self.page.call("set_param", &json!({"id": "fuse", "value": number}));
        let fault = self.server.wait("fault");
        println!("{fault}");
        let generation = u32::try_from(reloaded["generation"].as_u64().unwrap()).unwrap();
        assert_eq!(fault["generation"], generation);
        (fault, generation)
    }

    fn end(self) -> (Ended, Booth) {
        drop(self.page);
        let ended = self.server.stop().succeeded();
        println!("{}", ended.stderr);
        (ended, self.booth)
    }
}

/// Stretches of the recording that are not the input, in frames; each is explained.
fn gaps(booth: &Booth, ended: &Ended) -> Vec<(usize, usize)> {
    let stopped = ended.event("stopped");
    for counter in ["lost_frames", "overruns"] {
        assert_eq!(stopped[counter], 0, "{stopped}");
    }
    let recorded = crate::wav::Wav::read(&booth.file("record"));
    let take = Take::new(&booth.input, &recorded, 0, 1.0);
    let (from, to) = (take.first() + PERIOD, recorded.frames());
    let gaps = take.gaps(from, to);
    let (step, own) = take.steps(from, to);
    println!(
        "largest step {step}, of the signal itself {own}; missed {}",
        stopped["missed_blocks"]
    );
    gaps.iter().map(|gap| (gap.len(), take.silent(gap))).collect()
}
