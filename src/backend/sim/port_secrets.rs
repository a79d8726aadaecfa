//! AWS Secrets Manager of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::paging::List;
use super::world::World;
use crate::backend::ports::{Page, Secrets, limits};
use crate::model::Fault;
use crate::model::secret::{Secret, Version};

const fn list(action: &'static str) -> List {
    let refusal = ("InvalidNextTokenException", "The NextToken value is invalid.");
    List { action, size: limits::SECRETS_PAGE, refusal }
}

#[async_trait]
impl Secrets for Sim {
    async fn secrets(&self, token: Option<&str>) -> Result<Page<Secret>, Fault> {
        let action = "secretsmanager:ListSecrets";
        self.call(action, |world| {
            let there = (0..world.vault.secrets.len()).filter(|n| world.vault.secrets[*n].exists(world.now));
            let page = list(action).page("", token, there, |n| world.vault.listed(n, world.now, &world.home))?;
            Ok(Page { items: page.items.into_iter().flatten().collect(), next: page.next })
        })
        .await
    }

    async fn secret(&self, arn: &str) -> Result<Secret, Fault> {
        let action = "secretsmanager:DescribeSecret";
        self.call(action, |world| {
            let n = world.secret(arn, action)?;
            world.vault.described(n, world.now, &world.home).ok_or_else(|| not_found(action))
        })
        .await
    }

    async fn versions(&self, arn: &str, token: Option<&str>) -> Result<Page<Version>, Fault> {
        let action = "secretsmanager:ListSecretVersionIds";
        self.call(action, |world| {
            let versions = world.vault.version_facts(world.secret(arn, action)?, world.now);
            list(action).page(arn, token, 0..versions.len(), |key| versions[key].clone())
        })
        .await
    }
}

impl World {
    /// The secret with this ARN or name.
    pub(super) fn secret(&self, name: &str, action: &'static str) -> Result<usize, Fault> {
        let named = |s: &super::vault::Secret| (s.arn == name || s.spec.name == name) && s.exists(self.now);
        self.vault.secrets.iter().position(named).ok_or_else(|| not_found(action))
    }
}

fn not_found(action: &'static str) -> Fault {
    refused(action, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
