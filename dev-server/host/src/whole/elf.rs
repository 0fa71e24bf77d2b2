//! ELF, 64 bits, little-endian (the System V ABI's generic part, chapters 4 and 5).

use super::{Shape, bytes::Bytes};

pub(super) const MAGIC: [&[u8]; 1] = [b"\x7fELF"];

const HEADER: u64 = 64;
const PROGRAM_HEADER: u64 = 56;
const SECTION_HEADER: u64 = 64;
const PT_TLS: u64 = 7;
/// A section that takes no bytes of the file (`.bss`).
const SHT_NOBITS: u64 = 8;

/// The machines of ELF's list that this can be built for, by their numbers.
const MACHINES: [(u64, &str); 4] = [(3, "x86"), (40, "arm"), (62, "x86_64"), (183, "aarch64")];

/// Names the machine that the library was made for, if it is another than this one: the loader
/// would only say that it cannot open the file.
pub(super) fn foreign(file: &[u8]) -> Option<String> {
    let theirs = Bytes(file).u16(18).ok().filter(|_| file.starts_with(MAGIC[0]))?;
    let (ours, our_name) = MACHINES.iter().find(|(_, name)| *name == std::env::consts::ARCH)?;
    let name = MACHINES.iter().find(|(number, _)| *number == theirs);
    let name = name.map_or_else(|| format!("ELF machine {theirs}"), |(_, name)| (*name).into());
    (theirs != *ours).then(|| format!("it is made for {name}, this machine is {our_name}"))
}

pub(super) fn check(file: &[u8]) -> Result<Shape, String> {
    let file = Bytes(file);
    file.holds("the ELF header", 0, HEADER)?;
    if file.0[4] != 2 || file.0[5] != 1 {
        // The loader names this better, and reads no further than the header.
        return Ok(Shape::default());
    }
    sections(file)?;
    segments(file)
}

fn sections(file: Bytes<'_>) -> Result<(), String> {
    let (table, size) = (file.u64(40)?, file.u16(58)?);
    if table == 0 {
        return Ok(());
    }
    if size < SECTION_HEADER {
        return Err(format!("section headers of {size} bytes"));
    }
    let count = match file.u16(60)? {
        // 65,280 sections and more are counted in the first header.
        0 => file.u64(table.saturating_add(32))?,
        n => n,
    };
    file.holds("the section header table", table, count.saturating_mul(size))?;
    for header in (0..count).map(|n| table + n * size) {
        if file.u32(header + 4)? != SHT_NOBITS {
            file.holds("a section", file.u64(header + 24)?, file.u64(header + 32)?)?;
        }
    }
    Ok(())
}

fn segments(file: Bytes<'_>) -> Result<Shape, String> {
    let (table, size, count) = (file.u64(32)?, file.u16(54)?, file.u16(56)?);
    if count == 0 || size < PROGRAM_HEADER {
        return Err(format!("{count} program headers of {size} bytes"));
    }
    file.holds("the program header table", table, count.saturating_mul(size))?;
    let mut shape = Shape::default();
    for header in (0..count).map(|n| table + n * size) {
        file.holds("a segment", file.u64(header + 8)?, file.u64(header + 32)?)?;
        shape.has_tls |= file.u32(header)? == PT_TLS;
    }
    Ok(shape)
}
