//! Secrets as actions read them: never a value.

use std::sync::Arc;

use super::{Bench, Reading};
use crate::feed::SECRET;
use crate::model::Fault;
use crate::model::secret::{Secret, SecretFacts, Version};
use crate::text::Text;

impl Bench {
    /// A secret as it is now, by its ARN or name.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn secret(&self, name: &str) -> Result<Secret, Fault> {
        let ask = || self.backend.secrets.secret(name);
        let secret = self.gate.read(&SECRET, "secretsmanager:DescribeSecret", ask).await?;
        let arn = if secret.arn.is_empty() { Text::from(name) } else { secret.arn };
        let name = if secret.name.is_empty() { arn.clone() } else { secret.name };
        Ok(Secret { read_at: self.clock.now(), arn, name, ..secret })
    }

    /// The versions of a secret.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn secret_versions(&self, arn: &str) -> Result<Vec<Version>, Fault> {
        let (mut versions, mut token) = (Vec::new(), None::<String>);
        loop {
            let ask = || self.backend.secrets.versions(arn, token.as_deref());
            let page = self.gate.read(&SECRET, "secretsmanager:ListSecretVersionIds", ask).await?;
            versions.extend(page.items);
            if page.next.is_none() || page.next == token {
                return Ok(versions);
            }
            token = page.next;
        }
    }

    /// What stands around a secret: the others, who is handed it, and the databases it is for. The list of secrets may be minutes
    /// behind, so this one counts as it was described.
    ///
    /// # Errors
    /// The secrets cannot be listed.
    pub async fn around(&self, secret: &Secret) -> Result<Reading, Fault> {
        let mut reading = self.feeds(&["secrets", "ecs", "task-definitions", "rds", "alarms"]).await?;
        let mut known = reading.facts.get::<SecretFacts>().cloned().unwrap_or_default();
        match known.secrets.iter_mut().find(|listed| listed.arn == secret.arn) {
            Some(listed) => *listed = secret.clone(),
            None => known.secrets.push(secret.clone()),
        }
        reading.facts.put(secret.read_at, Arc::new(known));
        Ok(reading)
    }
}
