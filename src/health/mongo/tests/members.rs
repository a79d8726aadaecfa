use super::super::{EXEMPT, HEARTBEAT, LAG, OPLOG, STATE, STRANGERS, SYNC_SOURCE};
use super::*;

#[test]
fn a_dead_member_is_said_once() {
    let ok = "ok".to_owned();
    let of = |set: ReplicaSet, rule: &str| -> Vec<String> {
        world(set).says(rule).into_iter().filter(|said| *said != ok).collect()
    };
    let dead = || set_of(3).dead(1, 20);
    assert_eq!(of(dead(), STATE.id), ["crit m1: DOWN; majority 2 of 3, margin 0"]);
    for rule in [HEARTBEAT.id, LAG.id, SYNC_SOURCE.id] {
        assert_eq!(of(dead(), rule), [""; 0], "{rule}");
    }
    assert_eq!(
        alarms(&dead(), now(), &Observed::default()).0,
        [
            "crit m1: DOWN; majority 2 of 3, margin 0",
            "warn ehr: majority 2 of 3, margin 0; one more failure stops writes",
        ]
    );
    assert!(of(set_of(5).dead(1, 20), STATE.id).contains(&"crit m1: DOWN, nobody hears it".to_owned()));
    assert!(
        of(dead().dead(2, 20), STATE.id).contains(&"crit m1: DOWN; no majority, 1 of 3".to_owned()),
        "what follows is read where the line of the set has no room"
    );
    let voteless = dead().configured(1, |config| config.votes = Some(0));
    assert_eq!(of(voteless, STATE.id), ["warn m1: DOWN, it has no vote"]);
    let since = alarms(&dead(), now(), &Observed::default()).1;
    let since = since.checks.iter().find(|check| check.rule == STATE.id && check.severity == Severity::Crit);
    assert_eq!(since.and_then(|check| check.since), Some(now() - secs(20)), "since it was last heard");
}

#[test]
fn the_last_attempt_to_reach_a_dead_member_is_not_when_it_was_last_heard() {
    let asked = now() - secs(1);
    let dead = set_of(3).dead(1, 20).told(0, 1, |peer| peer.heartbeat_at = Some(asked));
    let since = |set: &ReplicaSet| {
        let evaluation = alarms(set, now(), &Observed::default()).1;
        evaluation
            .checks
            .into_iter()
            .find(|check| check.rule == STATE.id && check.severity == Severity::Crit)
            .unwrap()
            .since
    };
    assert_eq!(since(&dead), Some(now() - secs(20)));
    let heard = dead.told(2, 1, |peer| peer.heartbeat_received_at = Some(now() - secs(15)));
    assert_eq!(since(&heard), Some(now() - secs(15)), "something came from it later");
}

#[test]
fn what_only_this_console_cannot_reach_is_not_down() {
    table(
        STATE.id,
        &[
            (
                set_of(3).silent(1, 2),
                &["ok", "unknown m1: does not answer this console, though other members hear it", "ok"],
            ),
            (
                set_of(3).silent(1, 60).without_role(),
                &["ok", "unknown m1: does not answer this console; what the others say of it is not told", "ok"],
            ),
        ],
    );
}

#[test]
fn a_frozen_member_is_told_by_its_heartbeats_before_the_set_marks_it_down() {
    let late = |ago| {
        let at = now() - secs(ago);
        set_of(3).told(0, 1, |peer| peer.heartbeat_at = Some(at)).told(2, 1, |peer| peer.heartbeat_at = Some(at))
    };
    let loud = set_of(3).told(0, 1, |peer| peer.heartbeat_message = Some(text("Connection refused.")));
    table(
        HEARTBEAT.id,
        &[
            (set_of(3), &["ok", "ok", "ok"]),
            (set_of(3).silent(1, 4), &["ok", "ok", "ok"]),
            (set_of(3).silent(1, 5), &["ok", "warn m1: nobody hears it, and it is not marked down yet", "ok"]),
            (late(5), &["ok", "info m1: no other member hears its heartbeats, though it answers this console", "ok"]),
            (late(11), &["ok", "warn m1: no other member hears its heartbeats, though it answers this console", "ok"]),
            (loud, &["ok", "warn m1: heartbeat: Connection refused", "ok"]),
            (set_of(3).without_role(), &[]),
        ],
    );
    assert_eq!(world(set_of(3).silent(1, 5)).says(STATE.id), ["ok", "ok"], "said once");
}

