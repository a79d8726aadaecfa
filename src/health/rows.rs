//! What the tables of the rules' tests show: each rule that scaling, alarms, GuardDuty or secrets raise has its rows.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{
    RULES, alarm, group, group_demand, group_past, group_resized, group_short, guardduty, provider, secrets, target,
};
use crate::model::Severity;

thread_local! {
    static SHOWN: RefCell<BTreeSet<(String, Severity)>> = const { RefCell::new(BTreeSet::new()) };
}

/// Notes what a row of a table showed of a rule.
pub(super) fn note(rule: &str, severity: Severity) {
    SHOWN.with_borrow_mut(|shown| shown.insert((rule.to_owned(), severity)));
}

/// Every test with tables of these domains.
const TABLES: &[&[fn()]] = &[
    group::tests::TABLES,
    group_demand::tests::TABLES,
    group_past::tests::TABLES,
    group_resized::tests::TABLES,
    group_short::tests::TABLES,
    provider::tests::TABLES,
    target::tests::TABLES,
    alarm::tests::TABLES,
    guardduty::tests::TABLES,
    secrets::tests::TABLES,
];

const DOMAINS: &[&str] = &["scaling", "alarms", "guardduty", "secrets"];

/// Rules that never say unknown: where what they look at is not told they say nothing, or another one says that it is not.
const NEVER_UNKNOWN: &[&str] = &[
    "scaling-group-suspended",
    "scaling-instance-unhealthy",
    "scaling-instance-terminating",
    "scaling-group-one-zone",
    "scaling-group-not-managed",
    "scaling-provider-unscaled",
    "scaling-provider-update-failed",
    "scaling-provider-draining-off",
    "scaling-group-resized",
    "scaling-task-too-large",
    "scaling-in-blocked",
    "scaling-target-suspended",
    "scaling-in-waits",
    "alarm-muted",
    "alarm-flapping",
    "secret-deleted",
    "secret-rotation-stuck",
    "secret-rotation-off",
    "secret-key",
    "secret-managed",
    "secret-unused",
];

/// Rules that say nothing of what is well: there is no subject that could be.
const NEVER_OK: &[&str] = &["scaling-group-missing", "guardduty-finding", "guardduty-resource", "secret-managed"];

#[test]
fn every_rule_has_rows_that_are_well_and_bad_and_unknown() {
    TABLES.iter().copied().flatten().for_each(|table| table());
    let shown = SHOWN.take();
    let says = |rule: &str, is: fn(Severity) -> bool| shown.iter().any(|(id, severity)| id == rule && is(*severity));
    let mut wrong = Vec::new();
    for rule in RULES.iter().map(|rule| (rule.id, rule.domain)).filter(|(_, domain)| DOMAINS.contains(domain)) {
        let (id, _) = rule;
        if !says(id, |s| s > Severity::Unknown || s == Severity::Info) && id != "scaling-group-missing" {
            wrong.push(format!("{id}: no row is bad"));
        }
        for (what, is, never) in [
            ("ok", (|s| s == Severity::Ok) as fn(Severity) -> bool, NEVER_OK),
            ("unknown", |s| s == Severity::Unknown, NEVER_UNKNOWN),
        ] {
            if says(id, is) == never.contains(&id) {
                let how = if never.contains(&id) { "a row is, though it never should be" } else { "no row is" };
                wrong.push(format!("{id}: {how} {what}"));
            }
        }
    }
    let strangers = NEVER_UNKNOWN.iter().chain(NEVER_OK).filter(|id| !RULES.iter().any(|rule| rule.id == **id));
    wrong.extend(strangers.map(|id| format!("{id}: no such rule")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
