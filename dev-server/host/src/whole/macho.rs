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
