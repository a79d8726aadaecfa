//! Token buckets, one an API class.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::service::SERVICES;
use crate::time::Timestamp;

/// Operations that share a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// `ListClusters`, `DescribeClusters`.
    ClusterRead,
    /// `ListServices`, `DescribeServices`.
    ServiceRead,
    /// `UpdateService`.
    ServiceModify,
    /// `UpdateContainerInstancesState`.
    InstanceModify,
    /// `ListServiceDeployments`, `DescribeServiceDeployments`; taken to have the rate of `DescribeServiceRevisions`.
    DeploymentRead,
    /// `StopServiceDeployment`; taken to have the rate of `UpdateService`.
    DeploymentStop,
    /// `RegisterScalableTarget`; AWS publishes no rate.
    ScalingModify,
    /// Lists and describes of tasks and container instances.
    ResourceRead,
    /// `DescribeCapacityProviders`.
    ProviderRead,
    /// `GetTaskProtection`.
    Protection,
    /// `DescribeServiceRevisions`.
    RevisionRead,
    /// `DescribeTaskDefinition`.
    DefinitionRead,
    /// Reads of Auto Scaling; AWS publishes no rate.
    GroupRead,
    /// Changes of groups; AWS publishes no rate.
    GroupModify,
    /// Reads of Application Auto Scaling; AWS publishes no rate.
    ScalingRead,
    /// `DescribeAlarms`.
    AlarmRead,
    /// `DescribeAlarmHistory`.
    AlarmHistoryRead,
    /// Reads of RDS; AWS publishes no rate.
    DatabaseRead,
    /// `RebootDBInstance`, `FailoverDBCluster`; AWS publishes no rate.
    DatabaseModify,
    /// `GetMetricData`.
    MetricRead,
    /// Reads of GuardDuty; AWS publishes no rate.
    FindingRead,
    /// `ArchiveFindings`, `UnarchiveFindings`; AWS publishes no rate.
    FindingModify,
    /// `ListSecrets`.
    SecretList,
    /// `DescribeSecret`.
    SecretRead,
    /// `ListSecretVersionIds`.
    SecretVersions,
    /// `RotateSecret` and `CancelRotateSecret` together.
    SecretRotate,
    /// `CreateLogStream`.
    LogStream,
    /// `PutLogEvents`; its rate is thousands of calls a second.
    LogWrite,
    /// Who the caller is; AWS publishes no rate.
    Identity,
}

impl Class {
    /// The class of a call, by its IAM action; `None` where the loopback does not have it.
    #[must_use]
    pub fn of(action: &str) -> Option<Self> {
        let (iam, name) = action.split_once(':')?;
        let mut services = SERVICES.iter().filter(|service| service.iam == iam);
        services.find_map(|service| service.operation(name)).map(|operation| operation.class)
    }
}

/// How much a bucket holds and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls at once.
    pub burst: u32,
    /// Calls a second after that.
    pub per_second: u32,
}

/// The rates in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Rates {
    /// Every call is let through.
    Off,
    /// As "Request throttling for the Amazon ECS API", "CloudWatch service quotas", "CloudWatch Logs quotas" and "AWS Secrets
    /// Manager quotas" have them. Classes without a published
    /// rate are let through, but for RDS: it is known to throttle early, so that a low rate stands in for the one not told.
    #[default]
    Documented,
    /// These; classes left out are let through.
    Custom(BTreeMap<Class, Rate>),
}

