//! Auto Scaling groups, as far as they stand behind capacity providers.

use crate::text::Text;
use crate::time::Timestamp;

/// The groups behind a stack's capacity providers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupFacts {
    /// The groups, by name.
    pub groups: Vec<Group>,
    /// Names that were asked for and not found.
    pub missing: Vec<Text>,
}

impl GroupFacts {
    /// The group with this name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.name == *name)
    }
}

/// One Auto Scaling group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: Text,
    /// Its ARN.
    pub arn: Option<Text>,
    /// `MinSize`.
    pub minimum: Option<u32>,
    /// `MaxSize`: cluster auto scaling never goes past it.
    pub maximum: Option<u32>,
    /// `DesiredCapacity`.
    pub desired: Option<u32>,
    /// Zones the group spans.
    pub zones: Vec<Text>,
    /// Its instances.
    pub instances: Vec<GroupInstance>,
    /// `TerminationPolicies`, in the order they are asked which instance goes.
    pub termination_policies: Vec<Text>,
    /// Suspended processes and why.
    pub suspended: Vec<(Text, Option<Text>)>,
    /// `NewInstancesProtectedFromScaleIn`.
    pub protects_new_instances: Option<bool>,
    /// Whether the tag `AmazonECSManaged` is there.
    pub managed_by_ecs: bool,
    /// When the group was made.
    pub created_at: Option<Timestamp>,
}

impl Group {
    /// Whether the group can grow: `None` where a bound is not known.
    #[must_use]
    pub fn at_maximum(&self) -> Option<bool> {
        Some(self.desired? >= self.maximum?)
    }

    /// How many of its instances are in service, as far as they tell.
    #[must_use]
    pub fn in_service(&self) -> usize {
        self.instances.iter().filter(|instance| instance.lifecycle.as_deref() == Some("InService")).count()
    }

    /// Whether fewer instances are in service than it wants; `None` where it cannot be told.
    #[must_use]
    pub fn is_short(&self) -> Option<bool> {
        let desired = self.desired? as usize;
        let untold = self.instances.iter().filter(|instance| instance.lifecycle.is_none()).count();
        match self.in_service() {
            known if known >= desired => Some(false),
            known if known + untold < desired => Some(true),
            _ => None,
        }
    }

    /// Whether this process (`Launch`, `Terminate` …) is suspended.
    #[must_use]
    pub fn suspends(&self, process: &str) -> bool {
        self.suspended.iter().any(|(name, _)| *name == *process)
    }
}

/// One instance of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupInstance {
    /// EC2 instance id.
    pub id: Text,
    /// Availability zone.
    pub az: Option<Text>,
    /// `LifecycleState`: `InService`, `Pending`, `Terminating:Wait` …
    pub lifecycle: Option<Text>,
    /// `HealthStatus`: `Healthy` or `Unhealthy`.
    pub health: Option<Text>,
    /// `ProtectedFromScaleIn`.
    pub protected: Option<bool>,
}
