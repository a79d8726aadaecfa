//! What watches a world and acts on it: scaling, alarms, groups, findings and secrets, in the scenarios and by themselves.

use super::*;
use crate::model::alarm::Transition;
use crate::model::metric::{Query, Statistic};
use crate::model::scaling::{Activity, GroupActivity, ReservationFacts};
use crate::model::secret::Secret;
use crate::time::Timestamp;

fn world(name: &str, seed: u64) -> World {
    World::new(&Scenario::named(name).unwrap(), seed)
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse(&format!("{time}Z")).unwrap()
}

/// What scaling did to a service since the start, the oldest first.
fn scaled(world: &World, service: &str) -> Vec<Activity> {
    let all = world.scaling.activities.iter().map(|done| world.scaling.activity_facts(done, world.now));
    let here = |a: &Activity| a.resource.ends_with(service) && a.started_at.unwrap() >= world.fleet.started;
    all.filter(here).collect()
}

fn alarm_state(world: &World, name: &str) -> (String, String) {
    let facts = world.board.alarm_facts(world.board.named(name).unwrap());
    (facts.state.unwrap().to_string(), facts.since.unwrap().time_of_day())
}

fn transitions(world: &World, alarm: &str) -> Vec<Transition> {
    let all = world.board.changes.iter().map(|change| world.board.change_facts(change));
    all.filter(|t| t.alarm == *alarm).collect()
}

fn told(world: &World, g: usize) -> Vec<GroupActivity> {
    (0..world.groups[g].activities.len()).map(|n| world.groups[g].activity_facts(n)).collect()
}

fn of_provider(cluster: &str, provider: &str) -> Query {
    Query {
        namespace: ReservationFacts::NAMESPACE,
        name: ReservationFacts::METRIC,
        dimensions: vec![("ClusterName", cluster.to_owned()), ("CapacityProviderName", provider.to_owned())],
        statistic: Statistic::Average,
        period: minutes(1),
    }
}

fn secret(world: &World, name: &str) -> Secret {
    world.vault.described(world.vault.named(name).unwrap(), world.now, &world.home).unwrap()
}

#[test]
fn ehr_mongo_scales_to_its_maximum_and_its_group_says_nothing() {
    for seed in 0..20 {
        let mut world = world("ehr-mongo", seed);
        world.advance_to(at("2026-03-14T03:11:29"));
        assert_eq!((alarm_state(&world, "ehr-api-cpu-high").0.as_str(), world.services[0].desired), ("OK", 20));
        assert_eq!(scaled(&world, "ehr-api"), []);
        let before = told(&world, 0).len();
        world.advance_to(at("2026-03-14T03:12:44"));
        let high = alarm_state(&world, "ehr-api-cpu-high");
        assert_eq!((high.0.as_str(), high.1.as_str()), ("ALARM", "03:11:30Z"), "seed {seed}");
        let changes = transitions(&world, "ehr-api-cpu-high");
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].from.as_deref(), changes[0].to.as_deref()), (Some("OK"), Some("ALARM")));
        let reason = changes[0].reason.as_deref().unwrap();
        assert!(reason.starts_with("Threshold Crossed: 1 out of the last 1 datapoints ["), "{reason}");
        assert!(
            reason.ends_with(
                "(14/03/26 03:10:00)] was greater than the threshold (80.0) (minimum 1 datapoint for OK -> ALARM transition)."
            ),
            "{reason}"
        );
        let [out, not] = &scaled(&world, "ehr-api")[..] else { panic!("{:#?}", scaled(&world, "ehr-api")) };
        assert_eq!(
            (out.description.as_deref(), out.status.as_deref()),
            (Some("Setting desired count to 28."), Some("Successful"))
        );
        let cause = "monitor alarm ehr-api-cpu-high in state ALARM triggered policy ehr-api-scale-out";
        assert_eq!((out.cause.as_deref(), not.cause.as_deref()), (Some(cause), Some(cause)));
        assert_eq!((not.status.as_deref(), not.ended_at), (Some("Failed"), None));
        assert_eq!((&*not.not_scaled[0].code, not.not_scaled[0].maximum), ("AlreadyAtMaxCapacity", Some(28)));
        assert_eq!(told(&world, 0).len(), before, "no new activity is written");
        let reserved = world.points_of(&of_provider("ehr", "ehr-ec2"), at("2026-03-14T02:50:00"), world.now);
        let [.., (_, quiet), (_, full)] = &reserved.points[..] else { panic!("{reserved:?}") };
        assert_eq!((*quiet, *full, reserved.points.len()), (100.0, 125.0, 22), "seed {seed}");
        assert_eq!(world.points_of(&of_provider("other", "ehr-ec2"), at("2026-03-14T02:50:00"), world.now).points, []);

        let low = &world.scaling.targets[1].policies[0].alarms[1];
        assert_eq!(alarm_state(&world, low).0, "ALARM", "nearly always");
        assert!(scaled(&world, "ehr-web").is_empty(), "it is at its minimum, as it was before");
        for name in ["prod/ehr/mongo", "prod/ehr/session"] {
            assert!(secret(&world, name).pending().is_none() && secret(&world, name).rotates_at.unwrap() > world.now);
        }
        world.advance_to(at("2026-03-14T03:40:00"));
        assert_eq!(alarm_state(&world, "ehr-api-cpu-high").0, "OK");
        assert_eq!(world.services[0].desired, 28);
        assert!(world.guard.by_severity(false).is_empty() && world.guard.by_severity(true).len() == 1);
    }
}

