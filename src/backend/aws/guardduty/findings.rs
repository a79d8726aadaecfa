//! Findings: of a payload that is long and in part written by whoever attacks, what an operator decides by.

use aws_sdk_guardduty::types::{EcsTaskDetails, Finding as RawFinding, Resource, Service};

use crate::backend::aws::values::{number, text, text_or_empty};
use crate::model::finding::{Concerned, Finding};
use crate::text::Text;
use crate::time::Timestamp;

/// What the title of a sample begins with (user guide, "Sample findings").
const SAMPLE: &str = "[SAMPLE]";
/// How `service.additionalInfo` says so. A quotation mark inside a value comes as `\"`, so no value can look like this.
const SAMPLE_INFO: &str = "\"sample\":true";

pub(super) fn finding(detector: &str, raw: &RawFinding) -> Finding {
    let service = raw.service();
    let told = |read: fn(&Service) -> Option<&str>| time(service.and_then(read));
    Finding {
        id: text_or_empty(raw.id()),
        arn: text_or_empty(raw.arn()),
        detector: Text::new(detector),
        kind: text_or_empty(raw.r#type()),
        title: text(raw.title()),
        description: text(raw.description()),
        // The SDK fills in 0 for one that is absent, and the lowest there is is 1.
        severity: raw.severity().filter(|severity| *severity != 0.0),
        count: number(service.and_then(Service::count)).map(u64::from),
        created_at: time(raw.created_at()),
        updated_at: time(raw.updated_at()),
        first_seen_at: told(Service::event_first_seen),
        last_seen_at: told(Service::event_last_seen),
        archived: service.and_then(Service::archived),
        account: text(raw.account_id()),
        region: text(raw.region()),
        sample: is_sample(raw),
        resource: raw.resource().map(concerned).unwrap_or_default(),
    }
}

/// GuardDuty writes its times as text.
fn time(raw: Option<&str>) -> Option<Timestamp> {
    raw.and_then(|at| Timestamp::parse(at).ok()).filter(|at| at.millis() > 0)
}

fn is_sample(raw: &RawFinding) -> bool {
    let info = raw.service().and_then(Service::additional_info).and_then(|info| info.value());
    let says_so = |info: &str| info.split_whitespace().collect::<String>().contains(SAMPLE_INFO);
    raw.title().is_some_and(|title| title.starts_with(SAMPLE)) || info.is_some_and(says_so)
}

fn concerned(raw: &Resource) -> Concerned {
    let cluster = raw.ecs_cluster_details();
    let task = cluster.and_then(|cluster| cluster.task_details());
    Concerned {
        kind: text(raw.resource_type()),
        instance: text(raw.instance_details().and_then(|instance| instance.instance_id())),
        cluster: text(cluster.and_then(|cluster| cluster.arn())),
        task: text(task.and_then(EcsTaskDetails::arn)),
        container: text(raw.container_details().and_then(|container| container.name()))
            .or_else(|| text(task?.containers().first()?.name())),
        database: text(raw.rds_db_instance_details().and_then(|database| database.db_instance_identifier())),
        other: other(raw),
    }
}

/// What it names that no other view has a row for.
fn other(raw: &Resource) -> Option<Text> {
    text(raw.access_key_details().and_then(|key| key.user_name()))
        .or_else(|| text(raw.s3_bucket_details().iter().find_map(|bucket| bucket.name())))
        .or_else(|| text(raw.lambda_details().and_then(|function| function.function_name())))
        .or_else(|| text(raw.eks_cluster_details().and_then(|cluster| cluster.name())))
}