#[test]
fn states_are_judged_as_they_are_told() {
    let at = |state: MemberState| {
        set_of(3)
            .hello(2, |hello| hello.role = Role::Other)
            .with(2, |member| member.status.as_mut().unwrap().my_state = state)
    };
    for (state, expected) in [
        (MemberState::Recovering, "warn m2: RECOVERING, it serves no reads and cannot become primary"),
        (MemberState::Startup2, "warn m2: STARTUP2, it copies all data before it can serve"),
        (MemberState::Rollback, "crit m2: ROLLBACK, it takes back writes that the others do not have"),
        (MemberState::Removed, "info m2: REMOVED, it was taken out of the set"),
        (MemberState::Unknown, "unknown m2: answers, and is neither primary nor secondary"),
    ] {
        assert_eq!(world(at(state)).says(STATE.id), ["ok", "ok", expected], "{state:?}");
    }
    let mut stranger = set_of(3);
    stranger.members.push(Member {
        host: text("old:1"),
        fault: Some(Fault::new(FaultKind::Timeout, "hello", "")),
        ..Member::default()
    });
    let said = world(stranger).says(STATE.id);
    assert_eq!(said[3], "info old: is in the address configured here, and no member names it");
}

#[test]
fn lag_is_judged_by_own_words_with_limits() {
    let behind = |secs_: u64| set_of(3).hello(1, |hello| hello.last_write_at = Some(now() - secs(3 + secs_)));
    let all_ok: &[&str] = &["ok", "ok"];
    let sustained = |n: usize| {
        behind(11).with(1, |m| m.history = vec![Sample { at: now(), lag: Some(11.0), connections: None }; n])
    };
    let short = |set: ReplicaSet| set.with(0, |m| m.oplog.as_mut().unwrap().1.first_at = Some(now() - secs(80)));
    table(
        LAG.id,
        &[
            (set_of(3), all_ok),
            (behind(30), all_ok),
            (behind(31), &["warn m1: 31s behind the primary", "ok"]),
            (behind(121), &["crit m1: 2m01s behind the primary", "ok"]),
            (short(behind(41)), &["crit m1: 41s behind the primary", "ok"]),
            (sustained(2), all_ok),
            (sustained(3), &["info m1: 11s behind the primary", "ok"]),
            (behind(500).hello(1, |hello| hello.delay = Some(3_600)), &["ok"]),
            (behind(500).configured(1, |config| config.is_hidden = true), &["ok"]),
            (behind(500).leaderless(), &[]),
            (
                set_of(3).hello(1, |hello| hello.last_write_at = None),
                &["unknown m1: how far it is behind is not known", "ok"],
            ),
        ],
    );
}

#[test]
fn traps_one_to_three_an_idle_set_sampled_as_measured_is_never_behind() {
    // Status and heartbeats make idle members look 10 to 16 s old or, asked of a secondary, ahead; a dead one is of 1970.
    for skew in [0, 10, 16] {
        let set = set_of(3)
            .told(0, 1, |peer| peer.optime_at = Some(now() - secs(3 + skew)))
            .told(1, 0, |peer| peer.optime_at = Some(now() - secs(3 + skew)))
            .hello(2, |hello| hello.last_write_at = Some(now()));
        assert_eq!(alarms(&set, now(), &Observed::default()).0, [""; 0], "{skew} s");
        let unreachable = set.silent(1, 2);
        let said = world(unreachable).says(LAG.id);
        assert_eq!(said, ["ok"], "one status alone, {skew} s, says nothing of a member that does not answer");
    }
    let of_1970 = set_of(3).silent(1, 2).told(0, 1, |peer| peer.optime_at = Some(Timestamp::from_secs(0)));
    assert_eq!(world(of_1970).says(LAG.id), ["ok"]);
    let far = set_of(3).silent(1, 2).told(0, 1, |peer| peer.optime_at = Some(now() - secs(3 + 12 + 31)));
    assert_eq!(world(far).says(LAG.id), ["warn m1: 31s behind the primary", "ok"]);
}