impl Rates {
    /// The rate of a class, if it has one.
    #[must_use]
    pub fn of(&self, class: Class) -> Option<Rate> {
        match (self, class) {
            (Self::Custom(rates), _) => rates.get(&class).copied(),
            (Self::Off, _)
            | (
                Self::Documented,
                Class::GroupRead
                | Class::GroupModify
                | Class::ScalingRead
                | Class::ScalingModify
                | Class::FindingRead
                | Class::FindingModify
                | Class::LogWrite
                | Class::Identity,
            ) => None,
            (Self::Documented, Class::SecretList) => Some(Rate { burst: 100, per_second: 100 }),
            (Self::Documented, Class::SecretRead) => Some(Rate { burst: 10_000, per_second: 10_000 }),
            (
                Self::Documented,
                Class::ClusterRead
                | Class::ProviderRead
                | Class::RevisionRead
                | Class::DeploymentRead
                | Class::DefinitionRead,
            ) => Some(Rate { burst: 50, per_second: 20 }),
            (Self::Documented, Class::DatabaseRead | Class::DatabaseModify) => Some(Rate { burst: 20, per_second: 5 }),
            (Self::Documented, Class::AlarmRead) => Some(Rate { burst: 9, per_second: 9 }),
            (Self::Documented, Class::AlarmHistoryRead) => Some(Rate { burst: 3, per_second: 3 }),
            (Self::Documented, Class::MetricRead | Class::SecretVersions | Class::SecretRotate | Class::LogStream) => {
                Some(Rate { burst: 50, per_second: 50 })
            }
            (Self::Documented, Class::Protection) => Some(Rate { burst: 200, per_second: 80 }),
            (Self::Documented, Class::ServiceModify | Class::DeploymentStop) => Some(Rate { burst: 50, per_second: 5 }),
            (Self::Documented, Class::InstanceModify) => Some(Rate { burst: 100, per_second: 40 }),
            (Self::Documented, Class::ServiceRead | Class::ResourceRead) => Some(Rate { burst: 100, per_second: 20 }),
        }
    }
}

struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

/// The buckets of one account and region.
pub struct Buckets {
    rates: Rates,
    fill: Mutex<HashMap<Class, Bucket>>,
}

impl Buckets {
    /// Full buckets.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self { rates, fill: Mutex::default() }
    }

    /// Takes a token; false if there is none left.
    pub fn take(&self, class: Class, now: Timestamp) -> bool {
        let Some(rate) = self.rates.of(class) else { return true };
        let burst = f64::from(rate.burst);
        let mut fill = self.fill.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = fill.entry(class).or_insert(Bucket { tokens: burst, filled_at: now });
        let gained = now.since(bucket.filled_at).as_secs_f64() * f64::from(rate.per_second);
        bucket.tokens = (bucket.tokens + gained).min(burst);
        bucket.filled_at = now;
        let enough = bucket.tokens >= 1.0;
        if enough {
            bucket.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_lets_its_burst_through_and_then_its_rate() {
        let buckets = Buckets::new(Rates::Documented);
        let start = Timestamp::from_secs(100);
        let taken = |class, at, tries: u32| (0..tries).filter(|_| buckets.take(class, at)).count();
        assert_eq!(taken(Class::ServiceRead, start, 500), 100);
        assert_eq!(taken(Class::ServiceRead, start + Duration::from_secs(2), 500), 40);
        assert_eq!(taken(Class::ServiceRead, start + Duration::from_secs(3_600), 500), 100);
        assert_eq!(taken(Class::ClusterRead, start, 500), 50);
        assert_eq!(taken(Class::Identity, start, 500), 500);
        assert_eq!((taken(Class::AlarmRead, start, 500), taken(Class::AlarmHistoryRead, start, 500)), (9, 3));
        assert_eq!(taken(Class::ScalingRead, start, 500), 500);
    }

    #[test]
    fn the_class_of_a_call_is_that_of_its_operation() {
        assert_eq!(Class::of("ecs:ListTasks"), Some(Class::ResourceRead));
        assert_eq!(Class::of("ecs:UpdateService"), Some(Class::ServiceModify));
        assert_eq!(Class::of("hello"), None);
    }

    #[test]
    fn rates_can_be_off_or_our_own() {
        assert_eq!(Rates::Off.of(Class::ServiceRead), None);
        let none = Buckets::new(Rates::Custom(BTreeMap::from([(Class::Identity, Rate { burst: 0, per_second: 0 })])));
        assert!(!none.take(Class::Identity, Timestamp::from_secs(1)));
        assert!(none.take(Class::ClusterRead, Timestamp::from_secs(1)));
    }
}
