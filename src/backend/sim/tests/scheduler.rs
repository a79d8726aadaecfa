//! Laws of the scheduler: bounds, drains, the circuit breaker, scaling out.

use proptest::prelude::*;

use super::*;

/// Steps one second and checks what must hold at any time.
fn watch(world: &mut World, seconds: u64, mut check: impl FnMut(&World)) {
    for _ in 0..seconds {
        world.pass(Duration::from_secs(1));
        world.assert_never_overcommitted();
        check(world);
    }
}

fn within_bounds(world: &World, service: &str) {
    let s = world.services.iter().position(|s| s.spec.name == service).unwrap();
    let (lower, upper) = world.services[s].bounds();
    let (running, pending) = world.running_and_pending(s, |_| true);
    assert!(running >= lower, "{service}: {running} running, at least {lower} wanted, at {:?}", world.now());
    assert!(running + pending <= upper, "{service}: {running} + {pending} over {upper} at {:?}", world.now());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn deployments_and_drains_stay_within_their_bounds(
        seed in 0_u64..1_000,
        desired in 1_u32..9,
        other in 0_u32..6,
        minimum in prop::sample::select(vec![0_u32, 50, 66, 100]),
        maximum in prop::sample::select(vec![100_u32, 125, 150, 200]),
        cpu in prop::sample::select(vec![256_u32, 512, 1_000]),
        port in any::<bool>(),
        drained in 0_usize..6,
        pause in 1_u64..90,
    ) {
        let mut scenario = service("web", desired, cpu, (minimum, maximum), "")
            + &service("other", other, 700, (50, 150), "target_groups = 1");
        if port {
            scenario = scenario.replacen("image = 'web:1'", "image = 'web:1', ports = [8080]", 1);
        }
        let mut world = World::new(&small(2, &(scenario + JOB)), seed);
        prop_assume!(world.services.iter().all(|s| s.steady.is_some()) && world.waiting.is_empty());

        world.force_deployment("c", "web").unwrap();
        let check = |world: &World| {
            within_bounds(world, "web");
            within_bounds(world, "other");
        };
        watch(&mut world, pause, check);
        world.drain(drained);
        watch(&mut world, 900, check);
        let web = world.facts_of("web");
        let room = !port || desired <= 5;
        if web.deadlocked() == Some(false) && room {
            prop_assert_eq!((web.running, web.pending, web.deployments.len()), (desired, 0, 1));
            prop_assert!(world.facts_of("other").deadlocked() == Some(true) || world.alone_on(drained));
        }
    }

    #[test]
    fn any_run_of_actions_keeps_the_books(
        seed in 0_u64..1_000,
        acts in prop::collection::vec((0_u8..6, 0_u32..12, 1_u64..120), 1..14),
    ) {
        let scenario = service("web", 5, 900, (50, 150), "target_groups = 1")
            + &service("api", 4, 1_000, (100, 200), "placement = { distinct = true }");
        let mut world = World::new(&small(2, &scenario), seed);
        let zone = |n: u32| ["za", "zb", "zc"][n as usize % 3];
        for (act, n, seconds) in acts {
            let i = n as usize % 6;
            match act {
                0 => world.set_desired("c", if n % 2 == 0 { "web" } else { "api" }, n).unwrap(),
                1 => drop(world.force_deployment("c", "api").unwrap()),
                2 => world.drain(i),
                3 => world.change_state(i, State::Active),
                4 => world.lose_zone(zone(n)),
                _ => world.restore_zone(zone(n)),
            }
            watch(&mut world, seconds, |_| {});
        }
        for n in 0..3 {
            world.restore_zone(zone(n));
        }
        for i in 0..6 {
            world.change_state(i, State::Active);
        }
        world.set_desired("c", "web", 5).unwrap();
        world.set_desired("c", "api", 4).unwrap();
        world.pass(minutes(40));
        world.assert_never_overcommitted();
        world.assert_steady();
    }
}

#[test]
fn a_drained_instance_keeps_only_tasks_of_no_service() {
    let mut world = World::new(&small(1, &(service("web", 6, 512, (100, 200), "") + JOB)), 1);
    world.drain(0);
    world.pass(minutes(10));
    world.assert_steady();
    assert_eq!(world.instances[0].tasks.len(), 1);
    assert!(world.alone_on(0));
    assert_eq!(world.mutations().len(), 1);
    assert_eq!(world.mutations()[0].detail, "status=DRAINING");
    let facts = world.instance_facts(0);
    assert_eq!((facts.status.as_deref(), facts.running_tasks), (Some("DRAINING"), 1));
}