#[test]
fn a_short_oplog_is_an_alarm_unless_it_is_only_young() {
    let reaching = |hours: u64, up: u64| {
        set_of(3).with(2, |m| {
            m.oplog = Some((now(), Oplog { first_at: Some(now() - secs(hours * 3_600)), last_at: Some(now()) }));
            m.server.as_mut().unwrap().1.uptime = Some(up * 3_600);
        })
    };
    let untold = reaching(5, 100).with(2, |m| m.server = None);
    table(
        OPLOG.id,
        &[
            (set_of(3), &["ok"]),
            (reaching(23, 100), &["warn ehr: the oplog of m2 reaches back 23h00m only"]),
            (reaching(5, 100), &["crit ehr: the oplog of m2 reaches back 5h00m only"]),
            (reaching(5, 5), &["info ehr: the oplog of m2 reaches back 5h00m only"]),
            (untold, &["crit ehr: the oplog of m2 reaches back 5h00m only"]),
            (set_of(3).without_role(), &[]),
        ],
    );
}

#[test]
fn a_member_that_was_just_started_does_not_hide_a_short_oplog() {
    let reaching = |set: ReplicaSet, n: usize, hours: u64, up: u64| {
        set.with(n, |m| {
            m.oplog = Some((now(), Oplog { first_at: Some(now() - secs(hours * 3_600)), last_at: Some(now()) }));
            m.server.as_mut().unwrap().1.uptime = Some(up * 3_600);
        })
    };
    let both = |hours| reaching(reaching(set_of(3), 0, hours, 100), 2, 1, 1);
    table(
        OPLOG.id,
        &[
            (both(5), &["crit ehr: the oplog of m0 reaches back 5h00m only"]),
            (both(23), &["warn ehr: the oplog of m0 reaches back 23h00m only"]),
            (both(72), &["info ehr: the oplog of m2 reaches back 1h00m only"]),
        ],
    );
}

#[test]
fn an_oplog_is_judged_as_it_was_read_and_not_long_after() {
    let read = |n: usize, ago: u64| {
        let at = now() - secs(ago);
        set_of(3).with(n, |m| m.oplog = Some((at, Oplog { first_at: Some(at - secs(80)), last_at: Some(at) })))
    };
    let unknown: &[&str] = &["unknown ehr: how far back the oplog of m0 reaches is not known any more"];
    table(OPLOG.id, &[(read(0, 120), &["crit ehr: the oplog of m0 reaches back 1m20s only"]), (read(0, 121), unknown)]);
    let judged = alarms(&read(0, 60), now(), &Observed::default()).1;
    let judged = judged.checks.into_iter().find(|check| check.rule == OPLOG.id).unwrap();
    assert_eq!(judged.taken_at, now() - secs(60));
    let behind = |set: ReplicaSet| set.hello(1, |hello| hello.last_write_at = Some(now() - secs(3 + 41)));
    table(
        LAG.id,
        &[
            (behind(read(0, 60)), &["crit m1: 41s behind the primary", "ok"]),
            (behind(read(0, 121)), &["warn m1: 41s behind the primary", "ok"]),
        ],
    );
}

#[test]
fn copying_from_nobody_is_a_warning_after_a_minute() {
    let from = |source: Option<Text>| set_of(3).told(1, 1, |peer| peer.sync_source = source);
    table(
        SYNC_SOURCE.id,
        &[
            (set_of(3), &["ok", "ok"]),
            (from(None), &["ok", "ok"]),
            (from(Some(host(2))), &["info m1: copies from m2, a secondary", "ok"]),
            (from(None).leaderless(), &[]),
        ],
    );
    assert_eq!(world(from(None)).lasting(1).says(SYNC_SOURCE.id), ["warn m1: copies from nobody", "ok"]);
}

#[test]
fn what_is_exempt_is_annotated() {
    let odd = set_of(3).configured(1, |config| {
        config.is_hidden = true;
        config.votes = Some(0);
        config.delay = 3_600;
        config.builds_indexes = false;
    });
    table(
        EXEMPT.id,
        &[
            (set_of(3), &["ok", "ok", "ok"]),
            (odd, &["ok", "info m1: hidden, delayed 1h00m, no vote, builds no indexes", "ok"]),
            (set_of(3).without_role(), &[]),
        ],
    );
}

#[test]
fn a_zone_of_a_host_that_is_no_member_is_worth_knowing() {
    let stray = |hosts: &[&str]| ReplicaSet { strangers: hosts.iter().map(|host| text(host)).collect(), ..set_of(3) };
    table(
        STRANGERS.id,
        &[
            (set_of(3), &["ok"]),
            (stray(&["m9:1"]), &["info ehr: zones are configured for m9:1, which is no member"]),
            (stray(&["m8:1", "m9:1"]), &["info ehr: zones are configured for m8:1, m9:1, which are no members"]),
            (stray(&["m9:1"]).without_role(), &[]),
        ],
    );
}
