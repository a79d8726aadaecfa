//! From a stack as configured to its ports. Nothing is sent anywhere, unless the region must be asked of the instance.

use std::collections::HashMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use futures_util::FutureExt;

use super::access::Access;
use super::credentials::{Search, Wallet};
use super::http::Clients;
use super::sources::{Origin, Role};
use super::{
    alarms, app_scaling, changes, ecs, group_activities, groups, guardduty, logs, metrics, proxies, rds, region,
    secrets, sources, sts, trust,
};
use crate::backend::change::{Changes, NoChanges};
use crate::backend::mongo::MongoDriver;
use crate::backend::nothing::Nothing;
use crate::backend::ports::{Backend, Mongo, NoJournal};
use crate::error::Error;
use crate::model::form;
use crate::model::stack::Stack;
use crate::time::Clock;

/// One attempt, connection included; a healthy answer takes well under a second.
const ATTEMPT: Duration = Duration::from_secs(3);
/// A whole call. There is one attempt in it (the feeds retry), so this only bounds what surrounds the attempt.
const OPERATION: Duration = Duration::from_secs(8);
/// A connection, TLS included: room for one lost packet and its repetition after a second.
const CONNECT: Duration = Duration::from_secs(2);
/// How long an answer may trickle below one byte a second before it counts as stalled.
const STALL: Duration = Duration::from_secs(2);

/// Keys that replace the search for credentials: for emulators, which accept any.
#[derive(Clone)]
pub struct Keys {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// Makes the ports of stacks. All that trust the same authorities share an HTTP client, so that there is one pool of
/// connections a host.
#[derive(Clone)]
pub struct Connector {
    clock: Arc<dyn Clock>,
    /// By the bundle of certificates that they trust.
    clients: Arc<Mutex<HashMap<Option<String>, Clients>>>,
    keys: Option<Keys>,
    session: String,
}

impl Connector {
    /// A connector that judges by `clock` when credentials end.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, clients: Arc::default(), keys: None, session: "rounds".to_owned() }
    }

    /// Uses these keys instead of looking for credentials.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// Names the sessions of assumed roles after `who`, as CloudTrail will show it. What a session's name cannot hold
    /// becomes `-`.
    #[must_use]
    pub fn with_session(self, who: &str) -> Self {
        let allowed = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
        let session: String = format!("rounds-{who}").chars().map(allowed).take(64).collect();
        Self { session, ..self }
    }

    /// Connects a stack: resolves its profile, region and endpoint. Credentials are looked for at the first request.
    ///
    /// # Errors
    /// A profile that does not exist; a bundle of certificates that cannot be used; a region that is missing or cannot be one; an endpoint or role that is malformed.
    pub async fn connect(&self, stack: &Stack) -> Result<Backend, Error> {
        self.resolve(stack).await.map_err(|error| match error.origin.clone() {
            Some(origin) => error.from(format!("stack {}, {origin}", stack.name)),
            None => error.from(format!("stack {}", stack.name)),
        })
    }

    async fn resolve(&self, stack: &Stack) -> Result<Backend, Error> {
        check_endpoint(stack.endpoint_url.as_deref(), "endpoint_url")?;
        let role = stack.role_arn.as_deref().map(|arn| self.role(arn)).transpose()?;
        let profiles = match self.keys {
            Some(_) => None,
            None => Some(sources::profiles(stack.profile.as_deref()).await?),
        };
        let clients = self.clients(trust::bundle(profiles.as_ref())?)?;
        let region = region::find(stack.region.as_deref(), profiles.as_ref(), &clients.local).await?;
        let config = config(stack, region, &clients).await;
        check_endpoint(config.endpoint_url(), "AWS_ENDPOINT_URL or endpoint_url")?;
        let origin = Arc::new(Origin {
            profile: stack.profile.clone(),
            fixed: self.keys.as_ref().map(|keys| Credentials::new(&keys.id, &keys.secret, None, None, "fixed")),
            role,
            config: config.clone(),
            local: clients.local,
        });
        let search: Search = Arc::new(move || {
            let origin = Arc::clone(&origin);
            async move { sources::find(&origin).await }.boxed()
        });
        let wallet = Arc::new(Wallet::new(search, Arc::clone(&self.clock)));
        let (mongo, sets) = self.mongo(stack, &wallet);
        Ok(Backend { mongo, ..ports(&config, &wallet, sets) })
    }

    /// What reads the replica sets of a stack, and what changes them: one connection does both.
    fn mongo(&self, stack: &Stack, wallet: &Arc<Wallet>) -> (Arc<dyn Mongo>, Arc<dyn Changes>) {
        match stack.mongo.as_slice() {
            [] => (Arc::new(Nothing), Arc::new(NoChanges)),
            sets => {
                let driver = Arc::new(MongoDriver::new(sets, &self.clock, Some(&wallet.for_sdk())));
                (driver.clone(), driver)
            }
        }
    }

