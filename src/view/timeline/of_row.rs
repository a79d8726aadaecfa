//! The part of the timeline that concerns one row: what happened to it, and to what it stands on or belongs to.

use super::{KIND, SUBJECT};
use crate::feed::feed;
use crate::model::audit::AuditFacts;
use crate::model::ecs::{EcsFacts, EcsIndex, Provider, StoppedFacts, Task};
use crate::model::finding::Related;
use crate::model::rds::RdsFacts;
use crate::model::scaling::{GroupFacts, Policy, ScalingFacts};
use crate::table::{Cell, Row};
use crate::text::Text;
use crate::timeline::{SOURCES, name, zone};
use crate::view::domain::DOMAINS;
use crate::view::{StackScene, View};

/// The filter that keeps the timeline to what concerns a row of a view; `None` where nothing can.
#[must_use]
pub fn of_row(scene: &StackScene<'_>, view: &View, row: &Row) -> Option<String> {
    if let Some(domain) = row.id.strip_prefix("domain:") {
        return of_domain(domain);
    }
    let (kind, id) = subject(scene, view, row);
    if matches!(kind.as_str(), "" | "feed" | "stack") || id.is_empty() {
        return None;
    }
    let mut names = vec![name(&kind, &id)];
    for beside in beside(scene, &kind, &id) {
        if !names.contains(&beside) {
            names.push(beside);
        }
    }
    let names: Vec<&str> = names.iter().map(Text::as_str).collect();
    let names = names.join("|");
    Some(if names.contains(char::is_whitespace) { format!("about=\"{names}\"") } else { format!("about={names}") })
}

/// What a row is about: kind and id.
fn subject(scene: &StackScene<'_>, view: &View, row: &Row) -> (String, String) {
    let text = |index: usize| row.cells.get(index).map(Cell::searchable).unwrap_or_default();
    if view.kind == KIND {
        return (text(SUBJECT[0]), text(SUBJECT[2]));
    }
    // What a row of one kind tells may be of something it stands on.
    if let Some(problem) = row.problems.first().filter(|_| view.kind.is_empty()) {
        return (problem.check.subject.kind.to_owned(), problem.check.subject.id.to_string());
    }
    if let Some(provider) = row.id.strip_prefix("provider:") {
        return ("provider".to_owned(), provider.to_owned());
    }
    let groups = || scene.facts.get::<GroupFacts>().map_or(&[][..], |known| &known.groups);
    let kind = match view.kind {
        "member" if !row.id.contains('/') => "replica-set",
        "scaling-target" if groups().iter().any(|g| g.name == row.id || g.arn.as_ref() == Some(&row.id)) => "group",
        kind => kind,
    };
    (kind.to_owned(), row.id.to_string())
}

/// The sources that tell of a domain.
fn of_domain(domain: &str) -> Option<String> {
    let domain = DOMAINS.iter().find(|known| known.id == domain)?;
    let is_of = |id: &str| feed(id).is_some_and(|spec| spec.domain == domain.id);
    let sources: Vec<&str> = SOURCES.iter().filter(|source| is_of(source.feed)).map(|source| source.id).collect();
    (!sources.is_empty()).then(|| format!("source={}", sources.join("|")))
}

/// What a thing stands on or belongs to, and whose events are its own. What belongs to the thing names it by itself.
fn beside(scene: &StackScene<'_>, kind: &str, id: &str) -> Vec<Text> {
    match kind {
        "task" => of_task(scene, id),
        "instance" => of_instance(scene, id),
        "scaling-target" => of_target(scene, id),
        "finding" => of_finding(scene, id),
        "alarm" => driven(scene, id),
        "member" => id.split_once('/').map(|(set, _)| name("replica-set", set)).into_iter().collect(),
        "database" => of_database(scene, id),
        "provider" => {
            let providers = scene.facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.providers);
            let is = |p: &Provider| p.name == *id || p.arn.as_deref() == Some(id);
            let provider = providers.iter().map(|seen| seen.item.as_ref()).find(|p| is(p));
            provider.and_then(Provider::group_name).map(|group| name("group", &group)).into_iter().collect()
        }
        "action" => {
            let acted = scene.facts.get::<AuditFacts>().into_iter().flat_map(|audit| &audit.acted);
            let target = acted.filter(|acted| acted.id == *id && acted.arn.contains(":service/"));
            target.map(|acted| name("service", &acted.arn)).collect()
        }
        _ => Vec::new(),
    }
}

