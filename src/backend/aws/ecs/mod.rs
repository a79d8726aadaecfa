//! Amazon ECS.
//!
//! Task overrides and container environments are never read: they hold secrets in clear.

mod changes;
mod clusters;
mod definitions;
mod instances;
mod preflight;
mod services;
mod tasks;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{
    CapacityProvider, Cluster as RawCluster, ClusterField, ContainerInstance, ContainerInstanceField, DesiredStatus,
    Failure, Service as RawService, Task as RawTask,
};

use super::access::Access;
use super::values::{text, text_or_empty, token};
use crate::backend::ports::{Described, Ecs, Listing, Page, limits};
use crate::model::Fault;
use crate::model::ecs::{Cluster, Instance, Provider, Service, Task};
use crate::text::Text;

/// The adapter.
pub(super) struct AwsEcs {
    client: Client,
    access: Access,
}

impl AwsEcs {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::new(config), access }
    }

    async fn list_tasks(
        &self,
        cluster: &str,
        instance: Option<&String>,
        status: DesiredStatus,
        from: Option<String>,
    ) -> Result<Arns, Fault> {
        let request = self.client.list_tasks().cluster(cluster).set_container_instance(instance.cloned());
        let request = request.desired_status(status).max_results(PAGE).set_next_token(from);
        let page = self.access.ask("ecs:ListTasks", request.send()).await?;
        Ok((page.task_arns, page.next_token))
    }
}

/// ARNs of a page and the next token, as the SDK has them.
type Arns = (Option<Vec<String>>, Option<String>);

/// `maxResults` of every list.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a constant of 100")]
const PAGE: i32 = limits::ECS_PAGE as i32;

#[async_trait]
impl Ecs for AwsEcs {
    async fn list(&self, what: &Listing, from: Option<&str>) -> Result<Page<String>, Fault> {
        let (action, from) = (what.action(), from.map(str::to_owned));
        let (arns, next) = match what {
            Listing::Clusters => {
                let request = self.client.list_clusters().max_results(PAGE).set_next_token(from);
                let page = self.access.ask(action, request.send()).await?;
                (page.cluster_arns, page.next_token)
            }
            Listing::Services(cluster) => {
                let request = self.client.list_services().cluster(cluster).max_results(PAGE).set_next_token(from);
                let page = self.access.ask(action, request.send()).await?;
                (page.service_arns, page.next_token)
            }
            Listing::Tasks(cluster) => self.list_tasks(cluster, None, DesiredStatus::Running, from).await?,
            Listing::TasksOn(cluster, instance) => {
                self.list_tasks(cluster, Some(instance), DesiredStatus::Running, from).await?
            }
            Listing::StoppedTasks(cluster) => self.list_tasks(cluster, None, DesiredStatus::Stopped, from).await?,
            Listing::Instances(cluster) => {
                let request =
                    self.client.list_container_instances().cluster(cluster).max_results(PAGE).set_next_token(from);
                let page = self.access.ask(action, request.send()).await?;
                (page.container_instance_arns, page.next_token)
            }
        };
        Ok(Page { items: arns.unwrap_or_default(), next: token(next.as_deref()) })
    }

    async fn clusters(&self, arns: &[String]) -> Result<Described<Cluster>, Fault> {
        let request =
            self.client.describe_clusters().set_clusters(Some(arns.to_vec())).include(ClusterField::Attachments);
        let answer = self.access.ask("ecs:DescribeClusters", request.send()).await?;
        Ok(described(answer.clusters(), answer.failures(), clusters::cluster))
    }

    async fn services(&self, cluster: &str, arns: &[String]) -> Result<Described<Service>, Fault> {
        let request = self.client.describe_services().cluster(cluster).set_services(Some(arns.to_vec()));
        let answer = self.access.ask("ecs:DescribeServices", request.send()).await?;
        Ok(described(answer.services(), answer.failures(), |raw| services::service(cluster, raw)))
    }

    async fn tasks(&self, cluster: &str, arns: &[String]) -> Result<Described<Task>, Fault> {
        let request = self.client.describe_tasks().cluster(cluster).set_tasks(Some(arns.to_vec()));
        let answer = self.access.ask("ecs:DescribeTasks", request.send()).await?;
        Ok(described(answer.tasks(), answer.failures(), |raw| tasks::task(cluster, raw)))
    }