    fn role(&self, arn: &str) -> Result<Role, Error> {
        form::role_arn(arn).map_err(|error| error.from("role_arn"))?;
        Ok(Role { arn: arn.to_owned(), session: self.session.clone() })
    }

    fn clients(&self, bundle: Option<String>) -> Result<Clients, Error> {
        let mut made = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clients) = made.get(&bundle) {
            return Ok(clients.clone());
        }
        let clients = Clients::new(bundle.as_deref())?;
        made.insert(bundle, clients.clone());
        Ok(clients)
    }
}

async fn config(stack: &Stack, region: Region, clients: &Clients) -> SdkConfig {
    // No proxy can reach this machine's own loopback.
    let is_local = stack.endpoint_url.as_deref().is_some_and(is_loopback);
    let client = if is_local { &clients.local } else { &clients.remote };
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(region)
        .http_client(client.clone())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts())
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(STALL).build())
        .identity_cache(IdentityCache::no_cache())
        .no_credentials();
    if let Ok(name) = AppName::new("rounds") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &stack.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &stack.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// The deadlines of every call, the calls for credentials included.
pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

fn ports(config: &SdkConfig, wallet: &Arc<Wallet>, sets: Arc<dyn Changes>) -> Backend {
    let config = config.to_builder().credentials_provider(wallet.for_sdk()).build();
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let endpoint = config.endpoint_url().map(str::to_owned);
    let access = |service: &str| Access {
        wallet: Arc::clone(wallet),
        place: endpoint.clone().unwrap_or_else(|| format!("{service} in {region}")).into(),
    };
    let ecs = Arc::new(ecs::AwsEcs::new(&config, access("ecs")));
    let scaling = app_scaling::AwsAppScaling::new(&config, access("application-autoscaling"));
    let app_scaling = Arc::new(scaling);
    let guardduty = Arc::new(guardduty::AwsGuardDuty::new(&config, access("guardduty")));
    let groups = Arc::new(groups::AwsGroups::new(&config, access("autoscaling")));
    let rds = Arc::new(rds::AwsRds::new(&config, access("rds")));
    let secrets = Arc::new(secrets::AwsSecrets::new(&config, access("secretsmanager")));
    Backend {
        ecs: ecs.clone(),
        ecs_preflight: ecs.clone(),
        changes: Arc::new(changes::AwsChanges {
            ecs: Arc::clone(&ecs),
            guardduty: Arc::clone(&guardduty),
            groups: Arc::clone(&groups),
            rds: Arc::clone(&rds),
            mongo: sets,
            app_scaling: Arc::clone(&app_scaling),
            secrets: Arc::clone(&secrets),
        }),
        task_definitions: ecs,
        groups,
        group_activities: Arc::new(group_activities::AwsGroupActivities::new(&config, access("autoscaling"))),
        app_scaling,
        alarms: Arc::new(alarms::AwsAlarms::new(&config, access("monitoring"))),
        guardduty,
        secrets,
        rds,
        proxies: Arc::new(proxies::AwsProxies::new(&config, access("rds"))),
        metrics: Arc::new(metrics::AwsMetrics::new(&config, access("monitoring"))),
        mongo: Arc::new(Nothing),
        logs: Arc::new(logs::AwsLogs::new(&config, access("logs"))),
        sts: Arc::new(sts::AwsSts::new(&config, access("sts"))),
        journal: Arc::new(NoJournal),
    }
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(name, _)| name);
    matches!(host, "localhost" | "[::1]") || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

fn check_endpoint(url: Option<&str>, origin: &str) -> Result<(), Error> {
    url.map_or(Ok(()), form::endpoint_url).map_err(|error| error.from(origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in
            ["http://127.0.0.1:4566", "https://localhost/x", "http://[::1]:80", "http://[::1]", "http://127.8.0.1"]
        {
            assert!(is_loopback(url), "{url}");
        }
        for url in
            ["http://10.0.0.1:80", "http://localhost.evil.example", "https://127.0.0.1.example/", "http://[::2]:1"]
        {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn a_session_is_named_in_what_sts_allows() {
        let connector = Connector::new(Arc::new(ManualClock::default())).with_session("ana o'neil\u{1b}é@bastion");
        assert_eq!(connector.session, "rounds-ana-o-neil--@bastion");
        let long = Connector::new(Arc::new(ManualClock::default())).with_session(&"x".repeat(200));
        assert_eq!(long.session.len(), 64);
    }

    #[test]
    fn keys_are_not_in_the_debug_form() {
        let keys = Keys { id: "AKID".to_owned(), secret: "hunter2".to_owned() };
        assert_eq!(format!("{keys:?}"), "Keys");
    }
}
