//! A fingerprint of a library's bytes: to tell builds apart, not to withstand an adversary.

/// 2^64 divided by the golden ratio.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 bits that are equal for equal bytes; the same in every run and version.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    let (pieces, rest) = bytes.as_chunks();
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    let hash = pieces.iter().fold(bytes.len() as u64, mix);
    mix(hash, &last)
}

/// The same for a few words, with a seed.
///
/// # Real time
/// A multiplication for each.
#[cfg(target_os = "linux")]
pub(crate) fn of_words(seed: u64, words: &[u64]) -> u64 {
    words.iter().fold(seed, |hash, word| (hash.rotate_left(23) ^ word).wrapping_mul(ODD))
}

/// Multiplied to 128 bits and folded, so that each bit of a piece reaches both halves.
#[expect(clippy::cast_possible_truncation, reason = "the halves of words and product")]
fn mix(hash: u64, piece: &[u8; 16]) -> u64 {
    let words = u128::from_le_bytes(*piece);
    let (a, b) = (words as u64 ^ hash, (words >> 64) as u64 ^ ODD);
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64 ^ hash.rotate_left(23)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_byte_its_place_and_the_length_count() {
        let mut seen =
            HashSet::from([fingerprint(&[]), fingerprint(&[0; 20]), fingerprint(&[0; 24])]);
        for at in 0..20 {
            for bit in 0..8 {
                let mut bytes = [0; 20];
                bytes[at] = 1 << bit;
                assert!(seen.insert(fingerprint(&bytes)));
            }
        }
    }
}
