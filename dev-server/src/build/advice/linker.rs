//! Which linker made a library, by the mark that it left there, and which others there are.

/// From the slowest to the fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Linker {
    Gold,
    Gnu,
    Lld,
    Mold,
    Wild,
}

impl Linker {
    /// As people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gold => "GNU gold",
            Self::Gnu => "GNU ld",
            Self::Lld => "lld",
            Self::Mold => "mold",
            Self::Wild => "wild",
        }
    }

    /// As a C compiler's `-fuse-ld` calls it, if it can be recommended.
    pub(super) fn word(self) -> Option<&'static str> {
        (self >= Self::Lld).then(|| self.name())
    }
}

/// Those that a C compiler would find.
pub(super) fn installed() -> Vec<Linker> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |file: &str| std::env::split_paths(&path).any(|dir| dir.join(file).is_file());
    [("ld.lld", Linker::Lld), ("mold", Linker::Mold), ("wild", Linker::Wild)]
        .into_iter()
        .filter_map(|(file, linker)| is_there(file).then_some(linker))
        .collect()
}

/// Reads the mark in an ELF library: all but GNU ld leave one. None for other kinds of files.
pub(super) fn of(library: &[u8]) -> Option<Linker> {
    let sections = sections(library)?;
    let section = |name: &str| sections.iter().find(|(n, _)| n == name).map(|(_, bytes)| *bytes);
    if section(".note.gnu.gold-version").is_some() {
        return Some(Linker::Gold);
    }
    let comment = String::from_utf8_lossy(section(".comment").unwrap_or_default()).to_lowercase();
    let of_mark = |mark: &str| match mark.trim_start_matches("linker: ").split([' ', ':']).next() {
        Some("lld") => Some(Linker::Lld),
        Some("mold") => Some(Linker::Mold),
        Some("wild") => Some(Linker::Wild),
        _ => None,
    };
    Some(comment.split('\0').find_map(of_mark).unwrap_or(Linker::Gnu))
}

/// Names and bytes of the sections of a 64-bit little-endian ELF file.
fn sections(file: &[u8]) -> Option<Vec<(String, &[u8])>> {
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, size) = (number(file, 40, 8)?, number(file, 58, 2)?);
    let (count, names) = (number(file, 60, 2)?, number(file, 62, 2)?);
    let header = |n: usize| table.checked_add(n.checked_mul(size)?);
    let bytes = |n: usize| {
        let header = header(n)?;
        let from = number(file, header.checked_add(24)?, 8)?;
        file.get(from..from.checked_add(number(file, header.checked_add(32)?, 8)?)?)
    };
    let names = bytes(names)?;
    let name = |n: usize| {
        let rest = names.get(number(file, header(n)?, 4)?..)?;
        let end = rest.iter().position(|&b| b == 0)?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    };
    Some((0..count).filter_map(|n| Some((name(n)?, bytes(n)?))).collect())
}

fn number(file: &[u8], at: usize, n_bytes: usize) -> Option<usize> {
    let bytes = file.get(at..at.checked_add(n_bytes)?)?;
    let number = bytes.iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    usize::try_from(number).ok()
}
