//! Checks that the parts of a scenario agree: everything named exists.

use crate::error::{Error, nearest};

use super::act::{Act, GroupChange, Which};
use super::guard::ResourceSpec;
use super::rds;
use super::scenario::Scenario;

/// Whether everything the scenario refers to is there.
pub(super) fn validate(scenario: &Scenario) -> Result<(), Error> {
    let clusters: Vec<&str> = scenario.clusters.iter().map(|c| c.name.as_str()).collect();
    let groups: Vec<&str> = scenario.groups.iter().map(|g| g.name.as_str()).collect();
    let providers: Vec<&str> = scenario.providers.iter().map(|p| p.name.as_str()).collect();
    for (what, names) in [("cluster", &clusters), ("group", &groups), ("provider", &providers)] {
        unique(what, names)?;
    }
    for cluster in &scenario.clusters {
        for provider in &cluster.providers {
            known(&format!("provider of cluster {}", cluster.name), provider, &providers)?;
        }
    }
    for provider in &scenario.providers {
        known(&format!("group of provider {}", provider.name), &provider.group, &groups)?;
    }
    for group in &scenario.groups {
        if group.zones.is_empty() || group.minimum > group.maximum {
            return Err(Error::usage(format!(
                "group {}: needs zones, and a minimum not above its maximum",
                group.name
            )));
        }
    }
    for of in &scenario.instances {
        known("cluster of instances", &of.cluster, &clusters)?;
        if let Some(group) = &of.group {
            known("group of instances", group, &groups)?;
        }
    }
    validate_services(scenario, &clusters, &providers)?;
    unique("replica set", &scenario.sets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>())?;
    super::mongo::validate(&scenario.sets)?;
    let (databases, db_clusters, proxies) = (&scenario.databases, &scenario.db_clusters, &scenario.proxies);
    rds::validate(&rds::names(databases, db_clusters, proxies), databases, db_clusters, proxies)?;
    validate_watchers(scenario)?;
    validate_script(scenario)
}

/// Scaling, alarms, findings, secrets: each by itself, and what they name.
fn validate_watchers(scenario: &Scenario) -> Result<(), Error> {
    super::scaling::validate(&scenario.targets)?;
    super::alarms::validate(&scenario.alarms)?;
    super::guard::validate(scenario.detector.as_ref(), &scenario.findings)?;
    super::vault::validate(&scenario.secrets)?;
    let services: Vec<&str> = scenario.services.iter().map(|s| s.name.as_str()).collect();
    let rds = rds::names(&scenario.databases, &scenario.db_clusters, &scenario.proxies);
    let alarms: Vec<&str> = scenario.alarms.iter().map(|a| a.name.as_str()).collect();
    unique("alarm", &alarms)?;
    unique("finding", &scenario.findings.iter().map(|f| f.name.as_str()).collect::<Vec<_>>())?;
    unique("secret", &scenario.secrets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>())?;
    for target in &scenario.targets {
        known("service of a target", &target.service, &services)?;
        for step in &target.steps {
            known(&format!("alarm of policy {}", step.name), &step.alarm, &alarms)?;
        }
    }
    for alarm in &scenario.alarms {
        let named = [(&alarm.service, &services), (&alarm.database, &rds.instances), (&alarm.proxy, &rds.proxies)];
        for (name, names) in named {
            if let Some(name) = name {
                known(&format!("what alarm {} watches", alarm.name), name, names)?;
            }
        }
        for child in &alarm.any {
            known(&format!("any of alarm {}", alarm.name), child, &alarms)?;
        }
    }
    for finding in &scenario.findings {
        match &finding.resource {
            ResourceSpec::TaskOf(service) => {
                known(&format!("service of finding {}", finding.name), service, &services)?;
            }
            ResourceSpec::Database(name) => {
                known(&format!("database of finding {}", finding.name), name, &rds.instances)?;
            }
            ResourceSpec::Instance(name) => instance_known(scenario, name)?,
            ResourceSpec::Other { .. } => {}
        }
    }
    for secret in &scenario.secrets {
        if let Some(database) = &secret.database {
            known(&format!("database of secret {}", secret.name), database, &rds.instances)?;
        }
    }
    secrets_known(scenario)
}

/// The secrets that tasks are handed exist, or are of Parameter Store.
fn secrets_known(scenario: &Scenario) -> Result<(), Error> {
    let secrets: Vec<&str> = scenario.secrets.iter().map(|s| s.name.as_str()).collect();
    let of_services = scenario.services.iter().map(|s| (&s.name, &s.task));
    for (name, task) in of_services.chain(scenario.standalone.iter().map(|s| (&s.family, &s.task))) {
        for secret in task.secrets.values().filter(|secret| !secret.starts_with('/')) {
            let secret = secret.split_once(':').map_or(secret.as_str(), |(secret, _)| secret);
            known(&format!("secret of {name}"), secret, &secrets)?;
        }
    }
    Ok(())
}

