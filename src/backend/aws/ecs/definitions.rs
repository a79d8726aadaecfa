//! Task definitions: which secrets they hand to containers. Everything else of them, plain environment above all, is left in the
//! SDK's answer, which is dropped here.

use async_trait::async_trait;
use aws_sdk_ecs::types::{ContainerDefinition, LogConfiguration, RepositoryCredentials, Secret};

use super::AwsEcs;
use crate::backend::aws::values::{text, text_or_empty};
use crate::backend::ports::TaskDefinitions;
use crate::model::secret::{Handed, TaskDefinition};
use crate::model::{Fault, FaultKind};
use crate::text::Text;

const ACTION: &str = "ecs:DescribeTaskDefinition";

#[async_trait]
impl TaskDefinitions for AwsEcs {
    async fn task_definition(&self, arn: &str) -> Result<TaskDefinition, Fault> {
        let request = self.client.describe_task_definition().task_definition(arn);
        let answer = self.access.ask(ACTION, request.send()).await?;
        let Some(raw) = answer.task_definition() else {
            return Err(Fault::new(FaultKind::Malformed, ACTION, "the answer has no task definition"));
        };
        Ok(TaskDefinition {
            arn: text(raw.task_definition_arn()).unwrap_or_else(|| Text::new(arn)),
            secrets: raw.container_definitions().iter().flat_map(handed).collect(),
        })
    }
}

/// What a container is handed: as environment, to get its image, and by its log driver.
fn handed(raw: &ContainerDefinition) -> Vec<Handed> {
    let container = text_or_empty(raw.name());
    let of = |name: Text, from: &str| Some(Handed { container: container.clone(), name, from: text(Some(from))? });
    let named = |secret: &Secret| of(Text::new(secret.name()), secret.value_from());
    let repository = raw.repository_credentials().map(RepositoryCredentials::credentials_parameter);
    let log = raw.log_configuration().map(LogConfiguration::secret_options).unwrap_or_default();
    let environment = raw.secrets().iter().filter_map(named);
    let repository = repository.and_then(|from| of(Text::new("repositoryCredentials"), from));
    let log = log.iter().filter_map(|s| of(Text::new(&format!("logConfiguration/{}", s.name())), s.value_from()));
    environment.chain(repository).chain(log).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{self, json};

    const CANARY: &str = "canary-never-shown";

    const BODY: &str = r#"{"taskDefinition":{"taskDefinitionArn":"arn:td/api:7","family":"api","revision":7,
        "containerDefinitions":[
          {"name":"api","image":"api:1","command":["--password=canary-never-shown"],
           "environment":[{"name":"DB_PASSWORD","value":"canary-never-shown"}],
           "dockerLabels":{"note":"canary-never-shown"},
           "secrets":[{"name":"DB","valueFrom":"arn:aws:secretsmanager:::secret:db-AbCdEf:password::"},
             {"name":"B\u001b[2J","valueFrom":"arn:aws:ssm:::parameter/x"},{"name":"EMPTY"},{}],
           "repositoryCredentials":{"credentialsParameter":"arn:aws:secretsmanager:::secret:registry"},
           "logConfiguration":{"logDriver":"splunk-of-tomorrow","options":{"token":"canary-never-shown"},
             "secretOptions":[{"name":"splunk-token","valueFrom":"arn:aws:secretsmanager:::secret:splunk"}]}},
          {"name":"plain"},{}]},"tags":[{"key":"k","value":"canary-never-shown"}]}"#;

    async fn read(body: &str) -> Result<TaskDefinition, Fault> {
        let (config, access, sent) = replay::of([json(200, body)]);
        let answer = AwsEcs::new(&config, access).task_definition("arn:td/api").await;
        assert_eq!(sent.lock().unwrap()[0], r#"{"taskDefinition":"arn:td/api"}"#);
        answer
    }

    #[tokio::test]
    async fn what_containers_are_handed_is_kept_and_nothing_else() {
        let definition = read(BODY).await.unwrap();
        let handed: Vec<_> = definition.secrets.iter().map(|h| (&*h.container, &*h.name, &*h.from)).collect();
        let secret = |rest: &str| format!("arn:aws:secretsmanager:::secret:{rest}");
        assert_eq!(
            handed,
            [
                ("api", "DB", secret("db-AbCdEf:password::").as_str()),
                ("api", "B␛[2J", "arn:aws:ssm:::parameter/x"),
                ("api", "repositoryCredentials", secret("registry").as_str()),
                ("api", "logConfiguration/splunk-token", secret("splunk").as_str()),
            ]
        );
        assert_eq!(definition.arn.as_str(), "arn:td/api:7");
        assert!(!format!("{definition:?}").contains(CANARY));
    }

    #[tokio::test]
    async fn an_answer_without_anything_is_told_from_a_definition_without_secrets() {
        assert_eq!(read("{}").await.unwrap_err().kind, FaultKind::Malformed);
        let bare = read(r#"{"taskDefinition":{}}"#).await.unwrap();
        assert_eq!(bare, TaskDefinition { arn: "arn:td/api".into(), secrets: Vec::new() });
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_malformed_and_its_fault_tells_nothing_of_it() {
        for end in (1..BODY.len()).step_by(7) {
            let fault = read(&BODY[..end]).await.expect_err(&BODY[..end]);
            assert_eq!(fault.kind, FaultKind::Malformed, "{end}: {fault}");
            assert!(!format!("{fault} {fault:?}").contains("canary"), "{end}: {fault:?}");
        }
    }

    #[tokio::test]
    async fn values_of_the_wrong_type_are_not_told_either() {
        for (right, wrong) in [
            (r#"[{"name":"DB_PASSWORD","value":"canary-never-shown"}]"#, r#""canary-never-shown""#),
            (r#""revision":7"#, r#""revision":"canary-never-shown""#),
            (r#""value":"canary-never-shown"}],"#, r#""value":canary-never-shown}],"#),
            (r#""value":"canary-never-shown"}],"#, r#""value":"\canary-never-shown"}],"#),
        ] {
            assert!(BODY.contains(right), "{right}");
            let fault = read(&BODY.replacen(right, wrong, 1)).await.expect_err(wrong);
            assert!(!format!("{fault} {fault:?}").contains("canary"), "{fault:?}");
        }
    }
}
