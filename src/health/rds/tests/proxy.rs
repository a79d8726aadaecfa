//! Proxies.

use super::*;

#[test]
fn three_causes_of_a_proxy_without_connections_are_told_apart() {
    let unreachable = || pooled(vec![target("UNAVAILABLE", "UNREACHABLE")]);
    assert_eq!(unreachable().alarms(), ["rds-proxy-target warn pool: ehr is unavailable (UNREACHABLE)"]);
    assert_eq!(unreachable().lasting(3).alarms(), ["rds-proxy-target crit pool: ehr is unavailable (UNREACHABLE)"]);
    let refused = pooled(vec![target("UNAVAILABLE", "AUTH_FAILURE")]);
    assert_eq!(refused.lasting(9).alarms(), ["rds-proxy-auth crit pool: ehr refuses its password, secret mismatch"]);
    let well = || pooled(vec![target("AVAILABLE", "")]);
    let stormed =
        well().measured("arn:pool", RdsMetrics::BORROWED, &[98.0]).measured("arn:pool", RdsMetrics::ALLOWED, &[100.0]);
    let words = "rds-proxy-pool crit pool: pool nearly exhausted, 98 of 100 connections in use";
    assert_eq!(stormed.alarms(), [words]);
    let wrong = well().measured("arn:pool", RdsMetrics::AUTH_FAILED, &[12.0]);
    assert_eq!(
        wrong.alarms(),
        ["rds-proxy-auth warn pool: 12 logins failed within 15 min, wrong password or no permission"]
    );
    let failing = pooled(vec![target("UNAVAILABLE", "UNREACHABLE")]).event(1, "Multi-AZ instance failover started");
    assert_eq!(failing.alarms().len(), 1, "{:?}", failing.alarms());
}

#[test]
fn a_proxy_says_what_it_lacks() {
    let status = |status: &str| {
        let mut world = pooled(vec![target("AVAILABLE", "")]);
        world.rds.proxies[0].status = text(status);
        world
    };
    table(
        "rds-proxy-status",
        &[
            (status("available"), &["ok"]),
            (status("insufficient-resource-limits"), &["crit pool: insufficient-resource-limits, it cannot grow"]),
            (status("odd"), &["unknown pool: status odd, which these rules do not know"]),
        ],
    );
    let mut open = pooled(vec![target("AVAILABLE", "")]);
    open.rds.proxies[0].requires_tls = Some(false);
    table("rds-proxy-tls", &[(open, &["warn pool: takes connections without TLS"])]);
    table("rds-proxy-target", &[(pooled(vec![]), &["warn pool: no database behind it"])]);
    let pinned = pooled(vec![target("AVAILABLE", "")]).measured("arn:pool", RdsMetrics::PINNED, &[8.0]).measured(
        "arn:pool",
        RdsMetrics::CONNECTIONS,
        &[10.0],
    );
    table("rds-proxy-pinned", &[(pinned, &["info pool: 8 of 10 connections are pinned to one client each"])]);
}
