//! Where a field stands among nested groups: what its key, its group and its number are made of.

use super::{ParamFlags, ParamKind, ParamSpec, Smoothing, Taper, param_id};

/// A place in the tree of parameters: the root, a group, or one element of an array of groups.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Empty at the root.
    key: String,
    /// The groups around this one, joined by slashes.
    around: String,
    /// What this group is called.
    name: String,
}

impl Place {
    /// The outermost place.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The place of the group in `field`.
    #[must_use]
    pub fn group(&self, field: &str, name: &str) -> Self {
        Self { key: self.key(field), around: self.path(), name: name.to_owned() }
    }

    /// The place of the element `index` of this group, which is an array: `{}` in its name becomes
    /// the number counted from 1, which follows the name if there is none.
    #[must_use]
    pub fn element(&self, index: usize) -> Self {
        let number = (index + 1).to_string();
        let name = match self.name.as_str() {
            "" => String::new(),
            name if name.contains("{}") => name.replacen("{}", &number, 1),
            name => format!("{name} {number}"),
        };
        Self { key: self.key(&index.to_string()), around: self.around.clone(), name }
    }

    /// The key of `field`.
    #[must_use]
    pub fn key(&self, field: &str) -> String {
        joined(&self.key, ".", field)
    }

    /// The path of group names of the fields here.
    #[must_use]
    pub fn path(&self) -> String {
        joined(&self.around, "/", &self.name)
    }

    /// The name of a meter, which tells it from those of other groups.
    #[must_use]
    pub fn full_name(&self, name: &str) -> String {
        joined(&self.path(), "/", name)
    }

    /// A continuous parameter with nothing but a range, smallest to largest, and a default.
    #[must_use]
    pub fn float(&self, field: &str, id: Option<u32>, range: [f64; 2], default: f64) -> ParamSpec {
        let key = self.key(field);
        ParamSpec {
            id: id.unwrap_or_else(|| param_id(&key)),
            key,
            group: self.path(),
            name: "",
            unit: "",
            kind: ParamKind::Float,
            min: range[0],
            max: range[1],
            default,
            step: 0.0,
            taper: Taper::Linear,
            smoothing: Smoothing::None,
            flags: ParamFlags::NONE,
        }
    }

    /// A parameter of the whole numbers in a range, smallest to largest.
    #[must_use]
    pub fn int(&self, field: &str, id: Option<u32>, range: [f64; 2], default: f64) -> ParamSpec {
        ParamSpec { kind: ParamKind::Int, step: 1.0, ..self.float(field, id, range, default) }
    }

    /// A parameter that is on or off.
    #[must_use]
    pub fn boolean(&self, field: &str, id: Option<u32>, default: bool) -> ParamSpec {
        let default = f64::from(u8::from(default));
        ParamSpec { kind: ParamKind::Bool, ..self.int(field, id, [0.0, 1.0], default) }
    }

    /// A parameter with the choices of `T`.
    #[must_use]
    pub fn choice<T: super::Choice>(&self, field: &str, id: Option<u32>, default: &T) -> ParamSpec {
        let last = T::NAMES.len().saturating_sub(1) as f64;
        let kind = ParamKind::Choice(T::NAMES);
        ParamSpec { kind, ..self.int(field, id, [0.0, last], default.index() as f64) }
    }
}

fn joined(before: &str, between: &str, after: &str) -> String {
    match (before, after) {
        ("", only) | (only, "") => only.to_owned(),
        _ => [before, between, after].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_makes_keys_and_group_paths() {
        let root = Place::root();
        assert_eq!((root.key("gain").as_str(), root.path().as_str()), ("gain", ""));
        let bands = root.group("bands", "Band {}");
        let second = bands.element(1).group("env", "Envelope");
        assert_eq!(second.key("attack"), "bands.1.env.attack");
        assert_eq!(second.path(), "Band 2/Envelope");
        assert_eq!(second.full_name("Level"), "Band 2/Envelope/Level");
        assert_eq!(root.group("taps", "Tap").element(0).path(), "Tap 1");
        assert_eq!(root.group("taps", "").element(0).group("x", "X").path(), "X");
    }
}
