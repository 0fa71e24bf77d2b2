//! Bounded reads from a file's bytes: beyond the end is an error, never a panic.

/// The bytes of a file and where its numbers are read from.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    /// A little-endian number of `N` bytes at `at`.
    fn number<const N: usize>(self, at: u64) -> Result<[u8; N], String> {
        self.holds("a header", at, N as u64)?;
        let at = usize::try_from(at).map_err(|e| e.to_string())?;
        let mut number = [0; N];
        number.copy_from_slice(&self.0[at..at + N]);
        Ok(number)
    }

    pub(super) fn u16(self, at: u64) -> Result<u64, String> {
        Ok(u16::from_le_bytes(self.number(at)?).into())
    }

    pub(super) fn u32(self, at: u64) -> Result<u64, String> {
        Ok(u32::from_le_bytes(self.number(at)?).into())
    }

    pub(super) fn u64(self, at: u64) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.number(at)?))
    }

    /// That `len` bytes at `at` are in the file.
    pub(super) fn holds(self, what: &str, at: u64, len: u64) -> Result<(), String> {
        let have = self.0.len() as u64;
        match at.checked_add(len) {
            Some(end) if end <= have => Ok(()),
            Some(end) => Err(format!("{what} ends at byte {end}, the file at {have}")),
            None => Err(format!("{what} has an impossible extent")),
        }
    }
}
