//! What a caller hands over: the lead of a replica set, an instance to its standby, the writer of a cluster.

use std::time::Duration;

use super::actions::refused;
use super::mongo::{Access, Set};
use super::port_mongo::{permitted, silent, unknown};
use super::world::World;
use crate::backend::change::Change;
use crate::model::{Fault, FaultKind};
use crate::text::Text;

/// The status of an instance or cluster that does as it is told.
const AVAILABLE: &str = "available";

impl World {
    /// Has the primary of a replica set step down.
    ///
    /// # Errors
    /// Refused by the member: it is not the primary, nobody has caught up, or the user may not.
    pub(super) fn step_down(&mut self, set: &str, host: &str, rests: Duration, waits: Duration) -> Result<(), Fault> {
        let action = Change::STEP_DOWN;
        let n = self.sets.iter().position(|s| s.spec.name == set).ok_or_else(|| unknown(action, set))?;
        let found = &self.sets[n];
        let i = found.asked(host).map_err(|silence| silent(silence, action, host))?;
        may_manage(found, i)?;
        if found.writable() != Some(i) {
            return Err(refused(action, "NotWritablePrimary", "not primary so can't step down"));
        }
        if !found.has_heir(i, waits) {
            let by = (self.now + waits).rfc3339();
            let why = format!("{host} stays primary: No electable secondaries caught up as of {by}");
            return Err(refused(action, "ExceededTimeLimit", &why));
        }
        self.with_set(n, |set| set.step_down_for(rests));
        self.changed(action, format!("{set}/{host}"), format!("replSetStepDown={}", rests.as_secs()));
        Ok(())
    }

    /// Fails an instance over to its standby.
    ///
    /// # Errors
    /// Refused by RDS: there is no such instance, it is not available, or it has no standby.
    pub(super) fn fail_over_instance(&mut self, id: &str) -> Result<(), Fault> {
        let action = Change::FAIL_OVER_INSTANCE;
        let missing = || refused(action, "DBInstanceNotFound", &format!("DBInstance {id} not found."));
        let i = self.fleet.instance(id).ok_or_else(missing)?;
        let instance = &self.fleet.instances[i];
        if instance.status != AVAILABLE {
            let why = format!("Instance {id} is not in available state.");
            return Err(refused(action, "InvalidDBInstanceState", &why));
        }
        if instance.cluster.is_some() || instance.standby.is_none() {
            let why = format!("Cannot force failover since instance {id} is not configured for multi-AZ.");
            return Err(refused(action, "InvalidParameterCombination", &why));
        }
        let arn = instance.arn.clone();
        self.with_fleet(|fleet| fleet.fail_over(i));
        self.changed(action, arn, "ForceFailover=true".to_owned());
        Ok(())
    }

    /// Makes a member the writer of its cluster.
    ///
    /// # Errors
    /// Refused by RDS: there is no such cluster, it is not available, or the member is none of its readers or not available.
    pub(super) fn fail_over_cluster(&mut self, id: &str, to: &str) -> Result<(), Fault> {
        let action = Change::FAIL_OVER_CLUSTER;
        let missing = || refused(action, "DBClusterNotFoundFault", &format!("DBCluster {id} not found."));
        let c = self.fleet.cluster(id).ok_or_else(missing)?;
        let cluster = &self.fleet.clusters[c];
        if cluster.status != AVAILABLE {
            let why = format!("Cluster {id} is not in available state.");
            return Err(refused(action, "InvalidDBClusterStateFault", &why));
        }
        let reader = self.fleet.instance(to).filter(|i| cluster.members.contains(i) && cluster.writer != *i);
        let reader = reader.filter(|i| self.fleet.instances[*i].status == AVAILABLE);
        let Some(heir) = reader else {
            let why = format!("{to} is not an available reader of the cluster {id}.");
            return Err(refused(action, "InvalidDBInstanceState", &why));
        };
        let arn = cluster.arn.clone();
        self.with_fleet(|fleet| fleet.fail_over_cluster_to(c, Some(heir)));
        self.changed(action, arn, format!("TargetDBInstanceIdentifier={to}"));
        Ok(())
    }
}

/// Whether the console's user may have a member step down.
fn may_manage(set: &Set, i: usize) -> Result<(), Fault> {
    let action = Change::STEP_DOWN;
    permitted(set, i, action)?;
    if set.spec.access != Access::Monitor {
        return Ok(());
    }
    let why = "not authorized on admin; grant the role clusterManager on admin to rounds";
    Err(Fault { code: Some(Text::from("Unauthorized")), ..Fault::new(FaultKind::Denied, action, why) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::sim::Scenario;

    fn world() -> World {
        World::new(&Scenario::named("ehr-mongo").unwrap(), 1)
    }

    fn codes(results: impl IntoIterator<Item = Result<(), Fault>>) -> Vec<String> {
        results.into_iter().map(|result| result.unwrap_err().code.unwrap().to_string()).collect()
    }

    #[test]
    fn only_a_primary_with_an_heir_steps_down_for_who_may() {
        let mut world = world();
        let minute = Duration::from_secs(60);
        let primary = world.sets[0].writable().unwrap();
        let hosts: Vec<String> = world.sets[0].members.iter().map(|m| m.spec.host.clone()).collect();
        let other = (0..hosts.len()).find(|i| *i != primary).unwrap();
        let ask = |world: &mut World, i: usize| world.step_down("ehr", &hosts[i], minute, Duration::from_secs(10));
        assert_eq!(codes([ask(&mut world, other)]), ["NotWritablePrimary"]);
        world.with_set(0, |set| {
            (0..set.members.len()).for_each(|i| set.hold_back(i, Duration::from_secs(30), None));
        });
        assert_eq!(codes([ask(&mut world, primary)]), ["ExceededTimeLimit"]);
        world.with_set(0, |set| (0..set.members.len()).for_each(|i| set.hold_back(i, Duration::ZERO, None)));
        assert_eq!(world.mutations(), []);
        assert_eq!(ask(&mut world, primary), Ok(()));
        let made = &world.mutations()[0];
        assert_eq!((made.action, made.detail.as_str()), (Change::STEP_DOWN, "replSetStepDown=60"));
        assert!(world.step_down("nowhere", "x:1", minute, minute).is_err());
    }

    #[test]
    fn rds_refuses_what_it_cannot_fail_over() {
        let mut world = World::new(&Scenario::named("ehr-aurora").unwrap(), 1);
        let cluster = world.fleet.clusters[0].clone();
        let id = |i: usize| world.fleet.instances[i].id.clone();
        let (writer, reader, name) = (id(cluster.writer), id(cluster.members[1]), cluster.spec.name.clone());
        let refusals = [
            world.fail_over_instance("no-such"),
            world.fail_over_instance(&writer),
            world.fail_over_cluster("no-such", &reader),
            world.fail_over_cluster(&name, &writer),
            world.fail_over_cluster(&name, "no-such"),
        ];
        let told = ["DBInstanceNotFound", "InvalidParameterCombination", "DBClusterNotFoundFault"];
        let own = ["InvalidDBInstanceState"; 2];
        assert_eq!(codes(refusals), [&told[..], &own[..]].concat());
        assert_eq!(world.fail_over_cluster(&name, &reader), Ok(()));
        assert_eq!(codes([world.fail_over_cluster(&name, &reader)]), ["InvalidDBClusterStateFault"]);
        assert_eq!(world.mutations().len(), 1);
    }
}
