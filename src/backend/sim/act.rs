//! What can happen to a world by its script.

use std::time::Duration;

use super::alarms::StateSpec;
use super::entities::{Outcome, State};

/// One step, checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// After the start.
    pub time: Duration,
    pub act: Act,
}

/// Which service, by cluster (where more than one has such a service) and name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Which {
    pub cluster: Option<String>,
    pub service: String,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    LoseZone {
        zone: String,
    },
    RestoreZone {
        zone: String,
    },
    SetDesired {
        which: Which,
        desired: u32,
    },
    Deploy {
        which: Which,
        image: String,
        outcome: Outcome,
    },
    ForceDeployment {
        which: Which,
    },
    SetState {
        instance: String,
        state: State,
    },
    KillTask {
        which: Which,
        count: u32,
        exit: i32,
        reason: Option<String>,
    },
    ProtectTask {
        which: Which,
        count: u32,
        lasts: Duration,
    },
    DisconnectAgent {
        instance: String,
        lasts: Option<Duration>,
    },
    Event {
        which: Which,
        message: String,
    },
    /// Members of replica sets in this zone cannot reach those in others, or can again.
    CutZone {
        zone: String,
        is_cut: bool,
    },
    Member {
        host: String,
        meets: Meets,
    },
    StepDown {
        set: String,
    },
    Database {
        name: String,
        undergoes: Undergoes,
    },
    FailOverCluster {
        name: String,
    },
    Storm {
        proxy: String,
        share: f64,
        refused: u32,
        lasts: Duration,
    },
    BreakSecret {
        proxy: String,
    },
    /// The load of a service becomes another.
    Load {
        which: Which,
        sum: f64,
    },
    SetAlarm {
        alarm: String,
        state: StateSpec,
        /// `{period}` stands for the begin of the period it was judged by.
        reason: String,
    },
    Group {
        name: String,
        change: GroupChange,
    },
    /// EC2 wants a spot instance back.
    Reclaim {
        instance: String,
    },
    Finding {
        name: String,
        is_archived: bool,
    },
    Rotate {
        secret: String,
        fails: bool,
    },
    DeleteSecret {
        secret: String,
        after: Duration,
    },
}

/// What happens to a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum GroupChange {
    Resize {
        bounds: (u32, u32),
        desired: u32,
    },
    /// A process is suspended, or resumed.
    Process {
        name: String,
        is_suspended: bool,
    },
    Refresh,
    /// There are no instances to be had in these zones.
    Short {
        zones: Vec<String>,
        lasts: Duration,
    },
}

/// What happens to a database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Undergoes {
    Failover,
    Reboot,
    Fill { to: f64, over: Duration },
}

/// What happens to a member of a replica set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meets {
    Kill,
    Freeze,
    Restore,
    Lag { by: Duration, lasts: Option<Duration> },
}
