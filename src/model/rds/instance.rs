//! One DB instance.

use crate::text::Text;
use crate::time::Timestamp;

/// A DB instance, alone or a member of a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DbInstance {
    /// `DBInstanceIdentifier`.
    pub id: Text,
    /// `DBInstanceArn`.
    pub arn: Text,
    /// `DBInstanceStatus`: `available`, `rebooting` …; AWS adds new ones.
    pub status: Option<Text>,
    /// `DBInstanceClass`.
    pub class: Option<Text>,
    /// `Engine`.
    pub engine: Option<Text>,
    /// `EngineVersion`.
    pub version: Option<Text>,
    /// `Endpoint.Address`.
    pub endpoint: Option<Text>,
    /// `AvailabilityZone`.
    pub az: Option<Text>,
    /// `SecondaryAvailabilityZone`: that of the standby.
    pub standby_az: Option<Text>,
    /// `MultiAZ`; says nothing of Aurora.
    pub multi_az: Option<bool>,
    /// `DBClusterIdentifier` of the cluster it is a member of.
    pub cluster: Option<Text>,
    /// `PromotionTier`.
    pub promotion_tier: Option<u32>,
    /// `ReadReplicaSourceDBInstanceIdentifier` or `…ClusterIdentifier`: what it is a replica of.
    pub replica_of: Option<Text>,
    /// `StatusInfos`: the states of replication.
    pub replication: Vec<ReplicaState>,
    /// `AllocatedStorage`, GiB.
    pub allocated: Option<u32>,
    /// `MaxAllocatedStorage`, GiB: how far storage may grow by itself.
    pub max_allocated: Option<u32>,
    /// `StorageEncrypted`.
    pub encrypted: Option<bool>,
    /// `StorageEncryptionType`: `sse-kms`, `sse-rds`, `none`.
    pub encryption_type: Option<Text>,
    /// `PubliclyAccessible`.
    pub public: Option<bool>,
    /// `DeletionProtection`.
    pub deletion_protection: Option<bool>,
    /// `EnabledCloudwatchLogsExports`.
    pub log_exports: Vec<Text>,
    /// `IAMDatabaseAuthenticationEnabled`.
    pub iam_auth: Option<bool>,
    /// `AutoMinorVersionUpgrade`.
    pub auto_minor_upgrade: Option<bool>,
    /// `BackupRetentionPeriod`, days; 0: no backups.
    pub backup_days: Option<u32>,
    /// `LatestRestorableTime`.
    pub restorable_at: Option<Timestamp>,
    /// `CACertificateIdentifier`.
    pub ca: Option<Text>,
    /// `CertificateDetails.ValidTill`.
    pub certificate_until: Option<Timestamp>,
    /// `PendingModifiedValues`.
    pub pending: Vec<PendingChange>,
    /// `PreferredMaintenanceWindow`: `sun:05:00-sun:06:00`, UTC.
    pub maintenance_window: Option<Text>,
    /// `MasterUserSecret`.
    pub master_secret: Option<MasterSecret>,
    /// `InstanceCreateTime`.
    pub created_at: Option<Timestamp>,
}

/// One state of replication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaState {
    /// `Normal`.
    pub normal: Option<bool>,
    /// `Status`: `replicating`, `error`, `stopped`, `terminated` …
    pub status: Option<Text>,
    /// `Message`, where there is an error.
    pub message: Option<Text>,
}

/// A change that waits to be applied: the API's name of the value and its new value. A password is never among them, only
/// that it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingChange {
    /// `MultiAZ`, `DBInstanceClass` …
    pub name: &'static str,
    /// The new value.
    pub value: Text,
}

/// The secret that RDS keeps for the master user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterSecret {
    /// `SecretArn`.
    pub arn: Option<Text>,
    /// `SecretStatus`: `active`, `creating`, `rotating`, `impaired`.
    pub status: Option<Text>,
}

impl DbInstance {
    /// Whether it is one of Aurora's.
    #[must_use]
    pub fn is_aurora(&self) -> bool {
        self.engine.as_deref().is_some_and(|engine| engine.starts_with("aurora"))
    }
}