/// What a deployment of an image that fails in this way comes to.
fn deploy(fails: &str, breaker: &str) -> World {
    let step = format!("[[at]]\ntime = '1m'\ndo = 'deploy'\nservice = 'web'\nimage = 'web:2'\nfails = '{fails}'");
    let web = service("web", 4, 512, (100, 200), "").replace("'rollback'", &format!("'{breaker}'"));
    let mut world = World::new(&small(2, &(web + &step)), 9);
    watch(&mut world, 900, |world| within_bounds(world, "web"));
    world
}

#[test]
fn the_breaker_rolls_a_failing_deployment_back() {
    for (fails, code) in [
        ("crash", "EssentialContainerExited"),
        ("cannot-pull", "TaskFailedToStart"),
        ("oom", "EssentialContainerExited"),
    ] {
        let world = deploy(fails, "rollback");
        world.assert_steady();
        let facts = world.facts_of("web");
        assert_eq!(facts.task_definition.as_deref().map(|arn| arn.ends_with(":1")), Some(true));
        let said = |words: &str| facts.events.iter().any(|e| e.message.contains(words));
        assert!(said("deployment failed: tasks failed to start.") && said("rolling back to (deployment"), "{fails}");
        let failed = world.tasks.values().filter(|t| t.stop.as_ref().is_some_and(|s| s.code == code)).count();
        assert!(failed >= 3, "{fails}: {failed}");
    }
}

#[test]
fn a_breaker_without_rollback_stops_and_without_breaker_it_never_ends() {
    let stopped = deploy("crash", "on").facts_of("web");
    let primary = stopped.primary().unwrap();
    assert_eq!(primary.rollout_state.as_deref(), Some("FAILED"));
    assert!(primary.failed >= 3 && stopped.running >= 4);

    let world = deploy("cannot-pull", "off");
    let looping = world.facts_of("web");
    let primary = looping.primary().unwrap();
    assert!(primary.in_progress() && primary.failed > 10, "{primary:?}");
    let failing = "is unable to consistently start tasks successfully";
    assert_eq!(looping.events.iter().filter(|e| e.message.contains(failing)).count(), 1);
    assert!(primary.failed < 100, "the service waits longer and longer: {}", primary.failed);
}

#[test]
fn a_crash_loop_of_other_causes_never_ends_the_running_tasks() {
    let world = deploy("oom", "off");
    assert_eq!(world.facts_of("web").deployments[1].running, 4);
}

#[test]
fn the_group_grows_for_waiting_tasks_but_not_past_its_maximum() {
    let mut world = World::new(&small(1, &service("web", 3, 2_000, (100, 200), "")), 2);
    world.set_desired("c", "web", 14).unwrap();
    world.pass(Duration::from_secs(59));
    assert_eq!(world.instances.len(), 3);
    world.pass(Duration::from_secs(2));
    let group = &world.groups[0];
    assert_eq!((world.instances.len(), group.desired, group.maximum), (5, 5, 5));
    assert_eq!(world.instance_facts(4).status.as_deref(), Some("REGISTERING"));
    assert_eq!(world.facts_of("web").running, 6);
    world.pass(minutes(4));
    assert_eq!(world.facts_of("web").running, 10);
    world.pass(minutes(60));
    assert_eq!((world.instances.len(), world.facts_of("web").pending), (5, 4));
    world.set_desired("c", "web", 9).unwrap();
    world.pass(minutes(5));
    world.assert_steady();
}

