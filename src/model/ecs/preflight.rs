//! What is read of a service only before an action: which of its tasks are protected, and what its revision resolved.

use crate::text::Text;
use crate::time::Timestamp;

/// Whether a task is protected from scale-in. Deployments heed it too: they do not stop a protected task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// The task's ARN.
    pub task: Text,
    /// Whether it is protected.
    pub enabled: bool,
    /// When that ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A revision of a service: what one deployment of it was made of. ECS keeps those made since 2024-10-25.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Its ARN.
    pub arn: Text,
    /// The task definition's ARN.
    pub task_definition: Option<Text>,
    /// The images of its containers.
    pub images: Vec<Image>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// The image of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The container's name.
    pub container: Text,
    /// The image as the task definition names it.
    pub name: Option<Text>,
    /// What that was resolved to, `sha256:…`; every task of the revision runs it.
    pub digest: Option<Text>,
}

/// A deployment of a service as a thing of its own, with what it comes from and goes to. ECS keeps those made since 2024-10-25.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceDeployment {
    /// Its ARN.
    pub arn: Text,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `STOPPED`, `ROLLBACK_SUCCESSFUL` …
    pub status: Option<Text>,
    /// Why it has that status.
    pub reason: Option<Text>,
    /// The revision it brings; lists tell its ARN alone.
    pub target: Option<RevisionTasks>,
    /// The revisions that ran before; empty in a list.
    pub sources: Vec<RevisionTasks>,
    /// The revision it was rolled back to, once it is being rolled back.
    pub back_to: Option<Text>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl ServiceDeployment {
    /// Whether it can still be stopped.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(self.status.as_deref(), Some("PENDING" | "IN_PROGRESS"))
    }
}

/// How many tasks of a revision there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionTasks {
    /// The revision's ARN.
    pub arn: Text,
    /// Tasks asked for.
    pub wanted: u32,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that start.
    pub pending: u32,
}
