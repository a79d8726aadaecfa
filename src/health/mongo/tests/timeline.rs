//! A primary that is killed, poll by poll, and a member that is cut off.

use super::*;

/// Where the set is after the kill, as it was measured.
fn after_kill(secs_: u64, begin: Timestamp) -> ReplicaSet {
    let at = begin + secs(secs_);
    let set = set_at(3, at);
    match secs_ {
        0 => set,
        // Refused at once; the others have not missed a heartbeat yet.
        1..=4 => set.silent(0, secs_),
        5..=9 => set.dead(0, secs_).leaderless(),
        _ => {
            let mut set = set.dead(0, secs_);
            for n in 1..3 {
                set = set
                    .hello(n, |hello| hello.primary = Some(host(1)))
                    .with(n, |member| member.status.as_mut().unwrap().term = Some(42));
            }
            let reason = Some(text("electionTimeout"));
            set.elections = vec![Election { at: begin + secs(11), term: 42, winner: Some(host(1)), reason }];
            set.hello(1, |hello| hello.role = Role::Primary).told(2, 2, |peer| peer.sync_source = Some(host(1)))
        }
    }
}

#[test]
fn a_killed_primary_is_told_from_the_loss_to_the_new_one() {
    let begin = now();
    let mut observed = Observed::default();
    let down = "crit m0: DOWN; majority 2 of 3, margin 0";
    let thin = "warn ehr: majority 2 of 3, margin 0; one more failure stops writes";
    let told: &[(u64, &[&str])] = &[
        (0, &[]),
        (
            2,
            &[
                "unknown ehr: its primary m0 does not answer this console, others hear it",
                "unknown m0: does not answer this console, though other members hear it",
            ],
        ),
        (7, &[down, "warn ehr: electing, nothing can be written, m0 was the primary", thin]),
        (12, &[down, thin, "warn ehr: election of term 42, won by m1 (electionTimeout)"]),
        (60, &[down, thin, "warn ehr: election of term 42, won by m1 (electionTimeout)"]),
    ];
    for (secs_, expected) in told {
        let (said, evaluation) = alarms(&after_kill(*secs_, begin), begin + secs(*secs_), &observed);
        assert_eq!(said, *expected, "after {secs_} s");
        observed = evaluation.observed;
    }
}

#[test]
fn a_member_that_is_cut_off_from_the_others_is_named_and_the_set_goes_on() {
    let down = |peer: &mut Peer| {
        peer.is_healthy = Some(false);
        peer.state = MemberState::Down;
        peer.heartbeat_at = Some(now() - secs(40));
    };
    let mut set = set_of(3).hello(0, |hello| hello.role = Role::Secondary);
    for n in 1..3 {
        set = set
            .told(0, n, down)
            .told(n, 0, down)
            .hello(n, |hello| hello.primary = Some(host(1)))
            .with(n, |member| member.status.as_mut().unwrap().term = Some(42));
    }
    let set = set.hello(1, |hello| hello.role = Role::Primary).hello(0, |hello| hello.primary = None);
    let set = set.told(2, 2, |peer| peer.sync_source = Some(host(1)));
    let first = alarms(&set, now(), &Observed::default()).1.observed;
    let (said, _) = alarms(&set, now() + secs(20), &first);
    assert_eq!(said, ["warn m0: holds m1, m2 to be down, which answer here: network split"]);
}
