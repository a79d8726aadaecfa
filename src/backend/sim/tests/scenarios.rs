//! Scenario files: the ones compiled in, mistakes in others, and generated ones.

use super::*;
use crate::backend::sim::scenarios;

#[test]
fn every_scenario_reads_and_says_what_it_is() {
    for known in scenarios() {
        let scenario = known.scenario().unwrap();
        for text in [&scenario.title, &scenario.about, &scenario.hint] {
            assert!(!text.is_empty() && !text.contains('\n'), "{}", known.name);
        }
        assert_eq!(known.title().unwrap(), scenario.title);
    }
}

#[test]
fn an_unknown_name_gets_the_nearest() {
    let error = Scenario::named("ehr-mogno").unwrap_err().to_string();
    assert!(error.contains("\"ehr-mogno\"") && error.contains("did you mean \"ehr-mongo\"?"), "{error}");
    assert!(Scenario::named("zzzzzzzzz").unwrap_err().to_string().contains("known scenarios: ehr-mongo"));
}

#[test]
fn mistakes_are_named_with_field_and_line() {
    let good = "title = 't'\nabout = 'a'\nhint = 'h'\nstart = '2026-03-14T03:00:00Z'\n\
                caller = { account = '1', region = 'r', arn = 'x' }\ncluster = [{ name = 'c' }]\n";
    let s = "[[service]]\nname = 'web'\ncluster = 'c'\ndesired = 1\n\
             task = { cpu = 1, memory = 1, image = 'i' }\nrollout = { minimum = 0, maximum = 200 }\n";
    let cases = [
        ("colour = 'red'\n".to_owned(), "bad.toml:7", "`colour`"),
        ("[[service]]\nname = 'web'\n".to_owned(), "bad.toml:7", "`cluster`"),
        (s.replace("desired = 1", "desired = -1"), "bad.toml:10", "-1"),
        (s.replace("'c'", "'d'"), "bad.toml", "cluster of service web: unknown \"d\""),
        (s.replace("cpu = 1", "cpu = 0"), "bad.toml", "task.cpu"),
        (format!("{s}{s}"), "bad.toml", "service \"c/web\" is there twice"),
        (format!("{s}[[at]]\ntime = 'soon'\ndo = 'event'\n"), "bad.toml:14", "\"soon\" is not a duration"),
        (format!("{s}[[at]]\ntime = '1m'\ndo = 'explode'\n"), "bad.toml:15", "`explode`"),
        (
            format!("{s}[[at]]\ntime = '1m'\ndo = 'set-desired'\nservice = 'web'\n"),
            "bad.toml",
            "number 1: `desired` is missing",
        ),
        (format!("{s}[[at]]\ntime = '1m'\ndo = 'kill-task'\nservice = 'wbe'\n"), "bad.toml", "did you mean \"web\"?"),
        (format!("{s}[[at]]\ntime = '1m'\ndo = 'drain'\ninstance = 'za#1'\n"), "bad.toml", "unknown \"za#1\""),
    ];
    for (rest, origin, words) in cases {
        let error = Scenario::parse(&format!("{good}{rest}"), "bad.toml").unwrap_err().to_string();
        assert!(error.starts_with(&format!("{origin}: ")) && error.contains(words), "{error}\n{rest}");
    }
    assert!(Scenario::parse(&format!("{good}{s}"), "good.toml").is_ok());
}

#[test]
fn generated_worlds_have_exactly_the_size_asked_for() {
    for (services, tasks, instances) in [(100, 1_000, 101), (1_001, 5_000, 101), (7, 3, 1), (11, 11, 2)] {
        let mut world = World::new(&Scenario::sized(services, tasks, instances), 1);
        let counts = (world.services.len(), world.tasks.len(), world.instances.len());
        assert_eq!(counts, (services as usize, tasks as usize, instances as usize));
        world.assert_never_overcommitted();
        world.assert_steady();
        world.pass(minutes(30));
        world.assert_steady();
        assert_eq!(world.instances.len(), instances as usize, "nothing scales");
        assert_eq!(world.service_facts(0).events.len(), 100);
    }
}

#[test]
fn the_steps_in_which_time_passes_make_no_difference() {
    let scenario = Scenario::named("ehr-mongo").unwrap();
    let (mut once, mut often) = (World::new(&scenario, 42), World::new(&scenario, 42));
    for _ in 0..4 {
        once.pass(minutes(10));
        for _ in 0..600 {
            often.pass(Duration::from_secs(1));
        }
        assert_eq!(once, often);
    }
    assert_ne!(once, World::new(&scenario, 43));
}

#[test]
fn the_verbs_of_the_script_do_what_they_say() {
    let script = "
        [[at]]
        time = '1m'
        do = 'kill-task'
        service = 'web'
        count = 2
        exit = 137
        reason = 'OutOfMemoryError: Container killed due to memory usage'
        [[at]]
        time = '5m'
        do = 'drain'
        instance = 'zb#1'
        [[at]]
        time = '10m'
        do = 'activate'
        instance = 'zb#1'
        [[at]]
        time = '11m'
        do = 'disconnect-agent'
        instance = 'zc#1'
        lasts = '90s'
        [[at]]
        time = '15m'
        do = 'event'
        service = 'web'
        message = '(service web) operations are being throttled'
        [[at]]
        time = '16m'
        do = 'force-deployment'
        service = 'web'
    ";
    let mut world = World::new(&small(2, &(service("web", 6, 512, (100, 200), "") + script)), 5);
    let first = world.facts_of("web").deployments[0].id.clone();
    world.pass(minutes(1));
    let killed: Vec<_> =
        world.tasks.values().filter(|t| t.phase == Phase::Stopped).map(|t| world.task_facts(t)).collect();
    assert_eq!(killed.len(), 2);
    assert_eq!(killed[0].stop_code.as_deref(), Some("EssentialContainerExited"));
    assert_eq!(killed[0].containers[0].exit_code, Some(137));
    assert!(killed[0].containers[0].reason.as_deref().unwrap().starts_with("OutOfMemoryError"));
    assert_eq!(world.facts_of("web").running, 4);
    world.pass(minutes(3));
    world.assert_steady();
    world.pass(minutes(1));
    assert_eq!(world.instance_facts(2).status.as_deref(), Some("DRAINING"));
    world.pass(minutes(4));
    assert!(world.instances[2].tasks.is_empty());
    world.pass(minutes(1));
    assert_eq!(world.instance_facts(2).status.as_deref(), Some("ACTIVE"));
    world.pass(minutes(2));
    assert_eq!(world.instance_facts(4).agent_connected, Some(false));
    world.pass(Duration::from_secs(30));
    assert_eq!(world.instance_facts(4).agent_connected, Some(true));
    assert_eq!(world.tasks.values().filter(|t| !t.connected).count(), 0);
    world.pass(Duration::from_secs(150));
    assert_eq!(world.facts_of("web").events[0].message, "(service web) operations are being throttled");
    world.pass(minutes(5));
    world.assert_steady();
    assert_ne!(world.facts_of("web").deployments[0].id, first);
    assert!(world.mutations().is_empty(), "the script is nobody's action");
}
