//! Events. The API has no event id: `RDS-EVENT-0049` and its like stand only in notifications.

use aws_sdk_rds::types::{Event as Raw, SourceType};

use crate::backend::aws::values::{shared, text, text_or_empty, time};
use crate::model::rds::Event;

pub(super) fn event(raw: &Raw) -> Event {
    Event {
        at: time(raw.date()),
        source: text_or_empty(raw.source_identifier()),
        source_type: shared(raw.source_type().map(SourceType::as_str)),
        arn: text(raw.source_arn()),
        categories: raw.event_categories().iter().filter_map(|category| shared(Some(category))).collect(),
        message: text_or_empty(raw.message()),
    }
}