    async fn instances(&self, cluster: &str, arns: &[String]) -> Result<Described<Instance>, Fault> {
        let request = self
            .client
            .describe_container_instances()
            .cluster(cluster)
            .set_container_instances(Some(arns.to_vec()))
            .include(ContainerInstanceField::ContainerInstanceHealth);
        let answer = self.access.ask("ecs:DescribeContainerInstances", request.send()).await?;
        Ok(described(answer.container_instances(), answer.failures(), |raw| instances::instance(cluster, raw)))
    }

    async fn providers(&self, names: &[String]) -> Result<Described<Provider>, Fault> {
        let request = self.client.describe_capacity_providers().set_capacity_providers(Some(names.to_vec()));
        let answer = self.access.ask("ecs:DescribeCapacityProviders", request.send()).await?;
        Ok(described(answer.capacity_providers(), answer.failures(), clusters::provider))
    }
}

/// What names an object: without it a row could not be told from another.
trait Named {
    /// Its ARN; of a capacity provider, its name.
    fn key(&self) -> Option<&str>;
    /// What else it is called.
    fn other_name(&self) -> Option<&str>;
}

impl Named for RawCluster {
    fn key(&self) -> Option<&str> {
        self.cluster_arn()
    }
    fn other_name(&self) -> Option<&str> {
        self.cluster_name()
    }
}

impl Named for RawService {
    fn key(&self) -> Option<&str> {
        self.service_arn()
    }
    fn other_name(&self) -> Option<&str> {
        self.service_name()
    }
}

impl Named for RawTask {
    fn key(&self) -> Option<&str> {
        self.task_arn()
    }
    fn other_name(&self) -> Option<&str> {
        self.group()
    }
}

impl Named for ContainerInstance {
    fn key(&self) -> Option<&str> {
        self.container_instance_arn()
    }
    fn other_name(&self) -> Option<&str> {
        self.ec2_instance_id()
    }
}

impl Named for CapacityProvider {
    fn key(&self) -> Option<&str> {
        self.name().or_else(|| self.capacity_provider_arn())
    }
    fn other_name(&self) -> Option<&str> {
        None
    }
}

/// Maps an answer. An object that cannot be named becomes a failure, so that it is counted and shown.
fn described<R: Named, T>(found: &[R], failures: &[Failure], map: impl Fn(&R) -> T) -> Described<T> {
    let (named, nameless): (Vec<&R>, Vec<&R>) =
        found.iter().partition(|raw| raw.key().is_some_and(|key| !key.is_empty()));
    let nameless =
        nameless.into_iter().map(|raw| (text_or_empty(raw.other_name()), Text::from("answer without an ARN")));
    Described {
        items: named.into_iter().map(map).collect(),
        failures: failures.iter().map(failure).chain(nameless).collect(),
    }
}