fn validate_services(scenario: &Scenario, clusters: &[&str], providers: &[&str]) -> Result<(), Error> {
    for service in &scenario.services {
        known(&format!("cluster of service {}", service.name), &service.cluster, clusters)?;
        if let Some(provider) = &service.provider {
            known(&format!("provider of service {}", service.name), provider, providers)?;
        }
        if service.provider.is_some() && !service.fargate.is_empty() {
            return Err(Error::usage(format!("service {}: provider and fargate exclude each other", service.name)));
        }
        if service.task.cpu == 0 || service.task.memory == 0 {
            return Err(Error::usage(format!("service {}: task.cpu and task.memory cannot be 0", service.name)));
        }
    }
    for task in &scenario.standalone {
        known(&format!("cluster of standalone task {}", task.family), &task.cluster, clusters)?;
    }
    let names: Vec<String> = scenario.services.iter().map(|s| format!("{}/{}", s.cluster, s.name)).collect();
    unique("service", &names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn validate_script(scenario: &Scenario) -> Result<(), Error> {
    let services: Vec<&str> = scenario.services.iter().map(|s| s.name.as_str()).collect();
    let mut zones: Vec<&str> = scenario.instances.iter().map(|i| i.zone.as_str()).collect();
    zones.extend(scenario.services.iter().flat_map(|s| s.fargate.iter().map(String::as_str)));
    zones.extend(scenario.groups.iter().flat_map(|g| g.zones.iter().map(String::as_str)));
    let members = || scenario.sets.iter().flat_map(|s| &s.members);
    zones.extend(members().map(|m| m.zone.as_str()));
    let databases = rds::names(&scenario.databases, &scenario.db_clusters, &scenario.proxies);
    zones.extend(&databases.zones);
    let hosts: Vec<&str> = members().map(|m| m.host.as_str()).collect();
    let sets: Vec<&str> = scenario.sets.iter().map(|s| s.name.as_str()).collect();
    for step in &scenario.script {
        match &step.act {
            Act::LoseZone { zone } | Act::RestoreZone { zone } | Act::CutZone { zone, .. } => {
                known("zone in the script", zone, &zones)?;
            }
            Act::Member { host, .. } => known("member in the script", host, &hosts)?,
            Act::StepDown { set } => known("set in the script", set, &sets)?,
            Act::Database { name, .. } => known("database in the script", name, &databases.instances)?,
            Act::FailOverCluster { name } => known("db-cluster in the script", name, &databases.clusters)?,
            Act::Storm { proxy, .. } | Act::BreakSecret { proxy } => {
                known("proxy in the script", proxy, &databases.proxies)?;
            }
            Act::SetAlarm { alarm, .. } => known("alarm in the script", alarm, &named(&scenario.alarms, |a| &a.name))?,
            Act::Finding { name, .. } => known("finding in the script", name, &named(&scenario.findings, |f| &f.name))?,
            Act::Rotate { secret, .. } | Act::DeleteSecret { secret, .. } => {
                known("secret in the script", secret, &named(&scenario.secrets, |s| &s.name))?;
            }
            Act::Group { name, change } => {
                known("group in the script", name, &named(&scenario.groups, |g| &g.name))?;
                if let GroupChange::Resize { bounds: (least, most), desired } = change
                    && !(least..=most).contains(&desired)
                {
                    return Err(Error::usage(format!("group {name} in the script: desired is not within its bounds")));
                }
            }
            Act::Reclaim { instance } | Act::SetState { instance, .. } | Act::DisconnectAgent { instance, .. } => {
                instance_known(scenario, instance)?;
            }
            Act::SetDesired { which, .. }
            | Act::Deploy { which, .. }
            | Act::ForceDeployment { which }
            | Act::KillTask { which, .. }
            | Act::ProtectTask { which, .. }
            | Act::Load { which, .. }
            | Act::Event { which, .. } => service_known(scenario, which, &services)?,
        }
    }
    Ok(())
}

fn named<T>(things: &[T], name: impl Fn(&T) -> &String) -> Vec<&str> {
    things.iter().map(|thing| name(thing).as_str()).collect()
}

fn service_known(scenario: &Scenario, which: &Which, services: &[&str]) -> Result<(), Error> {
    known("service in the script", &which.service, services)?;
    let mut found = scenario.services.iter().filter(|s| s.name == which.service);
    match &which.cluster {
        Some(cluster) if found.any(|s| s.cluster == *cluster) => Ok(()),
        Some(cluster) => {
            Err(Error::usage(format!("service in the script: cluster \"{cluster}\" has no service {}", which.service)))
        }
        None if found.nth(1).is_some() => {
            Err(Error::usage(format!("service in the script: \"{}\" is in several clusters", which.service))
                .hint("say which with `cluster`"))
        }
        None => Ok(()),
    }
}

/// An instance is named by its EC2 id or by its place in a zone, `us-east-1b#2`.
fn instance_known(scenario: &Scenario, instance: &str) -> Result<(), Error> {
    let by_place = instance.split_once('#').and_then(|(zone, nth)| Some((zone, nth.parse::<u32>().ok()?)));
    let known = match by_place {
        Some((zone, nth)) => {
            let there: u32 = scenario.instances.iter().filter(|i| i.zone == zone).map(|i| i.count).sum();
            (1..=there).contains(&nth)
        }
        None => scenario.instances.iter().any(|i| i.ids.iter().any(|id| id == instance)),
    };
    if known {
        return Ok(());
    }
    Err(Error::usage(format!("instance in the script: unknown \"{instance}\""))
        .hint("write an id from `ids`, or the place in a zone such as us-east-1b#2"))
}

fn known(what: &str, name: &str, names: &[&str]) -> Result<(), Error> {
    if names.contains(&name) {
        return Ok(());
    }
    let error = Error::usage(format!("{what}: unknown \"{name}\""));
    Err(match nearest(name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean \"{near}\"?")),
        None => error,
    })
}

fn unique(what: &str, names: &[&str]) -> Result<(), Error> {
    let mut seen = std::collections::BTreeSet::new();
    match names.iter().find(|name| !seen.insert(**name)) {
        Some(twice) => Err(Error::usage(format!("{what} \"{twice}\" is there twice"))),
        None => Ok(()),
    }
}