#[test]
fn every_reason_for_no_place_is_told_in_the_words_of_ecs() {
    let told = |more: &str, service: &str| {
        let mut world = World::new(&small(1, &(service.to_owned() + more)), 2);
        world.set_desired("c", "web", 9).unwrap();
        world.pass(Duration::from_secs(20));
        let events = world.facts_of("web").events;
        events.iter().find(|e| e.message.contains("unable to place")).map(|e| e.message.to_string()).unwrap()
    };
    let web = |cpu| service("web", 1, cpu, (100, 200), "");
    assert!(told("", &web(2_000)).contains("has insufficient CPU units available."));
    assert!(
        told("", &web(100).replace("memory = 512", "memory = 5000")).contains("has insufficient memory available.")
    );
    assert!(told("placement = { distinct = true }", &web(100)).contains("DistinctInstance placement constraint"));
    let port = web(100).replace("'web:1'", "'web:1', ports = [80]");
    assert!(told("", &port).contains("is already using a port required by your task."));
    let silent: String = ["za", "zb", "zc"]
        .map(|zone| format!("[[at]]\ntime = '0s'\ndo = 'disconnect-agent'\ninstance = '{zone}#1'\n"))
        .concat();
    let mut world = World::new(&small(1, &(web(100) + &silent)), 2);
    world.pass(Duration::from_secs(1));
    world.set_desired("c", "web", 2).unwrap();
    assert!(world.facts_of("web").events[0].message.contains("doesn't have the agent connected."));
}

#[test]
fn steady_services_say_so_every_six_hours() {
    let mut world = World::new(&small(1, &service("web", 1, 100, (100, 200), "history = 3")), 2);
    let before = world.facts_of("web").events.len();
    world.pass(minutes(24 * 60));
    let events = world.facts_of("web").events;
    assert_eq!(events.len(), before + 4);
    let gaps = events.windows(2).take(4).map(|pair| pair[0].at.unwrap().since(pair[1].at.unwrap()));
    assert!(gaps.into_iter().all(|gap| gap == minutes(360)), "{events:?}");
}

#[test]
fn stopped_tasks_are_kept_for_an_hour() {
    let mut world = World::new(&small(1, &service("web", 2, 100, (0, 200), "")), 2);
    world.set_desired("c", "web", 1).unwrap();
    world.pass(minutes(1));
    assert_eq!(world.tasks.values().filter(|t| t.phase == Phase::Stopped).count(), 1);
    world.pass(minutes(58));
    assert_eq!(world.tasks.len(), 2);
    world.pass(minutes(3));
    assert_eq!(world.tasks.len(), 1);
}

#[test]
fn a_protected_task_holds_a_rollout_until_its_protection_ends() {
    let script = "[[at]]\ntime = '1s'\ndo = 'protect-task'\nservice = 'web'\nlasts = '20m'\n";
    let mut world = World::new(&small(2, &(service("web", 4, 256, (50, 200), "") + script)), 1);
    world.pass(Duration::from_secs(1));
    world.force_deployment("c", "web").unwrap();
    watch(&mut world, 15 * 60, |world| within_bounds(world, "web"));
    let held = world.facts_of("web");
    let old = held.deployments.iter().find(|d| d.status.as_deref() == Some("ACTIVE")).unwrap();
    assert_eq!((held.running, old.running, held.deployments.len()), (5, 1, 2));
    watch(&mut world, 10 * 60, |world| within_bounds(world, "web"));
    world.assert_steady();
}

#[test]
fn scaling_in_leaves_protected_tasks_and_takes_others() {
    let mut world = World::new(&small(2, &service("web", 6, 256, (50, 200), "")), 1);
    world.protect_tasks(0, 2, world.now() + minutes(60));
    let protected = |world: &World| world.tasks.values().filter(|t| t.active() && t.protected_until.is_some()).count();
    world.set_desired("c", "web", 2).unwrap();
    world.pass(minutes(10));
    assert_eq!((world.facts_of("web").running, protected(&world)), (2, 2));
    world.set_desired("c", "web", 1).unwrap();
    world.pass(minutes(10));
    assert_eq!((world.facts_of("web").running, protected(&world)), (2, 2), "none may be stopped");
    world.pass(minutes(60));
    assert_eq!(world.facts_of("web").running, 1);
}

#[test]
fn f8_a_group_that_may_not_launch_brings_no_instance() {
    let full = service("web", 24, 1_024, (100, 200), "");
    let instances = |suspended: &str| {
        let mut scenario = small(2, &full);
        scenario.groups[0].suspended = vec![suspended.to_owned()];
        let mut world = World::new(&scenario, 1);
        world.force_deployment("c", "web").unwrap();
        world.pass(minutes(15));
        world.instances.len()
    };
    assert_eq!((instances("Terminate"), instances("Launch")), (8, 6));
}
