//! What a plugin says of itself.

use anyhow::{Context as _, Result, ensure};
use clap_sys::plugin_features::{
    CLAP_PLUGIN_FEATURE_ANALYZER, CLAP_PLUGIN_FEATURE_AUDIO_EFFECT, CLAP_PLUGIN_FEATURE_INSTRUMENT,
    CLAP_PLUGIN_FEATURE_NOTE_DETECTOR, CLAP_PLUGIN_FEATURE_NOTE_EFFECT,
};

use super::{Check, check};
use crate::case::{Case, Verdict};
use crate::library::Descriptor;

pub(super) const CHECKS: &[Check] = &[
    check("descriptor-fields", fields),
    check("descriptor-consistency", consistency),
    check("features-categories", features_categories),
    check("features-duplicates", features_duplicates),
    check("extensions-unclaimed", extensions_unclaimed),
];

fn descriptor(case: &Case) -> Result<Descriptor> {
    for index in 0..case.library.count()? {
        let descriptor = case.library.descriptor(index)?.context("a descriptor is null")?;
        if descriptor.id.as_bytes() == case.id.as_bytes() {
            return Ok(descriptor);
        }
    }
    anyhow::bail!("the factory does not list {:?}", case.id)
}

fn fields(case: &Case) -> Result<Verdict> {
    let found = descriptor(case)?;
    ensure!(!found.id.is_empty(), "the id is empty");
    ensure!(!found.name.trim().is_empty(), "the name is empty");
    ensure!(found.version[0] == 1, "the descriptor's CLAP version is {:?}", found.version);
    let version = found.texts[4].as_deref().unwrap_or_default();
    ensure!(version.starts_with(|c: char| c.is_ascii_digit()), "the version is {version:?}");
    Ok(Verdict::Passed)
}

fn consistency(case: &Case) -> Result<Verdict> {
    let (listed, own) = (descriptor(case)?, case.instance()?.descriptor()?);
    ensure!(listed == own, "the factory says {listed:?}, the instance {own:?}");
    Ok(Verdict::Passed)
}

fn features_categories(case: &Case) -> Result<Verdict> {
    let categories = [
        CLAP_PLUGIN_FEATURE_INSTRUMENT,
        CLAP_PLUGIN_FEATURE_AUDIO_EFFECT,
        CLAP_PLUGIN_FEATURE_NOTE_EFFECT,
        CLAP_PLUGIN_FEATURE_NOTE_DETECTOR,
        CLAP_PLUGIN_FEATURE_ANALYZER,
    ];
    let features = descriptor(case)?.features;
    let is_category =
        |feature: &String| categories.iter().any(|c| c.to_bytes() == feature.as_bytes());
    ensure!(features.iter().any(is_category), "no main category is among {features:?}");
    Ok(Verdict::Passed)
}

fn features_duplicates(case: &Case) -> Result<Verdict> {
    let features = descriptor(case)?.features;
    for (index, feature) in features.iter().enumerate() {
        ensure!(!features[..index].contains(feature), "{feature:?} is there twice");
    }
    Ok(Verdict::Passed)
}

/// Extensions with checks of their own in the validator, which are not mirrored as long as no
/// plugin of ours has them; and one that nobody has.
fn extensions_unclaimed(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    for id in [
        c"org.retake.no-extension/1",
        c"clap.audio-ports-activation/2",
        c"clap.audio-ports-activation/draft-2",
        c"clap.configurable-audio-ports/1",
        c"clap.configurable-audio-ports.draft1",
        c"clap.preset-load/2",
        c"clap.preset-load.draft/2",
        c"clap.surround/4",
        c"clap.ambisonic/3",
    ] {
        let is_claimed = instance.has_extension(id)?;
        ensure!(!is_claimed, "the plugin offers {id:?}, for which there is no check yet");
    }
    Ok(Verdict::Passed)
}
