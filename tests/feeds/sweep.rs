//! What a single reading, as of `check` and `export`, tells.

use std::sync::Arc;
use std::time::Duration;

use rounds::backend::sim::Scenario;
use rounds::feed::once;
use rounds::model::Facts;
use rounds::model::ecs::EcsFacts;
use rounds::model::secret::SecretFacts;
use rounds::model::stack::Stack;

use crate::{Rig, stack};

/// What one reading of these feeds gives, without a gap.
async fn read(rig: &Rig, stack: &Stack, feeds: &[&str]) -> Facts {
    let (backend, limit) = (rig.sim.backend(), Duration::from_mins(1));
    let mut facts = Facts::default();
    for fetched in once(0, stack, &backend, &Arc::default(), &rig.clock, feeds, limit).await {
        let snapshot = fetched.result.unwrap();
        assert_eq!(snapshot.gaps, []);
        facts.put_any(snapshot.taken_at, snapshot.data);
    }
    facts
}

/// The list does not tell since when a rotation is under way: without a close look it was "rotating" for days.
#[tokio::test(start_paused = true)]
async fn a_rotation_that_is_stuck_is_looked_at_closely_by_a_single_reading() {
    let scenario = |stuck: &str| {
        let secret =
            format!("[[secret]]\nname = \"prod/db/app\"\nevery = 30\nrotated = \"40d\"\nage = \"100d\"\n{stuck}");
        let world = include_str!("../../src/backend/sim/scenarios/rx-spot.toml");
        Scenario::parse(&format!("{world}\n{secret}"), "rx-spot").unwrap()
    };
    let rig = Rig::new(&scenario("stuck = \"3d\""));
    let facts = read(&rig, &stack(), &["secrets"]).await;
    let known = facts.get::<SecretFacts>().unwrap();
    let stuck = known.secrets.iter().find(|secret| secret.name == "prod/db/app").unwrap();
    assert!(stuck.pending().is_some());
    assert!(known.versions.contains_key(&stuck.arn), "its versions, which have times, were asked for");
}

#[tokio::test(start_paused = true)]
async fn clusters_that_the_stack_leaves_out_are_counted() {
    let rig = Rig::new(&Scenario::named("telehealth-fargate").unwrap());
    let others = Stack { clusters: vec!["other".to_owned()], ..stack() };
    for (stack, watched, unwatched) in [(stack(), 1, 0), (others, 0, 1)] {
        let facts = read(&rig, &stack, &["ecs"]).await;
        let ecs = facts.get::<EcsFacts>().unwrap();
        assert_eq!((ecs.clusters.len(), ecs.unwatched), (watched, unwatched));
    }
}
