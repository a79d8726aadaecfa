//! Maintenance that waits: the API lists it by resource, here it is one action each.

use aws_sdk_rds::types::ResourcePendingMaintenanceActions as Raw;

use crate::backend::aws::values::{shared, text, text_or_empty, time};
use crate::model::rds::Maintenance;

pub(super) fn of_resource(raw: &Raw) -> Vec<Maintenance> {
    let arn = text_or_empty(raw.resource_identifier());
    let actions = raw.pending_maintenance_action_details().iter();
    actions
        .map(|action| Maintenance {
            arn: arn.clone(),
            action: text_or_empty(action.action()),
            description: text(action.description()),
            auto_at: time(action.auto_applied_after_date()),
            forced_at: time(action.forced_apply_date()),
            current_at: time(action.current_apply_date()),
            opt_in: shared(action.opt_in_status()),
        })
        .collect()
}
