use super::super::{ASSERTS, CONNECTIONS, FLOW, TICKETS};
use super::*;

fn serving(change: impl FnOnce(&mut ServerStatus)) -> ReplicaSet {
    set_of(3).with(0, |member| change(&mut member.server.as_mut().unwrap().1))
}

/// What a rule says of the first member.
fn says(rule: &str, set: ReplicaSet) -> String {
    world(set).says(rule).into_iter().next().unwrap_or_default()
}

#[test]
fn connections_tickets_and_flow_control_are_held_against_their_limits() {
    let connected = |current| {
        serving(|server| server.connections = Connections { current: Some(current), available: Some(1_000 - current) })
    };
    for (current, expected) in [
        (800, "ok"),
        (801, "warn m0: 80% of its connections are taken"),
        (951, "crit m0: 95% of its connections are taken"),
    ] {
        assert_eq!(says(CONNECTIONS.id, connected(current)), expected);
    }
    let untold = |server: &mut ServerStatus| *server = ServerStatus::default();
    for rule in [CONNECTIONS.id, TICKETS.id, FLOW.id, ASSERTS.id] {
        let of_others = world(serving(untold)).says(rule).len();
        assert!(of_others < world(set_of(3)).says(rule).len(), "{rule}: what is not told is not well");
    }
    let left = |available| serving(|server| server.write_tickets = Some(Tickets { available, total: 128 }));
    assert_eq!(says(TICKETS.id, left(13)), "ok");
    assert_eq!(says(TICKETS.id, left(12)), "warn m0: 12 of 128 write tickets left, operations wait");
    let flow =
        |is_lagged, limit| serving(|server| server.flow_control = FlowControl { is_lagged, target_rate_limit: limit });
    assert_eq!(
        says(FLOW.id, flow(Some(true), Some(90))),
        "warn m0: slows its writers down, the majority does not keep up"
    );
    assert_eq!(says(FLOW.id, flow(Some(false), Some(90))), "info m0: limits its writers to 90 tickets a second");
    assert_eq!(says(FLOW.id, flow(None, Some(1_000_000_000))), "");
}

#[test]
fn internal_errors_that_grow_in_number_are_a_warning() {
    let rising = |rising| set_of(3).with(0, |member| member.rising = rising);
    assert_eq!(
        says(ASSERTS.id, rising(Rising { regular_asserts: 2, ..Rising::default() })),
        "warn m0: counted 2 internal errors since the reading before"
    );
    assert_eq!(says(ASSERTS.id, set_of(3)), "ok");
}
