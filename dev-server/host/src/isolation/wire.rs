//! What the two processes say to each other beside the blocks: one frame per message, a length
//! and the bytes, over a pair of sockets. Descriptors go with a frame from the parent to the child.
//!
//! Nothing that comes is believed: a frame that is too long or makes no sense is an error, and ends
//! the child.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::block_ring::Shape;
use crate::{
    carry::{Carried, ParamRef},
    error::FailReason,
    finding::AuditFinding,
    format::Format,
    instance::serving::RESTARTS,
    note::{News, PluginInfo, Severity},
    panic_line::PanicLine,
    params::ParamInfo,
    ports::Ports,
    probe::MeterInfo,
    start::Started,
    thread::Admission,
    vet::VetFinding,
};

/// Longest message, in bytes: the longest state that is taken, and something beside it.
pub(super) const MAX_BYTES: usize = 80 << 20;
/// Descriptors that come with one message at most.
const MAX_FILES: usize = 4;

/// From the parent to the child.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToChild {
    /// The first message, with the library and the board.
    Setup(Box<Setup>),
    /// Answer to [`ToParent::FindStart`].
    Start(Result<Started, String>),
    /// Answer to [`ToParent::Activated`], with the two regions of a ring.
    Ring(Shape),
    SaveState,
    ParamText {
        id: u32,
        value: f64,
        tag: u64,
    },
    TextToValue {
        id: u32,
        text: String,
        tag: u64,
    },
    /// [`ToParent::Synced`] answers when everything told before is told.
    Sync,
    /// The processor was halted: it is to be made anew.
    Reactivate(Format),
    /// The processor was halted: it is not needed any more.
    Retire,
    Shutdown,
}

/// What the child is made for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) generation: u64,
    /// The process that it must not outlive.
    pub(super) parent: i32,
    /// The path that the plugin is told it was loaded from.
    pub(super) told: std::path::PathBuf,
    pub(super) hash: u64,
    pub(super) has_tls: bool,
    pub(super) plugin_id: Option<String>,
    pub(super) format: Format,
    pub(super) is_guarded: bool,
    #[serde(with = "bytes")]
    pub(super) state: Option<Vec<u8>>,
    pub(super) params: Vec<(u32, f64)>,
    pub(super) set: Vec<(ParamRef, f64)>,
    pub(super) admission: Admission,
    /// Where it starts from is the parent's to say.
    pub(super) asks_start: bool,
}

/// From the child to the parent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToParent {
    FindStart(PluginInfo, Vec<ParamInfo>),
    Activated(Box<Parts>),
    /// The audio thread waits for blocks.
    Sounds {
        /// As the system numbers it.
        thread: u32,
        priority: Option<i32>,
        lacks: Vec<String>,
    },
    Synced,
    Tell(Told),
}

/// [`crate::Activated`] without its processor, which stays in the child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parts {
    pub(super) n_input: usize,
    pub(super) n_side: usize,
    pub(super) n_output: usize,
    pub(super) latency_frames: usize,
    /// Largest block and rate that it was activated for.
    pub(super) max_block: usize,
    pub(super) rate: f64,
    pub(super) ports: Ports,
    pub(super) takes_notes: bool,
    pub(super) tail_frames: Option<u32>,
    pub(super) meters: Vec<MeterInfo>,
    pub(super) params: Vec<ParamInfo>,
    pub(super) carried: Carried,
    pub(super) activate_ms: f64,
}

/// The news that cross as they are.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Told {
    Loaded { info: PluginInfo, has_tls: bool, load_ms: f64 },
    Vetted { warnings: Vec<VetFinding>, vet_ms: f64 },
    Failed { reason: FailReason, message: String, is_usage: bool, findings: Vec<VetFinding> },
    Log { severity: Severity, message: String },
    Panicked(PanicLine),
    ParamsChanged(Vec<ParamInfo>),
    State(#[serde(with = "bytes")] Option<Vec<u8>>),
    NoState(String),
    ParamText { id: u32, value: f64, text: String, tag: u64 },
    ParamValue { id: u32, text: String, value: Option<f64>, tag: u64 },
    StateDirty,
    LatencyChanged,
    TailChanged { frames: Option<u32> },
    PortsChanged(Ports),
    RestartWanted { why: String },
    Audit(Vec<AuditFinding>),
    Gone,
}

impl Told {
    /// What of the news crosses as it is.
    pub(super) fn from_news(news: News) -> Option<Self> {
        Some(match news {
            News::Loaded { info, has_tls, load_ms } => Self::Loaded { info, has_tls, load_ms },
            News::Vetted { warnings, vet_ms } => Self::Vetted { warnings, vet_ms },
            News::Failed { reason, message, is_usage, findings } => {
                Self::Failed { reason, message, is_usage, findings }
            }
            News::Log { severity, message } => Self::Log { severity, message },
            News::Panicked(line) => Self::Panicked(line),
            News::ParamsChanged(params) => Self::ParamsChanged(params),
            News::State(Ok(state)) => Self::State(state),
            News::State(Err(why)) => Self::NoState(why),
            News::ParamText { id, value, text, tag } => Self::ParamText { id, value, text, tag },
            News::ParamValue { id, text, value, tag } => Self::ParamValue { id, text, value, tag },
            News::StateDirty => Self::StateDirty,
            News::LatencyChanged => Self::LatencyChanged,
            News::TailChanged { frames } => Self::TailChanged { frames },
            News::PortsChanged(ports) => Self::PortsChanged(ports),
            News::RestartWanted { why } => Self::RestartWanted { why: why.to_owned() },
            News::Audit(findings) => Self::Audit(findings),
            News::Gone { .. } => Self::Gone,
            // The parent tells these by itself.
            News::Staged { .. }
            | News::Activated(_)
            | News::Warmed { .. }
            | News::Isolated { .. }
            | News::Crashed { .. } => return None,
        })
    }

