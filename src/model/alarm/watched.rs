//! What a metric alarm watches among what is known: by the dimensions of its metric.

use super::Alarm;
use crate::model::ecs::{EcsFacts, tail};
use crate::model::facts::Facts;
use crate::model::problem::Subject;
use crate::model::rds::RdsFacts;
use crate::model::scaling::GroupFacts;
use crate::text::Text;

impl Alarm {
    /// The services, databases, proxies, groups, instances and clusters that its dimensions name, as far as these are known.
    #[must_use]
    pub fn watched(&self, facts: &Facts) -> Vec<Subject> {
        let Some(metric) = self.metric() else { return Vec::new() };
        let value = |wanted: &str| metric.dimensions.iter().find(|(key, _)| *key == *wanted).map(|(_, value)| value);
        let cluster = value("ClusterName");
        let service = value("ServiceName").and_then(|name| service(facts, cluster, name));
        let others = metric.dimensions.iter().filter_map(|(key, name)| match key.as_str() {
            "DBInstanceIdentifier" | "DBClusterIdentifier" | "ProxyName" => database(facts, key, name),
            "AutoScalingGroupName" => group(facts, name),
            "InstanceId" => instance(facts, name),
            _ => None,
        });
        service.into_iter().chain(others).collect()
    }
}

fn service(facts: &Facts, cluster: Option<&Text>, name: &Text) -> Option<Subject> {
    let mut services = facts.get::<EcsFacts>()?.services.iter().map(|seen| &seen.item);
    let is_it = |arn: &Text| cluster.is_none_or(|cluster| tail(arn) == *cluster);
    let found = services.find(|service| service.name == *name && is_it(&service.cluster_arn))?;
    Some(Subject { kind: "service", name: found.label(), id: found.arn.clone() })
}

fn database(facts: &Facts, key: &str, name: &Text) -> Option<Subject> {
    let rds = facts.get::<RdsFacts>()?;
    let arn = match key {
        "DBInstanceIdentifier" => rds.instances.iter().find(|instance| instance.id == *name).map(|i| &i.arn),
        "DBClusterIdentifier" => rds.clusters.iter().find(|cluster| cluster.id == *name).map(|c| &c.arn),
        _ => rds.proxies.iter().find(|proxy| proxy.name == *name).map(|p| &p.arn),
    };
    arn.map(|arn| Subject { kind: "database", name: name.clone(), id: arn.clone() })
}

fn group(facts: &Facts, name: &Text) -> Option<Subject> {
    let found = facts.get::<GroupFacts>()?.group(name)?;
    let id = found.arn.clone().unwrap_or_else(|| found.name.clone());
    Some(Subject { kind: "group", name: name.clone(), id })
}

fn instance(facts: &Facts, id: &Text) -> Option<Subject> {
    let mut instances = facts.get::<EcsFacts>()?.instances.iter().map(|seen| &seen.item);
    let found = instances.find(|instance| instance.ec2_id.as_ref() == Some(id))?;
    Some(Subject { kind: "instance", name: found.label(), id: found.arn.clone() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::alarm::{MetricAlarm, Watches};
    use crate::model::ecs::{Seen, Service};
    use crate::model::rds::Proxy;
    use crate::model::scaling::Group;
    use crate::time::Timestamp;

    #[test]
    fn dimensions_name_what_is_watched_and_what_is_not_known_is_left_out() {
        let at = Timestamp::default();
        let service = |cluster: &str| Service {
            arn: Text::from(format!("arn:{cluster}/api")),
            name: Text::from("api"),
            cluster_arn: Text::from(format!("arn:cluster/{cluster}")),
            ..Service::default()
        };
        let services = ["other", "ehr"].map(|cluster| Seen { at, item: Arc::new(service(cluster)) }).to_vec();
        let proxy = Proxy { name: Text::from("app"), arn: Text::from("arn:app"), ..Proxy::default() };
        let group = Group { name: Text::from("asg"), ..Group::default() };
        let mut facts = Facts::default();
        facts.put(at, Arc::new(EcsFacts { services, ..EcsFacts::default() }));
        facts.put(at, Arc::new(RdsFacts { proxies: vec![proxy], ..RdsFacts::default() }));
        facts.put(at, Arc::new(GroupFacts { groups: vec![group], missing: Vec::new() }));
        let told = |dimensions: &[(&str, &str)]| {
            let dimensions = dimensions.iter().map(|(key, value)| (Text::from(*key), Text::from(*value))).collect();
            let watches = Watches::Metric(MetricAlarm { dimensions, ..MetricAlarm::default() });
            let alarm = Alarm { watches, ..Alarm::default() };
            alarm.watched(&facts).iter().map(|s| format!("{} {}", s.kind, s.id)).collect::<Vec<_>>()
        };
        assert_eq!(told(&[("ClusterName", "ehr"), ("ServiceName", "api")]), ["service arn:ehr/api"]);
        assert_eq!(told(&[("ProxyName", "app")]), ["database arn:app"]);
        assert_eq!(told(&[("AutoScalingGroupName", "asg")]), ["group asg"]);
        assert_eq!(told(&[("ProxyName", "gone"), ("InstanceId", "i-1"), ("QueueName", "q")]), [""; 0]);
    }
}
