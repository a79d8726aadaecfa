//! What findings concern: the tasks, container instances and databases of this stack that they can be joined to.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{Finding, FindingFacts};
use crate::model::ecs::{EcsFacts, Instance, StoppedFacts, Task, tail};
use crate::model::facts::{Derived, Facts};
use crate::model::identity::Identity;
use crate::model::problem::Subject;
use crate::model::rds::RdsFacts;
use crate::text::Text;

/// The joins between findings and what else is known of one stack. Rules and views take it by `facts.derived::<Related>()`.
#[derive(Debug, Default)]
pub struct Related {
    by_finding: HashMap<Text, Resources>,
    by_subject: BTreeMap<Subject, Vec<Text>>,
}

/// What one finding is related to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// The tasks, container instances and databases it names, and the instance a task runs on: their rows show it.
    pub named: Vec<Subject>,
    /// What these belong to: the service of a task.
    pub beside: Vec<Subject>,
}

impl Related {
    /// What the finding with this key is related to.
    #[must_use]
    pub fn of(&self, key: &str) -> Option<&Resources> {
        self.by_finding.get(key)
    }

    /// Everything that findings name, and the keys of those.
    pub fn subjects(&self) -> impl Iterator<Item = (&Subject, &[Text])> {
        self.by_subject.iter().map(|(subject, keys)| (subject, keys.as_slice()))
    }
}

impl Derived for Related {
    fn derive(facts: &Facts) -> Self {
        let mut related = Self::default();
        let Some(found) = facts.get::<FindingFacts>() else { return related };
        let known = Known::of(facts, &found.findings);
        for finding in &found.findings {
            let resources = known.resources(finding);
            for subject in &resources.named {
                related.by_subject.entry(subject.clone()).or_default().push(finding.key().clone());
            }
            related.by_finding.insert(finding.key().clone(), resources);
        }
        related
    }
}

/// What findings name of what is known.
struct Known<'a> {
    facts: &'a Facts,
    tasks: HashMap<&'a str, &'a Arc<Task>>,
    instances: HashMap<&'a str, Vec<&'a Arc<Instance>>>,
    by_arn: HashMap<&'a str, &'a Arc<Instance>>,
}

impl<'a> Known<'a> {
    fn of(facts: &'a Facts, findings: &[Finding]) -> Self {
        let wanted: HashSet<&str> = findings.iter().filter_map(|f| f.resource.task.as_deref()).collect();
        let running = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.tasks);
        let stopped = facts.get::<StoppedFacts>().map_or(&[][..], |stopped| &stopped.tasks);
        let tasks = running.iter().chain(stopped).map(|seen| &seen.item).filter(|t| wanted.contains(t.arn.as_str()));
        let mut known = Self {
            facts,
            tasks: tasks.map(|task| (task.arn.as_str(), task)).collect(),
            instances: HashMap::new(),
            by_arn: HashMap::new(),
        };
        for seen in facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.instances) {
            known.by_arn.insert(&seen.item.arn, &seen.item);
            if let Some(id) = &seen.item.ec2_id {
                known.instances.entry(id).or_default().push(&seen.item);
            }
        }
        known
    }

    fn resources(&self, finding: &Finding) -> Resources {
        let concerned = &finding.resource;
        let mut resources = Resources::default();
        if let Some(task) = concerned.task.as_deref().and_then(|arn| self.tasks.get(arn)) {
            resources.named.push(Subject { kind: "task", name: task.label(), id: task.arn.clone() });
            resources.beside.extend(self.service(task));
            let host = task.instance_arn.as_deref().and_then(|arn| self.by_arn.get(arn));
            // What took over a task may have reached its host, and what happened is written there.
            resources.named.extend(host.map(|host| instance(host)));
        }
        let hosts = concerned.instance.as_deref().and_then(|id| self.instances.get(id));
        resources.named.extend(hosts.into_iter().flatten().map(|host| instance(host)));
        resources.named.extend(concerned.database.as_deref().and_then(|id| self.database(finding, id)));
        resources.named.sort();
        resources.named.dedup();
        resources
    }

    fn service(&self, task: &Task) -> Option<Subject> {
        let name = task.service()?;
        let ecs = self.facts.get::<EcsFacts>()?;
        let mut services = ecs.services.iter().map(|seen| &seen.item);
        let service = services.find(|s| s.cluster_arn == task.cluster_arn && s.name == *name)?;
        Some(Subject { kind: "service", name: service.label(), id: service.arn.clone() })
    }

    /// The database of this identifier, which is one's own only in one's own account and region.
    fn database(&self, finding: &Finding, id: &str) -> Option<Subject> {
        if let Some(own) = self.facts.get::<Identity>() {
            let is_foreign = |theirs: &Option<Text>, ours: Option<&Text>| matches!((theirs, ours), (Some(theirs), Some(ours)) if theirs != ours);
            if is_foreign(&finding.account, Some(&own.account)) || is_foreign(&finding.region, own.region.as_ref()) {
                return None;
            }
        }
        let rds = self.facts.get::<RdsFacts>()?;
        let instance = rds.instances.iter().find(|i| i.id == *id).map(|i| (&i.id, &i.arn));
        let found = instance.or_else(|| rds.clusters.iter().find(|c| c.id == *id).map(|c| (&c.id, &c.arn)));
        found.map(|(name, arn)| Subject { kind: "database", name: name.clone(), id: arn.clone() })
    }
}

