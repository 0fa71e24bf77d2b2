//! What of an MP4's sound is meant to be heard: its edit list (ISO/IEC 14496-12, 8.6.6).
//!
//! AAC encoders put a thousand frames and more before the sound, and name them nowhere else.

use std::io::{Read, Seek, SeekFrom};

/// The part that is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    /// Where it begins, in ticks of the track.
    pub(super) start: u64,
    /// How long it is, in ticks of the movie; 0 = to the end.
    pub(super) length: u64,
    /// Such ticks a second.
    pub(super) ticks_per_second: u32,
}

/// Of the first track that is sound, if it has one part and `file` is an MP4. `file` stands at its
/// beginning, before and afterwards.
pub(super) fn edit_of(file: &mut (impl Read + Seek)) -> Option<Edit> {
    let found = find(file);
    file.seek(SeekFrom::Start(0)).ok()?;
    found
}

/// More than that no box of interest has.
const MAX_BOX: u64 = 64 << 20;

fn find(file: &mut (impl Read + Seek)) -> Option<Edit> {
    let end = file.seek(SeekFrom::End(0)).ok()?;
    let mut at = 0;
    while at + 8 <= end {
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut head = [0; 16];
        let n = usize::try_from((end - at).min(16)).ok()?;
        file.read_exact(&mut head[..n]).ok()?;
        let (header, size) = match u32_at(&head, 0)? {
            0 => (8, end - at),
            1 => (16, u64_at(&head, 8)?),
            size => (8, u64::from(size)),
        };
        let kind = &head[4..8];
        // Every MP4 begins with its type.
        if size < header || (at == 0 && kind != b"ftyp") {
            return None;
        }
        if kind == b"moov" && size <= MAX_BOX {
            file.seek(SeekFrom::Start(at + header)).ok()?;
            let mut moov = Vec::new();
            file.take(size - header).read_to_end(&mut moov).ok()?;
            return edit_in(&moov);
        }
        at = at.checked_add(size)?;
    }
    None
}

fn edit_in(moov: &[u8]) -> Option<Edit> {
    let mvhd = child(moov, *b"mvhd")?;
    // Version 1 has times of 64 bits.
    let ticks_per_second = u32_at(mvhd, if mvhd.first()? == &1 { 20 } else { 12 })?;
    let is_sound = |trak: &&[u8]| {
        let hdlr = child(trak, *b"mdia").and_then(|mdia| child(mdia, *b"hdlr"));
        hdlr.and_then(|hdlr| hdlr.get(8..12)) == Some(b"soun")
    };
    let trak = Boxes(moov).filter(|(kind, _)| kind == b"trak").map(|(_, body)| body);
    let elst = child(child(trak.into_iter().find(is_sound)?, *b"edts")?, *b"elst")?;
    let is_wide = elst.first()? == &1;
    let (n, entry) = (u32_at(elst, 4)?, elst.get(8..)?);
    let (length, start) = if is_wide {
        (u64_at(entry, 0)?, u64_at(entry, 8)?)
    } else {
        // −1 stands for silence.
        let start = u32_at(entry, 4)?;
        (u32_at(entry, 0)?.into(), if start == u32::MAX { u64::MAX } else { start.into() })
    };
    (n == 1 && start < u64::from(u32::MAX) && ticks_per_second > 0).then_some(Edit {
        start,
        length,
        ticks_per_second,
    })
}

/// The boxes that lie in one, with their kinds.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let size = usize::try_from(u32_at(self.0, 0)?).ok()?;
        let kind = self.0.get(4..8)?.try_into().ok()?;
        let body = self.0.get(8..size)?;
        self.0 = &self.0[size..];
        Some((kind, body))
    }
}

fn child(body: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    Boxes(body).find(|(k, _)| *k == kind).map(|(_, body)| body)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const M4A: &[u8] = include_bytes!("../../tests/data/short.m4a");

    #[test]
    fn it_is_read_from_what_an_encoder_wrote() {
        let edit = edit_of(&mut Cursor::new(M4A)).unwrap();
        assert_eq!(edit, Edit { start: 1_024, length: 300, ticks_per_second: 1_000 });
        assert_eq!(edit_of(&mut Cursor::new(b"RIFF....WAVE")), None);
    }

    #[test]
    fn no_damage_makes_it_panic_or_hang() {
        for length in 0..M4A.len() {
            edit_of(&mut Cursor::new(&M4A[..length]));
        }
        for at in 0..M4A.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut bytes = M4A.to_vec();
                bytes[at] = byte;
                edit_of(&mut Cursor::new(bytes));
            }
        }
    }
}
