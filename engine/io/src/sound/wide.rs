//! WAV files with more channels than the decoder has names for.

use std::io::{Read, Seek, SeekFrom};

/// Channels that are told apart.
const MAX_CHANNELS: u16 = 26;

/// How many channels `file` has, if it is a WAV with too many. It stands at its beginning, before and
/// afterwards.
pub(super) fn too_wide(file: &mut (impl Read + Seek)) -> Option<String> {
    let mut head = Vec::new();
    file.by_ref().take(4_096).read_to_end(&mut head).ok()?;
    file.seek(SeekFrom::Start(0)).ok()?;
    let channels = wav_channels(&head).filter(|channels| *channels > MAX_CHANNELS)?;
    Some(format!("it has {channels} channels; at most {MAX_CHANNELS} can be played"))
}

fn wav_channels(head: &[u8]) -> Option<u16> {
    if head.get(..4)? != b"RIFF" || head.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut chunk = head.get(12..)?;
    while chunk.get(..4)? != b"fmt " {
        let size = u32::from_le_bytes(chunk.get(4..8)?.try_into().ok()?);
        // A chunk begins at an even place.
        let next = usize::try_from(size).ok()?.checked_add(8)?;
        chunk = chunk.get(next.checked_next_multiple_of(2)?..)?;
    }
    Some(u16::from_le_bytes(chunk.get(10..12)?.try_into().ok()?))
}
