//! What stands behind the question mark of an address.

use hyper::Uri;

/// The value of the first `key`, decoded as a form's; `None` when it is not there. What is no UTF-8 is
/// the replacement character.
pub(crate) fn value(uri: &Uri, key: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("name=%c3", Some("\u{fffd}")),
            ("name=%1", Some("%1")),
            ("name=%zz", Some("%zz")),
        ];
        for (query, expected) in cases {
            assert_eq!(name(query).as_deref(), expected, "{query}");
        }
    }
}
