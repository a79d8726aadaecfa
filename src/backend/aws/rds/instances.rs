//! DB instances.

use aws_sdk_rds::types::{DbInstance as Raw, DbInstanceStatusInfo, StorageEncryptionType};

use super::{pending, secret};
use crate::backend::aws::values::{number, shared, text, text_or_empty, texts, time};
use crate::model::rds::{DbInstance, ReplicaState};

pub(super) fn instance(raw: &Raw) -> DbInstance {
    let certificate = raw.certificate_details();
    let of_instance = text(raw.read_replica_source_db_instance_identifier());
    DbInstance {
        id: text_or_empty(raw.db_instance_identifier()),
        arn: text_or_empty(raw.db_instance_arn()),
        status: shared(raw.db_instance_status()),
        class: shared(raw.db_instance_class()),
        engine: shared(raw.engine()),
        version: shared(raw.engine_version()),
        endpoint: text(raw.endpoint().and_then(|endpoint| endpoint.address())),
        az: shared(raw.availability_zone()),
        standby_az: shared(raw.secondary_availability_zone()),
        multi_az: raw.multi_az(),
        cluster: text(raw.db_cluster_identifier()),
        promotion_tier: number(raw.promotion_tier()),
        replica_of: of_instance.or_else(|| text(raw.read_replica_source_db_cluster_identifier())),
        replication: raw.status_infos().iter().map(replica_state).collect(),
        allocated: number(raw.allocated_storage()),
        max_allocated: number(raw.max_allocated_storage()),
        encrypted: raw.storage_encrypted(),
        encryption_type: shared(raw.storage_encryption_type().map(StorageEncryptionType::as_str)),
        public: raw.publicly_accessible(),
        deletion_protection: raw.deletion_protection(),
        log_exports: texts(raw.enabled_cloudwatch_logs_exports()),
        iam_auth: raw.iam_database_authentication_enabled(),
        auto_minor_upgrade: raw.auto_minor_version_upgrade(),
        backup_days: number(raw.backup_retention_period()),
        restorable_at: time(raw.latest_restorable_time()),
        ca: shared(raw.ca_certificate_identifier()).or_else(|| shared(certificate.and_then(|c| c.ca_identifier()))),
        certificate_until: time(certificate.and_then(|c| c.valid_till())),
        pending: raw.pending_modified_values().map(pending::of_instance).unwrap_or_default(),
        maintenance_window: text(raw.preferred_maintenance_window()),
        master_secret: raw.master_user_secret().map(secret),
        created_at: time(raw.instance_create_time()),
    }
}

fn replica_state(raw: &DbInstanceStatusInfo) -> ReplicaState {
    ReplicaState { normal: raw.normal(), status: shared(raw.status()), message: text(raw.message()) }
}
