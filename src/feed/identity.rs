//! The identity feed: who is asking, again and again, because credentials change under a running program.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::budget::STS;
use super::{Context, Feed, FeedSpec};
use crate::model::{Facts, Fault};
use crate::store::Snapshot;

/// `identity`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "identity",
    domain: "identity",
    doc: "Caller, account, region and remaining lifetime of the credentials",
    actions: &["sts:GetCallerIdentity"],
    after: None,
    interval: Duration::from_mins(1),
    deadline: Duration::from_secs(20),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(IdentityFeed),
};

struct IdentityFeed;

#[async_trait]
impl Feed for IdentityFeed {
    async fn poll(&mut self, context: &Context, _: &Facts) -> Result<Snapshot, Fault> {
        let sts = &context.backend.sts;
        let identity = context.gate.read(&STS, "sts:GetCallerIdentity", || sts.caller()).await?;
        Ok(Snapshot {
            taken_at: context.clock.now(),
            data: Arc::new(identity),
            gaps: Vec::new(),
            slowed: context.gate.was_slowed(),
        })
    }
}
