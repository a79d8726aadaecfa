//! The token budget: how many requests a second this console may send to each API class.
//!
//! AWS counts per account and region, and shares the count among consoles, deployments and monitoring. A console therefore keeps
//! to a quarter of the documented refill, and to less when it is told to slow down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use crate::model::stack::Stack;

/// An API class with a limit of its own.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Its name.
    pub name: &'static str,
    /// Requests a second AWS refills, per account and region.
    pub refill: u32,
}

/// `DescribeClusters`, `ListClusters`: 50 burst, 20 a second (ECS request throttling table).
pub const ECS_CLUSTERS: Bucket = Bucket { name: "ecs-clusters", refill: 20 };
/// `ListServices`, `DescribeServices`: 100 burst, 20 a second.
pub const ECS_SERVICES: Bucket = Bucket { name: "ecs-services", refill: 20 };
/// `ListTasks`, `DescribeTasks`, `ListContainerInstances`, `DescribeContainerInstances` together: 100 burst, 20 a second.
pub const ECS_RESOURCES: Bucket = Bucket { name: "ecs-resources", refill: 20 };
/// `DescribeCapacityProviders`: 50 burst, 20 a second.
pub const ECS_PROVIDERS: Bucket = Bucket { name: "ecs-providers", refill: 20 };
/// `GetTaskProtection`: 200 burst, 80 a second.
pub const ECS_PROTECTION: Bucket = Bucket { name: "ecs-protection", refill: 80 };
/// `DescribeServiceRevisions`: 50 burst, 20 a second.
pub const ECS_REVISIONS: Bucket = Bucket { name: "ecs-revisions", refill: 20 };
/// `ListServiceDeployments`, `DescribeServiceDeployments`: taken to be as slow as `DescribeServiceRevisions`.
pub const ECS_DEPLOYMENTS: Bucket = Bucket { name: "ecs-deployments", refill: 20 };
/// `DescribeAutoScalingGroups`: no published rate; kept low because it is known to throttle early.
pub const GROUPS: Bucket = Bucket { name: "autoscaling", refill: 4 };
/// `DescribeScalingActivities` and `DescribeInstanceRefreshes` of groups: no published rate; a bucket of its own, so that what
/// happened keeps nobody waiting for what is.
pub const GROUP_HISTORY: Bucket = Bucket { name: "autoscaling-history", refill: 4 };
/// Application Auto Scaling's `Describe…`: no published rate; kept as low as that of groups.
pub const APP_SCALING: Bucket = Bucket { name: "application-autoscaling", refill: 4 };
/// `DescribeAlarms`: 9 a second (CloudWatch quotas).
pub const ALARMS: Bucket = Bucket { name: "alarms", refill: 9 };
/// `DescribeAlarmHistory`: 3 a second (CloudWatch quotas).
pub const ALARM_HISTORY: Bucket = Bucket { name: "alarm-history", refill: 3 };
/// RDS's `Describe…`: no published rate; kept low because ten instances asked for in a loop were seen throttled.
pub const RDS: Bucket = Bucket { name: "rds", refill: 4 };
/// `DescribeTaskDefinition`: 50 burst, 20 a second (ECS request throttling table).
pub const TASK_DEFINITIONS: Bucket = Bucket { name: "ecs-task-definitions", refill: 20 };
/// GuardDuty's `List…` and `Get…`: no published rate; kept as low as where early throttling is known.
pub const GUARDDUTY: Bucket = Bucket { name: "guardduty", refill: 4 };
/// `ListSecrets`: 100 a second (Secrets Manager quotas).
pub const SECRETS: Bucket = Bucket { name: "secrets", refill: 100 };
/// `DescribeSecret` and `ListSecretVersionIds`: the first has 40,000 a second (announcement of 2025), of the second no rate is
/// documented here. As low as `ListSecrets`: no more than what is on screen is asked for.
pub const SECRET: Bucket = Bucket { name: "secret", refill: 100 };
/// `GetMetricData`: 50 a second.
pub const METRICS: Bucket = Bucket { name: "metrics", refill: 50 };
/// `GetCallerIdentity`: no published rate.
pub const STS: Bucket = Bucket { name: "sts", refill: 4 };
/// Commands to replica sets, which no service counts: 100 a second is ours, only so that a mistake of this console is bounded.
pub const MONGO: Bucket = Bucket { name: "mongodb", refill: 400 };

/// The share of AWS's refill one console takes.
const SHARE: f64 = 0.25;
/// Requests that may go out at once after a pause: one first screen of a large account.
const BURST: f64 = 20.0;
/// The slowest a bucket is ever told to go, requests a second.
const SLOWEST: f64 = 0.2;
/// Requests under way to one service at a time. HTTP/1.1 needs a connection for each, and the client may open one or two more
/// while one that served is not free again yet, which makes the six that browsers open per host.
const UNDER_WAY: usize = 4;

/// What all requests of one stack share: the token buckets of its account and region, and the connections to each service.
#[derive(Default)]
pub struct Budgets {
    buckets: Mutex<HashMap<&'static str, Tokens>>,
    under_way: Mutex<HashMap<&'static str, Arc<Semaphore>>>,
    unlimited: bool,
}

