//! What tasks are placed on: container instances, the providers that bring them, and how much room is left.

use super::{Service, tail};
use crate::text::Text;
use crate::time::Timestamp;

/// CPU in units (1,024 a vCPU) and memory in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// CPU units.
    pub cpu: u32,
    /// Memory, MiB.
    pub memory: u32,
}

/// A container instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    /// Its ARN.
    pub arn: Text,
    /// Its cluster's ARN.
    pub cluster_arn: Text,
    /// EC2 instance id.
    pub ec2_id: Option<Text>,
    /// `ACTIVE`, `DRAINING`, `REGISTERING`, `REGISTRATION_FAILED` …
    pub status: Option<Text>,
    /// Why registration failed.
    pub status_reason: Option<Text>,
    /// Whether its agent talks to ECS; `None` where there is no agent to speak of.
    pub agent_connected: Option<bool>,
    /// `agentUpdateStatus`.
    pub agent_update: Option<Text>,
    /// Agent version.
    pub agent_version: Option<Text>,
    /// Availability zone, from its attributes.
    pub az: Option<Text>,
    /// Capacity provider.
    pub provider: Option<Text>,
    /// What is left to place tasks in.
    pub remaining: Option<Size>,
    /// What it registered.
    pub total: Option<Size>,
    /// Host ports taken.
    pub ports: HostPorts,
    /// Tasks running.
    pub running_tasks: u32,
    /// Tasks pending.
    pub pending_tasks: u32,
    /// `OK`, `IMPAIRED`, `INSUFFICIENT_DATA`, `INITIALIZING`.
    pub health: Option<Text>,
    /// When it joined.
    pub registered_at: Option<Timestamp>,
}

impl Instance {
    /// The short id, the tail of the ARN.
    #[must_use]
    pub fn id(&self) -> Text {
        tail(&self.arn)
    }

    /// The cluster's name, from its ARN.
    #[must_use]
    pub fn cluster(&self) -> Text {
        tail(&self.cluster_arn)
    }

    /// `CLUSTER/INSTANCE-ID`; the EC2 id where there is one, as operators know it.
    #[must_use]
    pub fn label(&self) -> Text {
        Text::from(format!("{}/{}", self.cluster(), self.ec2_id.clone().unwrap_or_else(|| self.id())))
    }

    /// Whether ECS can place tasks on it: active and not disconnected.
    #[must_use]
    pub fn placeable(&self) -> bool {
        self.status.as_deref() == Some("ACTIVE") && self.agent_connected != Some(false)
    }
}

/// A capacity provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provider {
    /// Its name.
    pub name: Text,
    /// Its ARN.
    pub arn: Option<Text>,
    /// `ACTIVE`, `INACTIVE` …
    pub status: Option<Text>,
    /// The Auto Scaling group's ARN; absent for Fargate.
    pub group_arn: Option<Text>,
    /// Managed scaling: `ENABLED` or `DISABLED`.
    pub managed_scaling: Option<Text>,
    /// Target capacity, percent.
    pub target_capacity: Option<u32>,
    /// Seconds a new instance is given before it counts.
    pub warmup: Option<u32>,
    /// Managed termination protection: `ENABLED` or `DISABLED`.
    pub termination_protection: Option<Text>,
    /// Managed draining: `ENABLED` or `DISABLED`.
    pub managed_draining: Option<Text>,
    /// `updateStatus`.
    pub update_status: Option<Text>,
    /// Why an update failed.
    pub update_reason: Option<Text>,
}

impl Provider {
    /// What finds its line in tables.
    #[must_use]
    pub fn line(&self) -> Text {
        Self::line_of(&self.name)
    }

    /// What finds the line of the provider of this name.
    #[must_use]
    pub fn line_of(name: &str) -> Text {
        Text::from(format!("provider:{name}"))
    }

    /// The group's name: the tail of its ARN, or the name itself where a service gives that.
    #[must_use]
    pub fn group_name(&self) -> Option<Text> {
        let arn = self.group_arn.as_ref()?;
        Some(arn.rsplit_once(":autoScalingGroupName/").map_or_else(|| arn.clone(), |(_, name)| Text::from(name)))
    }
}

