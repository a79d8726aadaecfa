//! What an action reads with: the stack's ports, through the same gate as the feeds.

mod findings;
mod groups;
mod secrets;

use std::sync::Arc;
use std::time::Duration;

use crate::backend::ports::{Backend, Described, Listing, limits};
use crate::feed::{
    APP_SCALING, Bucket, Budgets, ECS_CLUSTERS, ECS_DEPLOYMENTS, ECS_PROTECTION, ECS_RESOURCES, ECS_REVISIONS,
    ECS_SERVICES, Gate, STS, once,
};
use crate::model::ecs::{Instance, Protection, Revision, Service, ServiceDeployment, Task, tail};
use crate::model::identity::Identity;
use crate::model::scaling::Target;
use crate::model::stack::Stack;
use crate::model::{Facts, Fault, FaultKind};
use crate::text::Text;
use crate::time::Clock;

/// The longest the facts of one cluster may take to be read.
const LIMIT: Duration = Duration::from_mins(2);

/// The ports of one stack, and how they are used.
pub struct Bench {
    /// The stack.
    pub stack: Stack,
    /// Its ports.
    pub backend: Backend,
    /// The time plans and records are stamped with.
    pub clock: Arc<dyn Clock>,
    budgets: Arc<Budgets>,
    gate: Gate,
}

/// The facts of one cluster, and what of them could not be read.
pub struct Reading {
    /// The facts.
    pub facts: Facts,
    /// What is missing, in words.
    pub gaps: Vec<String>,
}

impl Bench {
    /// A bench on the ports of a stack, drawing on these budgets.
    #[must_use]
    pub fn new(stack: Stack, backend: Backend, clock: Arc<dyn Clock>, budgets: Arc<Budgets>) -> Self {
        let gate = Gate::new(Arc::clone(&budgets));
        Self { stack, backend, clock, budgets, gate }
    }

