//! Which device a name means.

use crate::error::{End, IoError};

/// What the user asked for at one end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The system's default; the virtual device where there is none.
    #[default]
    Default,
    /// Nothing at this end.
    None,
    /// A device by name, or a `virtual:…` string. Never falls back to another.
    Named(String),
}

impl std::str::FromStr for Choice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "none" => Self::None,
            "default" => Self::Default,
            name => Self::Named(name.to_owned()),
        })
    }
}

/// A device that can be chosen: what people read, and what the host calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) id: String,
}

/// The one of `candidates` that `given` means: exactly, else but for case, else as a part that
/// only one has. Of equals the first wins (the preferred host's).
///
/// # Errors
/// [`IoError::UnknownDevice`], [`IoError::AmbiguousDevice`].
pub(crate) fn choose(end: End, given: &str, candidates: &[Candidate]) -> Result<usize, IoError> {
    let find = |is_it: &dyn Fn(&str) -> bool| {
        candidates.iter().position(|c| is_it(&c.name) || is_it(&c.id))
    };
    let small = given.to_lowercase();
    let whole = find(&|name| name == given).or_else(|| find(&|name| name.to_lowercase() == small));
    if let Some(at) = whole {
        return Ok(at);
    }
    let has_part = |c: &&Candidate| {
        c.name.to_lowercase().contains(&small) || c.id.to_lowercase().contains(&small)
    };
    let mut matches: Vec<_> = candidates.iter().filter(has_part).collect();
    matches.dedup_by(|a, b| a.name == b.name);
    match matches[..] {
        [only] => Ok(candidates.iter().position(|c| c == only).unwrap_or(0)),
        [] => Err(IoError::UnknownDevice {
            end,
            given: given.to_owned(),
            suggestion: suggest(given, candidates.iter().map(|c| c.name.as_str())),
            devices: candidates.iter().map(|c| c.name.clone()).collect(),
        }),
        _ => Err(IoError::AmbiguousDevice {
            end,
            given: given.to_owned(),
            matches: matches.iter().map(|c| c.name.clone()).collect(),
        }),
    }
}

/// The nearest of `names`, if it is near enough to be a slip of the finger.
pub(crate) fn suggest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let given = given.to_lowercase();
    let nearest = names.map(|name| (distance(&given, &name.to_lowercase()), name)).min()?;
    let tolerance = 1 + given.chars().count() / 3;
    (nearest.0 <= tolerance).then(|| nearest.1.to_owned())
}

/// Edits (insert, delete, replace) from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> Vec<Candidate> {
        [("Speakers", "alsa.pci"), ("USB Audio One", "usb-1"), ("USB Audio Two", "usb-2")]
            .map(|(name, id)| Candidate { name: name.into(), id: id.into() })
            .into()
    }

    #[test]
    fn exact_then_case_then_unique_part() {
        let choose = |given| choose(End::Output, given, &desk());
        assert_eq!(choose("USB Audio One"), Ok(1));
        assert_eq!(choose("usb-2"), Ok(2));
        assert_eq!(choose("speakers"), Ok(0));
        assert_eq!(choose("two"), Ok(2));
        assert_eq!(choose("PCI"), Ok(0));
    }

    #[test]
    fn the_wrong_name_is_told_the_right_ones() {
        let error = choose(End::Output, "Speekers", &desk()).unwrap_err();
        assert!(error.is_usage());
        let shown = error.to_string();
        assert!(
            shown.contains("no output device \"Speekers\" (did you mean \"Speakers\"?)"),
            "{shown}"
        );
        assert!(shown.contains("\"USB Audio One\", \"USB Audio Two\""), "{shown}");
        let nothing_like_it = choose(End::Input, "Moon", &desk()).unwrap_err().to_string();
        assert!(!nothing_like_it.contains("did you mean"), "{nothing_like_it}");
        let none = choose(End::Input, "Moon", &[]).unwrap_err().to_string();
        assert!(none.ends_with("input devices: none"), "{none}");
    }

    #[test]
    fn a_part_of_several_names_is_no_choice() {
        let error = choose(End::Input, "usb", &desk()).unwrap_err();
        assert!(error.is_usage());
        assert!(error.to_string().contains("\"USB Audio One\", \"USB Audio Two\""), "{error}");
    }
}