/// The first port of a host that is handed out by itself; those below are asked for by number.
pub const FIRST_EPHEMERAL_PORT: u16 = 32_768;

/// Ports of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPorts {
    /// TCP.
    pub tcp: Vec<u16>,
    /// UDP.
    pub udp: Vec<u16>,
}

impl From<Vec<u16>> for HostPorts {
    fn from(tcp: Vec<u16>) -> Self {
        Self { tcp, udp: Vec::new() }
    }
}

impl HostPorts {
    /// Those that are asked for by number.
    #[must_use]
    pub fn fixed(&self) -> Self {
        let fixed = |ports: &[u16]| ports.iter().copied().filter(|port| *port < FIRST_EPHEMERAL_PORT).collect();
        Self { tcp: fixed(&self.tcp), udp: fixed(&self.udp) }
    }

    /// Takes those of another, too.
    pub fn extend(&mut self, other: &Self) {
        self.tcp.extend(&other.tcp);
        self.udp.extend(&other.udp);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tcp.is_empty() && self.udp.is_empty()
    }

    /// The first that `taken` has, too: `8080`, `53/udp`.
    #[must_use]
    pub fn clash(&self, taken: &Self) -> Option<String> {
        let tcp = self.tcp.iter().find(|port| taken.tcp.contains(port)).map(ToString::to_string);
        tcp.or_else(|| self.udp.iter().find(|port| taken.udp.contains(port)).map(|port| format!("{port}/udp")))
    }

    /// Each in words.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.tcp.iter().map(ToString::to_string).chain(self.udp.iter().map(|port| format!("{port}/udp")))
    }
}

impl Service {
    /// Whether each of its tasks must stand on an instance of its own.
    #[must_use]
    pub fn is_distinct(&self) -> bool {
        self.constraints.iter().any(|constraint| constraint == "distinctInstance")
    }

    /// Whether placement expressions, which are not evaluated here, decide where its tasks go.
    #[must_use]
    pub fn has_expression(&self) -> bool {
        self.constraints.iter().any(|constraint| constraint.starts_with("memberOf"))
    }
}

/// How many more tasks of `size` that hold `ports` fit on one instance now. An upper bound: network interfaces and placement
/// expressions are not visible in what it reports as remaining.
#[must_use]
pub fn fits(size: Size, ports: &HostPorts, instance: &Instance) -> u32 {
    let Some(left) = instance.remaining else { return 0 };
    let by = |left: u32, need: u32| left.checked_div(need).unwrap_or(u32::MAX);
    let room = by(left.cpu, size.cpu).min(by(left.memory, size.memory));
    if ports.is_empty() {
        return room;
    }
    room.min(u32::from(ports.clash(&instance.ports).is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headroom(size: Size, ports: &HostPorts, instances: &[Instance]) -> u32 {
        instances.iter().filter(|i| i.placeable()).map(|i| fits(size, ports, i)).sum()
    }

    #[test]
    fn headroom_counts_placeable_instances_by_the_scarcer_resource_and_ports() {
        let instance = |cpu, memory, status: &str, connected| Instance {
            remaining: Some(Size { cpu, memory }),
            status: Some(Text::from(status)),
            agent_connected: Some(connected),
            ports: HostPorts { tcp: vec![8080], udp: vec![53] },
            ..Instance::default()
        };
        let all = [
            instance(2_048, 3_072, "ACTIVE", true),
            instance(4_096, 65_536, "ACTIVE", true),
            instance(8_192, 65_536, "DRAINING", true),
            instance(8_192, 65_536, "ACTIVE", false),
        ];
        let size = Size { cpu: 1_024, memory: 2_048 };
        assert_eq!(headroom(size, &HostPorts::default(), &all), 1 + 4);
        assert_eq!(headroom(size, &vec![443].into(), &all), 2);
        assert_eq!(headroom(size, &vec![8080].into(), &all), 0);
        let udp = |port| HostPorts { tcp: vec![], udp: vec![port] };
        assert_eq!((headroom(size, &udp(8080), &all), headroom(size, &udp(53), &all)), (2, 0));
    }
}
