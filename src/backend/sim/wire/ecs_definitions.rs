//! Task definitions in the members and types of the API: what containers are handed of secrets, beside the environment that people
//! write secrets into.

use serde_json::{Value, json};

use super::CANARY;
use super::object::Object;
use crate::model::secret::{Handed, TaskDefinition};

/// A task definition.
pub fn definition(definition: &TaskDefinition) -> Value {
    let name = definition.arn.rsplit_once('/').map_or(definition.arn.as_str(), |(_, name)| name);
    let (family, revision) = name.rsplit_once(':').unwrap_or((name, ""));
    let mut containers: Vec<&str> = definition.secrets.iter().map(|handed| handed.container.as_str()).collect();
    containers.dedup();
    // There is no task definition without a container.
    if containers.is_empty() {
        containers.push("main");
    }
    Object::default()
        .put("taskDefinitionArn", &definition.arn)
        .put("family", family)
        .maybe("revision", revision.parse::<u32>().ok().as_ref())
        .put("status", "ACTIVE")
        .list("containerDefinitions", containers, |name| container(name, &definition.secrets))
        .done()
}

/// A container and what it is handed among `all`.
fn container(name: &str, all: &[Handed]) -> Value {
    let own = || all.iter().filter(|handed| handed.container == *name);
    let log = |handed: &Handed| Some(secret(handed.name.strip_prefix("logConfiguration/")?, &handed.from));
    let log: Vec<Value> = own().filter_map(log).collect();
    let registry = own().find(|handed| handed.name == "repositoryCredentials");
    let plain = own().filter(|handed| !handed.name.contains('/') && handed.name != "repositoryCredentials");
    let log = Some(json!({ "logDriver": "splunk", "options": { "splunk-source": CANARY }, "secretOptions": log }));
    Object::default()
        .put("name", name)
        .put("image", "registry.example/image:1")
        .put("environment", &json!([{ "name": "DB_PASSWORD", "value": CANARY }]))
        .put("command", &json!([format!("--password={CANARY}")]))
        .list("secrets", plain, |handed| secret(&handed.name, &handed.from))
        .maybe("repositoryCredentials", registry.map(|h| json!({ "credentialsParameter": h.from.as_str() })).as_ref())
        .maybe("logConfiguration", log.as_ref())
        .done()
}

fn secret(name: &str, from: &str) -> Value {
    json!({ "name": name, "valueFrom": from })
}
