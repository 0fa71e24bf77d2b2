//! Text that foreign code wrote: made valid UTF-8 and held to a length before anybody sees it.

/// Longest name, in bytes: CLAP's longest is 255, and each bad byte becomes three.
const NAME_BYTES: usize = 768;

/// A name: bad bytes replaced, control characters left out, at most 768 bytes.
pub(crate) fn name(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(4 * NAME_BYTES)];
    let clean: String =
        String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect();
    bounded(&clean, NAME_BYTES).to_owned()
}

/// The start of a text, cut between characters.
fn bounded(text: &str, n_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(n_bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_bytes_are_replaced_and_lengths_held() {
        assert_eq!(name(b"Gain\xff\x00\n\t"), "Gain\u{fffd}");
        assert_eq!(name(&[b'x'; 10_000]).len(), NAME_BYTES);
        assert_eq!(name(&[0xff; 10_000]).len(), NAME_BYTES);
        assert_eq!(bounded("xé", 2), "x");
    }
}
