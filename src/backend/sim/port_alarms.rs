//! Amazon CloudWatch alarms of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::alarms::CONTROL_PLANE;
use super::paging::{List, newest_first};
use crate::backend::ports::{Alarms, Page, limits};
use crate::model::Fault;
use crate::model::alarm::{Alarm, Transition};
use crate::time::Timestamp;

const fn list(action: &'static str) -> List {
    let refusal = ("InvalidNextToken", "The NextToken value is not valid.");
    List { action, size: limits::ALARMS_PAGE, refusal }
}

#[async_trait]
impl Alarms for Sim {
    async fn alarms(&self, token: Option<&str>) -> Result<Page<Alarm>, Fault> {
        let action = "cloudwatch:DescribeAlarms";
        self.call(action, |world| {
            list(action).page("", token, 0..world.board.alarms.len(), |key| world.board.alarm_facts(key))
        })
        .await
    }

    async fn transitions(&self, since: Timestamp, token: Option<&str>) -> Result<Page<Transition>, Fault> {
        let action = "cloudwatch:DescribeAlarmHistory";
        self.call(action, |world| {
            let changes = &world.board.changes;
            let wanted = |n: &usize| changes[*n].at >= since && world.now.since(changes[*n].at) < CONTROL_PLANE;
            let keys = (0..changes.len()).rev().filter(wanted).map(newest_first);
            list(action).page("", token, keys, |key| world.board.change_facts(&changes[newest_first(key)]))
        })
        .await
    }
}
