//! The identity of the caller in a simulated world.

use async_trait::async_trait;

use super::Sim;
use crate::backend::ports::Sts;
use crate::model::Fault;
use crate::model::identity::Identity;
use crate::text::Text;

#[async_trait]
impl Sts for Sim {
    async fn caller(&self) -> Result<Identity, Fault> {
        self.call("sts:GetCallerIdentity", |world| {
            let home = &world.home;
            let session = home.caller.rsplit('/').next().unwrap_or_default();
            Ok(Identity {
                account: Text::from(&home.account),
                arn: Text::from(&home.caller),
                user_id: Text::from(format!("AROASIMULATEDROLE00:{session}")),
                region: Some(Text::from(&home.region)),
                expires_at: home.expires_at,
                endpoint: None,
                skew_ms: Some(0),
            })
        })
        .await
    }
}
