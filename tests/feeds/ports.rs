//! Ports that stand before the simulated ones: they watch, leave something out, or spoil an answer.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use rounds::backend::ports::{Backend, Described, Ecs, Listing, Page};
use rounds::backend::sim::Sim;
use rounds::model::ecs::{Cluster, Instance, Provider, Service, Task};
use rounds::model::{Fault, FaultKind};

/// ECS as the simulated world has it, with a change.
pub struct Before {
    sim: Sim,
    /// Listed and described no more, as if it had been deleted.
    pub deleted: Mutex<Option<String>>,
    /// Spoils every answer it is in.
    pub spoiler: Mutex<Option<String>>,
    /// Polls of clusters under way, and the most there were at a time.
    under_way: AtomicUsize,
    pub most: AtomicUsize,
}

impl Before {
    pub fn new(sim: &Sim) -> Arc<Self> {
        Arc::new(Self {
            sim: sim.clone(),
            deleted: Mutex::default(),
            spoiler: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        })
    }

    pub fn backend(self: &Arc<Self>) -> Backend {
        Backend { ecs: self.clone(), ..self.sim.backend() }
    }

    fn gone(&self, arn: &str) -> bool {
        self.deleted.lock().unwrap().as_deref() == Some(arn)
    }
}

#[async_trait]
impl Ecs for Before {
    async fn list(&self, what: &Listing, token: Option<&str>) -> Result<Page<String>, Fault> {
        let mut page = self.sim.list(what, token).await?;
        page.items.retain(|arn| !self.gone(arn));
        Ok(page)
    }

    async fn clusters(&self, arns: &[String]) -> Result<Described<Cluster>, Fault> {
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let answer = self.sim.clusters(arns).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let mut answer = answer?;
        if self.deleted.lock().unwrap().is_some() {
            answer.items.iter_mut().for_each(|cluster| cluster.active_services -= 1);
        }
        Ok(answer)
    }

    async fn services(&self, cluster: &str, arns: &[String]) -> Result<Described<Service>, Fault> {
        if self.spoiler.lock().unwrap().as_ref().is_some_and(|spoiler| arns.contains(spoiler)) {
            return Err(Fault::new(FaultKind::Malformed, "ecs:DescribeServices", "a number where text should be"));
        }
        self.sim.services(cluster, arns).await
    }

    async fn tasks(&self, cluster: &str, arns: &[String]) -> Result<Described<Task>, Fault> {
        self.sim.tasks(cluster, arns).await
    }

    async fn instances(&self, cluster: &str, arns: &[String]) -> Result<Described<Instance>, Fault> {
        self.sim.instances(cluster, arns).await
    }

    async fn providers(&self, names: &[String]) -> Result<Described<Provider>, Fault> {
        self.sim.providers(names).await
    }
}
