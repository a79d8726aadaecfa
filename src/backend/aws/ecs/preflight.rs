//! What only plans read: the protection of tasks, and service revisions.

use async_trait::async_trait;
use aws_sdk_ecs::types::{
    ContainerImage, ProtectedTask, ServiceDeployment as Raw, ServiceDeploymentBrief, ServiceDeploymentStatus,
    ServiceRevision, ServiceRevisionSummary,
};

use super::{AwsEcs, Named, described};
use crate::backend::aws::values::{count, text, text_or_empty, time, word};
use crate::backend::ports::{Described, EcsPreflight, limits};
use crate::model::Fault;
use crate::model::ecs::{Image, Protection, Revision, RevisionTasks, ServiceDeployment};

#[async_trait]
impl EcsPreflight for AwsEcs {
    async fn protection(&self, cluster: &str, tasks: &[String]) -> Result<Described<Protection>, Fault> {
        let request = self.client.get_task_protection().cluster(cluster).set_tasks(Some(tasks.to_vec()));
        let answer = self.access.ask("ecs:GetTaskProtection", request.send()).await?;
        Ok(described(answer.protected_tasks(), answer.failures(), protection))
    }

    async fn revisions(&self, arns: &[String]) -> Result<Described<Revision>, Fault> {
        let request = self.client.describe_service_revisions().set_service_revision_arns(Some(arns.to_vec()));
        let answer = self.access.ask("ecs:DescribeServiceRevisions", request.send()).await?;
        Ok(described(answer.service_revisions(), answer.failures(), revision))
    }

    async fn deployments(
        &self,
        cluster: &str,
        service: &str,
        under_way: bool,
    ) -> Result<Vec<ServiceDeployment>, Fault> {
        let request = self.client.list_service_deployments().cluster(cluster).service(service);
        let statuses = [ServiceDeploymentStatus::Pending, ServiceDeploymentStatus::InProgress];
        let request = request.set_status(under_way.then(|| statuses.to_vec()));
        let request = request.max_results(i32::try_from(limits::ECS_PAGE).unwrap_or(i32::MAX));
        let answer = self.access.ask("ecs:ListServiceDeployments", request.send()).await?;
        Ok(answer.service_deployments().iter().map(brief).collect())
    }

    async fn describe_deployments(&self, arns: &[String]) -> Result<Described<ServiceDeployment>, Fault> {
        let request = self.client.describe_service_deployments().set_service_deployment_arns(Some(arns.to_vec()));
        let answer = self.access.ask("ecs:DescribeServiceDeployments", request.send()).await?;
        Ok(described(answer.service_deployments(), answer.failures(), deployment))
    }
}

impl Named for Raw {
    fn key(&self) -> Option<&str> {
        self.service_deployment_arn()
    }
    fn other_name(&self) -> Option<&str> {
        self.service_arn()
    }
}

impl Named for ProtectedTask {
    fn key(&self) -> Option<&str> {
        self.task_arn()
    }
    fn other_name(&self) -> Option<&str> {
        None
    }
}

impl Named for ServiceRevision {
    fn key(&self) -> Option<&str> {
        self.service_revision_arn()
    }
    fn other_name(&self) -> Option<&str> {
        self.service_arn()
    }
}

fn protection(raw: &ProtectedTask) -> Protection {
    Protection {
        task: text_or_empty(raw.task_arn()),
        enabled: raw.protection_enabled(),
        expires_at: time(raw.expiration_date()),
    }
}

fn revision(raw: &ServiceRevision) -> Revision {
    Revision {
        arn: text_or_empty(raw.service_revision_arn()),
        task_definition: text(raw.task_definition()),
        images: raw.container_images().iter().map(image).collect(),
        created_at: time(raw.created_at()),
    }
}

fn brief(raw: &ServiceDeploymentBrief) -> ServiceDeployment {
    let target = text(raw.target_service_revision_arn());
    ServiceDeployment {
        arn: text_or_empty(raw.service_deployment_arn()),
        status: raw.status().and_then(|status| word(Some(status.as_str()))),
        reason: text(raw.status_reason()),
        target: target.map(|arn| RevisionTasks { arn, ..RevisionTasks::default() }),
        created_at: time(raw.created_at()),
        ..ServiceDeployment::default()
    }
}

