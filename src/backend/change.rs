//! The requests that change something, kept apart from those that read.
//!
//! A method is exactly one request, sent once and never repeated: none of these calls carries a token that would make a
//! repetition harmless. Each takes a [`Permit`], and only the policy of actions makes one.

use async_trait::async_trait;

use crate::model::{Fault, FaultKind};
use crate::text::Text;

/// Leave to send one change. It cannot be copied, and sending uses it up.
#[derive(Debug)]
pub struct Permit(());

impl Permit {
    /// What the policy gives once everything speaks for a change; `tests/architecture.rs` sees to it that nobody else calls it.
    pub(crate) const fn granted() -> Self {
        Self(())
    }

    /// What stands behind a request that came in over the loopback, where the simulated world plays AWS: whoever sent it had
    /// one. Nobody but the loopback calls it.
    pub(crate) const fn of_the_sender() -> Self {
        Self(())
    }
}

/// What became of a change that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The service accepted it.
    Applied {
        /// The service's request id.
        request_id: Option<Text>,
        /// What it made: the id of the deployment.
        made: Option<Text>,
    },
    /// Nothing was changed: the service said no, or the request never left.
    Refused {
        /// Why.
        fault: Fault,
        /// The HTTP status of the service's answer, where there was one.
        status: Option<u16>,
    },
    /// It was sent, and no answer says what became of it.
    Unknown {
        /// What happened instead of an answer.
        fault: Fault,
        /// The HTTP status of the service's answer, where there was one.
        status: Option<u16>,
    },
}

/// `UpdateService` with `forceNewDeployment=true`: what is shown before it is sent is made of these very fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForceDeployment {
    /// The cluster's ARN.
    pub cluster: Text,
    /// The service's ARN.
    pub service: Text,
}

impl ForceDeployment {
    /// The IAM action.
    pub const ACTION: &'static str = "ecs:UpdateService";

    /// Every parameter as it is sent, by its name on the wire.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, Text)> {
        vec![
            ("cluster", self.cluster.clone()),
            ("service", self.service.clone()),
            ("forceNewDeployment", Text::from("true")),
        ]
    }
}

/// Amazon ECS, changing.
#[async_trait]
pub trait EcsChanges: Send + Sync {
    /// Has a service start all its tasks anew.
    async fn force_deployment(&self, permit: Permit, call: &ForceDeployment) -> Sent;
}

/// Stands where nothing can be changed.
pub struct NoChanges;

#[async_trait]
impl EcsChanges for NoChanges {
    async fn force_deployment(&self, _: Permit, _: &ForceDeployment) -> Sent {
        let what = "nothing can be changed here";
        Sent::Refused { fault: Fault::new(FaultKind::Unsupported, ForceDeployment::ACTION, what), status: None }
    }
}