fn failure(raw: &Failure) -> (Text, Text) {
    let reason = match (text(raw.reason()), text(raw.detail())) {
        (Some(reason), Some(detail)) => Text::from(format!("{reason}: {detail}")),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Text::from("no reason given"),
    };
    (text_or_empty(raw.arn()), reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{self, json};
    use crate::model::FaultKind;

    const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/ehr";

    #[tokio::test]
    async fn lists_ask_for_full_pages_and_go_on_at_the_token() {
        let answers = [
            json(200, r#"{"serviceArns":["a","b"],"nextToken":"n"}"#),
            json(200, r#"{"taskArns":["t"],"nextToken":""}"#),
            json(200, "{}"),
        ];
        let (config, access, sent) = replay::of(answers);
        let ecs = AwsEcs::new(&config, access);
        let page = ecs.list(&Listing::Services(CLUSTER.to_owned()), None).await.unwrap();
        assert_eq!((page.items, page.next.as_deref()), (vec!["a".to_owned(), "b".to_owned()], Some("n")));
        let page = ecs.list(&Listing::StoppedTasks(CLUSTER.to_owned()), Some("m")).await.unwrap();
        assert_eq!((page.items.len(), page.next), (1, None));
        assert_eq!(ecs.list(&Listing::Clusters, None).await.unwrap(), Page { items: vec![], next: None });
        let sent = sent.lock().unwrap();
        assert!(sent[0].contains("\"maxResults\":100") && sent[0].contains(CLUSTER), "{}", sent[0]);
        assert!(
            sent[1].contains("\"desiredStatus\":\"STOPPED\"") && sent[1].contains("\"nextToken\":\"m\""),
            "{}",
            sent[1]
        );
    }

    #[tokio::test]
    async fn what_cannot_be_named_is_counted_as_a_failure() {
        let body = r#"{"services":[{"serviceArn":"arn:s","serviceName":"web"},{"serviceName":"ghost"},{}],
            "failures":[{"arn":"arn:gone","reason":"MISSING"},{"arn":"arn:x","reason":"ODD","detail":"e\u001b[2J"},{}]}"#;
        let (config, access, _) = replay::of([json(200, body)]);
        let answer = AwsEcs::new(&config, access).services(CLUSTER, &["arn:s".to_owned()]).await.unwrap();
        assert_eq!(answer.items.len(), 1);
        let failures: Vec<(&str, &str)> = answer.failures.iter().map(|(arn, why)| (&**arn, &**why)).collect();
        assert_eq!(
            failures,
            [
                ("arn:gone", "MISSING"),
                ("arn:x", "ODD: e␛[2J"),
                ("", "no reason given"),
                ("ghost", "answer without an ARN"),
                ("", "answer without an ARN"),
            ]
        );
    }

    #[tokio::test]
    async fn errors_say_kind_code_message_and_request_id() {
        let cases = [
            (
                json(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#),
                FaultKind::Throttled,
                "Rate exceeded",
            ),
            (json(400, r#"{"__type":"x#AccessDeniedException","message":"no\u001b"}"#), FaultKind::Denied, "no␛"),
            (json(400, r#"{"__type":"ExpiredTokenException","message":"late"}"#), FaultKind::Expired, "late"),
            (json(400, r#"{"__type":"UnknownOperationException"}"#), FaultKind::Unsupported, "HTTP status 400"),
            (json(400, r#"{"__type":"ClusterNotFoundException","message":"gone"}"#), FaultKind::Rejected, "gone"),
            (json(500, "<html>oops</html>"), FaultKind::Server, "HTTP status 500"),
            (json(501, "<html>never</html>"), FaultKind::Unsupported, "HTTP status 501"),
            (json(503, ""), FaultKind::Server, "HTTP status 503"),
            (json(403, ""), FaultKind::Denied, "HTTP status 403"),
            (json(429, ""), FaultKind::Throttled, "HTTP status 429"),
            (json(200, r#"{"clusterArns":[1"#), FaultKind::Malformed, ""),
            (json(200, "<html>hotel login</html>"), FaultKind::Malformed, ""),
        ];
        for (answer, kind, message) in cases {
            let shown = format!("{answer:?}");
            let (config, access, _) = replay::of([answer]);
            let fault = AwsEcs::new(&config, access).list(&Listing::Clusters, None).await.unwrap_err();
            assert_eq!((fault.kind, fault.action), (kind, "ecs:ListClusters"), "{shown}: {fault}");
            assert!(fault.message.contains(message) && !fault.message.is_empty(), "{shown}: {fault}");
            assert!(!fault.message.contains("Unhandled") && !fault.message.contains("Some("), "{shown}: {fault}");
            assert_eq!(fault.request_id.as_deref(), Some("req-1"), "{shown}");
        }
    }

    #[tokio::test]
    async fn expired_credentials_are_searched_anew() {
        let (config, access, _) =
            replay::of([json(400, r#"{"__type":"ExpiredTokenException","message":"late"}"#), json(200, "{}")]);
        let wallet = access.wallet.clone();
        let ecs = AwsEcs::new(&config, access);
        ecs.list(&Listing::Clusters, None).await.unwrap_err();
        ecs.list(&Listing::Clusters, None).await.unwrap();
        assert_eq!(wallet.held().await.unwrap().generation, 2);
    }
}
