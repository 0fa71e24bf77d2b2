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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_is_found() {
        let mut file = vec![0; 0x40];
        file[..2].copy_from_slice(b"MZ");
        file[0x3c] = 0x40;
        // Machine, one section, no optional header; then the section: 8 bytes at 128.
        file.extend(b"PE\0\0\x64\x86\x01\0");
        file.extend([0; 16]);
        file.extend([0; 16]);
        file.extend([8_u32, 128].map(u32::to_le_bytes).as_flattened());
        file.extend([0; 16]);
        file.extend([7; 8]);
        assert_eq!((file.len(), check(&file)), (136, Ok(Shape::default())));
        assert!((2..file.len()).all(|cut| check(&file[..cut]).is_err()));
    }
}