#[test]
fn ehr_aurora_loses_the_instances_that_were_raised_by_hand() {
    let raised = "a user request update of AutoScalingGroup constraints to min: 15, max: 24, desired: 22 changing the desired \
                  capacity from 17 to 22";
    let reverted = "At 2026-04-08T14:01:40Z a user request update of AutoScalingGroup constraints to min: 15, max: 17, desired: \
                    17 changing the desired capacity from 22 to 17.";
    for seed in 0..20 {
        let mut world = world("ehr-aurora", seed);
        let by_hand = told(&world, 0).into_iter().filter(|a| a.cause.as_deref().unwrap().contains(raised)).count();
        assert_eq!((by_hand, told(&world, 0).len(), world.groups[0].desired), (5, 22, 22));
        world.advance_to(at("2026-04-08T14:01:46"));
        let going: Vec<GroupActivity> = told(&world, 0).into_iter().skip(22).collect();
        assert_eq!(going.len(), 5);
        for activity in &going {
            assert!(activity.cause.as_deref().unwrap().starts_with(reverted), "{activity:?}");
            assert_eq!((activity.status.as_deref(), activity.progress), (Some("MidLifecycleAction"), Some(60)));
            assert!(activity.description.as_deref().unwrap().starts_with("Terminating EC2 instance: i-"));
        }
        assert_eq!((world.groups[0].maximum, world.groups[0].desired), (17, 17));
        assert_eq!(world.instances.iter().filter(|i| i.draining() && i.leaving.is_some()).count(), 5);
        world.advance_to(at("2026-04-08T14:03:30"));
        assert_eq!(alarm_state(&world, "ws-api-latency"), ("ALARM".to_owned(), "14:02:30Z".to_owned()));
        let reason = transitions(&world, "ws-api-latency")[0].reason.as_deref().unwrap().to_owned();
        assert!(reason.contains("[4.87 (08/04/26 14:01:00)] was"), "{reason}");
        world.pass(minutes(30));
        let left: Vec<String> = world
            .instances
            .iter()
            .filter(|i| i.is_listed() && i.leaving.is_some())
            .map(|i| i.zone.to_string())
            .collect();
        assert_eq!(left, ["us-east-1a", "us-east-1a", "us-east-1b"], "held by the two services");
        let over = told(&world, 0).into_iter().skip(22).filter(|a| a.status.as_deref() == Some("Successful")).count();
        assert_eq!((over, world.cluster_facts(0).instances), (2, 20));
        world.assert_never_overcommitted();
    }
}

