//! AWS Secrets Manager: how secrets rotate. No value is ever asked for, and descriptions are left where they are.

mod changes;

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{RotationRulesType, SecretListEntry, SecretVersionsListEntry, Tag};

use super::access::Access;
use super::values::{text, text_or_empty, texts, time, token};
use crate::backend::ports::{Page, Secrets, limits};
use crate::model::Fault;
use crate::model::secret::{Secret, Version};
use crate::text::Text;

/// The adapter. It has no clock: whoever asks notes when ([`Secret::read_at`]).
pub(super) struct AwsSecrets {
    client: Client,
    access: Access,
}

impl AwsSecrets {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::new(config), access }
    }
}

/// `MaxResults` of every list.
fn page_size() -> i32 {
    i32::try_from(limits::SECRETS_PAGE).unwrap_or(i32::MAX)
}

#[async_trait]
impl Secrets for AwsSecrets {
    async fn secrets(&self, from: Option<&str>) -> Result<Page<Secret>, Fault> {
        let request = self
            .client
            .list_secrets()
            .include_planned_deletion(true)
            .max_results(page_size())
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("secretsmanager:ListSecrets", request.send()).await?;
        Ok(Page { items: page.secret_list().iter().map(listed).collect(), next: token(page.next_token()) })
    }

    async fn secret(&self, arn: &str) -> Result<Secret, Fault> {
        let request = self.client.describe_secret().secret_id(arn);
        let answer = self.access.ask("secretsmanager:DescribeSecret", request.send()).await?;
        Ok(described(&answer))
    }

    async fn versions(&self, arn: &str, from: Option<&str>) -> Result<Page<Version>, Fault> {
        let request = self
            .client
            .list_secret_version_ids()
            .secret_id(arn)
            .include_deprecated(true)
            .max_results(page_size())
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("secretsmanager:ListSecretVersionIds", request.send()).await?;
        Ok(Page { items: page.versions().iter().map(version).collect(), next: token(page.next_token()) })
    }
}

fn listed(raw: &SecretListEntry) -> Secret {
    Secret {
        name: text_or_empty(raw.name()),
        arn: text_or_empty(raw.arn()),
        key: text(raw.kms_key_id()),
        rotation_enabled: raw.rotation_enabled(),
        lambda: text(raw.rotation_lambda_arn()),
        rotated_at: time(raw.last_rotated_date()),
        rotates_at: time(raw.next_rotation_date()),
        changed_at: time(raw.last_changed_date()),
        accessed_at: time(raw.last_accessed_date()),
        deleted_at: time(raw.deleted_date()),
        created_at: time(raw.created_date()),
        owner: text(raw.owning_service()),
        primary_region: text(raw.primary_region()),
        versions: versions(raw.secret_versions_to_stages()),
        tags: tags(raw.tags()),
        ..rules(raw.rotation_rules())
    }
}

/// The same of the other answer: it has what a list entry has, under another type.
fn described(raw: &DescribeSecretOutput) -> Secret {
    Secret {
        name: text_or_empty(raw.name()),
        arn: text_or_empty(raw.arn()),
        key: text(raw.kms_key_id()),
        rotation_enabled: raw.rotation_enabled(),
        lambda: text(raw.rotation_lambda_arn()),
        rotated_at: time(raw.last_rotated_date()),
        rotates_at: time(raw.next_rotation_date()),
        changed_at: time(raw.last_changed_date()),
        accessed_at: time(raw.last_accessed_date()),
        deleted_at: time(raw.deleted_date()),
        created_at: time(raw.created_date()),
        owner: text(raw.owning_service()),
        primary_region: text(raw.primary_region()),
        versions: versions(raw.version_ids_to_stages()),
        tags: tags(raw.tags()),
        ..rules(raw.rotation_rules())
    }
}

/// A secret of which only the rules of its rotation are known. No days or fewer are none.
fn rules(raw: Option<&RotationRulesType>) -> Secret {
    let days = raw.and_then(RotationRulesType::automatically_after_days);
    Secret {
        rotates_after_days: days.and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0),
        schedule: text(raw.and_then(|rules| rules.schedule_expression())),
        window: text(raw.and_then(|rules| rules.duration())),
        ..Secret::default()
    }
}

fn versions(raw: Option<&HashMap<String, Vec<String>>>) -> BTreeMap<Text, Vec<Text>> {
    raw.into_iter().flatten().map(|(id, labels)| (Text::new(id), texts(labels))).collect()
}

fn tags(raw: &[Tag]) -> Vec<(Text, Text)> {
    raw.iter().map(|tag| (text_or_empty(tag.key()), text_or_empty(tag.value()))).collect()
}

fn version(raw: &SecretVersionsListEntry) -> Version {
    Version {
        id: text_or_empty(raw.version_id()),
        stages: texts(raw.version_stages()),
        created_at: time(raw.created_date()),
    }
}

#[cfg(test)]
mod tests;
