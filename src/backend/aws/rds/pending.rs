//! Changes that wait to be applied. A new password is never read, only that there is one.

use std::fmt::Display;

use aws_sdk_rds::types::{
    AutomationMode, ClusterPendingModifiedValues, PendingCloudwatchLogsExports, PendingModifiedValues,
};

use crate::backend::aws::values::time;
use crate::model::rds::PendingChange;
use crate::text::Text;

/// What stands in place of a password.
const UNSAID: &str = "new";

/// The changes found so far.
#[derive(Default)]
struct Changes(Vec<PendingChange>);

impl Changes {
    fn add(&mut self, name: &'static str, value: Option<impl Display>) {
        let value = value.map(|value| value.to_string()).filter(|value| !value.is_empty());
        self.0.extend(value.map(|value| PendingChange { name, value: Text::from(value) }));
    }
}

pub(super) fn of_instance(raw: &PendingModifiedValues) -> Vec<PendingChange> {
    let mut changes = Changes::default();
    changes.add("DBInstanceIdentifier", raw.db_instance_identifier());
    changes.add("DBInstanceClass", raw.db_instance_class());
    changes.add("Engine", raw.engine());
    changes.add("EngineVersion", raw.engine_version());
    changes.add("MultiAZ", raw.multi_az());
    changes.add("MultiTenant", raw.multi_tenant());
    changes.add("AllocatedStorage", raw.allocated_storage());
    changes.add("StorageType", raw.storage_type());
    changes.add("Iops", raw.iops());
    changes.add("StorageThroughput", raw.storage_throughput());
    let volumes = raw.additional_storage_volumes().iter().filter_map(|volume| volume.volume_name());
    changes.add("AdditionalStorageVolumes", Some(joined(volumes)));
    changes.add("DedicatedLogVolume", raw.dedicated_log_volume());
    changes.add("BackupRetentionPeriod", raw.backup_retention_period());
    changes.add("MasterUserPassword", raw.master_user_password().map(|_| UNSAID));
    changes.add("IAMDatabaseAuthenticationEnabled", raw.iam_database_authentication_enabled());
    changes.add("CACertificateIdentifier", raw.ca_certificate_identifier());
    changes.add("DBSubnetGroupName", raw.db_subnet_group_name());
    changes.add("Port", raw.port());
    changes.add("LicenseModel", raw.license_model());
    let features = raw.processor_features().iter().filter_map(|feature| feature.name().zip(feature.value()));
    changes.add("ProcessorFeatures", Some(joined(features.map(|(name, value)| format!("{name}={value}")))));
    changes.add("PendingCloudwatchLogsExports", raw.pending_cloudwatch_logs_exports().map(log_exports));
    changes.add("AutomationMode", raw.automation_mode().map(AutomationMode::as_str));
    let resumes = time(raw.resume_full_automation_mode_time()).map(crate::time::Timestamp::rfc3339);
    changes.add("ResumeFullAutomationModeTime", resumes);
    changes.add("DBCapacityReservationIdentifier", raw.db_capacity_reservation_identifier());
    changes.0
}

pub(super) fn of_cluster(raw: &ClusterPendingModifiedValues) -> Vec<PendingChange> {
    let mut changes = Changes::default();
    changes.add("DBClusterIdentifier", raw.db_cluster_identifier());
    changes.add("EngineVersion", raw.engine_version());
    changes.add("AllocatedStorage", raw.allocated_storage());
    changes.add("StorageType", raw.storage_type());
    changes.add("Iops", raw.iops());
    changes.add("BackupRetentionPeriod", raw.backup_retention_period());
    changes.add("MasterUserPassword", raw.master_user_password().map(|_| UNSAID));
    changes.add("IAMDatabaseAuthenticationEnabled", raw.iam_database_authentication_enabled());
    changes.add("PendingCloudwatchLogsExports", raw.pending_cloudwatch_logs_exports().map(log_exports));
    let authority = raw.certificate_details().map(|details| details.ca_identifier().unwrap_or(UNSAID));
    changes.add("CertificateDetails", authority);
    changes.add("RdsCustomClusterConfiguration", raw.rds_custom_cluster_configuration().map(|_| UNSAID));
    changes.0
}

/// Logs to be exported, and with a minus those no longer to be.
fn log_exports(raw: &PendingCloudwatchLogsExports) -> String {
    let enabled = raw.log_types_to_enable().iter().cloned();
    let disabled = raw.log_types_to_disable().iter().map(|log| format!("-{log}"));
    joined(enabled.chain(disabled))
}

fn joined(items: impl Iterator<Item = impl AsRef<str>>) -> String {
    items.fold(String::new(), |mut all, item| {
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(item.as_ref());
        all
    })
}
