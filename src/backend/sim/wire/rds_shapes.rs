//! RDS models in the members and types of the API. What no model holds is left out.

use serde_json::{Value, json};

use super::object::Object;
use crate::model::rds::{
    ClusterMember, DbCluster, DbInstance, Event, Maintenance, MasterSecret, PendingChange, Proxy, ReplicaState, Target,
};
use crate::text::Text;
use crate::time::Timestamp;

/// What AWS shows in place of a password.
const HIDDEN: &str = "****";

/// A time in the form of the query protocol.
fn iso(at: Option<Timestamp>) -> Option<Value> {
    at.map(|at| Value::from(at.rfc3339()))
}

/// A structure, where it has a member.
fn filled(object: Object) -> Option<Value> {
    Some(object.done()).filter(|value| value.as_object().is_some_and(|members| !members.is_empty()))
}

/// An instance.
pub fn instance(instance: &DbInstance) -> Value {
    let endpoint = instance.endpoint.as_ref().map(|address| json!({ "Address": address.as_str() }));
    Object::default()
        .put("DBInstanceIdentifier", &instance.id)
        .put("DBInstanceArn", &instance.arn)
        .maybe("DBInstanceStatus", instance.status.as_ref())
        .maybe("DBInstanceClass", instance.class.as_ref())
        .maybe("Engine", instance.engine.as_ref())
        .maybe("EngineVersion", instance.version.as_ref())
        .maybe("Endpoint", endpoint.as_ref())
        .maybe("AvailabilityZone", instance.az.as_ref())
        .maybe("SecondaryAvailabilityZone", instance.standby_az.as_ref())
        .maybe("MultiAZ", instance.multi_az.as_ref())
        .maybe("DBClusterIdentifier", instance.cluster.as_ref())
        .maybe("PromotionTier", instance.promotion_tier.as_ref())
        .maybe("ReadReplicaSourceDBInstanceIdentifier", instance.replica_of.as_ref())
        .list("StatusInfos", &instance.replication, replica_state)
        .maybe("AllocatedStorage", instance.allocated.as_ref())
        .maybe("MaxAllocatedStorage", instance.max_allocated.as_ref())
        .maybe("StorageEncrypted", instance.encrypted.as_ref())
        .maybe("StorageEncryptionType", instance.encryption_type.as_ref())
        .maybe("PubliclyAccessible", instance.public.as_ref())
        .maybe("DeletionProtection", instance.deletion_protection.as_ref())
        .put("EnabledCloudwatchLogsExports", &instance.log_exports)
        .maybe("IAMDatabaseAuthenticationEnabled", instance.iam_auth.as_ref())
        .maybe("AutoMinorVersionUpgrade", instance.auto_minor_upgrade.as_ref())
        .maybe("BackupRetentionPeriod", instance.backup_days.as_ref())
        .maybe("LatestRestorableTime", iso(instance.restorable_at).as_ref())
        .maybe("CACertificateIdentifier", instance.ca.as_ref())
        .maybe("CertificateDetails", certificate(instance.ca.as_ref(), instance.certificate_until).as_ref())
        .put("PendingModifiedValues", &pending(&instance.pending))
        .maybe("PreferredMaintenanceWindow", instance.maintenance_window.as_ref())
        .maybe("MasterUserSecret", instance.master_secret.as_ref().map(secret).as_ref())
        .maybe("InstanceCreateTime", iso(instance.created_at).as_ref())
        .done()
}

fn replica_state(state: &ReplicaState) -> Value {
    Object::default()
        .put("StatusType", "read replication")
        .maybe("Normal", state.normal.as_ref())
        .maybe("Status", state.status.as_ref())
        .maybe("Message", state.message.as_ref())
        .done()
}

fn certificate(authority: Option<&Text>, until: Option<Timestamp>) -> Option<Value> {
    filled(Object::default().maybe("CAIdentifier", authority).maybe("ValidTill", iso(until).as_ref()))
}

fn secret(secret: &MasterSecret) -> Value {
    Object::default().maybe("SecretArn", secret.arn.as_ref()).maybe("SecretStatus", secret.status.as_ref()).done()
}

/// Changes that wait. Those that are structures have only their name left in the model, but for the exports of logs.
fn pending(changes: &[PendingChange]) -> Value {
    changes
        .iter()
        .fold(Object::default(), |members, change| match change.name {
            "MasterUserPassword" => members.put(change.name, HIDDEN),
            "PendingCloudwatchLogsExports" => members.put(change.name, &log_exports(&change.value)),
            "CertificateDetails" => members.put(change.name, &json!({ "CAIdentifier": change.value.as_str() })),
            "ProcessorFeatures" | "AdditionalStorageVolumes" | "RdsCustomClusterConfiguration" => members,
            name => members.put(name, &change.value),
        })
        .done()
}

/// `a, -b`: `a` is to be exported, `b` no longer.
fn log_exports(value: &str) -> Value {
    let logs = || value.split(", ").filter(|log| !log.is_empty());
    let enabled: Vec<&str> = logs().filter(|log| !log.starts_with('-')).collect();
    let disabled: Vec<&str> = logs().filter_map(|log| log.strip_prefix('-')).collect();
    json!({ "LogTypesToEnable": enabled, "LogTypesToDisable": disabled })
}