#[test]
fn the_rotation_of_telehealth_is_stuck_and_two_tasks_hold_what_was_before_the_last_one() {
    for seed in 0..20 {
        let mut world = world("telehealth-fargate", seed);
        let name = "prod/db/app";
        let arn = secret(&world, name).arn;
        let proxy = world.fleet.proxy_facts(0);
        assert_eq!(proxy.secrets, std::slice::from_ref(&arn));
        world.advance_to(at("2026-05-20T02:00:09"));
        assert!(secret(&world, name).pending().is_none());
        world.advance_to(at("2026-05-20T02:00:11"));
        let pending = secret(&world, name).pending().cloned();
        assert!(pending.is_some());
        let listed = |world: &World| {
            let n = world.vault.named(name).unwrap();
            world.vault.listed(n, world.now, &world.home).unwrap().pending().cloned()
        };
        assert_eq!(listed(&world), None, "the list is behind");
        for time in ["2026-05-20T02:04:10", "2026-05-20T02:15:00", "2026-05-20T03:30:00"] {
            world.advance_to(at(time));
            let now = secret(&world, name);
            assert_eq!((now.pending().cloned(), listed(&world)), (pending.clone(), pending.clone()), "{time}");
            assert!(now.rotates_at.unwrap() < world.now && now.rotated_at.unwrap() < world.fleet.started);
        }
        assert!(secret(&world, "prod/video/turn").pending().is_none(), "a label left behind is no rotation");
        assert_eq!(secret(&world, "prod/video/turn").versions.values().filter(|v| v.len() == 2).count(), 1);
        assert_eq!(secret(&world, "rds!db-tele-db").owner.as_deref(), Some("rds"));
        let master = world.fleet.instance_facts(0).master_secret.and_then(|s| s.arn);
        assert_eq!(Some(secret(&world, "rds!db-tele-db").arn), master);

        let rotated_at = secret(&world, name).rotated_at.unwrap();
        let hands = |t: &super::super::entities::Task| t.definition.secrets.iter().any(|(_, s)| s.starts_with(name));
        let users = |world: &World| {
            let tasks: Vec<_> = world.tasks.values().filter(|t| t.phase == Phase::Running && hands(t)).collect();
            (tasks.len(), tasks.iter().filter(|t| t.started_at.unwrap() < rotated_at).count())
        };
        assert_eq!((users(&world), world.tasks.len()), ((6, 2), 9));
        world.force_deployment("telehealth", "scheduler").unwrap();
        world.pass(minutes(5));
        assert_eq!(users(&world), (6, 0));
    }
}

