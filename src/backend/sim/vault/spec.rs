//! Secrets as a scenario has them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::backend::sim::scenario::{long_ago, one, some_span, span};
use crate::error::Error;

/// A secret.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct SecretSpec {
    pub name: String,
    /// Days from one rotation to the next; absent: it does not rotate.
    #[serde(default)]
    pub every: Option<u32>,
    /// The schedule, where it is more than days.
    #[serde(default)]
    pub schedule: Option<String>,
    #[serde(default)]
    pub window: Option<String>,
    /// How long before the start its last rotation was completed; absent: never.
    #[serde(default, deserialize_with = "some_span")]
    pub rotated: Option<Duration>,
    /// How long after the start the next rotation is due at the latest; absent: by its days.
    #[serde(default, deserialize_with = "some_span")]
    pub rotates_in: Option<Duration>,
    /// The database a rotation sets the password of: it fails while that is down.
    #[serde(default)]
    pub database: Option<String>,
    /// A rotation leaves `AWSPENDING` on the version that is in use.
    #[serde(default)]
    pub leaves_pending: bool,
    /// How long before the start a rotation got stuck.
    #[serde(default, deserialize_with = "some_span")]
    pub stuck: Option<Duration>,
    /// The alias of its key; absent: the key AWS manages.
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The service that manages it.
    #[serde(default)]
    pub owner: Option<String>,
    /// It is a replica, or has replicas: the region of the first.
    #[serde(default)]
    pub primary_region: Option<String>,
    /// How long after the start it is deleted.
    #[serde(default, deserialize_with = "some_span")]
    pub deleted_in: Option<Duration>,
    /// How long before the start it was read last; absent: never.
    #[serde(default, deserialize_with = "some_span")]
    pub accessed: Option<Duration>,
    /// The number of its version in use.
    #[serde(default = "one")]
    pub version: u32,
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub age: Duration,
}

/// Whether rotations make sense. That databases exist is checked with the rest.
pub(in crate::backend::sim) fn validate(secrets: &[SecretSpec]) -> Result<(), Error> {
    for secret in secrets {
        if secret.every.is_none() && (secret.rotates_in.is_some() || secret.stuck.is_some()) {
            let what = format!("secret {}: rotates_in and stuck need `every`", secret.name);
            return Err(Error::usage(what));
        }
        if secret.rotated.is_some_and(|rotated| rotated > secret.age) {
            return Err(Error::usage(format!("secret {}: rotated before it was made", secret.name)));
        }
    }
    Ok(())
}
