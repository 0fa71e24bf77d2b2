//! PE (the PE/COFF specification, sections 2 to 4): the extents of its sections.

use super::{Shape, bytes::Bytes};

pub(super) const MAGIC: [&[u8]; 1] = [b"MZ"];

const COFF_HEADER: u64 = 24;
const SECTION_HEADER: u64 = 40;

pub(super) fn check(file: &[u8]) -> Result<Shape, String> {
    let file = Bytes(file);
    let coff = file.u32(0x3c)?;
    let table = coff + COFF_HEADER + file.u16(coff + 20)?;
    for header in (0..file.u16(coff + 6)?).map(|n| table + n * SECTION_HEADER) {
        file.holds("a section", file.u32(header + 20)?, file.u32(header + 16)?)?;
    }
    Ok(Shape::default())
}
