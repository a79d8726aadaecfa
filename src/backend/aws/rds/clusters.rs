//! DB clusters.

use aws_sdk_rds::types::{DbCluster as Raw, DbClusterMember, StorageEncryptionType};

use super::{pending, secret};
use crate::backend::aws::values::{number, shared, text, text_or_empty, texts, time};
use crate::model::rds::{ClusterMember, DbCluster};

pub(super) fn cluster(raw: &Raw) -> DbCluster {
    let certificate = raw.certificate_details();
    DbCluster {
        id: text_or_empty(raw.db_cluster_identifier()),
        arn: text_or_empty(raw.db_cluster_arn()),
        status: shared(raw.status()),
        engine: shared(raw.engine()),
        version: shared(raw.engine_version()),
        endpoint: text(raw.endpoint()),
        multi_az: raw.multi_az(),
        zones: texts(raw.availability_zones()),
        members: raw.db_cluster_members().iter().map(member).collect(),
        allocated: number(raw.allocated_storage()),
        encrypted: raw.storage_encrypted(),
        encryption_type: shared(raw.storage_encryption_type().map(StorageEncryptionType::as_str)),
        public: raw.publicly_accessible(),
        deletion_protection: raw.deletion_protection(),
        log_exports: texts(raw.enabled_cloudwatch_logs_exports()),
        iam_auth: raw.iam_database_authentication_enabled(),
        auto_minor_upgrade: raw.auto_minor_version_upgrade(),
        backup_days: number(raw.backup_retention_period()),
        restorable_at: time(raw.latest_restorable_time()),
        ca: shared(certificate.and_then(|c| c.ca_identifier())),
        certificate_until: time(certificate.and_then(|c| c.valid_till())),
        pending: raw.pending_modified_values().map(pending::of_cluster).unwrap_or_default(),
        maintenance_window: text(raw.preferred_maintenance_window()),
        replica_of: text(raw.replication_source_identifier()),
        master_secret: raw.master_user_secret().map(secret),
        created_at: time(raw.cluster_create_time()),
    }
}

fn member(raw: &DbClusterMember) -> ClusterMember {
    ClusterMember {
        instance: text_or_empty(raw.db_instance_identifier()),
        is_writer: raw.is_cluster_writer(),
        promotion_tier: number(raw.promotion_tier()),
        parameters: shared(raw.db_cluster_parameter_group_status()),
    }
}
