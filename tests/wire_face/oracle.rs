//! botocore judges the loopback by AWS's own models.

use rounds::model::rds::Target;
use rounds::text::Text;
use tokio::task::spawn_blocking;

use crate::autoscaled::autoscaled;
use crate::databases::databases;
use crate::guarded::guarded;
use crate::python::testbed;
use crate::{quiet, world};

/// Whether a script is content, and what it says; `None`, said on standard error, where there is no Python.
async fn run(script: &'static str, url: String, more: Vec<String>) -> Option<(bool, String)> {
    let testbed = testbed()?;
    let output =
        spawn_blocking(move || testbed.script(script).args([&url, world::REGION]).args(more).output().unwrap());
    let output = output.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Some((output.status.success(), text))
}

#[tokio::test]
async fn botocore_finds_nothing_against_its_models() {
    let server = quiet().await;
    let guarded = guarded();
    let definitions = guarded.definitions.iter().map(|definition| definition.arn.to_string());
    let Some((good, text)) = run("oracle.py", server.endpoint_url(), definitions.collect()).await else { return };
    assert!(good, "{text}");
    let last = text.lines().last().unwrap_or_default();
    let summary: serde_json::Value = serde_json::from_str(last).unwrap_or_default();
    assert_eq!(summary["findings"], 0, "{text}");
    assert!(summary["answers"].as_u64().is_some_and(|answers| answers > 60), "{text}");
    assert!(server.counters().total() > 60);
}

#[tokio::test]
async fn boto3_lists_exactly_the_world() {
    let (server, world) = (quiet().await, world::world());
    let Some((good, text)) = run("list_all.py", server.endpoint_url(), Vec::new()).await else { return };
    assert!(good, "{text}");
    let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expect = |member: &str, mut names: Vec<String>| {
        names.sort();
        assert_eq!(listed[member], serde_json::Value::from(names), "{member}");
    };
    expect("clusters", world.clusters.iter().map(|c| c.arn.to_string()).collect());
    expect("services", world.services.iter().map(|s| s.arn.to_string()).collect());
    expect("tasks", world.tasks.iter().map(|t| t.arn.to_string()).collect());
    expect("stopped", world.stopped.iter().map(|t| t.arn.to_string()).collect());
    expect("instances", world.instances.iter().map(|i| i.arn.to_string()).collect());
    expect("providers", world.providers.iter().map(|p| p.name.to_string()).collect());
    expect("groups", world.groups.iter().map(|g| g.name.to_string()).collect());
    let scaled = autoscaled();
    expect("group_activities", scaled.group_activities.iter().map(|a| a.id.to_string()).collect());
    expect("scaling_targets", scaled.targets.iter().map(|t| t.resource.to_string()).collect());
    expect("scaling_policies", scaled.policies.iter().map(|p| p.name.to_string()).collect());
    expect("scaling_activities", scaled.activities.iter().map(|a| a.id.to_string()).collect());
    expect("alarms", scaled.alarms.iter().map(|a| a.name.to_string()).collect());
    expect("alarm_changes", scaled.transitions.iter().map(|t| t.alarm.to_string()).collect());
    let guarded = guarded();
    expect("detectors", guarded.detectors.iter().map(|d| d.id.to_string()).collect());
    expect("findings", guarded.findings.iter().map(|f| f.id.to_string()).collect());
    expect("secrets", guarded.secrets.iter().map(|s| s.name.to_string()).collect());
    expect("secret_versions", guarded.versions.iter().map(|v| v.id.to_string()).collect());
    let databases = databases();
    expect("db_instances", databases.instances.iter().map(|i| i.id.to_string()).collect());
    expect("db_clusters", databases.clusters.iter().map(|c| c.id.to_string()).collect());
    expect("db_events", databases.events.iter().map(|e| e.message.to_string()).collect());
    expect("db_maintenance", databases.maintenance.iter().map(|m| format!("{} {}", m.arn, m.action)).collect());
    expect("db_proxies", databases.proxies.iter().map(|p| p.name.to_string()).collect());
    let target = |(proxy, target): &(Text, Target)| format!("{proxy} {}", target.id.as_deref().unwrap_or("None"));
    expect("db_targets", databases.targets.iter().map(target).collect());
    assert_eq!(listed["account"], world::ACCOUNT);
}
