//! Failovers and events.

use super::*;

#[test]
fn a_failover_is_told_once_whoever_tells_of_it() {
    let base = || of(instance());
    let lag = "; DNS may lag";
    let (began, ended) = ("Multi-AZ instance failover started.", "Multi-AZ INSTANCE failover completed.");
    let time = |minutes: u64| ago(minutes).map(Timestamp::time_of_day).unwrap_or_default();
    let moved = format!("warn ehr: failed over us-east-1a → us-east-1b at {}{lag}", time(20));
    let seen = format!("warn ehr: failed over us-east-1a → us-east-1b seen at {}{lag}", time(19));
    let told = format!("warn ehr: failed over at {}{lag}", time(20));
    let lost = format!("warn ehr: a failover began at {} and its end was never told", time(90));
    let zones = |world: World| world.moved("arn:ehr", 19, "us-east-1a", "us-east-1b");
    table(
        "rds-failover",
        &[
            (base(), &["ok"]),
            (base().event(1, began), &[&format!("crit ehr: failing over since {}", time(1))]),
            (zones(base().event(21, began).event(20, ended)), &[&moved]),
            (zones(base()), &[&seen]),
            (base().event(21, began).event(20, ended), &[&told]),
            (base().event(90, began), &[&lost]),
            (base().event(70, began).event(69, ended), &["ok"]),
        ],
    );
    let failing = of(DbInstance { status: text("rebooting"), ..instance() }).event(1, began);
    let alarms = failing.event(1, "DB instance restarted").alarms();
    assert_eq!(alarms.len(), 1, "one cause is said once: {alarms:?}");
}

#[test]
fn a_failover_whose_end_was_missed_explains_nothing() {
    let began = "Multi-AZ instance failover started.";
    let judge = |minutes: u64| {
        let rebooting = of(DbInstance { status: text("rebooting"), ..instance() }).event(minutes, began);
        let alone = of(DbInstance { standby_az: None, ..instance() }).event(minutes, began);
        let away = pooled(vec![target("UNAVAILABLE", "UNREACHABLE")]).event(minutes, began);
        let restarted = of(instance()).event(minutes, began).event(5, "DB instance restarted");
        [
            rebooting.words("rds-status"),
            alone.words("rds-multi-az"),
            away.words("rds-proxy-target"),
            restarted.words("rds-event"),
        ]
        .concat()
    };
    assert_eq!(judge(59), ["info"; 4]);
    assert_eq!(judge(61), ["warn"; 4]);
}

#[test]
fn a_writer_that_moved_is_the_failover_of_its_cluster() {
    let mut world = clustered(&[("w", "a"), ("r", "b")]).moved("arn:aurora", 5, "r", "w");
    let source = |message: &str, minutes| Event { source: Text::from("aurora"), ..event(minutes, message) };
    world.rds.events = vec![
        source("Completed failover to DB instance: w.", 6),
        source("Started cross AZ failover to DB instance: w", 7),
    ];
    let at = ago(6).map(Timestamp::time_of_day).unwrap_or_default();
    let told = format!("rds-failover warn aurora: failed over r → w at {at}; DNS may lag");
    assert_eq!(world.alarms(), [told]);
}

#[test]
fn a_second_failover_does_not_take_the_move_of_the_first_for_its_own() {
    let source = |message: &str, minutes| Event { source: Text::from("aurora"), ..event(minutes, message) };
    let mut world = clustered(&[("r", "b"), ("w", "a")]).moved("arn:aurora", 9, "r", "w");
    world.rds.events = vec![
        source("Completed failover to DB instance: r.", 2),
        source("Started cross AZ failover to DB instance: r", 3),
        source("Completed failover to DB instance: w.", 10),
        source("Started cross AZ failover to DB instance: w", 11),
    ];
    let over = |way: &str| {
        let at = ago(2).map(Timestamp::time_of_day).unwrap_or_default();
        [format!("warn aurora: failed over {way} at {at}; DNS may lag")]
    };
    assert_eq!(world.says("rds-failover"), over("to r"), "the API shows the old place still");
    assert_eq!(world.moved("arn:aurora", 1, "w", "r").says("rds-failover"), over("w → r"));
}

