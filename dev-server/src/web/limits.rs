//! What one client may cost. Plain data; the values of the checklist are the default.

use std::time::Duration;

/// The limits of the web side. Tests make them small; the program uses the default.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// WebSocket clients at once; the next one gets a 503.
    pub clients: usize,
    /// Connections that are still speaking HTTP; more wait to be accepted.
    pub visitors: usize,
    /// Largest message a client may send, in bytes.
    pub message_bytes: usize,
    /// Read buffer of each client, in bytes.
    pub read_buffer_bytes: usize,
    /// A connection that has not sent its whole header by then is dropped.
    pub handshake: Duration,
    /// A connection whose answer has not been taken by then is dropped; so is one that sends a file
    /// when nothing has come for this long.
    pub answer: Duration,
    /// Time between pings. A client silent from one ping to the next is dropped.
    pub ping: Duration,
    /// A client that takes no bytes for this long is dropped.
    pub send: Duration,
    /// Control's time to answer a call.
    pub reply: Duration,
    /// Notifications a client may be behind; one more and it is closed.
    pub notifications: usize,
    /// Requests per second of one client, and how many at once.
    pub requests_per_second: u32,
    /// Telemetry frames per second of one client.
    pub frames_per_second: u32,
    /// Places in the source opened per second, for all pages together: each starts an editor.
    pub opens_per_second: u32,
    /// Clients that send frames at once; the next one gets a 503.
    pub push_clients: usize,
    /// Files that are sent at once; the next one gets a 503.
    pub uploads: usize,
    /// Largest file that a client may send, in bytes; above that it gets a 413.
    pub upload_bytes: u64,
    /// What all files together may hold that were sent and are still sources, in bytes; beyond that
    /// the next one gets a 507. Those that are being sent at the same time may add theirs.
    pub kept_bytes: u64,
    /// Takes that are being saved at once; each is in memory until it is sent.
    pub takes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 64,
            visitors: 128,
            message_bytes: 64 * 1024,
            read_buffer_bytes: 4 * 1024,
            handshake: Duration::from_secs(2),
            answer: Duration::from_secs(10),
            ping: Duration::from_secs(5),
            send: Duration::from_secs(5),
            reply: Duration::from_secs(2),
            notifications: 1024,
            requests_per_second: 2_000,
            frames_per_second: 120,
            opens_per_second: 5,
            push_clients: 8,
            uploads: 4,
            upload_bytes: 512 << 20,
            kept_bytes: 2 << 30,
            takes: 2,
        }
    }
}