    /// Who is asking, as STS says it now.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn identity(&self) -> Result<Identity, Fault> {
        self.gate.read(&STS, "sts:GetCallerIdentity", || self.backend.sts.caller()).await
    }

    /// One service as it is now.
    ///
    /// # Errors
    /// The fault of the call; ECS does not know the service.
    pub async fn service(&self, cluster: &str, arn: &str) -> Result<Service, Fault> {
        const ACTION: &str = "ecs:DescribeServices";
        let arns = [arn.to_owned()];
        let found = self.gate.read(&ECS_SERVICES, ACTION, || self.backend.ecs.services(cluster, &arns)).await?;
        let gone = || {
            let why = found.failures.first().map_or("absent from the answer", |(_, why)| why);
            Fault::new(FaultKind::Rejected, ACTION, format!("{arn}: {why}"))
        };
        found.items.into_iter().next().ok_or_else(gone)
    }

    /// These services as they are now, as many as there are; what ECS does not know is left out.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn services(&self, cluster: &str, arns: &[String]) -> Result<Described<Service>, Fault> {
        let ask = |some| self.backend.ecs.services(cluster, some);
        self.batches(&ECS_SERVICES, "ecs:DescribeServices", limits::ECS_DESCRIBE_SERVICES, arns, ask).await
    }

    /// One container instance as it is now; `None` where ECS does not know it any more.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn instance(&self, cluster: &str, arn: &str) -> Result<Option<Instance>, Fault> {
        let arns = [arn.to_owned()];
        let ask = || self.backend.ecs.instances(cluster, &arns);
        let found = self.gate.read(&ECS_RESOURCES, "ecs:DescribeContainerInstances", ask).await?;
        Ok(found.items.into_iter().next())
    }

    /// The tasks that ECS wants running on an instance.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn tasks_on(&self, cluster: &str, instance: &str) -> Result<Vec<Task>, Fault> {
        let listing = Listing::TasksOn(cluster.to_owned(), instance.to_owned());
        let mut arns = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let ask = || self.backend.ecs.list(&listing, token.as_deref());
            let page = self.gate.read(&ECS_RESOURCES, listing.action(), ask).await?;
            arns.extend(page.items);
            if page.next.is_none() || page.next == token {
                break;
            }
            token = page.next;
        }
        let ask = |some| self.backend.ecs.tasks(cluster, some);
        let found = self.batches(&ECS_RESOURCES, "ecs:DescribeTasks", limits::ECS_DESCRIBE, &arns, ask).await?;
        Ok(found.items)
    }

    /// Whether these tasks of services are protected, as many as there are.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn protection(&self, cluster: &str, tasks: &[String]) -> Result<Described<Protection>, Fault> {
        let ports = &self.backend.ecs_preflight;
        let ask = |some| ports.protection(cluster, some);
        self.batches(&ECS_PROTECTION, "ecs:GetTaskProtection", limits::ECS_DESCRIBE, tasks, ask).await
    }

    /// These service revisions, as many as there are.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn revisions(&self, arns: &[String]) -> Result<Described<Revision>, Fault> {
        let ports = &self.backend.ecs_preflight;
        let ask = |some| ports.revisions(some);
        self.batches(&ECS_REVISIONS, "ecs:DescribeServiceRevisions", limits::ECS_DESCRIBE_REVISIONS, arns, ask).await
    }

    /// The deployments of a service that ECS lists: those under way alone, or all.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn deployments(
        &self,
        cluster: &str,
        service: &str,
        under_way: bool,
    ) -> Result<Vec<ServiceDeployment>, Fault> {
        let ask = || self.backend.ecs_preflight.deployments(cluster, service, under_way);
        self.gate.read(&ECS_DEPLOYMENTS, "ecs:ListServiceDeployments", ask).await
    }

    /// One deployment of a service as it is now; `None` where ECS does not know it any more.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn deployment(&self, arn: &str) -> Result<Option<ServiceDeployment>, Fault> {
        let arns = [arn.to_owned()];
        let ask = || self.backend.ecs_preflight.describe_deployments(&arns);
        let found = self.gate.read(&ECS_DEPLOYMENTS, "ecs:DescribeServiceDeployments", ask).await?;
        Ok(found.items.into_iter().next())
    }

    /// The scalable target of this resource and dimension as it is now; `None` where there is none.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn scalable_target(&self, resource: &str, dimension: &str) -> Result<Option<Target>, Fault> {
        const ACTION: &str = "application-autoscaling:DescribeScalableTargets";
        let mut token: Option<String> = None;
        loop {
            let ask = || self.backend.app_scaling.targets(token.as_deref());
            let page = self.gate.read(&APP_SCALING, ACTION, ask).await?;
            let is_it = |target: &Target| target.resource == resource && target.dimension == dimension;
            let found = page.items.into_iter().find(is_it);
            if found.is_some() || page.next.is_none() || page.next == token {
                return Ok(found);
            }
            token = page.next;
        }
    }

    /// Asks for all of these, so many at a time.
    async fn batches<'a, T, F>(
        &self,
        bucket: &'static Bucket,
        action: &'static str,
        most: usize,
        wanted: &'a [String],
        ask: impl Fn(&'a [String]) -> F,
    ) -> Result<Described<T>, Fault>
    where
        F: Future<Output = Result<Described<T>, Fault>>,
    {
        let mut all = Described { items: Vec::new(), failures: Vec::new() };
        for some in wanted.chunks(most) {
            let found = self.gate.read(bucket, action, || ask(some)).await?;
            all.items.extend(found.items);
            all.failures.extend(found.failures);
        }
        Ok(all)
    }

    /// Everything of one cluster, by its name, as the feeds read it, and read now.
    ///
    /// # Errors
    /// The fault of the ECS feed, if it could read nothing.
    pub async fn cluster(&self, name: &str) -> Result<Reading, Fault> {
        let only = Stack { clusters: vec![name.to_owned()], ..self.stack.clone() };
        self.read(&only, &["ecs", "groups", "guardduty"]).await
    }

    /// What these feeds read of the whole stack now.
    ///
    /// # Errors
    /// The fault of the first of them, if it could read nothing.
    pub async fn feeds(&self, feeds: &[&'static str]) -> Result<Reading, Fault> {
        self.read(&self.stack, feeds).await
    }

    async fn read(&self, stack: &Stack, feeds: &[&'static str]) -> Result<Reading, Fault> {
        let fetched = once(0, stack, &self.backend, &self.budgets, &self.clock, feeds, LIMIT).await;
        let mut reading = Reading { facts: Facts::default(), gaps: Vec::new() };
        for feed in fetched {
            match feed.result {
                Ok(snapshot) => {
                    reading.facts.put_any(snapshot.taken_at, snapshot.data);
                    let told = snapshot.gaps.iter().map(|gap| format!("{}: {}", gap.what, gap.fault));
                    reading.gaps.extend(told);
                }
                Err(fault) if feeds.first() == Some(&feed.feed) => return Err(fault),
                Err(fault) => reading.gaps.push(fault.to_string()),
            }
        }
        Ok(reading)
    }

    /// The names of clusters there are, the first hundred; none where that cannot be read.
    pub async fn cluster_names(&self) -> Vec<Text> {
        let listing = Listing::Clusters;
        let page = self.gate.read(&ECS_CLUSTERS, listing.action(), || self.backend.ecs.list(&listing, None)).await;
        page.map(|page| page.items.iter().map(|arn| tail(arn)).collect()).unwrap_or_default()
    }

    /// The partition of an ARN: `aws`, `aws-cn`, `aws-us-gov`.
    #[must_use]
    pub fn partition(arn: &str) -> Text {
        Text::from(arn.split(':').nth(1).unwrap_or_default())
    }
}
