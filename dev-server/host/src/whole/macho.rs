//! Mach-O, 64 bits, and fat files of it (`mach-o/loader.h`, `mach-o/fat.h`): extents only.

use super::{Shape, bytes::Bytes};

const THIN: &[u8] = &[0xcf, 0xfa, 0xed, 0xfe];
const FAT: &[u8] = &[0xca, 0xfe, 0xba, 0xbe];
pub(super) const MAGIC: [&[u8]; 2] = [THIN, FAT];

const HEADER: u64 = 32;
const LC_SEGMENT_64: u64 = 0x19;
const LC_CODE_SIGNATURE: u64 = 0x1d;
const FAT_ARCH: u64 = 20;

pub(super) fn check(file: &[u8]) -> Result<Shape, String> {
    if file.starts_with(FAT) {
        slices(Bytes(file))?;
    } else {
        commands(Bytes(file))?;
    }
    Ok(Shape::default())
}

fn commands(file: Bytes<'_>) -> Result<(), String> {
    file.holds("the Mach-O header", 0, HEADER)?;
    file.holds("the load commands", HEADER, file.u32(20)?)?;
    let mut at = HEADER;
    for _ in 0..file.u32(16)? {
        match file.u32(at)? {
            LC_SEGMENT_64 => file.holds("a segment", file.u64(at + 40)?, file.u64(at + 48)?)?,
            LC_CODE_SIGNATURE => {
                file.holds("the signature", file.u32(at + 8)?, file.u32(at + 12)?)?;
            }
            _ => {}
        }
        at += file.u32(at + 4)?;
    }
    Ok(())
}

/// The numbers of a fat header are big-endian.
fn slices(file: Bytes<'_>) -> Result<(), String> {
    let big = |at| file.u32(at).map(|n| n.swap_bytes() >> 32);
    for arch in (0..big(4)?).map(|n| 8 + n * FAT_ARCH) {
        file.holds("an architecture", big(arch + 8)?, big(arch + 12)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header, one segment that is the whole file, 8 bytes of it.
    fn thin() -> Vec<u8> {
        let numbers = |n: &[u32]| n.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
        let mut file = THIN.to_vec();
        file.extend(numbers(&[0x0100_000c, 0, 6, 1, 72, 0, 0]));
        file.extend(numbers(&[0x19, 72, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 112, 0, 0, 0, 0, 0]));
        file.extend([7; 8]);
        file
    }

    /// A fat file around it, 64 bytes in.
    fn fat() -> Vec<u8> {
        let thin = thin();
        let len = u32::try_from(thin.len()).unwrap();
        let mut file = FAT.to_vec();
        for number in [1, 0, 0, 64, len, 0] {
            file.extend(u32::to_be_bytes(number));
        }
        file.resize(64, 0);
        file.extend(thin);
        file
    }

    #[test]
    fn every_cut_is_found() {
        for file in [thin(), fat()] {
            assert_eq!(check(&file), Ok(Shape::default()));
            assert!((4..file.len()).all(|cut| check(&file[..cut]).is_err()));
        }
    }
}