fn deployment(raw: &Raw) -> ServiceDeployment {
    ServiceDeployment {
        arn: text_or_empty(raw.service_deployment_arn()),
        status: raw.status().and_then(|status| word(Some(status.as_str()))),
        reason: text(raw.status_reason()),
        target: raw.target_service_revision().map(tasks),
        sources: raw.source_service_revisions().iter().map(tasks).collect(),
        back_to: raw.rollback().and_then(|rollback| text(rollback.service_revision_arn())),
        created_at: time(raw.created_at()),
    }
}

fn tasks(raw: &ServiceRevisionSummary) -> RevisionTasks {
    RevisionTasks {
        arn: text_or_empty(raw.arn()),
        wanted: count(raw.requested_task_count()),
        running: count(raw.running_task_count()),
        pending: count(raw.pending_task_count()),
    }
}

fn image(raw: &ContainerImage) -> Image {
    Image { container: text_or_empty(raw.container_name()), name: text(raw.image()), digest: text(raw.image_digest()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{self, json};
    use crate::model::FaultKind;
    use crate::text::Text;
    use crate::time::Timestamp;

    fn texts(pairs: &[(Text, Text)]) -> Vec<(&str, &str)> {
        pairs.iter().map(|(arn, why)| (arn.as_str(), why.as_str())).collect()
    }

    #[tokio::test]
    async fn protection_is_asked_for_by_cluster_and_task_and_ends_some_time() {
        let body = r#"{"protectedTasks":[{"taskArn":"arn:t/1","protectionEnabled":true,"expirationDate":1700000000.5},
            {"taskArn":"arn:t/2","protectionEnabled":false},{"taskArn":"arn:t/3"},{"protectionEnabled":true}],
            "failures":[{"arn":"arn:t/4","reason":"MISSING"}]}"#;
        let (config, access, sent) = replay::of([json(200, body)]);
        let asked = ["arn:t/1".to_owned(), "arn:t/2".to_owned()];
        let answer = AwsEcs::new(&config, access).protection("arn:c/ehr", &asked).await.unwrap();
        let expires_at = Some(Timestamp::from_millis(1_700_000_000_500));
        let free = |task: &str| Protection { task: Text::from(task), ..Protection::default() };
        let bound = Protection { enabled: true, expires_at, ..free("arn:t/1") };
        assert_eq!(answer.items, [bound, free("arn:t/2"), free("arn:t/3")]);
        assert_eq!(texts(&answer.failures), [("arn:t/4", "MISSING"), ("", "answer without an ARN")]);
        assert_eq!(sent.lock().unwrap()[0], r#"{"cluster":"arn:c/ehr","tasks":["arn:t/1","arn:t/2"]}"#);
    }

    #[tokio::test]
    async fn a_revision_names_the_digest_of_every_image_it_knows() {
        let body = r#"{"serviceRevisions":[{"serviceRevisionArn":"arn:r/1","taskDefinition":"arn:td/web:7",
            "createdAt":1700000000,"containerImages":[
              {"containerName":"api","image":"repo/api:2.4","imageDigest":"sha256:0af"},
              {"containerName":"log\u001b[2J","image":"","imageDigest":""},{}]},
            {"serviceRevisionArn":"arn:r/2"},{"serviceArn":"arn:s/web"}],"failures":[{"arn":"arn:r/3","reason":"MISSING"}]}"#;
        let (config, access, sent) = replay::of([json(200, body)]);
        let asked = ["arn:r/1".to_owned()];
        let answer = AwsEcs::new(&config, access).revisions(&asked).await.unwrap();
        let (some, image) = (|value: &str| Some(Text::from(value)), Image::default());
        let images = vec![
            Image { container: "api".into(), name: some("repo/api:2.4"), digest: some("sha256:0af") },
            Image { container: "log␛[2J".into(), ..image.clone() },
            image,
        ];
        let full = Revision {
            arn: "arn:r/1".into(),
            task_definition: some("arn:td/web:7"),
            images,
            created_at: Some(Timestamp::from_secs(1_700_000_000)),
        };
        assert_eq!(answer.items, [full, Revision { arn: "arn:r/2".into(), ..Revision::default() }]);
        assert_eq!(texts(&answer.failures), [("arn:r/3", "MISSING"), ("arn:s/web", "answer without an ARN")]);
        assert_eq!(sent.lock().unwrap()[0], r#"{"serviceRevisionArns":["arn:r/1"]}"#);
    }

    #[tokio::test]
    async fn a_deployment_tells_what_it_comes_from_and_goes_to() {
        let list = r#"{"serviceDeployments":[{"serviceDeploymentArn":"arn:d/1","status":"IN_PROGRESS",
            "targetServiceRevisionArn":"arn:r/2","createdAt":1700000000},{}]}"#;
        let tell = r#"{"serviceDeployments":[{"serviceDeploymentArn":"arn:d/1","status":"ROLLBACK_IN_PROGRESS",
            "statusReason":"asked","createdAt":1700000000,
            "targetServiceRevision":{"arn":"arn:r/2","requestedTaskCount":4,"runningTaskCount":2,"pendingTaskCount":1},
            "sourceServiceRevisions":[{"arn":"arn:r/1","runningTaskCount":3},{}],
            "rollback":{"serviceRevisionArn":"arn:r/1"}},{"serviceArn":"arn:s/web"}],
            "failures":[{"arn":"arn:d/9","reason":"MISSING"}]}"#;
        let (config, access, sent) = replay::of([json(200, list), json(200, list), json(200, tell)]);
        let ecs = AwsEcs::new(&config, access);
        let listed = ecs.deployments("arn:c/ehr", "arn:s/web", true).await.unwrap();
        let tasks =
            |arn: &str, wanted, running, pending| RevisionTasks { arn: Text::from(arn), wanted, running, pending };
        let created_at = Some(Timestamp::from_secs(1_700_000_000));
        let brief = ServiceDeployment {
            arn: "arn:d/1".into(),
            status: Some("IN_PROGRESS".into()),
            target: Some(tasks("arn:r/2", 0, 0, 0)),
            created_at,
            ..ServiceDeployment::default()
        };
        assert!(brief.is_under_way());
        assert_eq!(listed, [brief.clone(), ServiceDeployment::default()]);
        ecs.deployments("arn:c/ehr", "arn:s/web", false).await.unwrap();
        let told = ecs.describe_deployments(&["arn:d/1".to_owned()]).await.unwrap();
        let full = ServiceDeployment {
            status: Some("ROLLBACK_IN_PROGRESS".into()),
            reason: Some("asked".into()),
            target: Some(tasks("arn:r/2", 4, 2, 1)),
            sources: vec![tasks("arn:r/1", 0, 3, 0), tasks("", 0, 0, 0)],
            back_to: Some("arn:r/1".into()),
            ..brief
        };
        assert_eq!(told.items, [full]);
        assert_eq!(texts(&told.failures), [("arn:d/9", "MISSING"), ("arn:s/web", "answer without an ARN")]);
        let sent = sent.lock().unwrap();
        assert!(sent[0].contains(r#""status":["PENDING","IN_PROGRESS"]"#) && !sent[1].contains("status"), "{sent:?}");
        assert_eq!(sent[2], r#"{"serviceDeploymentArns":["arn:d/1"]}"#);
    }

    #[tokio::test]
    async fn a_refusal_names_the_call_and_a_server_without_it_does_not_support_it() {
        let denied = || json(400, r#"{"__type":"AccessDeniedException","message":"no"}"#);
        let absent = || json(501, r#"{"__type":"NotImplemented","message":"not here"}"#);
        for (answer, kind) in [(denied as fn() -> _, FaultKind::Denied), (absent, FaultKind::Unsupported)] {
            let (config, access, _) = replay::of([answer(), answer()]);
            let ecs = AwsEcs::new(&config, access);
            let protection = ecs.protection("c", &["t".to_owned()]).await.unwrap_err();
            let revisions = ecs.revisions(&["r".to_owned()]).await.unwrap_err();
            assert_eq!((protection.kind, protection.action), (kind, "ecs:GetTaskProtection"), "{protection}");
            assert_eq!((revisions.kind, revisions.action), (kind, "ecs:DescribeServiceRevisions"), "{revisions}");
        }
    }
}