struct Tokens {
    left: f64,
    rate: f64,
    full_rate: f64,
    at: Instant,
}

impl Tokens {
    fn new(bucket: &Bucket) -> Self {
        let rate = f64::from(bucket.refill) * SHARE;
        Self { left: BURST, rate, full_rate: rate, at: Instant::now() }
    }

    /// Takes a token, or tells how long until there is one.
    fn take(&mut self) -> Option<Duration> {
        let now = Instant::now();
        self.left = (self.left + (now - self.at).as_secs_f64() * self.rate).min(BURST);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return None;
        }
        Some(Duration::from_secs_f64((1.0 - self.left) / self.rate))
    }
}

impl Budgets {
    /// No limit on how often: for a simulated world, which shares its account with nobody.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { unlimited: true, ..Self::default() }
    }

    /// The budgets of several stacks. Those that are reached the same way share one, as AWS counts them together.
    #[must_use]
    pub fn of_stacks(stacks: &[Stack]) -> Vec<Arc<Self>> {
        let mut shared: HashMap<[&Option<String>; 4], Arc<Self>> = HashMap::new();
        let mut all = Vec::with_capacity(stacks.len());
        for Stack { profile, role_arn, region, endpoint_url, .. } in stacks {
            all.push(Arc::clone(shared.entry([profile, role_arn, region, endpoint_url]).or_default()));
        }
        all
    }

    /// Waits until a request of this class may go out.
    pub async fn take(&self, bucket: &'static Bucket) {
        if self.unlimited {
            return;
        }
        while let Some(wait) = self.with(bucket, Tokens::take) {
            sleep(wait.max(Duration::from_millis(1))).await;
        }
    }

    /// Waits until one more request of this IAM action may be under way, and counts it until the permit is dropped.
    pub async fn enter(&self, action: &'static str) -> Option<OwnedSemaphorePermit> {
        let service = action.split_once(':').map_or(action, |(service, _)| service);
        let semaphore = {
            let mut all = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(service).or_insert_with(|| Arc::new(Semaphore::new(UNDER_WAY))))
        };
        // The semaphore is never closed, so a permit always comes.
        semaphore.acquire_owned().await.ok()
    }

    /// The service asked to slow down: nothing goes out at once any more, and the rate is halved.
    pub fn slow_down(&self, bucket: &'static Bucket) {
        self.with(bucket, |tokens| {
            tokens.left = 0.0;
            tokens.rate = (tokens.rate / 2.0).max(SLOWEST);
        });
    }

    /// A request went well: the rate recovers by a fiftieth of the full one.
    pub fn went_well(&self, bucket: &'static Bucket) {
        self.with(bucket, |tokens| tokens.rate = (tokens.rate + tokens.full_rate / 50.0).min(tokens.full_rate));
    }

    fn with<R>(&self, bucket: &'static Bucket, f: impl FnOnce(&mut Tokens) -> R) -> R {
        let mut all = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        f(all.entry(bucket.name).or_insert_with(|| Tokens::new(bucket)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_that_are_reached_the_same_way_share_a_budget() {
        let stack = |region: &str| Stack { region: Some(region.to_owned()), ..Stack::default() };
        let budgets = Budgets::of_stacks(&[stack("us-east-1"), stack("eu-west-1"), stack("us-east-1")]);
        assert!(Arc::ptr_eq(&budgets[0], &budgets[2]));
        assert!(!Arc::ptr_eq(&budgets[0], &budgets[1]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_out_at_once_and_the_rest_at_a_quarter_of_the_refill() {
        let budgets = Budgets::default();
        let start = Instant::now();
        for _ in 0..20 {
            budgets.take(&ECS_SERVICES).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..50 {
            budgets.take(&ECS_SERVICES).await;
        }
        let waited = start.elapsed().as_secs_f64();
        assert!((9.9..10.3).contains(&waited), "50 requests at 5 a second took {waited} s");
    }

    #[tokio::test]
    async fn requests_under_way_are_bounded_service_by_service() {
        let budgets = Budgets::default();
        let mut inside = Vec::new();
        for _ in 0..UNDER_WAY {
            inside.push(budgets.enter("ecs:ListTasks").await);
        }
        let full = budgets.enter("ecs:DescribeServices");
        assert!(futures_util::poll!(std::pin::pin!(full)).is_pending());
        assert!(budgets.enter("sts:GetCallerIdentity").await.is_some(), "another host");
        inside.pop();
        assert!(budgets.enter("ecs:DescribeServices").await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_halves_the_rate_and_success_restores_it() {
        let budgets = Budgets::default();
        let start = Instant::now();
        budgets.slow_down(&ECS_SERVICES);
        budgets.take(&ECS_SERVICES).await;
        assert!(start.elapsed() >= Duration::from_millis(400), "one token at 2.5 a second");
        for _ in 0..50 {
            budgets.went_well(&ECS_SERVICES);
        }
        let again = Instant::now();
        budgets.take(&ECS_SERVICES).await;
        assert!(again.elapsed() <= Duration::from_millis(210), "back at 5 a second");
    }
}
