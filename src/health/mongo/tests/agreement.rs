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
    let unknown = |set: ReplicaSet, n| {
        set.with(n, |member| {
            member.status_fault.as_mut().unwrap().code = Some(text("AuthenticationFailed"));
        })
    };
    let unknown_user = unknown(unknown(unknown(set_of(3).without_role(), 0), 1), 2);
    let hanging = set_of(3).without_role().with(1, |member| {
        member.status_fault =
            Some(Fault::new(FaultKind::Timeout, "replSetGetStatus", "m1:27017: no answer within 2 s"));
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
            (unknown_user, &["unknown ehr: authentication refused; only what hello tells is known"]),
            (slow, &["unknown ehr: no status of m1 (no answer)"]),
            (
                hanging,
                &["unknown ehr: m0, m2: the role clusterMonitor is missing; only what hello tells is known; \
                   no status of m1 (no answer)"],
            ),
            (arbiter, &["ok"]),
        ],
    );
    let evaluation = alarms(&set_of(3).without_role(), now(), &Observed::default());
    assert_eq!(evaluation.0, ["unknown ehr: the role clusterMonitor is missing; only what hello tells is known"]);
    let check = evaluation.1.checks.into_iter().find(|check| check.rule == ROLE.id).unwrap();
    assert!(check.next[0].contains("clusterMonitor"), "{:?}", check.next);
}

#[test]
fn commands_that_are_refused_alone_are_named_with_who_refuses_them() {
    let denied = |command| Some(Fault::new(FaultKind::Denied, command, "not authorized"));
    let no_figures = |set: ReplicaSet, n| {
        set.with(n, |member| {
            member.server = None;
            member.server_fault = denied("serverStatus");
        })
    };
    let one = no_figures(set_of(3), 1);
    let mut all =
        (0..3).fold(set_of(3), no_figures).with(0, |member| member.oplog_fault = denied("find local.oplog.rs"));
    all.config_fault = denied("replSetGetConfig");
    let slow = set_of(3).with(2, |member| {
        member.server_fault = Some(Fault::new(FaultKind::Timeout, "serverStatus", "m2:27017: no answer within 2 s"));
    });
    let silent = one.clone().silent(1, 60);
    let mut unconfigured = set_of(3);
    unconfigured.config_fault = denied("replSetGetConfig");
    table(
        ROLE.id,
        &[
            (one, &["unknown ehr: m1: serverStatus not told (denied)"]),
            (all, &["unknown ehr: serverStatus, find local.oplog.rs, replSetGetConfig not told (denied)"]),
            (slow, &["unknown ehr: m2: serverStatus not told (no answer)"]),
            (unconfigured, &["unknown ehr: replSetGetConfig not told (denied)"]),
            (silent, &["ok"]),
        ],
    );
}

#[test]
fn a_way_that_others_can_listen_to_is_a_warning_once_for_the_set() {
    let open = set_of(3).hello(0, |hello| hello.is_protected = false).hello(1, |hello| hello.is_protected = false);
    table(PLAIN.id, &[(set_of(3), &["ok"]), (open, &["warn ehr: 2 members reached without TLS"])]);
}