#[test]
fn rx_spot_loses_three_instances_and_the_miner_leads_to_a_task_and_its_host() {
    for seed in 0..20 {
        let mut world = world("rx-spot", seed);
        world.assert_steady();
        world.advance_to(at("2026-06-10T18:00:01"));
        assert_eq!(world.instances.iter().filter(|i| i.draining()).count(), 3, "seed {seed}");
        world.advance_to(at("2026-06-10T18:02:01"));
        let facts: Vec<_> = world.tasks.values().map(|t| world.task_facts(t)).collect();
        let ended: Vec<_> = facts.iter().filter(|t| t.stop_code.as_deref() == Some("TerminationNotice")).collect();
        assert!(ended.len() >= 4, "seed {seed}: {}", ended.len());
        let reason = ended[0].stopped_reason.as_deref().unwrap();
        assert!(reason.starts_with("Host EC2 (instance i-") && reason.ends_with(") terminated."), "{reason}");
        world.advance_to(at("2026-06-10T18:03:30"));
        let since = |a: &&GroupActivity| a.started_at.unwrap() > at("2026-06-10T18:00:00");
        let all = told(&world, 0);
        let failed: Vec<_> = all.iter().filter(since).filter(|a| a.status.as_deref() == Some("Failed")).collect();
        assert!(failed.len() >= 4, "seed {seed}: {}", failed.len());
        assert!(failed.iter().all(|a| a.message.as_deref().unwrap().contains("InsufficientInstanceCapacity")));
        let health = "taken out of service in response to an EC2 health check";
        assert_eq!(all.iter().filter(|a| a.cause.as_deref().unwrap().contains(health)).count(), 3);

        let miner = world.guard.by_severity(false).into_iter().map(|n| world.guard.finding_facts(n, &world.home));
        let miner = miner.collect::<Vec<_>>().into_iter().find(|f| !f.sample).unwrap();
        assert_eq!((&*miner.kind, miner.severity), ("CryptoCurrency:Runtime/BitcoinTool.B", Some(8.0)));
        let task = facts_of(&world, miner.resource.task.as_deref().unwrap());
        assert!(task.status.as_deref() == Some("RUNNING") && task.instance_arn.is_some(), "seed {seed}: {task:?}");
        assert_eq!(miner.resource.container.as_deref(), Some("dispatch-worker"));
        let spec = &world.guard.detector.as_ref().unwrap().1;
        assert_eq!(spec.administrator.as_deref(), Some("210987654321"));
        let open = world.guard.by_severity(false);
        assert_eq!((open.len(), world.guard.by_severity(true).len()), (4, 1));
        for n in open {
            let found = world.guard.finding_facts(n, &world.home);
            let text = format!("{}{}", found.title.unwrap(), found.description.unwrap());
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
        world.pass(minutes(20));
        world.assert_steady();
        world.assert_never_overcommitted();
        assert_eq!(secret(&world, "rx/old/gateway").deleted_at, Some(at("2026-06-16T17:52:00")));
    }
}

fn facts_of(world: &World, task: &str) -> crate::model::ecs::Task {
    world.tasks.values().find(|t| t.arn == task).map(|t| world.task_facts(t)).unwrap()
}

/// A service with a load, a target from 4 to 12 tasks, and what else is given.
fn loaded(load: f64, more: &str) -> Scenario {
    let target = "[[target]]\nservice = 'web'\nminimum = 4\nmaximum = 12\n";
    small(3, &(service("web", 4, 256, (100, 200), &format!("load = {load:?}")) + target + more))
}

#[test]
fn target_tracking_follows_the_load_out_and_in_again() {
    let script = "[[target.tracking]]\nname = 'cpu'\nvalue = 60.0\n\
                  [[at]]\ntime = '5m'\ndo = 'set-load'\nservice = 'web'\nload = 590.0\n\
                  [[at]]\ntime = '40m'\ndo = 'set-load'\nservice = 'web'\nload = 100.0\n";
    let mut world = World::new(&loaded(200.0, script), 1);
    let alarms = world.scaling.targets[0].policies[0].alarms.clone();
    assert!(alarms[0].starts_with("TargetTracking-service/c/web-AlarmHigh-"));
    assert_eq!((alarm_state(&world, &alarms[0]).0, alarm_state(&world, &alarms[1]).0), ("OK".into(), "ALARM".into()));
    world.pass(minutes(7));
    assert_eq!(world.services[0].desired, 4, "one minute alone is not enough");
    world.pass(minutes(8));
    assert_eq!(world.services[0].desired, 10);
    world.pass(minutes(24));
    assert_eq!(world.services[0].desired, 10, "59 of 60 % each: neither out nor in");
    world.pass(minutes(30));
    assert_eq!(world.services[0].desired, 4);
    let set: Vec<_> = scaled(&world, "web").into_iter().filter_map(|a| a.description).collect();
    assert_eq!(set.iter().filter(|d| d.starts_with("Setting")).count(), 2, "{set:?}");
    let last = scaled(&world, "web").pop().unwrap();
    assert_eq!(&*last.not_scaled[0].code, "AlreadyAtMinCapacity");
    assert_eq!(scaled(&world, "web").len(), 3, "said once for as long as it stays so");
}

#[test]
fn an_alarm_needs_its_periods_and_what_is_suspended_does_nothing() {
    let alarms = "suspended = ['scale-out']\n[[target.step]]\nname = 'out'\nalarm = 'hot'\nchange = 2\n\
                  [[alarm]]\nname = 'hot'\nservice = 'web'\nabove = 80.0\nperiods = 3\nneeded = 2\n\
                  [[alarm]]\nname = 'either'\nany = ['hot', 'elsewhere']\n\
                  [[alarm]]\nname = 'elsewhere'\nnamespace = 'AWS/SQS'\nabove = 1.0\nmuted = true\n\
                  [[at]]\ntime = '3m'\ndo = 'set-load'\nservice = 'web'\nload = 380.0\n\
                  [[at]]\ntime = '20m'\ndo = 'set-load'\nservice = 'web'\nload = 200.0\n\
                  [[at]]\ntime = '30m'\ndo = 'set-alarm'\nalarm = 'elsewhere'\nstate = 'alarm'\nreason = 'by hand'\n";
    let mut world = World::new(&loaded(200.0, alarms), 1);
    world.pass(Duration::from_secs(5 * 60 + 20));
    assert_eq!((alarm_state(&world, "hot").0, alarm_state(&world, "either").0), ("OK".into(), "OK".into()));
    world.pass(Duration::from_secs(20));
    assert_eq!(alarm_state(&world, "hot"), ("ALARM".to_owned(), "03:05:30Z".to_owned()));
    assert_eq!(alarm_state(&world, "either").0, "ALARM");
    world.pass(minutes(10));
    assert_eq!((world.services[0].desired, scaled(&world, "web").len()), (4, 0), "scaling out is suspended");
    world.pass(minutes(10));
    assert_eq!((alarm_state(&world, "hot").0, alarm_state(&world, "either").0), ("OK".into(), "OK".into()));
    world.pass(minutes(10));
    assert_eq!((alarm_state(&world, "elsewhere").0, alarm_state(&world, "either").0), ("ALARM".into(), "ALARM".into()));
    assert_eq!(transitions(&world, "either").len(), 3);
    assert_eq!(world.board.alarm_facts(world.board.named("elsewhere").unwrap()).actions_enabled, Some(false));
    world.kill_tasks(0, 4, 1, None);
    world.loads.clear();
    world.pass(minutes(5));
    assert_eq!(alarm_state(&world, "hot").0, "INSUFFICIENT_DATA");
}

#[test]
fn a_group_tells_what_it_launches_and_that_it_may_take_nothing_away() {
    let script = "[[at]]\ntime = '1m'\ndo = 'suspend-process'\ngroup = 'g'\nprocess = 'Launch'\n\
                  [[at]]\ntime = '1m'\ndo = 'set-desired'\nservice = 'web'\ndesired = 16\n\
                  [[at]]\ntime = '6m'\ndo = 'resume-process'\ngroup = 'g'\nprocess = 'Launch'\n\
                  [[at]]\ntime = '20m'\ndo = 'resize-group'\ngroup = 'g'\nminimum = 1\nmaximum = 5\ndesired = 3\n";
    let mut world = World::new(&small(1, &(service("web", 3, 1_024, (100, 200), "") + script)), 1);
    let before = told(&world, 0).len();
    world.pass(Duration::from_secs(5 * 60 + 59));
    assert_eq!((world.groups[0].desired, told(&world, 0).len()), (5, before), "wanted, and nothing comes");
    world.pass(Duration::from_secs(10));
    let launches: Vec<_> = told(&world, 0).into_iter().skip(before).collect();
    assert_eq!(launches.len(), 2);
    assert_eq!(launches[1].status.as_deref(), Some("PreInService"));
    let cause = launches[1].cause.as_deref().unwrap();
    assert!(
        cause.ends_with("difference between desired and actual capacity, increasing the capacity from 4 to 5."),
        "{cause}"
    );
    world.pass(minutes(5));
    assert!(told(&world, 0).iter().all(|a| a.status.as_deref() == Some("Successful") && a.ended_at.is_some()));
    world.pass(minutes(10));
    let last = told(&world, 0).pop().unwrap();
    assert_eq!(last.status.as_deref(), Some("Cancelled"));
    assert!(last.message.unwrap().ends_with("all remaining instances are protected from scale-in."));
    assert_eq!(world.instances.iter().filter(|i| i.is_listed()).count(), 5);
}

#[test]
fn managed_scaling_names_its_alarm_and_a_refresh_replaces_all() {
    let script = "[[at]]\ntime = '1m'\ndo = 'set-desired'\nservice = 'web'\ndesired = 14\n\
                  [[at]]\ntime = '10m'\ndo = 'refresh-instances'\ngroup = 'g'\n";
    let mut world = World::new(&small(1, &(service("web", 3, 1_024, (50, 200), "") + script)), 1);
    let before = told(&world, 0).len();
    world.pass(minutes(9));
    let cause = told(&world, 0)[before].cause.clone().unwrap();
    assert!(cause.starts_with("At 2026-03-14T03:02:00Z a monitor alarm TargetTracking-g-AlarmHigh-"), "{cause}");
    assert!(cause.contains(" triggered policy ECSManagedAutoScalingPolicy-"), "{cause}");
    let old: Vec<String> = world.instances.iter().map(|i| i.ec2_id.clone()).collect();
    world.pass(minutes(2));
    let under_way = world.groups[0].refresh_facts(0);
    assert_eq!((under_way.status.as_deref(), under_way.ended_at), (Some("InProgress"), None));
    world.pass(minutes(60));
    let over = world.groups[0].refresh_facts(0);
    assert_eq!((over.status.as_deref(), over.percent, over.left), (Some("Successful"), Some(100), Some(0)));
    assert!(world.instances.iter().filter(|i| i.is_listed()).all(|i| !old.contains(&i.ec2_id)));
    world.assert_steady();
    world.assert_never_overcommitted();
}

#[test]
fn a_rotation_moves_the_labels_and_one_that_is_stuck_blocks_the_next() {
    let script = "[[secret]]\nname = 'a'\nevery = 30\nrotated = '29d'\nrotates_in = '3m'\nversion = 2\n\
                  [[secret]]\nname = 'b'\nevery = 30\n\
                  [[secret]]\nname = 'c'\n\
                  [[at]]\ntime = '1m'\ndo = 'rotate-secret'\nsecret = 'b'\nstuck = true\n\
                  [[at]]\ntime = '9m'\ndo = 'rotate-secret'\nsecret = 'b'\n\
                  [[at]]\ntime = '9m'\ndo = 'delete-secret'\nsecret = 'c'\nlasts = '7d'\n";
    let mut world = World::new(&small(1, script), 1);
    let before = secret(&world, "a").version("AWSCURRENT").cloned();
    world.pass(Duration::from_secs(2 * 60 + 12));
    let pending = secret(&world, "a").pending().cloned();
    assert!(pending.is_some() && pending != before);
    world.pass(minutes(1));
    let after = secret(&world, "a");
    assert_eq!((after.version("AWSCURRENT").cloned(), after.version("AWSPREVIOUS").cloned()), (pending, before));
    assert_eq!((after.pending(), after.versions.len()), (None, 2));
    assert_eq!(after.rotates_at.unwrap().since(after.rotated_at.unwrap()), Duration::from_hours(30 * 24));
    assert!(after.rotated_at.unwrap() > world.fleet.started);

    let stuck = secret(&world, "b").pending().cloned();
    world.pass(minutes(10));
    assert_eq!(secret(&world, "b").pending().cloned(), stuck);
    assert!(stuck.is_some() && secret(&world, "b").rotated_at.is_none());
    assert_eq!(secret(&world, "c").rotation_enabled, None);
    assert_eq!(secret(&world, "c").deleted_at, Some(world.fleet.started + minutes(9) + Duration::from_hours(7 * 24)));
    world.pass(Duration::from_hours(8 * 24));
    let gone = &world.vault.secrets[world.vault.named("c").unwrap()];
    assert!(!gone.exists(world.now));
}

#[test]
fn the_new_things_come_out_the_same_in_one_step_and_in_many() {
    for name in ["rx-spot", "ehr-aurora"] {
        let (mut once, mut often) = (world(name, 9), world(name, 9));
        once.pass(minutes(30));
        (0..1_800).for_each(|_| often.pass(Duration::from_secs(1)));
        assert_eq!(once, often, "{name}");
    }
}
