//! Laws of these rules, on any world.

use std::collections::HashMap;
use std::time::Duration;

use fastrand::Rng;
use proptest::prelude::*;

use super::tests::{World, secret};
use crate::health::Evaluation;
use crate::health::fixture::{instance, now, task, text};
use crate::model::Severity;
use crate::model::ecs::Task;
use crate::model::secret::{Secret, Version};
use crate::text::Text;
use crate::time::Timestamp;

/// Some lie ahead.
#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn time(rng: &mut Rng) -> Option<Timestamp> {
    Some(now() + Duration::from_hours(200) - Duration::from_hours(rng.u64(..3_000)))
}

fn any_secret(rng: &mut Rng, n: usize) -> Secret {
    let known = secret();
    let (name, arn) = if n == 0 {
        (known.name.clone(), known.arn.clone())
    } else {
        (Text::from("x".repeat(rng.usize(1..100))), Text::from(format!("arn:{n}")))
    };
    let versions = [("v8", Secret::CURRENT), (if rng.bool() { "v8" } else { "v9" }, Secret::PENDING)];
    let mut labels: std::collections::BTreeMap<Text, Vec<Text>> = std::collections::BTreeMap::new();
    for (id, label) in versions.into_iter().take(rng.usize(..3)) {
        labels.entry(Text::from(id)).or_default().push(Text::from(label));
    }
    Secret {
        name,
        arn,
        rotation_enabled: Some(rng.bool()),
        rotates_after_days: Some(rng.u32(..400)),
        rotated_at: time(rng),
        rotates_at: time(rng),
        created_at: time(rng),
        accessed_at: time(rng),
        deleted_at: time(rng).filter(|_| rng.u8(..8) == 0),
        key: known.key.filter(|_| rng.bool()),
        owner: text("rds").filter(|_| rng.bool()),
        primary_region: text("eu-west-1").filter(|_| rng.u8(..8) == 0),
        versions: labels,
        ..Secret::default()
    }
}

fn any_world(seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    let any_task = |rng: &mut Rng, n: usize| {
        let started_at = time(rng);
        let created_at = started_at.map(|at| at - Duration::from_hours(rng.u64(..100)));
        Task { created_at, started_at, ..task(&n.to_string(), &instance("i-1", "a", 1)) }
    };
    let version = Version { id: Text::from("v9"), created_at: time(rng), stages: vec![] };
    World {
        secrets: (0..rng.usize(1..4)).map(|n| any_secret(rng, n)).collect(),
        tasks: (0..rng.usize(..4)).map(|n| any_task(rng, n)).collect(),
        versions: if rng.bool() { vec![("arn:1", version)] } else { vec![] },
        minutes: rng.u64(..120),
        ..World::default()
    }
}

/// Takes fields away that the services normally give.
fn forget(mut world: World, seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let mut lost = || rng.u8(..4) == 0;
    for secret in &mut world.secrets {
        secret.rotation_enabled = secret.rotation_enabled.filter(|_| !lost());
        secret.rotates_after_days = secret.rotates_after_days.filter(|_| !lost());
        secret.rotates_at = secret.rotates_at.filter(|_| !lost());
        secret.accessed_at = secret.accessed_at.filter(|_| !lost());
        secret.key = secret.key.take().filter(|_| !lost());
        // Without either nobody knows how old its value is.
        if lost() {
            (secret.rotated_at, secret.created_at) = (None, None);
        }
        if lost() {
            secret.versions.clear();
        }
    }
    for task in &mut world.tasks {
        task.started_at = task.started_at.filter(|_| !lost());
        task.created_at = task.created_at.filter(|_| !lost());
    }
    if lost() {
        world.unread = 1;
    }
    world
}

fn by_subject(evaluation: &Evaluation) -> HashMap<(&'static str, Text), Severity> {
    evaluation.checks.iter().map(|c| ((c.rule, c.subject.id.clone()), c.severity)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_rule_panics_and_each_says_at_most_one_thing_of_a_secret(seed: u64) {
        let evaluation = any_world(seed).evaluate();
        prop_assert_eq!(by_subject(&evaluation).len(), evaluation.checks.len(), "{:#?}", evaluation.checks);
        for check in &evaluation.checks {
            prop_assert!(!check.message.is_empty() && !check.subject.id.is_empty() && !check.subject.name.is_empty());
        }
    }

    #[test]
    fn what_is_not_told_turns_nothing_green(seed: u64, lost: u64) {
        let world = any_world(seed);
        let less = forget(world.clone(), lost);
        let (full, partial) = (world.evaluate(), less.evaluate());
        let after = by_subject(&partial);
        for check in full.checks.iter().filter(|c| c.severity > Severity::Unknown) {
            let now = after.get(&(check.rule, check.subject.id.clone()));
            prop_assert_ne!(now, Some(&Severity::Ok), "{}: {}\n{:#?}", check.rule, check.message, less);
        }
    }
}
