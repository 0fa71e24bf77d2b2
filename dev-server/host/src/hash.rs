//! A fingerprint of a library's bytes: to tell builds apart, not to withstand an adversary.

/// 2^64 divided by the golden ratio.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 bits that are equal for equal bytes; the same in every run and version.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    // Multiplied to 128 bits and folded, so that each bit of a word reaches both halves.
    let mix = |hash: u64, word: u64| {
        let [low, high] = wide(hash ^ word);
        low ^ high.rotate_left(23)
    };
    let words = bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    words.fold(ODD ^ bytes.len() as u64, mix)
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of the product")]
fn wide(word: u64) -> [u64; 2] {
    let product = u128::from(word) * u128::from(ODD);
    [product as u64, (product >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_byte_its_place_and_the_length_count() {
        let mut seen = HashSet::from([
            fingerprint(&[]),
            fingerprint(&[0; 20]),
            fingerprint(&[0; 24]),
        ]);
        for at in 0..20 {
            for bit in 0..8 {
                let mut bytes = [0; 20];
                bytes[at] = 1 << bit;
                assert!(seen.insert(fingerprint(&bytes)));
            }
        }
    }
}
