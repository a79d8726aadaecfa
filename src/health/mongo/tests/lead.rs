use super::super::{ELECTED, MARGIN, PRIMARY, TAKEOVER, TWO, ZONES};
use super::*;

#[test]
fn without_a_primary_it_is_an_election_at_first_and_then_critical() {
    let gone = |ago| set_of(3).dead(0, ago).leaderless();
    let stepped_down = set_of(3).leaderless();
    table(
        PRIMARY.id,
        &[
            (set_of(3), &["ok"]),
            (gone(14), &["warn ehr: electing, nothing can be written, m0 was the primary"]),
            (gone(15), &["crit ehr: electing, nothing can be written, m0 was the primary"]),
            (stepped_down.clone(), &["warn ehr: electing, nothing can be written"]),
            (set_of(3).silent(0, 2), &["unknown ehr: its primary m0 does not answer this console, others hear it"]),
            (set_of(3).silent(0, 6), &["warn ehr: electing, nothing can be written, m0 was the primary"]),
        ],
    );
    assert_eq!(
        world(stepped_down).lasting(1).says(PRIMARY.id),
        ["crit ehr: electing, nothing can be written"],
        "where nobody tells since when, it counts from when it was first seen"
    );
    let since = alarms(&gone(9), now(), &Observed::default()).1;
    let since = since.checks.iter().find(|check| check.rule == PRIMARY.id).and_then(|check| check.since);
    assert_eq!(since, Some(now() - secs(9)), "since the primary was last heard");
}

#[test]
fn without_a_majority_there_will_be_no_election() {
    let one_left = set_of(3).dead(0, 5).dead(1, 20).leaderless();
    let cut_off = set_of(3).silent(0, 60).silent(1, 60).silent(2, 60);
    table(
        PRIMARY.id,
        &[
            (one_left.clone(), &["crit ehr: no majority: 1 of 3 votes answer; no writes until 1 more vote is back"]),
            (
                set_of(5).dead(0, 5).dead(1, 5).dead(2, 5).dead(3, 5).leaderless(),
                &["crit ehr: no majority: 1 of 5 votes answer; no writes until 2 more votes are back"],
            ),
            (cut_off, &["unknown ehr: no member answers: it may be down, or this console is cut off"]),
            (
                one_left.clone().without_role(),
                &["unknown ehr: no primary seen; 1 of 3 answer here; whether the others are well is not known"],
            ),
            (
                set_of(3)
                    .hello(1, |hello| hello.role = Role::Other)
                    .hello(2, |hello| hello.role = Role::Other)
                    .silent(0, 20)
                    .without_role(),
                &["crit ehr: no majority: 0 of 3 votes answer; no writes until 2 more votes are back"],
            ),
        ],
    );
    assert_eq!(world(one_left.without_role()).says(MARGIN.id), [""; 0], "said once");
    assert_eq!(world(set_of(3).dead(0, 5).dead(1, 20).leaderless()).says(MARGIN.id), [""; 0], "said once");
}

#[test]
fn without_the_role_what_is_silent_here_is_not_known_to_be_lost() {
    let alone = |n: usize| {
        let others = (0..3).filter(|other| *other != n);
        others.fold(set_of(3), |set, other| set.silent(other, 60)).without_role()
    };
    let doubt: &[&str] = &["unknown ehr: 1 of 3 answer here; whether the others are well is not known"];
    table(MARGIN.id, &[(alone(0), doubt), (alone(1), &[])]);
    table(
        PRIMARY.id,
        &[
            (alone(0), &["ok"]),
            (alone(1), &["unknown ehr: its primary m0 does not answer this console, others hear it"]),
        ],
    );
    for n in 0..3 {
        let said = alarms(&alone(n), now(), &Observed::default()).0;
        assert!(said.iter().all(|said| said.starts_with("unknown ")), "{said:#?}");
    }
    // The word of one member is enough to tell.
    let told = set_of(3).dead(1, 20).dead(2, 20);
    let crit: &[&str] = &["crit ehr: majority lost, 1 of 3 votes; the primary will step down"];
    table(MARGIN.id, &[(told, crit)]);
}

#[test]
fn without_the_role_a_silent_primary_that_the_others_name_is_not_known_to_be_lost() {
    let silent = set_of(3).silent(0, 6).without_role();
    let mut electing = silent.clone();
    for n in 1..3 {
        electing = electing.hello(n, |hello| hello.primary = None);
    }
    table(
        PRIMARY.id,
        &[
            (silent, &["unknown ehr: its primary m0 does not answer this console, others hear it"]),
            (electing, &["warn ehr: electing, nothing can be written, m0 was the primary"]),
        ],
    );
}

#[test]
fn of_two_primaries_the_older_term_is_named() {
    let two = |term| {
        set_of(3).hello(1, |hello| hello.role = Role::Primary).with(1, |m| m.status.as_mut().unwrap().term = term)
    };
    table(
        TWO.id,
        &[
            (set_of(3), &["ok"]),
            (two(Some(42)), &["warn ehr: m0, m1 both say they are the primary; m0 is stale"]),
            (two(None), &["warn ehr: m0, m1 both say they are the primary; which is stale is not known"]),
        ],
    );
    assert_eq!(
        world(two(Some(42))).lasting(1).says(TWO.id),
        ["crit ehr: m0, m1 both say they are the primary; m0 is stale"]
    );
}

