//! Whoever looks into what GuardDuty found needs it as it is.

use super::plan::{Check, Level};
use crate::health::guardduty::Evidence;
use crate::model::Facts;
use crate::model::finding::FindingFacts;

/// Whether replacing what has this ARN would destroy what an open finding of level high or critical rests on; `what` says what that
/// would be found on.
pub(super) fn evidence(facts: &Facts, arn: &str, what: &str) -> Check {
    let id = "evidence";
    if facts.get::<FindingFacts>().and_then(|known| known.read_at.findings).is_none() {
        return Check::new(id, Level::Warn, format!("whether GuardDuty found anything on {what} is not known"));
    }
    match facts.derived::<Evidence>().on(arn) {
        Some(finding) => {
            Check::new(id, Level::Warn, format!("{finding} is open on {what}: evidence would be destroyed"))
        }
        None => Check::new(id, Level::Pass, format!("no high or critical finding of GuardDuty is open on {what}")),
    }
}
