//! What stands behind the question mark of an address.

use hyper::Uri;

/// The value of the first `key`, percent-decoded; `None` when it is not there or is no UTF-8.
pub(crate) fn value(uri: &Uri, key: &str) -> Option<String> {
    let pairs = uri.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.into_iter().find(|(name, _)| *name == key)?;
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, after) = match (first, after) {
            (b'%', [a, b, after @ ..]) => (hex(*a)? << 4 | hex(*b)?, after),
            (b'%', _) => return None,
            (b'+', after) => (b' ', after),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(query: &str) -> Option<String> {
        value(&format!("/source?{query}").parse().unwrap(), "name")
    }

    #[test]
    fn values_are_decoded_and_what_is_none_is_none() {
        let cases = [
            ("name=loop.flac&spec=gain=-6", Some("loop.flac")),
            ("spec=a&name=drum+loop%2C%20%C3%BC.wav", Some("drum loop, ü.wav")),
            ("name=a&name=b", Some("a")),
            ("name", Some("")),
            ("name=%2e%2E%2f", Some("../")),
            ("names=a", None),
            ("name=%c3", None),
            ("name=%1", None),
            ("name=%zz", None),
        ];
        for (query, expected) in cases {
            assert_eq!(name(query).as_deref(), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[a-z%+=&0-9]{0,40}") {
            let _ = name(&text);
        }
    }
}
