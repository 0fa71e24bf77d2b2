//! What a build is played before it sounds, and what it is refused for.

use std::{sync::Arc, time::Duration};

use retake_host::{Admission, FailReason, News, Signal, VetFinding, VetKind};

use crate::rig::{Rig, copy, example};

/// The moody plugin in this mood.
fn in_mood(mood: u32, admission: Admission) -> Rig {
    let set = vec![("mood".parse().unwrap(), f64::from(mood))];
    let change = |r: &mut retake_host::Request| (r.set, r.admission) = (set, admission);
    Rig::load_file("moody", |to| copy(&example("host_moody"), to), change)
}

fn vetted(mood: u32) -> Vec<VetFinding> {
    let rig = in_mood(mood, Admission::default());
    let warnings = rig.wait(|news| match news {
        News::Vetted { warnings, .. } => Some(warnings),
        News::Failed { message, .. } => panic!("{message}"),
        _ => None,
    });
    rig.activated();
    warnings
}

fn kinds(findings: &[VetFinding]) -> Vec<(Option<Signal>, VetKind)> {
    findings.iter().map(|finding| (finding.signal, finding.kind)).collect()
}

#[test]
fn what_may_be_meant_is_a_warning() {
    assert_eq!(vetted(0), []);
    let loud = vetted(2);
    assert_eq!(kinds(&loud), [(Some(Signal::FullScale), VetKind::Peak)]);
    assert!(loud[0].message.contains("+30.0 dBFS"), "{loud:?}");
    // After the impulse there is silence, too.
    let broken = [Signal::Silence, Signal::Impulse].map(|s| (Some(s), VetKind::NonFinite));
    assert_eq!(kinds(&vetted(3)), broken);
    assert_eq!(kinds(&vetted(4)), [(Some(Signal::Denormals), VetKind::OverBudget)]);
}

/// The findings of a refusal, after what was told of a panic.
fn refused(mood: u32) -> (FailReason, String, Vec<VetFinding>, Option<u32>) {
    let rig = in_mood(mood, Admission::default());
    let mut line = None;
    let (reason, message, findings) = rig.wait(|news| match news {
        News::Failed { reason, message, findings, .. } => Some((reason, message, findings)),
        News::Panicked(panic) => {
            line = Some(panic.line);
            None
        }
        News::Activated(_) => panic!("it was activated"),
        _ => None,
    });
    assert!(!rig.gone());
    assert_eq!(rig.n_copies(), 0);
    (reason, message, findings, line)
}

#[test]
fn a_panic_on_a_signal_refuses_the_build_and_names_both() {
    let source = include_str!("../plugins/moody.rs");
    for (mood, signal, said) in [(1, Signal::FullScale, "too loud"), (6, Signal::Noise, "no music")]
    {
        let (reason, message, findings, line) = refused(mood);
        let place = source.lines().position(|line| line.contains(said)).unwrap() + 1;
        assert_eq!(reason, FailReason::Panic);
        assert_eq!(line.map(|line| line as usize), Some(place));
        assert!(message.contains(said) && message.contains(&signal.to_string()), "{message}");
        assert_eq!(kinds(&findings), [(Some(signal), VetKind::Panic)]);
    }
}

#[test]
fn a_call_that_lasts_is_known_to_be_on_trial() {
    let rig = in_mood(5, Admission::default());
    rig.wait(|news| matches!(news, News::Loaded { .. }).then_some(()));
    while rig.thread.busy_for().is_none_or(|time| time < Duration::from_millis(500)) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(rig.thread.is_on_trial());
}

#[test]
fn whoever_waives_it_is_played_nothing() {
    let waived = Admission { is_waived: true, ..Admission::default() };
    for mood in [1, 3, 5] {
        in_mood(mood, waived.clone()).activated();
    }
}

#[test]
fn bytes_that_hung_before_are_refused_unless_that_is_waived() {
    let rig = in_mood(0, Admission::default());
    let hash = rig.wait(|news| match news {
        News::Staged { hash, .. } => Some(hash),
        _ => None,
    });
    let quarantine: Arc<[u64]> = [1, hash].into();
    let rig = in_mood(0, Admission { is_waived: false, quarantine: Arc::clone(&quarantine) });
    let findings = rig.wait(|news| match news {
        News::Failed { reason: FailReason::Refused, findings, .. } => Some(findings),
        News::Loaded { .. } => panic!("it was loaded"),
        _ => None,
    });
    assert_eq!(kinds(&findings), [(None, VetKind::Quarantined)]);
    assert!(findings[0].message.contains("--admit-anyway"), "{findings:?}");
    in_mood(0, Admission { is_waived: true, quarantine }).activated();
}
