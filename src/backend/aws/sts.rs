//! AWS Security Token Service.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Builder;

use super::access::Access;
use super::skew::Skew;
use super::values::{text, text_or_empty};
use super::whole::Whole;
use crate::backend::ports::Sts;
use crate::model::Fault;
use crate::model::identity::Identity;
use crate::text::Text;

/// The adapter.
pub(super) struct AwsSts {
    client: Client,
    access: Access,
    region: Option<Text>,
    endpoint: Option<Text>,
}

impl AwsSts {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self {
            client: Client::from_conf(Builder::from(config).interceptor(Whole).build()),
            access,
            region: text(config.region()),
            endpoint: text(config.endpoint_url()),
        }
    }
}

#[async_trait]
impl Sts for AwsSts {
    async fn caller(&self) -> Result<Identity, Fault> {
        let skew = Skew::new(self.access.wallet.clock());
        let request = self.client.get_caller_identity().customize().interceptor(skew.clone());
        let caller = self.access.ask("sts:GetCallerIdentity", request.send()).await?;
        Ok(Identity {
            account: text_or_empty(caller.account()),
            arn: text_or_empty(caller.arn()),
            user_id: text_or_empty(caller.user_id()),
            region: self.region.clone(),
            expires_at: self.access.wallet.held().await.ok().and_then(|held| held.expires_at()),
            endpoint: self.endpoint.clone(),
            skew_ms: skew.millis(),
        })
    }
}
