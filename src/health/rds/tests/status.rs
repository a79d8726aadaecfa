//! What databases are, and where they stand.

use super::*;

#[test]
fn a_database_as_it_should_be_raises_nothing() {
    assert_eq!(of(instance()).alarms(), [""; 0]);
    assert_eq!(clustered(&[("w", "a"), ("r", "b")]).alarms(), [""; 0]);
    assert_eq!(pooled(vec![target("AVAILABLE", "")]).alarms(), [""; 0]);
}

#[test]
fn a_status_counts_by_what_it_means() {
    let status = |status: &str| of(DbInstance { status: text(status), ..instance() });
    table(
        "rds-status",
        &[
            (of(instance()), &["ok"]),
            (status("modifying"), &["info ehr: modifying"]),
            (status("configuring-log-exports").lasting(61), &["warn ehr: configuring-log-exports"]),
            (status("storage-optimization").lasting(600), &["info ehr: storage-optimization"]),
            (status("rebooting"), &["warn ehr: rebooting"]),
            (status("stopped"), &["warn ehr: stopped"]),
            (status("stopped").protected(), &["crit ehr: stopped"]),
            (status("storage-full"), &["crit ehr: storage-full"]),
            (status("incompatible-parameters"), &["crit ehr: incompatible-parameters"]),
            (status("on-holiday"), &["unknown ehr: status on-holiday, which these rules do not know"]),
            (of(DbInstance { status: None, ..instance() }), &["unknown ehr: its status was not told"]),
        ],
    );
    let window =
        DbInstance { maintenance_window: text("sat:00:00-sun:00:00"), status: text("upgrading"), ..instance() };
    table("rds-status", &[(of(window).lasting(120), &["info ehr: upgrading"])]);
}

#[test]
fn a_standby_is_judged_of_instances_by_themselves() {
    let single = || DbInstance { multi_az: Some(false), standby_az: None, ..instance() };
    let change = PendingChange { name: "MultiAZ", value: Text::from("true") };
    table(
        "rds-multi-az",
        &[
            (of(instance()), &["ok"]),
            (of(single()), &["warn ehr: one zone only, nothing takes over when it is lost"]),
            (of(single()).protected(), &["crit ehr: one zone only, nothing takes over when it is lost"]),
            (
                of(DbInstance { pending: vec![change], ..single() }).protected(),
                &["warn ehr: no standby yet, a change to Multi-AZ waits"],
            ),
            (
                of(DbInstance { standby_az: text("us-east-1a"), ..instance() }),
                &["warn ehr: Multi-AZ, the standby is not reported yet"],
            ),
            (of(DbInstance { multi_az: None, ..instance() }), &["unknown ehr: whether it has a standby was not told"]),
            (of(DbInstance { replica_of: text("x"), ..single() }), &[]),
            (of(DbInstance { engine: text("aurora-mysql"), ..single() }), &[]),
        ],
    );
}

#[test]
fn aurora_is_judged_by_where_its_members_are() {
    let unread = || {
        let mut world = clustered(&[("w", "a"), ("r", "b")]);
        world.rds.instances.clear();
        world
    };
    table(
        "rds-cluster-spread",
        &[
            (clustered(&[("w", "a"), ("r", "b")]), &["ok"]),
            (clustered(&[("w", "a"), ("r", "a")]), &["crit aurora: all 2 members in a, its loss takes them all"]),
            (clustered(&[("w", "a")]), &["warn aurora: a single instance, no failover target"]),
            (clustered(&[]), &["warn aurora: no instance, nobody can connect to it"]),
            (unread(), &["unknown aurora: the zones of its members are not known"]),
        ],
    );
    for rule in ["rds-multi-az", "rds-backup", "rds-encryption"] {
        let told = clustered(&[("w", "a"), ("r", "b")]).says(rule);
        assert!(told.len() <= 1 && told.iter().all(|words| words == "ok"), "{rule}: {told:?}");
    }
}
