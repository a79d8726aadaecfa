//! The incidents of `telehealth-fargate` and `ehr-aurora`, by their times and fields.

use super::*;
use crate::model::metric::{Query, Statistic};
use crate::model::rds::{DbInstance, Target};
use crate::time::Timestamp;

fn world(name: &str, seed: u64) -> World {
    World::new(&Scenario::named(name).unwrap(), seed)
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse(&format!("{time}Z")).unwrap()
}

fn told(world: &World, source: &str) -> Vec<(String, String)> {
    let events = world.fleet.told.iter().map(|told| world.fleet.event_facts(told));
    let recent = events.filter(|e| e.source == *source && e.at.unwrap() >= world.fleet.started);
    recent.map(|e| (e.at.unwrap().time_of_day(), e.message.to_string())).collect()
}

fn last(world: &World, dimension: (&'static str, &str), name: &'static str) -> f64 {
    let query = Query {
        namespace: "AWS/RDS",
        name,
        dimensions: vec![(dimension.0, dimension.1.to_owned())],
        statistic: Statistic::Sum,
        period: Duration::from_secs(60),
    };
    world.fleet.data(&query, world.now - minutes(10), world.now).last().unwrap().1
}

fn database(world: &World) -> DbInstance {
    world.fleet.instance_facts(world.fleet.instance("tele-db").unwrap())
}

fn target(world: &World) -> Target {
    world.fleet.target_facts(0).remove(0)
}

#[test]
fn telehealth_tasks_run_on_fargate_in_their_zones() {
    for seed in 0..10 {
        let mut world = world("telehealth-fargate", seed);
        world.assert_steady();
        assert_eq!(world.cluster_facts(0).instances, 0);
        let tasks: Vec<_> = world.tasks.values().map(|t| world.task_facts(t)).collect();
        assert_eq!(tasks.len(), 9);
        assert!(tasks.iter().all(|t| t.instance_arn.is_none() && t.az.is_some()));
        assert_eq!(world.facts_of("triage-api").launch_type.as_deref(), Some("FARGATE"));
        assert_eq!(world.zones_of("scheduler").len(), 2);
        world.force_deployment("telehealth", "scheduler").unwrap();
        world.pass(minutes(4));
        world.assert_steady();
        world.lose_zone("us-east-1a");
        world.pass(minutes(5));
        assert_eq!(world.zones_of("triage-api").get("us-east-1a"), None, "replaced in the other zones");
        world.assert_steady();
    }
}

#[test]
fn the_failover_of_telehealth_and_the_storm_after_it() {
    for seed in 0..20 {
        let mut world = world("telehealth-fargate", seed);
        world.advance_to(at("2026-05-20T02:00:19"));
        assert_eq!(
            (database(&world).status.as_deref(), target(&world).state.as_deref()),
            (Some("available"), Some("AVAILABLE"))
        );
        world.advance_to(at("2026-05-20T02:00:25"));
        assert_eq!(
            told(&world, "tele-db"),
            [("02:00:20Z".to_owned(), "Multi-AZ instance failover started.".to_owned())]
        );
        assert_eq!(database(&world).status.as_deref(), Some("rebooting"));
        let gone = target(&world);
        assert_eq!((gone.state.as_deref(), gone.reason.as_deref()), (Some("UNAVAILABLE"), Some("UNREACHABLE")));
        world.advance_to(at("2026-05-20T02:01:36"));
        let words = told(&world, "tele-db");
        let done = words.iter().find(|(_, words)| words == "Multi-AZ instance failover completed.").unwrap();
        assert!(("02:01:27Z".."02:01:34Z").contains(&done.0.as_str()), "{done:?}");
        assert_eq!(database(&world).az.as_deref(), Some("us-east-1a"), "the API shows the old zone for a while");
        world.advance_to(at("2026-05-20T02:04:10"));
        assert_eq!(target(&world).state.as_deref(), Some("AVAILABLE"), "it is not down");
        let proxy = |name| last(&world, ("ProxyName", "app-proxy"), name);
        let share = proxy("DatabaseConnectionsCurrentlyBorrowed") / proxy("MaxDatabaseConnectionsAllowed");
        assert!((0.7..=0.98).contains(&share), "{share}");
        assert!(proxy("ClientConnectionsSetupFailedAuth") > 0.0);
        world.advance_to(at("2026-05-20T02:06:30"));
        assert_eq!(database(&world).az.as_deref(), Some("us-east-1b"));
        assert_eq!(database(&world).standby_az.as_deref(), Some("us-east-1a"));
    }
}

#[test]
fn the_failover_of_ehr_aurora_in_the_middle_of_a_deployment() {
    for seed in 0..20 {
        let mut world = world("ehr-aurora", seed);
        world.assert_steady();
        assert_eq!(world.cluster_facts(0).instances, 22);
        world.advance_to(at("2026-04-08T14:02:09"));
        let facts = |world: &World| world.fleet.cluster_facts(0);
        assert_eq!(facts(&world).writer().unwrap(), "ws-1");
        world.advance_to(at("2026-04-08T14:02:41"));
        let words = told(&world, "ws");
        assert_eq!(words[0], ("14:02:10Z".to_owned(), "Started cross AZ failover to DB instance: ws-2.".to_owned()));
        assert_eq!(words[1].1, "Completed failover to DB instance: ws-2.");
        assert!(("14:02:36Z".."14:02:41Z").contains(&words[1].0.as_str()), "{words:?}");
        assert_eq!(facts(&world).writer().unwrap(), "ws-2");
        assert_eq!((facts(&world).multi_az, facts(&world).status.as_deref()), (Some(true), Some("available")));
        assert!(!world.fleet.instance_facts(0).multi_az.unwrap(), "says nothing of Aurora");
        world.pass(minutes(30));
        for (service, zone) in [("hl7-bridge", "us-east-1a"), ("audit-shipper", "us-east-1b")] {
            assert_eq!(world.facts_of(service).deadlocked(), Some(true));
            let draining = world.instances.iter().find(|i| i.draining() && &*i.zone == zone).unwrap();
            assert_eq!(draining.tasks.len(), 1, "{service} holds it");
        }
        assert_eq!(world.facts_of("ws-api").running, 24);
    }
}

#[test]
fn time_in_one_step_and_in_many_gives_the_same_incident() {
    for name in ["telehealth-fargate", "ehr-aurora"] {
        let (mut once, mut often) = (world(name, 5), world(name, 5));
        once.pass(minutes(40));
        (0..2_400).for_each(|_| often.pass(Duration::from_secs(1)));
        assert_eq!(once, often, "{name}");
    }
}
