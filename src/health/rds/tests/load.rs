//! What is measured.

use super::*;

#[test]
fn what_comes_and_goes_is_judged_over_the_last_quarter_of_an_hour() {
    let well = || pooled(vec![target("AVAILABLE", "")]);
    let failed = |minutes, values: &[f64]| well().measured_at("arn:pool", RdsMetrics::AUTH_FAILED, minutes, values);
    let bare = |minutes, values: &[f64]| well().measured_at("arn:pool", RdsMetrics::NO_TLS, minutes, values);
    let mut long_ago = [0.0; 20];
    long_ago[0] = 9.0;
    table(
        "rds-proxy-auth",
        &[
            (
                failed([0, 0], &[3.0, 9.0, 0.0]),
                &["warn pool: 12 logins failed within 15 min, wrong password or no permission"],
            ),
            (
                failed([30, 32], &[3.0, 0.0]),
                &["warn pool: 3 logins failed within 15 min, wrong password or no permission"],
            ),
            (failed([0, 0], &long_ago), &["ok"]),
            (failed([0, 16], &[3.0]), &[]),
        ],
    );
    table(
        "rds-proxy-tls",
        &[
            (bare([0, 0], &[4.0, 9.0, 0.0]), &["warn pool: up to 9 connections without TLS within 15 min"]),
            (bare([0, 0], &long_ago), &["ok"]),
            (bare([0, 16], &[3.0]), &["ok"]),
        ],
    );
    assert_eq!(bare([30, 32], &[4.0]).taken_at("rds-proxy-tls"), [now() - Duration::from_secs(1_800)]);
}

#[test]
fn what_was_not_measured_is_not_judged() {
    for rule in ["rds-storage-free", "rds-cpu", "rds-memory", "rds-connections", "rds-replica-lag", "rds-aurora-lag"] {
        assert_eq!(of(instance()).says(rule), [""; 0], "{rule}");
        let empty =
            of(instance()).measured("arn:ehr", RdsMetrics::STORAGE, &[]).measured("arn:ehr", RdsMetrics::CPU, &[]);
        assert_eq!(empty.says(rule), [""; 0], "{rule}");
    }
}

#[test]
fn measures_are_judged_by_their_levels() {
    const GIB: f64 = 1_073_741_824.0;
    let at = |metric, values: &[f64]| of(instance()).measured("arn:ehr", metric, values);
    let open = |n| at(RdsMetrics::CONNECTIONS, &[n]);
    let limited = |n| open(n).configured("rds-connections", "limit", Level::Known(Some(1_000)));
    table(
        "rds-storage-free",
        &[
            (at(RdsMetrics::STORAGE, &[50.0 * GIB]), &["ok"]),
            (at(RdsMetrics::STORAGE, &[14.0 * GIB]), &["warn ehr: 14% of its storage is free"]),
            (at(RdsMetrics::STORAGE, &[20.0 * GIB, 9.0 * GIB]), &["crit ehr: 9% of its storage is free"]),
        ],
    );
    table(
        "rds-cpu",
        &[
            (at(RdsMetrics::CPU, &[20.0; 15]), &["ok"]),
            (at(RdsMetrics::CPU, &[99.0, 99.0, 20.0]), &["ok"]),
            (at(RdsMetrics::CPU, &[80.0; 15]), &["warn ehr: CPU at 80% or more for 15 min"]),
            (at(RdsMetrics::CPU, &[95.0; 15]), &["crit ehr: CPU at 95% or more for 15 min"]),
            (at(RdsMetrics::CPU, &[95.0; 3]), &["unknown ehr: CPU at 95% or more for 15 min"]),
        ],
    );
    table(
        "rds-memory",
        &[
            (at(RdsMetrics::MEMORY, &[4.0 * GIB]), &["ok"]),
            (at(RdsMetrics::MEMORY, &[GIB]), &["warn ehr: 1024 MiB of memory can be freed, 6% of its class"]),
        ],
    );
    table(
        "rds-connections",
        &[
            (open(100.0), &[]),
            (open(1_200.0), &["info ehr: about 67% of an estimated limit, 1200 of 1802 connections"]),
            (open(1_700.0), &["unknown ehr: about 94% of an estimated limit, 1700 of 1802 connections"]),
            (open(2_500.0), &["info ehr: about 139% of an estimated limit, 2500 of 1802 connections"]),
            (limited(700.0), &["ok"]),
            (limited(850.0), &["warn ehr: 850 connections, 85% of the 1000 it may have"]),
            (limited(950.0), &["crit ehr: 950 connections, 95% of the 1000 it may have"]),
            (limited(1_700.0), &["crit ehr: 1700 connections, 170% of the 1000 it may have"]),
        ],
    );
    table(
        "rds-replica-lag",
        &[
            (at(RdsMetrics::LAG, &[0.0]), &["ok"]),
            (at(RdsMetrics::LAG, &[90.0]), &["warn ehr: 1m30s behind what it copies"]),
            (at(RdsMetrics::LAG, &[-1.0]), &["unknown ehr: how far it is behind is not known, it does not replicate"]),
        ],
    );
    table(
        "rds-aurora-lag",
        &[
            (at(RdsMetrics::AURORA_LAG, &[20.0]), &["ok"]),
            (at(RdsMetrics::AURORA_LAG, &[2_000.0]), &["warn ehr: 2s behind what it copies"]),
        ],
    );
    let full = of(DbInstance { allocated: Some(900), ..instance() });
    table("rds-storage-ceiling", &[(full, &["warn ehr: 900 GiB of storage, it grows to 1000 GiB at most"])]);
}

#[test]
fn a_broken_replica_says_why() {
    let state = |normal| ReplicaState { normal, status: text("error"), message: text("disk full") };
    let replica = |normal| of(DbInstance { replication: vec![state(normal)], ..instance() });
    table(
        "rds-replication",
        &[
            (replica(Some(true)), &["ok"]),
            (replica(Some(false)), &["crit ehr: replication is broken: disk full"]),
            (replica(None), &["unknown ehr: whether it replicates was not told"]),
        ],
    );
}