#[test]
fn elections_are_told_for_an_hour_and_three_are_too_many() {
    let elected = |minutes: &[u64]| {
        let election = |m: &u64| Election {
            at: now() - secs(m * 60),
            term: 42,
            winner: Some(host(2)),
            reason: Some(text("electionTimeout")),
        };
        ReplicaSet { elections: minutes.iter().map(election).collect(), ..set_of(3) }
    };
    let mut open = elected(&[0]);
    open.elections[0].winner = None;
    open.elections[0].reason = None;
    table(
        ELECTED.id,
        &[
            (set_of(3), &["ok"]),
            (elected(&[59]), &["warn ehr: election of term 42, won by m2 (electionTimeout)"]),
            (elected(&[60]), &["ok"]),
            (open, &["warn ehr: election of term 42, won by nobody yet"]),
            (elected(&[1, 30, 61]), &["warn ehr: election of term 42, won by m2 (electionTimeout)"]),
            (elected(&[1, 30, 59]), &["crit ehr: 3 elections in 1 h, the last won by m2 (electionTimeout)"]),
        ],
    );
}

#[test]
fn a_member_of_higher_priority_will_take_over() {
    let higher = || set_of(3).configured(1, |config| config.priority = Some(2.0));
    let says: &[&str] = &["info ehr: m1 priority 2 > m0 priority 1: takeover expected when m1 has caught up"];
    table(
        TAKEOVER.id,
        &[
            (set_of(3), &["ok"]),
            (higher(), says),
            (
                higher().dead(1, 20),
                &["info ehr: m1 priority 2 > m0 priority 1: takeover expected when m1 is back and has caught up"],
            ),
            (higher().configured(1, |config| config.is_hidden = true), &["ok"]),
            (higher().without_role(), &[]),
        ],
    );
}

#[test]
fn the_margin_is_how_many_votes_may_still_be_lost() {
    let arbiter =
        || set_of(3).hello(2, |hello| hello.role = Role::Arbiter).configured(2, |config| config.is_arbiter = true);
    table(
        MARGIN.id,
        &[
            (set_of(3), &["ok"]),
            (set_of(3).silent(1, 1), &["ok"]),
            (set_of(3).dead(1, 20), &["warn ehr: majority 2 of 3, margin 0; one more failure stops writes"]),
            (set_of(5).dead(1, 20), &["ok"]),
            (set_of(3).dead(1, 20).dead(2, 20), &["crit ehr: majority lost, 1 of 3 votes; the primary will step down"]),
            (set_of(2), &["warn ehr: majority 2 of 2, margin 0; one more failure stops writes"]),
            (arbiter().dead(1, 20), &["crit ehr: 1 of 2 members with data: writes that a majority must confirm wait"]),
            (arbiter().dead(2, 20), &["warn ehr: majority 2 of 3, margin 0; one more failure stops writes"]),
            (arbiter(), &["info ehr: 2 of 2 members with data: losing one stops writes that a majority must confirm"]),
            (
                set_of(3).configured(2, |config| config.votes = Some(0)).dead(2, 20),
                &["warn ehr: majority 2 of 2, margin 0; one more failure stops writes"],
            ),
            (set_of(3).without_role(), &["info ehr: 3 of 3 members answer; their votes are assumed"]),
            (
                set_of(3).dead(1, 20).without_role(),
                &["unknown ehr: 2 of 3 answer here; whether the other is well is not known"],
            ),
            (set_of(5).dead(1, 20).without_role(), &["info ehr: 4 of 5 members answer; their votes are assumed"]),
        ],
    );
}

#[test]
fn a_zone_that_holds_the_majority_is_named() {
    let in_zones = |zones: [&str; 3]| {
        let mut set = set_of(3);
        for (n, zone) in zones.into_iter().enumerate() {
            set = set.hello(n, |hello| {
                hello.tags.clear();
                if !zone.is_empty() {
                    hello.tags.insert(text("az"), text(zone));
                }
            });
        }
        set
    };
    let unknown: &[&str] = &["info ehr: which zone's loss stops writes is not known: not all zones or votes are told"];
    table(
        ZONES.id,
        &[
            (in_zones(["a", "b", "c"]), &["ok"]),
            (in_zones(["a", "b", "b"]), &["warn ehr: losing b stops writes"]),
            (in_zones(["a", "a", "a"]), &["warn ehr: losing a stops writes"]),
            (in_zones(["a", "b", ""]), unknown),
            (in_zones(["", "", ""]), unknown),
            (in_zones(["a", "b", "c"]).without_role(), unknown),
            (in_zones(["a", "b", "b"]).without_role(), &["warn ehr: losing b stops writes"]),
            (set_of(2), &[]),
        ],
    );
}
