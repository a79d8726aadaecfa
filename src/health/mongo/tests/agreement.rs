use super::super::{CONFIG, PLAIN, ROLE, VIEWS};
use super::*;

#[test]
fn different_configurations_are_told_after_half_a_minute() {
    let differs = || set_of(3).hello(2, |hello| hello.set_version = Some(4));
    table(
        CONFIG.id,
        &[(set_of(3), &["ok"]), (differs(), &["ok"]), (set_of(3).hello(2, |hello| hello.set_version = None), &[])],
    );
    assert_eq!(
        world(differs()).lasting(1).says(CONFIG.id),
        ["warn ehr: members have different configurations: 4 and 5"]
    );
}

#[test]
fn a_split_is_said_of_the_member_that_is_on_its_own_side() {
    let mut split = set_of(3);
    let down = |peer: &mut Peer| {
        peer.is_healthy = Some(false);
        peer.state = MemberState::Down;
    };
    for n in 0..2 {
        split = split.told(2, n, down).told(n, 2, down);
    }
    split = split.hello(2, |hello| hello.primary = None);
    let says = "m2: holds m0, m1 to be down, which answer here: network split";
    assert_eq!(world(split.clone()).says(VIEWS.id), ["ok", "ok", &format!("info {says}")]);
    assert_eq!(world(split.clone()).lasting(1).says(VIEWS.id), ["ok", "ok", &format!("warn {says}")]);
    let one_sided = set_of(3).told(0, 1, down);
    assert_eq!(
        world(one_sided).lasting(1).says(VIEWS.id),
        ["ok", "warn m1: answers here, and m0 holds it to be down", "ok"]
    );
    let misled = set_of(3).hello(2, |hello| hello.primary = Some(host(1)));
    assert_eq!(
        world(misled).lasting(1).says(VIEWS.id),
        ["ok", "ok", "warn m2: takes another member for the primary than the one that says it is"]
    );
    table(VIEWS.id, &[(set_of(3), &["ok", "ok", "ok"]), (set_of(3).without_role(), &[])]);
}

#[test]
fn a_missing_role_is_said_once_for_a_set_with_what_to_do() {
    let unknown_user = set_of(3).without_role().with(0, |member| {
        member.status_fault.as_mut().unwrap().code = Some(text("AuthenticationFailed"));
    });
    let slow = set_of(3).with(1, |member| {
        member.status = None;
        member.status_fault = Some(Fault::new(FaultKind::Timeout, "replSetGetStatus", "no answer within 2 s"));
    });
    let arbiter = set_of(3).hello(2, |hello| hello.role = Role::Arbiter).with(2, |member| {
        member.status = None;
        member.status_fault = Some(Fault::new(FaultKind::Denied, "replSetGetStatus", ""));
    });
    table(
        ROLE.id,
        &[
            (set_of(3), &["ok"]),
            (
                set_of(3).without_role(),
                &["unknown ehr: the role clusterMonitor is missing; only what hello tells is known"],
            ),
            (unknown_user, &["unknown ehr: user or password not accepted; only what hello tells is known"]),
            (slow, &["unknown ehr: no status of m1 (no answer)"]),
            (arbiter, &["ok"]),
        ],
    );
    let evaluation = alarms(&set_of(3).without_role(), now(), &Observed::default());
    assert_eq!(evaluation.0, ["unknown ehr: the role clusterMonitor is missing; only what hello tells is known"]);
    let check = evaluation.1.checks.into_iter().find(|check| check.rule == ROLE.id).unwrap();
    assert!(check.next[0].contains("clusterMonitor"), "{:?}", check.next);
}

#[test]
fn a_way_that_others_can_listen_to_is_a_warning_once_for_the_set() {
    let open = set_of(3).hello(0, |hello| hello.is_protected = false).hello(1, |hello| hello.is_protected = false);
    table(PLAIN.id, &[(set_of(3), &["ok"]), (open, &["warn ehr: 2 members reached without TLS"])]);
}
