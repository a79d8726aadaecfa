//! The processes of an Auto Scaling group.

use std::fmt::{Display, Formatter};

/// A process of an Auto Scaling group that can be suspended (user guide, "Suspend and resume processes").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Adds instances.
    Launch,
    /// Removes instances.
    Terminate,
    /// Registers new instances with load balancers.
    AddToLoadBalancer,
    /// Changes the size on alarms of scaling policies.
    AlarmNotification,
    /// Balances zones.
    AzRebalance,
    /// Marks instances unhealthy.
    HealthCheck,
    /// Replaces instances by an instance refresh.
    InstanceRefresh,
    /// Replaces unhealthy instances.
    ReplaceUnhealthy,
    /// Changes the size on schedule.
    ScheduledActions,
}

impl Process {
    /// Every process.
    pub const ALL: [Self; 9] = [
        Self::Launch,
        Self::Terminate,
        Self::AddToLoadBalancer,
        Self::AlarmNotification,
        Self::AzRebalance,
        Self::HealthCheck,
        Self::InstanceRefresh,
        Self::ReplaceUnhealthy,
        Self::ScheduledActions,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Launch => "Launch",
            Self::Terminate => "Terminate",
            Self::AddToLoadBalancer => "AddToLoadBalancer",
            Self::AlarmNotification => "AlarmNotification",
            Self::AzRebalance => "AZRebalance",
            Self::HealthCheck => "HealthCheck",
            Self::InstanceRefresh => "InstanceRefresh",
            Self::ReplaceUnhealthy => "ReplaceUnhealthy",
            Self::ScheduledActions => "ScheduledActions",
        }
    }

    /// The process with this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|process| process.word() == word)
    }
}

/// Processes, one at least: to AWS an empty list means all of them, so there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processes {
    first: Process,
    more: Vec<Process>,
}

impl Processes {
    /// These, each once; `None` where there is none.
    #[must_use]
    pub fn of(processes: impl IntoIterator<Item = Process>) -> Option<Self> {
        let mut all = processes.into_iter();
        let mut named = Self { first: all.next()?, more: Vec::new() };
        for process in all {
            if !named.has(process) {
                named.more.push(process);
            }
        }
        Some(named)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Process> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(&self, process: Process) -> bool {
        self.iter().any(|named| named == process)
    }
}

/// As they are written: `Launch,Terminate`.
impl Display for Processes {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.first.word())?;
        self.more.iter().try_for_each(|process| write!(f, ",{}", process.word()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_empty_list_of_processes() {
        assert_eq!(Processes::of([]), None);
        let named = Processes::of([Process::Launch, Process::Terminate, Process::Launch]).unwrap();
        assert_eq!(named.to_string(), "Launch,Terminate");
        assert!(named.has(Process::Terminate) && !named.has(Process::HealthCheck));
    }

    #[test]
    fn every_process_goes_by_its_word() {
        for process in Process::ALL {
            assert_eq!(Process::of(process.word()), Some(process));
        }
        assert_eq!((Process::of("launch"), Process::of("")), (None, None));
    }
}
