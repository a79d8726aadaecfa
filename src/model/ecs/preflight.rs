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