#[test]
fn a_failover_goes_on_until_an_event_or_the_status_says_that_it_is_over() {
    let source = |message: &str, minutes| Event { source: Text::from("aurora"), ..event(minutes, message) };
    let at = |minutes: u64| ago(minutes).map(Timestamp::time_of_day).unwrap_or_default();
    let says = |status: &str, moved: bool, events: &[Event]| {
        let mut world = clustered(&[("w", "a"), ("r", "b")]);
        world = if moved { world.moved("arn:aurora", 1, "r", "w") } else { world };
        world.rds.clusters[0].status = text(status);
        world.rds.events = events.to_vec();
        world.says("rds-failover")
    };
    let began = || source("Started cross AZ failover to DB instance: w", 2);
    let ended = |minutes| source("Completed failover to DB instance: w.", minutes);
    let (failing, since) = ("crit aurora: failing over", format!("crit aurora: failing over since {}", at(2)));
    let over = |how: &str, minutes| vec![format!("warn aurora: failed over r → w {how} {}; DNS may lag", at(minutes))];
    assert_eq!(says("failing-over", true, &[began()]), [since.as_str()], "the writer has moved, and it goes on");
    assert_eq!(says("failing-over", true, &[]), [failing], "without events");
    assert_eq!(says("failing-over", false, &[ended(90)]), [failing], "the end of another one");
    assert_eq!(says("failing-over", false, &[ended(6)]), [failing], "a second one soon after it");
    assert_eq!(says("failing-over", true, &[ended(0), began()]), over("at", 0), "an event ends it");
    assert_eq!(says("available", true, &[began()]), over("seen at", 1), "so does the status");
    assert_eq!(says("available", false, &[began()]), [since.as_str()], "which may be available still");
    let alone = |status: &str| {
        let world = of(DbInstance { status: text(status), ..instance() });
        world.event(2, "Multi-AZ instance failover started.").moved("arn:ehr", 1, "us-east-1b", "us-east-1a")
    };
    let found = ["rebooting", "available"].map(|status| alone(status).words("rds-failover").concat());
    assert_eq!(found, ["crit", "warn"]);
    assert_eq!(alone("rebooting").alarms().len(), 1, "one cause is said once");
}

#[test]
fn an_event_is_said_by_what_knows_of_it_and_by_nothing_older() {
    const GIB: f64 = 1_073_741_824.0;
    let dying = "Free storage capacity for DB instance ehr is low at 8% of the allocated storage [Allocated storage: 100 GB, \
                 Free storage: 8 GB]. The database will be shut down to prevent corruption if free storage is lower than 2 GB.";
    let low = "The free storage capacity for DB instance: ehr is low at 9% of the provisioned storage.";
    let free = |newest| of(instance()).measured_at("arn:ehr", RdsMetrics::STORAGE, [0, newest], &[50.0 * GIB]);
    let full = "DB instance has reached the storage-full threshold, and the database has been shut down.";
    let status = |status| of(DbInstance { status: text(status), ..instance() });
    for (n, (world, message, word)) in [
        (of(instance()), dying, "crit"),
        (of(instance()), low, "warn"),
        (free(1), dying, "info"),
        (free(5), dying, "crit"),
        (free(8), dying, "crit"),
        (free(8), low, "warn"),
        (status("available"), full, "crit"),
        (status("backing-up"), full, "crit"),
        (status("storage-full"), full, "info"),
        (status("available"), "The downtime started for the DB instance.", "warn"),
        (status("available"), "Error restarting mysql: out of memory", "crit"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(world.event(5, message).words("rds-event"), [word], "row {n}");
    }
    let unread = of(instance()).measured_at("arn:ehr", RdsMetrics::STORAGE, [0, 16], &[50.0 * GIB]).event(20, dying);
    assert_eq!(unread.words("rds-event"), ["crit"], "a measurement that is not judged says nothing");
    let upgraded = of(instance())
        .event(5, "The downtime started for the DB engine version upgrade.")
        .event(4, "The engine version upgrade finished.");
    assert_eq!(upgraded.words("rds-event"), ["ok"]);
}

#[test]
fn events_are_known_by_their_words_and_end_with_their_end() {
    let at = |minutes: u64| ago(minutes).map(Timestamp::time_of_day).unwrap_or_default();
    let failure = |message: &str| {
        let mut world = of(instance());
        world.rds.events = vec![Event { categories: vec![Text::from("failure")], ..event(5, message) }];
        world
    };
    let untimed = Event { at: None, ..event(0, "Disabled automated backups") };
    let mut timeless = of(instance());
    timeless.rds.events = vec![untimed];
    table(
        "rds-event",
        &[
            (of(instance()), &["ok"]),
            (of(instance()).event(5, "Finished DB Instance backup"), &["ok"]),
            (
                of(instance()).event(5, "Replication has stopped."),
                &[&format!("crit ehr: Replication has stopped at {}", at(5))],
            ),
            (
                of(instance()).event(5, "Replication has stopped.").event(4, "Replication resumed."),
                &["info ehr: Replication resumed at 03:08:44Z"],
            ),
            (of(instance()).event(61, "Replication has stopped."), &["ok"]),
            (failure("the disk went away"), &[&format!("crit ehr: the disk went away at {}", at(5))]),
            (
                failure("cooling-off period. Autoscaling will retry after it."),
                &[&format!("info ehr: cooling-off period. Autoscaling will retry after it at {}", at(5))],
            ),
            (
                of(instance()).event(5, "Multi-AZ instance activation started"),
                &[&format!("warn ehr: Multi-AZ instance activation started at {}", at(5))],
            ),
            (timeless, &["unknown ehr: Disabled automated backups at a time that was not told"]),
        ],
    );
}
