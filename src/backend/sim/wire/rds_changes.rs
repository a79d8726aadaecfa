//! What of RDS can be changed on the wire: an instance is rebooted with failover, a cluster fails over to a member that is named.

use serde_json::Value;

use super::changes;
use super::object::Object;
use super::paging::every;
use super::rds_shapes as shapes;
use super::refusal::Failure;
use super::service::Call;
use crate::backend::change::Change;
use crate::text::Text;

/// The parameter of this name, which must be there.
fn needed<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a str, Failure> {
    let given = call.params.text(name)?.filter(|value| !value.is_empty());
    given.ok_or_else(|| Failure::invalid(format!("{name} must be given.")))
}

/// `RebootDBInstance`, with failover only: a mere reboot is not played here.
pub async fn reboot(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["Action", "Version", "DBInstanceIdentifier", "ForceFailover"])?;
    let wanted = needed(call, "DBInstanceIdentifier")?;
    if call.params.flag("ForceFailover")? != Some(true) {
        return Err(Failure::invalid("only ForceFailover=true is supported by this endpoint"));
    }
    let rds = &call.backend.rds;
    let all = || every(|token| Box::pin(async move { rds.instances(token.as_deref()).await }));
    let missing = || Failure::Missing("DBInstanceNotFound", format!("DBInstance {wanted} not found."));
    let found = all().await?.into_iter().find(|i| i.id == *wanted || i.arn == *wanted).ok_or_else(missing)?;
    changes::send(call, &Change::FailOverInstance { instance: found.id.clone() }).await?;
    let now = all().await?.into_iter().find(|instance| instance.id == found.id).unwrap_or(found);
    Ok(Object::default().put("DBInstance", &shapes::instance(&now)).done())
}

/// `FailoverDBCluster`.
pub async fn fail_over(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["Action", "Version", "DBClusterIdentifier", "TargetDBInstanceIdentifier"])?;
    let (wanted, to) = (needed(call, "DBClusterIdentifier")?, needed(call, "TargetDBInstanceIdentifier")?);
    let rds = &call.backend.rds;
    let all = || every(|token| Box::pin(async move { rds.clusters(token.as_deref()).await }));
    let missing = || Failure::Missing("DBClusterNotFoundFault", format!("DBCluster {wanted} not found."));
    let found = all().await?.into_iter().find(|c| c.id == *wanted || c.arn == *wanted).ok_or_else(missing)?;
    let change = Change::FailOverCluster { cluster: found.id.clone(), to: Text::from(to) };
    changes::send(call, &change).await?;
    let now = all().await?.into_iter().find(|cluster| cluster.id == found.id).unwrap_or(found);
    Ok(Object::default().put("DBCluster", &shapes::cluster(&now)).done())
}