/// A cluster.
pub fn cluster(cluster: &DbCluster) -> Value {
    Object::default()
        .put("DBClusterIdentifier", &cluster.id)
        .put("DBClusterArn", &cluster.arn)
        .maybe("Status", cluster.status.as_ref())
        .maybe("Engine", cluster.engine.as_ref())
        .maybe("EngineVersion", cluster.version.as_ref())
        .maybe("Endpoint", cluster.endpoint.as_ref())
        .maybe("MultiAZ", cluster.multi_az.as_ref())
        .put("AvailabilityZones", &cluster.zones)
        .list("DBClusterMembers", &cluster.members, member)
        .maybe("AllocatedStorage", cluster.allocated.as_ref())
        .maybe("StorageEncrypted", cluster.encrypted.as_ref())
        .maybe("StorageEncryptionType", cluster.encryption_type.as_ref())
        .maybe("PubliclyAccessible", cluster.public.as_ref())
        .maybe("DeletionProtection", cluster.deletion_protection.as_ref())
        .put("EnabledCloudwatchLogsExports", &cluster.log_exports)
        .maybe("IAMDatabaseAuthenticationEnabled", cluster.iam_auth.as_ref())
        .maybe("AutoMinorVersionUpgrade", cluster.auto_minor_upgrade.as_ref())
        .maybe("BackupRetentionPeriod", cluster.backup_days.as_ref())
        .maybe("LatestRestorableTime", iso(cluster.restorable_at).as_ref())
        .maybe("CertificateDetails", certificate(cluster.ca.as_ref(), cluster.certificate_until).as_ref())
        .put("PendingModifiedValues", &pending(&cluster.pending))
        .maybe("PreferredMaintenanceWindow", cluster.maintenance_window.as_ref())
        .maybe("ReplicationSourceIdentifier", cluster.replica_of.as_ref())
        .maybe("MasterUserSecret", cluster.master_secret.as_ref().map(secret).as_ref())
        .maybe("ClusterCreateTime", iso(cluster.created_at).as_ref())
        .done()
}

fn member(member: &ClusterMember) -> Value {
    Object::default()
        .put("DBInstanceIdentifier", &member.instance)
        .maybe("IsClusterWriter", member.is_writer.as_ref())
        .maybe("PromotionTier", member.promotion_tier.as_ref())
        .maybe("DBClusterParameterGroupStatus", member.parameters.as_ref())
        .done()
}

/// An event.
pub fn event(event: &Event) -> Value {
    Object::default()
        .put("SourceIdentifier", &event.source)
        .maybe("SourceType", event.source_type.as_ref())
        .put("Message", &event.message)
        .put("EventCategories", &event.categories)
        .maybe("Date", iso(event.at).as_ref())
        .maybe("SourceArn", event.arn.as_ref())
        .done()
}

/// All that waits for one resource.
pub fn maintenance(actions: &[Maintenance]) -> Value {
    Object::default()
        .maybe("ResourceIdentifier", actions.first().map(|action| &action.arn))
        .list("PendingMaintenanceActionDetails", actions, |action| {
            Object::default()
                .put("Action", &action.action)
                .maybe("AutoAppliedAfterDate", iso(action.auto_at).as_ref())
                .maybe("ForcedApplyDate", iso(action.forced_at).as_ref())
                .maybe("OptInStatus", action.opt_in.as_ref())
                .maybe("CurrentApplyDate", iso(action.current_at).as_ref())
                .maybe("Description", action.description.as_ref())
                .done()
        })
        .done()
}

/// A proxy.
pub fn proxy(proxy: &Proxy) -> Value {
    Object::default()
        .put("DBProxyName", &proxy.name)
        .put("DBProxyArn", &proxy.arn)
        .maybe("Status", proxy.status.as_ref())
        .maybe("EngineFamily", proxy.engine.as_ref())
        .maybe("RequireTLS", proxy.requires_tls.as_ref())
        .maybe("Endpoint", proxy.endpoint.as_ref())
        .list("Auth", &proxy.secrets, |arn| json!({ "AuthScheme": "SECRETS", "SecretArn": arn.as_str() }))
        .done()
}

/// A target of a proxy.
pub fn target(target: &Target) -> Value {
    let health = Object::default()
        .maybe("State", target.state.as_ref())
        .maybe("Reason", target.reason.as_ref())
        .maybe("Description", target.description.as_ref());
    Object::default()
        .maybe("RdsResourceId", target.id.as_ref())
        .maybe("TrackedClusterId", target.cluster.as_ref())
        .maybe("Type", target.kind.as_ref())
        .maybe("Role", target.role.as_ref())
        .maybe("TargetHealth", filled(health).as_ref())
        .done()
}

/// The target group of a proxy.
pub fn target_group(proxy: &str, name: &str, percent: Option<u32>) -> Value {
    let pool = filled(Object::default().maybe("MaxConnectionsPercent", percent.as_ref()));
    Object::default()
        .put("DBProxyName", proxy)
        .put("TargetGroupName", name)
        .put("IsDefault", &true)
        .maybe("ConnectionPoolConfig", pool.as_ref())
        .done()
}
