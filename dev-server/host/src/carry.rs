//! Which value each parameter of a new generation gets: pure, before anything is written.
//!
//! What the old generation had is carried by id and held within the new range; what was asked for
//! on the command line must exist and be in range, or the plugin is refused.

use std::{convert::Infallible, fmt, str::FromStr};

use crate::{error::HostError, params::ParamInfo};

/// A parameter as people and scripts name it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ParamRef {
    /// CLAP's number.
    Id(u32),
    /// Key or name, in any case.
    Name(String),
}

impl FromStr for ParamRef {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id))
    }
}

impl fmt::Display for ParamRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl ParamRef {
    /// The parameter of that id, key or name.
    pub fn find<'a>(&self, params: &'a [ParamInfo]) -> Option<&'a ParamInfo> {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        params.iter().find(|p| match self {
            Self::Id(id) => p.id == *id,
            Self::Name(name) => same(&p.key, name) || same(&p.name, name),
        })
    }
}

/// What became of the parameters of the generation before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Carried {
    /// In both generations: their values were taken over.
    pub carried: usize,
    /// New ones.
    pub added: usize,
    /// Those that are no more.
    pub removed: usize,
    /// Of the carried, those held to a smaller range.
    pub clamped: usize,
}

/// The values to write, in the order of the list, and the count.
#[derive(Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) writes: Vec<(u32, f64)>,
    pub(crate) carried: Carried,
}

/// Decides all writes.
///
/// # Errors
/// [`HostError::Parameter`] if `set` names what does not exist, cannot be set or is out of range.
pub(crate) fn plan(
    params: &[ParamInfo],
    before: &[(u32, f64)],
    set: &[(ParamRef, f64)],
) -> Result<Plan, HostError> {
    let mut plan = carry(params, before);
    for (wanted, value) in set {
        let param = wanted.find(params).ok_or_else(|| unknown(wanted, params))?;
        check(param, *value)?;
        plan.writes.retain(|(id, _)| *id != param.id);
        plan.writes.push((param.id, *value));
    }
    Ok(plan)
}

fn carry(params: &[ParamInfo], before: &[(u32, f64)]) -> Plan {
    let mut writes = Vec::new();
    let mut carried = Carried::default();
    for param in params {
        let old = before.iter().find(|(id, value)| *id == param.id && value.is_finite());
        let Some((id, old)) = old else {
            carried.added += 1;
            continue;
        };
        carried.carried += 1;
        // Not `clamp`: a plugin may say min > max.
        let value = old.min(param.max).max(param.min);
        carried.clamped += usize::from(!(param.min..=param.max).contains(old));
        if param.is_writable() {
            writes.push((*id, value));
        }
    }
    carried.removed = before.iter().filter(|(id, _)| params.iter().all(|p| p.id != *id)).count();
    Plan { writes, carried }
}

fn check(param: &ParamInfo, value: f64) -> Result<(), HostError> {
    let ParamInfo { key, min, max, .. } = param;
    let message = if !param.is_writable() {
        format!("parameter `{key}` cannot be set")
    } else if (*min..=*max).contains(&value) {
        return Ok(());
    } else {
        format!("parameter `{key}`: {value} is not between {min} and {max}")
    };
    Err(HostError::Parameter(message))
}

fn unknown(wanted: &ParamRef, params: &[ParamInfo]) -> HostError {
    let keys: Vec<_> = params.iter().map(|p| p.key.as_str()).collect();
    HostError::Parameter(if keys.is_empty() {
        format!("no parameter `{wanted}`: the plugin has none")
    } else {
        format!("no parameter `{wanted}`, the plugin has: {}", keys.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(id: u32, name: &str, min: f64, max: f64) -> ParamInfo {
        ParamInfo {
            id,
            key: name.to_lowercase().replace(' ', "_"),
            name: name.to_owned(),
            group: String::new(),
            value: min,
            default: min,
            min,
            max,
            step: None,
            unit: None,
            taper: crate::Taper::Linear,
            skew: None,
            choices: None,
            text: String::new(),
            flags: Vec::new(),
        }
    }

    #[test]
    fn values_are_carried_by_id_and_held_within_the_new_range() {
        let params = [param(1, "Gain", -60.0, 12.0), param(5, "Pre Delay", 0.0, 1.0)];
        let plan = plan(&params, &[(1, 20.0), (2, 0.5), (9, f64::NAN)], &[]).unwrap();
        assert_eq!(plan.writes, [(1, 12.0)]);
        let expected = Carried { carried: 1, added: 1, removed: 2, clamped: 1 };
        assert_eq!(plan.carried, expected);
    }

    #[test]
    fn set_wins_over_carried_and_finds_id_key_and_name() {
        let params = [param(1, "Gain", -60.0, 12.0), param(5, "Pre Delay", 0.0, 1.0)];
        for name in ["5", "pre_delay", "PRE DELAY"] {
            let set = [(name.parse().unwrap(), 0.25)];
            let plan = plan(&params, &[(1, 3.0), (5, 1.0)], &set).unwrap();
            assert_eq!(plan.writes, [(1, 3.0), (5, 0.25)], "{name}");
        }
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_what_can() {
        let params = [param(1, "Gain", -60.0, 12.0)];
        let message = |name: &str, value| {
            let set = [(name.parse().unwrap(), value)];
            plan(&params, &[], &set).unwrap_err().to_string()
        };
        assert_eq!(message("gian", 0.0), "no parameter `gian`, the plugin has: gain");
        assert_eq!(message("gain", 13.0), "parameter `gain`: 13 is not between -60 and 12");
        assert!(message("gain", f64::NAN).contains("NaN is not between"));
    }
}
