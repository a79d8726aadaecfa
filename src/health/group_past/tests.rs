use super::super::fixture::*;
use super::*;
use crate::model::scaling::Refresh;
use crate::text::Text;

/// The tests with tables of rules.
pub(in crate::health) const TABLES: &[fn()] =
    &[three_failures_within_a_quarter_of_an_hour_are_critical, a_refresh_that_failed_is_told_for_a_day];

fn did(activities: &[GroupActivity]) -> World {
    with(service(2, 2)).scaled(group(5, 6, 12)).group_did(activities.to_vec())
}

#[test]
fn three_failures_within_a_quarter_of_an_hour_are_critical() {
    let fails = |minutes: &[u64]| minutes.iter().map(|n| launch(*n, "Failed")).collect::<Vec<_>>();
    let mut told = fails(&[1, 5, 15]);
    told[0].message = text("We currently do not have sufficient c5.2xlarge capacity.");
    let mut statusless = fails(&[1, 5, 15]);
    statusless[1].status = None;
    let mut timeless = fails(&[1, 5, 15]);
    timeless[1].started_at = None;
    let unread = with(service(2, 2)).scaled(group(5, 6, 12));
    table(
        FAILING.id,
        &[
            (did(&[]), &["ok"]),
            (did(&[launch(1, "Successful"), launch(2, "Failed"), launch(3, "Failed")]), &["ok"]),
            (did(&fails(&[1, 5, 16])), &["ok"]),
            (did(&fails(&[1, 5, 15])), &["crit asg-ehr: failed 3 times within 15 min"]),
            (
                did(&told),
                &[
                    "crit asg-ehr: failed 3 times within 15 min: We currently do not have sufficient c5.2xlarge capacity",
                ],
            ),
            (did(&statusless), &["unknown asg-ehr: what came of 1 of its activities is not known"]),
            (did(&timeless), &["unknown asg-ehr: what came of 1 of its activities is not known"]),
            (unread, &[]),
        ],
    );
}

#[test]
fn a_refresh_that_failed_is_told_for_a_day() {
    let refreshed = |status: Option<&str>, hours: u64| {
        let mut world = did(&[]);
        let refresh = Refresh {
            id: Text::from("r"),
            group: Text::from("asg-ehr"),
            status: status.and_then(text),
            ended_at: ago(hours * 60),
            percent: Some(40),
            ..Refresh::default()
        };
        world.history.get_or_insert_default().refreshes = vec![refresh];
        world
    };
    table(
        REFRESH.id,
        &[
            (did(&[]), &["ok"]),
            (refreshed(Some("Successful"), 1), &["ok"]),
            (refreshed(Some("Failed"), 24), &["warn asg-ehr: its instance refresh failed"]),
            (refreshed(Some("Failed"), 25), &["ok"]),
            (refreshed(Some("RollbackFailed"), 1), &["warn asg-ehr: the rollback of its instance refresh failed"]),
            (refreshed(Some("RollbackSuccessful"), 1), &["warn asg-ehr: its instance refresh was rolled back"]),
            (
                refreshed(Some("RollbackInProgress"), 1),
                &["warn asg-ehr: its instance refresh is rolled back, 40% done"],
            ),
            (refreshed(Some("InProgress"), 1), &["info asg-ehr: its instances are being refreshed, 40% done"]),
            (refreshed(None, 1), &["unknown asg-ehr: the status of its instance refresh is not known"]),
        ],
    );
}
