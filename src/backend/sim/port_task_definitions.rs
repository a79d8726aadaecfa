//! Task definitions of a simulated world, as far as secrets go.

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::entities::Definition;
use super::world::World;
use crate::backend::ports::TaskDefinitions;
use crate::model::Fault;
use crate::model::secret::{Handed, TaskDefinition};
use crate::text::Text;

#[async_trait]
impl TaskDefinitions for Sim {
    async fn task_definition(&self, arn: &str) -> Result<TaskDefinition, Fault> {
        let action = "ecs:DescribeTaskDefinition";
        self.call(action, |world| {
            let missing = || refused(action, "ClientException", "Unable to describe task definition.");
            world.definition_named(arn).map(|definition| world.definition_facts(definition)).ok_or_else(missing)
        })
        .await
    }
}

impl World {
    /// The definition with this ARN, or with this family and revision.
    fn definition_named(&self, name: &str) -> Option<&Definition> {
        let of_services =
            self.services.iter().flat_map(|s| s.deployments.iter().map(|d| &d.definition).chain([&s.stable]));
        let of_tasks = self.tasks.values().map(|t| &t.definition);
        let named = |d: &&std::sync::Arc<Definition>| d.arn == name || d.arn.rsplit('/').next() == Some(name);
        of_services.chain(of_tasks).find(named).map(|d| &**d)
    }

    fn definition_facts(&self, definition: &Definition) -> TaskDefinition {
        let container = definition.containers.first().map_or("", |(name, _)| name);
        let handed = definition.secrets.iter().map(|(name, secret)| Handed {
            container: Text::from(container),
            name: Text::from(name),
            from: Text::from(self.value_from(secret)),
        });
        TaskDefinition { arn: Text::from(&definition.arn), secrets: handed.collect() }
    }

    /// `prod/db/app:password` as a task definition writes it: ARN, key, and the places of stage and version. What begins with
    /// `/` is of Parameter Store.
    fn value_from(&self, secret: &str) -> String {
        if secret.starts_with('/') {
            return format!("arn:aws:ssm:{}:{}:parameter{secret}", self.home.region, self.home.account);
        }
        match secret.split_once(':') {
            Some((name, key)) => format!("{}:{key}::", self.home.secret(name)),
            None => self.home.secret(secret),
        }
    }
}