/// Its host, and its service.
fn of_task(scene: &StackScene<'_>, id: &str) -> Vec<Text> {
    let running = scene.facts.get::<EcsFacts>().into_iter().flat_map(|ecs| &ecs.tasks);
    let stopped = scene.facts.get::<StoppedFacts>().into_iter().flat_map(|stopped| &stopped.tasks);
    let task: Option<&Task> = running.chain(stopped).map(|seen| seen.item.as_ref()).find(|task| task.arn == *id);
    let Some(task) = task else { return Vec::new() };
    let host = task.instance_arn.as_ref().map(|arn| name("instance", arn));
    let service = task.service().map(|service| name("service", &format!("{}/{service}", task.cluster())));
    host.into_iter().chain(service).collect()
}

/// The group it is of, and what befell its zone.
fn of_instance(scene: &StackScene<'_>, id: &str) -> Vec<Text> {
    let instances = scene.facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.instances);
    let Some(instance) = instances.iter().map(|seen| seen.item.as_ref()).find(|i| i.arn == *id) else {
        return Vec::new();
    };
    let groups = scene.facts.get::<GroupFacts>().map_or(&[][..], |known| &known.groups);
    let is_in = |group: &&crate::model::scaling::Group| {
        instance.ec2_id.is_some() && group.instances.iter().any(|i| Some(&i.id) == instance.ec2_id.as_ref())
    };
    let index = scene.facts.derived::<EcsIndex>();
    let by_provider = || index.provider(instance.provider.as_deref()?)?.group_name();
    let group = groups.iter().find(is_in).map(|group| group.name.clone()).or_else(by_provider);
    let group = group.map(|group| name("group", &group));
    group
        .into_iter()
        .chain(instance.az.as_deref().map(|az| {
            let (kind, id) = zone(az);
            name(kind, &id)
        }))
        .collect()
}

fn policies<'a>(scene: &'a StackScene<'_>) -> &'a [Policy] {
    scene.facts.get::<ScalingFacts>().map_or(&[], |scaling| &scaling.policies)
}

/// Its service, and the alarms that drive it.
fn of_target(scene: &StackScene<'_>, id: &str) -> Vec<Text> {
    let service = id.strip_prefix("service/").map(|label| name("service", label));
    let own = policies(scene).iter().filter(|policy| policy.resource == *id);
    let alarms = own.flat_map(|policy| &policy.alarms).map(|alarm| name("alarm", alarm));
    service.into_iter().chain(alarms).collect()
}

/// What an alarm drives.
fn driven(scene: &StackScene<'_>, id: &str) -> Vec<Text> {
    let own = name("alarm", id);
    let drives = |policy: &&Policy| policy.alarms.iter().any(|alarm| name("alarm", alarm) == own);
    policies(scene).iter().filter(drives).map(|policy| name("scaling-target", &policy.resource)).collect()
}

/// What it names, and what that belongs to.
fn of_finding(scene: &StackScene<'_>, id: &str) -> Vec<Text> {
    let related = scene.facts.derived::<Related>();
    let Some(resources) = related.of(id) else { return Vec::new() };
    resources.named.iter().chain(&resources.beside).map(|subject| name(subject.kind, &subject.id)).collect()
}

fn of_database(scene: &StackScene<'_>, id: &str) -> Vec<Text> {
    let rds = scene.facts.get::<RdsFacts>();
    let cluster = rds.and_then(|rds| {
        let own = rds.instances.iter().find(|instance| instance.arn == *id)?.cluster.as_ref()?;
        rds.cluster(own)
    });
    cluster.map(|cluster| name("database", &cluster.arn)).into_iter().collect()
}
