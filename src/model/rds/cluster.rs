//! One DB cluster.

use super::{MasterSecret, PendingChange};
use crate::text::Text;
use crate::time::Timestamp;

/// An Aurora cluster or a Multi-AZ DB cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DbCluster {
    /// `DBClusterIdentifier`.
    pub id: Text,
    /// `DBClusterArn`.
    pub arn: Text,
    /// `Status`.
    pub status: Option<Text>,
    /// `Engine`.
    pub engine: Option<Text>,
    /// `EngineVersion`.
    pub version: Option<Text>,
    /// `Endpoint`, the writer's.
    pub endpoint: Option<Text>,
    /// `MultiAZ`: whether instances are in more than one zone.
    pub multi_az: Option<bool>,
    /// `AvailabilityZones`: where it may have instances, and of Aurora where its storage is.
    pub zones: Vec<Text>,
    /// `DBClusterMembers`.
    pub members: Vec<ClusterMember>,
    /// `AllocatedStorage`, GiB; 1 for Aurora, whose storage grows by itself.
    pub allocated: Option<u32>,
    /// `StorageEncrypted`.
    pub encrypted: Option<bool>,
    /// `StorageEncryptionType`.
    pub encryption_type: Option<Text>,
    /// `PubliclyAccessible` of a Multi-AZ DB cluster.
    pub public: Option<bool>,
    /// `DeletionProtection`.
    pub deletion_protection: Option<bool>,
    /// `EnabledCloudwatchLogsExports`.
    pub log_exports: Vec<Text>,
    /// `IAMDatabaseAuthenticationEnabled`.
    pub iam_auth: Option<bool>,
    /// `AutoMinorVersionUpgrade` of a Multi-AZ DB cluster.
    pub auto_minor_upgrade: Option<bool>,
    /// `BackupRetentionPeriod`, days.
    pub backup_days: Option<u32>,
    /// `LatestRestorableTime`.
    pub restorable_at: Option<Timestamp>,
    /// `CertificateDetails.CAIdentifier` of a Multi-AZ DB cluster.
    pub ca: Option<Text>,
    /// `CertificateDetails.ValidTill`.
    pub certificate_until: Option<Timestamp>,
    /// `PendingModifiedValues`.
    pub pending: Vec<PendingChange>,
    /// `PreferredMaintenanceWindow`.
    pub maintenance_window: Option<Text>,
    /// `ReplicationSourceIdentifier`: ARN of what it is a replica of.
    pub replica_of: Option<Text>,
    /// `MasterUserSecret`.
    pub master_secret: Option<MasterSecret>,
    /// `ClusterCreateTime`.
    pub created_at: Option<Timestamp>,
}

/// A member of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterMember {
    /// `DBInstanceIdentifier`.
    pub instance: Text,
    /// `IsClusterWriter`.
    pub is_writer: Option<bool>,
    /// `PromotionTier`.
    pub promotion_tier: Option<u32>,
    /// `DBClusterParameterGroupStatus`: `in-sync`, `pending-reboot` …
    pub parameters: Option<Text>,
}

impl DbCluster {
    /// Whether it is one of Aurora's.
    #[must_use]
    pub fn is_aurora(&self) -> bool {
        self.engine.as_deref().is_some_and(|engine| engine.starts_with("aurora"))
    }

    /// The identifier of its writer, where one member says it is.
    #[must_use]
    pub fn writer(&self) -> Option<&Text> {
        self.members.iter().find(|member| member.is_writer == Some(true)).map(|member| &member.instance)
    }
}
