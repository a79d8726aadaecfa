//! Settings, backups, certificates and maintenance.

use super::*;

#[test]
fn backups_certificates_and_encryption_are_judged_by_their_fields() {
    let days = |days| of(DbInstance { backup_days: days, ..instance() });
    table(
        "rds-backup",
        &[
            (days(Some(14)), &["ok"]),
            (days(Some(1)), &["warn ehr: backups are kept for 1 day"]),
            (days(Some(0)), &["crit ehr: no automated backups"]),
            (days(None), &["unknown ehr: whether it is backed up was not told"]),
            (of(DbInstance { replica_of: text("x"), backup_days: Some(0), ..instance() }), &[]),
        ],
    );
    let restorable = |minutes| of(DbInstance { restorable_at: ago(minutes), ..instance() });
    table(
        "rds-restorable",
        &[
            (restorable(5), &["ok"]),
            (restorable(20), &["warn ehr: can be restored to 20m00s ago only"]),
            (restorable(70), &["crit ehr: can be restored to 1h10m ago only"]),
        ],
    );
    let valid =
        |days: u64| of(DbInstance { certificate_until: Some(now() + Duration::from_hours(24 * days)), ..instance() });
    table(
        "rds-certificate",
        &[
            (valid(100), &["ok"]),
            (valid(60), &["info ehr: its certificate runs out in 60d00h"]),
            (valid(20), &["warn ehr: its certificate runs out in 20d00h"]),
            (valid(10), &["crit ehr: its certificate runs out in 10d00h"]),
            (
                of(DbInstance { ca: text("rds-ca-2019"), ..instance() }),
                &["crit ehr: its certificate is of rds-ca-2019, which expired in 2024"],
            ),
            (
                of(DbInstance { certificate_until: None, ..instance() }),
                &["unknown ehr: how long its certificate is valid was not told"],
            ),
        ],
    );
    let kept = |encrypted, kind: &str| of(DbInstance { encrypted, encryption_type: text(kind), ..instance() });
    table(
        "rds-encryption",
        &[
            (kept(Some(true), "sse-kms"), &["ok"]),
            (kept(Some(false), "sse-rds"), &["info ehr: encrypted with a key that AWS owns"]),
            (kept(Some(false), "none"), &["crit ehr: its storage is not encrypted"]),
            (kept(None, "later"), &["unknown ehr: encrypted in a way these rules do not know"]),
        ],
    );
}

#[test]
fn what_is_wrong_with_the_settings_is_one_sentence() {
    let bare = DbInstance { public: Some(true), deletion_protection: Some(false), log_exports: vec![], ..instance() };
    table(
        "rds-posture",
        &[
            (of(instance()), &["ok"]),
            (of(bare), &["crit ehr: reachable from the internet, no deletion protection, no log exports"]),
            (of(DbInstance { auto_minor_upgrade: Some(false), ..instance() }), &["info ehr: no minor upgrades"]),
            (of(DbInstance { public: None, ..instance() }), &["unknown ehr: PubliclyAccessible not told"]),
        ],
    );
    let secret =
        |status| of(DbInstance { master_secret: Some(MasterSecret { arn: None, status: text(status) }), ..instance() });
    table(
        "rds-master-secret",
        &[
            (of(instance()), &[]),
            (secret("active"), &["ok"]),
            (secret("impaired"), &["crit ehr: the secret of its master user is impaired"]),
        ],
    );
}

#[test]
fn what_waits_counts_when_it_is_due() {
    let waiting = |days: u64| {
        let mut world = of(instance());
        let due = Some(now() + Duration::from_hours(24 * days));
        let (arn, action) = (Text::from("arn:ehr"), Text::from("system-update"));
        world.rds.maintenance = vec![Maintenance { arn, action, current_at: due, ..Maintenance::default() }];
        world
    };
    let change = PendingChange { name: "DBInstanceClass", value: Text::from("db.r6g.xlarge") };
    table(
        "rds-pending",
        &[
            (of(instance()), &["ok"]),
            (of(DbInstance { pending: vec![change], ..instance() }), &["info ehr: DBInstanceClass waits"]),
            (waiting(30), &["info ehr: system-update waits"]),
            (waiting(2), &["warn ehr: system-update due in 2d00h, a restart or failover is likely"]),
        ],
    );
}

#[test]
fn what_rests_on_two_parts_is_as_old_as_the_older_and_not_well_without_the_other() {
    fn earlier(at: &mut Option<Timestamp>, secs: u64) {
        *at = at.map(|at| at - Duration::from_secs(secs));
    }
    type Late = fn(&mut PartsRead);
    let single = || of(instance());
    let spread = || clustered(&[("w", "a"), ("r", "b")]);
    let maintenance: [Late; 3] =
        [|r| earlier(&mut r.maintenance, 900), |r| earlier(&mut r.maintenance, 901), |r| r.maintenance = None];
    let events: [Late; 3] = [|r| earlier(&mut r.events, 45), |r| earlier(&mut r.events, 46), |r| r.events = None];
    let instances: [Late; 2] = [|r| earlier(&mut r.instances, 45), |r| earlier(&mut r.instances, 46)];
    for (rule, world, late, secs) in [
        ("rds-pending", single(), &maintenance[..], 900),
        ("rds-certificate", single(), &maintenance[..], 900),
        ("rds-failover", single(), &events[..], 45),
        ("rds-cluster-spread", spread(), &instances[..], 45),
    ] {
        let well = world.clone().late(late[0]);
        assert_eq!(well.words(rule), ["ok"], "{rule}");
        assert_eq!(well.taken_at(rule), [now() - Duration::from_secs(secs)], "{rule}");
        for (n, late) in late.iter().enumerate().skip(1) {
            assert_eq!(world.clone().late(*late).words(rule), [""; 0], "{rule}, {n}");
        }
    }
    let change = PendingChange { name: "DBInstanceClass", value: Text::from("db.r6g.xlarge") };
    let changing = of(DbInstance { pending: vec![change], ..instance() }).late(maintenance[1]);
    assert_eq!(changing.words("rds-pending"), ["info"], "what is known is said all the same");
    let moved = single().moved("arn:ehr", 90, "us-east-1a", "us-east-1b").late(|r| earlier(&mut r.events, 7_200));
    assert_eq!(moved.words("rds-failover"), [""; 0], "what this console saw ends though no events are read");
    let part = single().late(events[2]);
    assert_eq!(part.words("rds-event"), [""; 0], "events that were never read as a whole make nothing well");
    assert_eq!(part.event(5, "Replication has stopped.").words("rds-event"), ["crit"], "but they count");
}
