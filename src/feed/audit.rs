//! The audit feed: what this user did with this tool on this machine, in any terminal. It asks nobody but the disk.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Context, Feed, FeedSpec};
use crate::model::audit::AuditFacts;
use crate::model::{Facts, Fault};
use crate::store::Snapshot;

/// `audit`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "audit",
    domain: "audit",
    doc: "Actions this user took with this tool on this machine, of the last seven days on which there were any",
    actions: &[],
    after: None,
    interval: Duration::from_secs(5),
    deadline: Duration::from_secs(5),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(AuditFeed),
};

struct AuditFeed;

#[async_trait]
impl Feed for AuditFeed {
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault> {
        let acted = context.backend.journal.acted(&context.stack.name, facts.get()).await?;
        let data = Arc::new(AuditFacts { acted });
        Ok(Snapshot { taken_at: context.clock.now(), data, gaps: Vec::new(), slowed: false })
    }
}
