//! Laws of these rules, on any world.

use std::collections::HashMap;
use std::time::Duration;

use fastrand::Rng;
use proptest::prelude::*;

use super::tests::{detector, evaluation, finding};
use crate::health::Evaluation;
use crate::health::fixture::{now, text};
use crate::model::Severity;
use crate::model::finding::{Concerned, Finding, FindingFacts, FindingsRead};
use crate::text::Text;

fn any_finding(rng: &mut Rng, n: usize) -> Finding {
    let concerned = Concerned {
        instance: rng.bool().then(|| Text::from("i-1")),
        task: rng.bool().then(|| Text::from("arn:aws:ecs:us-east-1:1:task/ehr/060c1a87")),
        other: text(&"x".repeat(rng.usize(1..200))),
        ..Concerned::default()
    };
    Finding {
        id: Text::from(format!("f{n}")),
        arn: if rng.bool() { Text::from(format!("arn:{n}")) } else { Text::default() },
        kind: Text::from("k:".repeat(rng.usize(..100))),
        count: Some(rng.u64(..1_000_000)),
        archived: Some(rng.u8(..4) == 0),
        sample: rng.u8(..8) == 0,
        created_at: Some(now() + Duration::from_hours(1) - Duration::from_hours(rng.u64(..1_000))),
        resource: concerned,
        ..finding(rng.f64() * 12.0 - 1.0)
    }
}

fn any_world(seed: u64) -> FindingFacts {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    let mut known = detector();
    known.status = text(rng.choice(["ENABLED", "ENABLED", "DISABLED", "ODD"]).unwrap());
    known.frequency = text(rng.choice(["SIX_HOURS", "ONE_HOUR", "ODD"]).unwrap());
    for feature in &mut known.features {
        feature.status = text(rng.choice(["ENABLED", "ENABLED", "ENABLED", "DISABLED", "ODD"]).unwrap());
    }
    FindingFacts {
        detectors: if rng.u8(..8) == 0 { vec![] } else { vec![known] },
        findings: (0..rng.usize(..6)).map(|n| any_finding(rng, n)).collect(),
        read_at: FindingsRead { detectors: Some(now()), findings: Some(now()) },
        protected: rng.bool(),
        ..FindingFacts::default()
    }
}

/// Takes fields away that GuardDuty normally gives.
fn forget(mut found: FindingFacts, seed: u64) -> FindingFacts {
    let mut rng = Rng::with_seed(seed);
    let mut lost = || rng.u8(..3) == 0;
    for detector in &mut found.detectors {
        detector.status = detector.status.take().filter(|_| !lost());
        detector.frequency = detector.frequency.take().filter(|_| !lost());
        detector.administrator = detector.administrator.take().filter(|_| !lost());
        detector.features.retain(|_| !lost());
        for feature in &mut detector.features {
            feature.status = feature.status.take().filter(|_| !lost());
        }
    }
    for finding in &mut found.findings {
        finding.severity = finding.severity.filter(|_| !lost());
        finding.created_at = finding.created_at.filter(|_| !lost());
        finding.count = finding.count.filter(|_| !lost());
        if finding.archived == Some(false) && lost() {
            finding.archived = None;
        }
    }
    found
}

fn by_subject(evaluation: &Evaluation) -> HashMap<(&'static str, Text), Severity> {
    evaluation.checks.iter().map(|c| ((c.rule, c.subject.id.clone()), c.severity)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_rule_panics_and_each_says_at_most_one_thing_of_a_subject(seed: u64) {
        let evaluation = evaluation(&any_world(seed));
        prop_assert_eq!(by_subject(&evaluation).len(), evaluation.checks.len(), "{:#?}", evaluation.checks);
        for check in &evaluation.checks {
            prop_assert!(!check.message.is_empty() && !check.subject.id.is_empty() && !check.subject.name.is_empty());
            prop_assert!(check.message.chars().count() <= 160, "{}", check.message);
        }
    }

    #[test]
    fn what_is_not_told_turns_nothing_green(seed: u64, lost: u64) {
        let world = any_world(seed);
        let less = forget(world.clone(), lost);
        let (full, partial) = (evaluation(&world), evaluation(&less));
        let after = by_subject(&partial);
        for check in full.checks.iter().filter(|c| c.severity > Severity::Unknown) {
            let now = after.get(&(check.rule, check.subject.id.clone()));
            prop_assert_ne!(now, Some(&Severity::Ok), "{}: {}\n{:#?}", check.rule, check.message, less);
        }
    }

    #[test]
    fn samples_and_what_was_archived_count_nowhere(seed: u64) {
        let mut world = any_world(seed);
        world.findings.retain(|finding| finding.sample || finding.archived == Some(true));
        let evaluation = evaluation(&world);
        let counted = ["guardduty-finding", "guardduty-resource"];
        prop_assert_eq!(evaluation.checks.iter().filter(|c| counted.contains(&c.rule)).count(), 0);
    }
}
