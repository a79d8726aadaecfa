//! Secrets, their versions and labels.

use std::time::Duration;

use fastrand::Rng;

use super::spec::SecretSpec;
use crate::backend::sim::names::{self, Home};
use crate::backend::sim::rds::DatabaseSpec;
use crate::backend::sim::scenario::Scenario;
use crate::model::secret::Secret as Facts;
use crate::time::Timestamp;

pub(super) const DAY: Duration = Duration::from_hours(24);
/// The label of the version before the one in use.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
/// Days after which RDS rotates a secret it manages.
const MANAGED: u32 = 7;
/// How far the list is behind, in seconds: at least, and at most. Secrets Manager says five minutes.
const BEHIND: std::ops::RangeInclusive<u64> = 30..=200;

/// All secrets, by name.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Vault {
    pub secrets: Vec<Secret>,
    pub(super) rng: Rng,
}

/// A secret.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Secret {
    pub spec: SecretSpec,
    pub arn: String,
    pub created_at: Timestamp,
    pub accessed_at: Option<Timestamp>,
    /// How far the list is behind.
    pub behind: Duration,
    /// What it was like from a time on; the last one is how it is.
    pub(super) states: Vec<(Timestamp, State)>,
}

/// What a secret is like.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct State {
    /// In the order they were made; the oldest are forgotten.
    pub versions: Vec<Version>,
    pub rotated_at: Option<Timestamp>,
    pub rotates_at: Option<Timestamp>,
    pub changed_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    /// Whether it rotates; one that can may be told not to.
    pub rotates: bool,
}

/// A version.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Version {
    pub id: String,
    pub created_at: Timestamp,
    pub stages: Vec<&'static str>,
}

impl Version {
    /// Whether it is being made, and not in use yet.
    pub fn is_pending(&self) -> bool {
        self.stages == [Facts::PENDING]
    }
}

impl Secret {
    /// What it was like at a time.
    pub fn at(&self, at: Timestamp) -> Option<&State> {
        let known = self.states.iter().rev().find(|(since, _)| *since <= at).or_else(|| self.states.first());
        known.map(|(_, state)| state)
    }

    /// Changes what it is like from now on.
    pub(super) fn change(&mut self, now: Timestamp, change: impl FnOnce(&mut State)) {
        let Some((_, mut state)) = self.states.last().cloned() else { return };
        change(&mut state);
        state.changed_at = now;
        self.states.push((now, state));
    }

    /// Whether a version is being made.
    pub(super) fn is_rotating(&self, now: Timestamp) -> bool {
        self.at(now).is_some_and(|state| state.versions.iter().any(Version::is_pending))
    }

    /// Whether it still is there.
    pub fn exists(&self, now: Timestamp) -> bool {
        self.at(now).is_some_and(|state| state.deleted_at.is_none_or(|at| now < at))
    }
}

impl Vault {
    pub fn new(scenario: &Scenario, home: &Home, seed: u64) -> Self {
        let mut vault = Self { secrets: Vec::new(), rng: Rng::with_seed(seed) };
        let managed = scenario.databases.iter().filter(|d| d.managed_secret).map(managed);
        let mut specs: Vec<SecretSpec> = scenario.secrets.iter().cloned().chain(managed).collect();
        specs.sort_by(|a, b| a.name.cmp(&b.name));
        for spec in specs {
            let secret = vault.secret(spec, home, scenario.start());
            vault.secrets.push(secret);
        }
        vault
    }

    pub fn named(&self, name: &str) -> Option<usize> {
        self.secrets.iter().position(|s| s.spec.name == name)
    }

    fn secret(&mut self, spec: SecretSpec, home: &Home, now: Timestamp) -> Secret {
        let created_at = now - spec.age;
        let rotated_at = spec.rotated.map(|ago| now - ago);
        let every = spec.every.map(|days| DAY * days);
        let next_at = match spec.rotates_in {
            Some(after) => Some(now + after),
            None => every.map(|every| rotated_at.unwrap_or(created_at) + every),
        };
        let mut versions = Vec::new();
        if spec.version > 1 {
            let before = every.map_or(created_at, |every| rotated_at.unwrap_or(created_at) - every);
            versions.push(self.version(before.max(created_at), vec![PREVIOUS]));
        }
        let stages = if spec.leaves_pending { vec![Facts::CURRENT, Facts::PENDING] } else { vec![Facts::CURRENT] };
        versions.push(self.version(rotated_at.unwrap_or(created_at), stages));
        if let Some(ago) = spec.stuck {
            versions.push(self.version(now - ago, vec![Facts::PENDING]));
        }
        let state = State {
            versions,
            rotated_at,
            rotates_at: next_at,
            changed_at: spec.stuck.map(|ago| now - ago).or(rotated_at).unwrap_or(created_at),
            deleted_at: spec.deleted_in.map(|after| now + after),
            rotates: spec.every.is_some(),
        };
        Secret {
            arn: home.secret(&spec.name),
            created_at,
            accessed_at: spec.accessed.map(|ago| day_of(now - ago)),
            behind: Duration::from_secs(self.rng.u64(BEHIND)),
            states: vec![(created_at, state)],
            spec,
        }
    }

    pub(super) fn version(&mut self, created_at: Timestamp, stages: Vec<&'static str>) -> Version {
        Version { id: names::uuid(self.rng.u128(..)), created_at, stages }
    }
}

/// The day of a time.
fn day_of(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.secs().div_euclid(86_400) * 86_400)
}

/// The secret of a master user that RDS manages.
fn managed(database: &DatabaseSpec) -> SecretSpec {
    SecretSpec {
        name: format!("rds!db-{}", database.name),
        every: Some(MANAGED),
        rotated: Some(DAY * 3),
        accessed: Some(DAY * 3),
        owner: Some("rds".to_owned()),
        version: 2,
        age: database.common.age,
        ..SecretSpec::default()
    }
}
