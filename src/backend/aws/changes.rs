//! What changes something: each change goes to the client of its service, which sends it once; what is for a replica set to the
//! stack's connection to that.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::timeout::TimeoutConfig;

use super::access::Failed;
use super::app_scaling::AwsAppScaling;
use super::ecs::AwsEcs;
use super::groups::AwsGroups;
use super::guardduty::AwsGuardDuty;
use super::rds::AwsRds;
use super::secrets::AwsSecrets;
use crate::backend::change::{Change, Changes, Permit, Sent};
use crate::model::{Fault, FaultKind};
use crate::text::Text;

/// How long an answer is waited for. Longer than a read: giving up does not undo anything, it only leaves a question open.
const PATIENCE: Duration = Duration::from_secs(10);

/// The clients that send.
pub(super) struct AwsChanges {
    pub ecs: Arc<AwsEcs>,
    pub guardduty: Arc<AwsGuardDuty>,
    pub groups: Arc<AwsGroups>,
    pub rds: Arc<AwsRds>,
    /// The replica sets of the stack.
    pub mongo: Arc<dyn Changes>,
    pub app_scaling: Arc<AwsAppScaling>,
    pub secrets: Arc<AwsSecrets>,
}

#[async_trait]
impl Changes for AwsChanges {
    async fn send(&self, permit: Permit, change: &Change) -> Sent {
        match change {
            Change::ForceDeployment { .. }
            | Change::InstanceState { .. }
            | Change::DesiredCount { .. }
            | Change::RollBack { .. } => self.ecs.send(change).await,
            Change::SuspendScaling { resource, suspended } => self.app_scaling.suspend(resource, *suspended).await,
            Change::FindingArchived { .. } => self.guardduty.send(change).await,
            Change::GroupDesired { .. } | Change::GroupProcesses { .. } => self.groups.send(change).await,
            Change::FailOverInstance { .. } | Change::FailOverCluster { .. } => self.rds.send(change).await,
            Change::StepDown { .. } => self.mongo.send(permit, change).await,
            Change::RotateSecret { secret, token } => self.secrets.rotate(change.action(), secret, token).await,
            Change::CancelRotation { secret } => self.secrets.cancel(change.action(), secret).await,
        }
    }
}

/// The deadlines of a change.
pub(super) fn patience() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).operation_timeout(PATIENCE).build()
}

/// A change that came to the wrong client, which would be a mistake of this program: nothing is sent.
pub(super) fn astray(change: &Change) -> Sent {
    let fault = Fault::new(FaultKind::Unsupported, change.action(), "this client cannot send it");
    Sent::Refused { fault, status: None }
}

/// What an answer, or the want of one, means. `told` gives the request id and what was made.
pub(super) fn became<O>(answer: Result<O, Failed>, told: impl FnOnce(O) -> (Option<Text>, Option<Text>)) -> Sent {
    match answer {
        Ok(answer) => {
            let (request_id, made) = told(answer);
            Sent::Applied { request_id, made }
        }
        Err(failed) if failed.refused => Sent::Refused { fault: failed.fault, status: failed.status },
        Err(failed) => Sent::Unknown { fault: failed.fault, status: failed.status },
    }
}

#[cfg(test)]
mod tests;