fn instance(instance: &Instance) -> Subject {
    Subject { kind: "instance", name: instance.label(), id: instance.arn.clone() }
}

impl super::Concerned {
    /// The kind and the name of what it is about, as narrow as the answer tells: `task 060c1a87`, `instance i-0abc`.
    #[must_use]
    pub fn narrowest(&self) -> Option<(&'static str, Text)> {
        let short = |arn: &Text| Text::from(tail(arn).chars().take(8).collect::<String>());
        let told = |field: &Option<Text>| field.clone().filter(|text| !text.is_empty());
        None.or_else(|| told(&self.task).map(|arn| ("task", short(&arn))))
            .or_else(|| told(&self.instance).map(|id| ("instance", id)))
            .or_else(|| told(&self.database).map(|id| ("database", id)))
            .or_else(|| told(&self.cluster).map(|arn| ("cluster", tail(&arn))))
            .or_else(|| told(&self.other).map(|name| ("", name)))
    }

    /// The same in words.
    #[must_use]
    pub fn words(&self) -> Option<Text> {
        let (kind, name) = self.narrowest()?;
        let words = format!("{kind} {name}");
        Some(Text::from(words.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecs::{Seen, Service};
    use crate::model::finding::Concerned;
    use crate::model::rds::DbInstance;
    use crate::time::Timestamp;

    const AT: Timestamp = Timestamp::from_secs(1_773_457_200);

    #[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
    fn text(s: &str) -> Option<Text> {
        Some(Text::from(s))
    }

    fn seen<T>(item: T) -> Seen<T> {
        Seen { at: AT, item: Arc::new(item) }
    }

    fn facts(findings: &[Concerned]) -> Facts {
        let cluster_arn = Text::from("arn:cluster/ehr");
        let task = Task {
            arn: Text::from("arn:task/ehr/060c1a87ffff"),
            cluster_arn: cluster_arn.clone(),
            group: text("service:web"),
            instance_arn: text("arn:ci/1"),
            ..Task::default()
        };
        let service =
            Service { arn: Text::from("arn:web"), name: Text::from("web"), cluster_arn, ..Service::default() };
        let host = Instance { arn: Text::from("arn:ci/1"), ec2_id: text("i-1"), ..Instance::default() };
        let ecs = EcsFacts {
            services: vec![seen(service)],
            instances: vec![seen(host)],
            tasks: vec![seen(task)],
            ..EcsFacts::default()
        };
        let database = DbInstance { id: Text::from("db"), arn: Text::from("arn:db"), ..DbInstance::default() };
        let finding = |(n, resource): (usize, &Concerned)| Finding {
            id: Text::from(format!("f{n}")),
            account: text("1"),
            resource: resource.clone(),
            ..Finding::default()
        };
        let findings = findings.iter().enumerate().map(finding).collect();
        let mut facts = Facts::default();
        facts.put(AT, Arc::new(ecs));
        facts.put(AT, Arc::new(RdsFacts { instances: vec![database], ..RdsFacts::default() }));
        facts.put(AT, Arc::new(FindingFacts { findings, ..FindingFacts::default() }));
        facts
    }

    fn told(facts: &Facts, key: &str) -> (Vec<String>, Vec<String>) {
        let related = facts.derived::<Related>();
        let words = |subjects: &[Subject]| subjects.iter().map(|s| format!("{} {}", s.kind, s.id)).collect();
        let of = related.of(key).unwrap();
        (words(&of.named), words(&of.beside))
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_finding_is_joined_to_what_it_names_and_to_what_that_belongs_to() {
        let task = Concerned { task: text("arn:task/ehr/060c1a87ffff"), ..Concerned::default() };
        let both = Concerned { instance: text("i-1"), ..task.clone() };
        let gone = Concerned { instance: text("i-2"), task: text("arn:task/ehr/gone"), ..Concerned::default() };
        let database = Concerned { database: text("db"), ..Concerned::default() };
        let facts = facts(&[task, both, gone, database]);
        let task = "task arn:task/ehr/060c1a87ffff";
        assert_eq!(told(&facts, "f0"), (strings(&["instance arn:ci/1", task]), strings(&["service arn:web"])));
        assert_eq!(told(&facts, "f1"), (strings(&["instance arn:ci/1", task]), strings(&["service arn:web"])));
        assert_eq!(told(&facts, "f2"), (vec![], vec![]));
        assert_eq!(told(&facts, "f3"), (strings(&["database arn:db"]), vec![]));
        let related = facts.derived::<Related>();
        let counts: Vec<(&str, usize)> = related.subjects().map(|(subject, keys)| (subject.kind, keys.len())).collect();
        assert_eq!(counts, [("database", 1), ("instance", 2), ("task", 2)]);
    }

    #[test]
    fn a_database_of_the_same_name_in_another_account_is_another_one() {
        let mut facts = facts(&[Concerned { database: text("db"), ..Concerned::default() }]);
        let identity = |account: &str| Identity {
            account: Text::from(account),
            arn: Text::default(),
            user_id: Text::default(),
            region: text("us-east-1"),
            expires_at: None,
            endpoint: None,
            skew_ms: None,
        };
        for (account, named) in [("1", 1), ("2", 0)] {
            facts.put(AT, Arc::new(identity(account)));
            assert_eq!(told(&facts, "f0").0.len(), named, "{account}");
        }
    }

    #[test]
    fn what_it_is_about_is_told_as_narrowly_as_it_is_known() {
        let all = Concerned {
            task: text("arn:task/ehr/060c1a87ffff"),
            instance: text("i-1"),
            cluster: text("arn:cluster/ehr"),
            other: text("bucket"),
            ..Concerned::default()
        };
        let without_task = Concerned { task: None, ..all.clone() };
        let cluster = Concerned { instance: None, ..without_task.clone() };
        let other = Concerned { cluster: None, ..cluster.clone() };
        for (concerned, words) in [
            (all, Some("task 060c1a87")),
            (without_task, Some("instance i-1")),
            (cluster, Some("cluster ehr")),
            (other, Some("bucket")),
            (Concerned::default(), None),
        ] {
            assert_eq!(concerned.words().as_deref(), words);
        }
    }
}