    pub(super) fn into_news(self) -> News {
        match self {
            Self::Loaded { info, has_tls, load_ms } => News::Loaded { info, has_tls, load_ms },
            Self::Vetted { warnings, vet_ms } => News::Vetted { warnings, vet_ms },
            Self::Failed { reason, message, is_usage, findings } => {
                News::Failed { reason, message, is_usage, findings }
            }
            Self::Log { severity, message } => News::Log { severity, message },
            Self::Panicked(line) => News::Panicked(line),
            Self::ParamsChanged(params) => News::ParamsChanged(params),
            Self::State(state) => News::State(Ok(state)),
            Self::NoState(why) => News::State(Err(why)),
            Self::ParamText { id, value, text, tag } => News::ParamText { id, value, text, tag },
            Self::ParamValue { id, text, value, tag } => News::ParamValue { id, text, value, tag },
            Self::StateDirty => News::StateDirty,
            Self::LatencyChanged => News::LatencyChanged,
            Self::TailChanged { frames } => News::TailChanged { frames },
            Self::PortsChanged(ports) => News::PortsChanged(ports),
            Self::RestartWanted { why } => News::RestartWanted { why: known(&why) },
            Self::Audit(findings) => News::Audit(findings),
            Self::Gone => News::Gone { pinned: false },
        }
    }
}

/// The same words as the child's, which come from the same list.
fn known(why: &str) -> &'static str {
    RESTARTS.iter().map(|(_, known)| *known).find(|known| *known == why).unwrap_or("")
}

/// Bytes in one piece, not one by one.
mod bytes {
    use serde::{Deserializer, Serialize, Serializer, de::Visitor};

    struct Piece<'a>(&'a [u8]);

    impl Serialize for Piece<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_bytes(self.0)
        }
    }

    #[expect(clippy::ref_option, reason = "so serde calls it")]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.as_deref().map(Piece).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        from.deserialize_option(Whole)
    }

    struct Whole;

    impl<'de> Visitor<'de> for Whole {
        type Value = Option<Vec<u8>>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("bytes, or none")
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
            from.deserialize_bytes(self)
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(Some(bytes.to_vec()))
        }
    }
}

fn invalid(e: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, e.to_string())
}

fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    // The length stands before it.
    let mut bytes = postcard::to_extend(message, vec![0; 4]).map_err(invalid)?;
    let n_bytes = bytes.len() - 4;
    if n_bytes > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    bytes[..4].copy_from_slice(&u32::try_from(n_bytes).map_err(invalid)?.to_le_bytes());
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(mut from: impl Read, length: [u8; 4]) -> io::Result<T> {
    let n_bytes = u32::from_le_bytes(length) as usize;
    if n_bytes > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; n_bytes];
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(invalid)
}

/// Sends a message; waits until the other end took it.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`], and nothing was sent; or the other end is gone.
pub(super) fn send(mut socket: &UnixStream, message: &impl Serialize) -> io::Result<()> {
    socket.write_all(&encode(message)?)
}

/// As [`send`], with descriptors.
///
/// # Errors
/// As [`send`].
pub(super) fn send_with(
    mut socket: &UnixStream,
    message: &ToChild,
    files: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let bytes = encode(message)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FILES))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let n = sendmsg(socket, &[IoSlice::new(&bytes[..4])], &mut ancillary, SendFlags::NOSIGNAL)?;
    socket.write_all(&bytes[n..])
}

/// The next message, without descriptors; waits for it.
///
/// # Errors
/// The other end is gone, or says nonsense.
pub(super) fn receive<T: DeserializeOwned>(mut socket: &UnixStream) -> io::Result<T> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    decode(socket, length)
}

/// The next message and the descriptors that came with it; waits for it.
///
/// # Errors
/// As [`receive`].
pub(super) fn receive_with(socket: &UnixStream) -> io::Result<(ToChild, Vec<OwnedFd>)> {
    let (mut length, mut n, mut files) = ([0; 4], 0, Vec::new());
    while n < length.len() {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FILES))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let into = &mut [IoSliceMut::new(&mut length[n..])];
        let got = recvmsg(socket.as_fd(), into, &mut ancillary, RecvFlags::CMSG_CLOEXEC);
        let got = match got {
            Err(rustix::io::Errno::INTR) => continue,
            got => got?.bytes,
        };
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        n += got;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(came) = message {
                files.extend(came);
            }
        }
    }
    Ok((decode(socket, length)?, files))
}
