//! The script of a scenario: what happens, and when.

use std::time::Duration;

use serde::Deserialize;

use super::act::{Act, GroupChange, Meets, Step, Undergoes, Which};
use super::alarms::StateSpec;
use super::entities::{Outcome, State};
use super::scenario::{some_span, span};

/// How long a task is protected unless told otherwise: the default of `UpdateTaskProtection`.
const PROTECTED: Duration = Duration::from_secs(2 * 3_600);
/// Of the connections allowed, those borrowed in a storm unless told otherwise.
const STORM: f64 = 0.97;
/// How long a secret can be had back unless told otherwise: the default of `DeleteSecret`.
const RECOVERY: Duration = Duration::from_hours(30 * 24);

/// One step as the file has it: a verb and all the fields any verb may take.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    #[serde(deserialize_with = "span")]
    time: Duration,
    #[serde(rename = "do")]
    verb: Verb,
    zone: Option<String>,
    cluster: Option<String>,
    service: Option<String>,
    instance: Option<String>,
    desired: Option<u32>,
    image: Option<String>,
    fails: Option<Outcome>,
    count: Option<u32>,
    exit: Option<i32>,
    reason: Option<String>,
    message: Option<String>,
    set: Option<String>,
    member: Option<String>,
    database: Option<String>,
    #[serde(rename = "db-cluster")]
    db_cluster: Option<String>,
    proxy: Option<String>,
    share: Option<f64>,
    refused: Option<u32>,
    load: Option<f64>,
    alarm: Option<String>,
    state: Option<StateSpec>,
    group: Option<String>,
    process: Option<String>,
    minimum: Option<u32>,
    maximum: Option<u32>,
    zones: Option<Vec<String>>,
    finding: Option<String>,
    secret: Option<String>,
    stuck: Option<bool>,
    #[serde(default, deserialize_with = "some_span")]
    by: Option<Duration>,
    #[serde(default, deserialize_with = "some_span")]
    lasts: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verb {
    LoseZone,
    RestoreZone,
    SetDesired,
    Deploy,
    ForceDeployment,
    Drain,
    Activate,
    KillTask,
    ProtectTask,
    DisconnectAgent,
    Event,
    PartitionZone,
    HealPartition,
    KillMember,
    FreezeMember,
    RestoreMember,
    LagMember,
    StepDown,
    FailOverDatabase,
    FailOverCluster,
    RebootDatabase,
    FillStorage,
    ConnectionStorm,
    BreakSecret,
    SetLoad,
    SetAlarm,
    ResizeGroup,
    SuspendProcess,
    ResumeProcess,
    RefreshInstances,
    RunShort,
    Reclaim,
    Find,
    ArchiveFinding,
    RotateSecret,
    DeleteSecret,
}

impl RawStep {
    /// Makes sure that the verb has the fields it needs and no others.
    pub(super) fn check(mut self) -> Result<Step, String> {
        let act = self.act()?;
        let left = [
            ("zone", self.zone.is_some()),
            ("cluster", self.cluster.is_some()),
            ("service", self.service.is_some()),
            ("instance", self.instance.is_some()),
            ("desired", self.desired.is_some()),
            ("image", self.image.is_some()),
            ("fails", self.fails.is_some()),
            ("count", self.count.is_some()),
            ("exit", self.exit.is_some()),
            ("reason", self.reason.is_some()),
            ("message", self.message.is_some()),
            ("lasts", self.lasts.is_some()),
            ("set", self.set.is_some()),
            ("member", self.member.is_some()),
            ("by", self.by.is_some()),
            ("database", self.database.is_some()),
            ("db-cluster", self.db_cluster.is_some()),
            ("proxy", self.proxy.is_some()),
            ("share", self.share.is_some()),
            ("refused", self.refused.is_some()),
            ("load", self.load.is_some()),
            ("alarm", self.alarm.is_some()),
            ("state", self.state.is_some()),
            ("group", self.group.is_some()),
            ("process", self.process.is_some()),
            ("minimum", self.minimum.is_some()),
            ("maximum", self.maximum.is_some()),
            ("zones", self.zones.is_some()),
            ("finding", self.finding.is_some()),
            ("secret", self.secret.is_some()),
            ("stuck", self.stuck.is_some()),
        ];
        match left.iter().find(|(_, is_some)| *is_some) {
            Some((field, _)) => Err(format!("`{field}` has no meaning for this `do`")),
            None => Ok(Step { time: self.time, act }),
        }
    }

    fn act(&mut self) -> Result<Act, String> {
        Ok(match self.verb {
            Verb::LoseZone => Act::LoseZone { zone: need("zone", self.zone.take())? },
            Verb::RestoreZone => Act::RestoreZone { zone: need("zone", self.zone.take())? },
            Verb::SetDesired => {
                Act::SetDesired { which: self.which()?, desired: need("desired", self.desired.take())? }
            }
            Verb::Deploy => Act::Deploy {
                which: self.which()?,
                image: need("image", self.image.take())?,
                outcome: self.fails.take().unwrap_or_default(),
            },
            Verb::ForceDeployment => Act::ForceDeployment { which: self.which()? },
            Verb::Drain => Act::SetState { instance: self.instance()?, state: State::Draining },
            Verb::Activate => Act::SetState { instance: self.instance()?, state: State::Active },
            Verb::KillTask => Act::KillTask {
                which: self.which()?,
                count: self.count.take().unwrap_or(1),
                exit: self.exit.take().unwrap_or(137),
                reason: self.reason.take(),
            },
            Verb::ProtectTask => Act::ProtectTask {
                which: self.which()?,
                count: self.count.take().unwrap_or(1),
                lasts: self.lasts.take().unwrap_or(PROTECTED),
            },
            Verb::DisconnectAgent => Act::DisconnectAgent { instance: self.instance()?, lasts: self.lasts.take() },
            Verb::Event => Act::Event { which: self.which()?, message: need("message", self.message.take())? },
            Verb::PartitionZone => Act::CutZone { zone: need("zone", self.zone.take())?, is_cut: true },
            Verb::HealPartition => Act::CutZone { zone: need("zone", self.zone.take())?, is_cut: false },
            Verb::KillMember => self.member(Meets::Kill)?,
            Verb::FreezeMember => self.member(Meets::Freeze)?,
            Verb::RestoreMember => self.member(Meets::Restore)?,
            Verb::LagMember => {
                let meets = Meets::Lag { by: need("by", self.by.take())?, lasts: self.lasts.take() };
                self.member(meets)?
            }
            Verb::StepDown => Act::StepDown { set: need("set", self.set.take())? },
            Verb::FailOverDatabase => self.database(Undergoes::Failover)?,
            Verb::RebootDatabase => self.database(Undergoes::Reboot)?,
            Verb::FillStorage => {
                let fill =
                    Undergoes::Fill { to: need("share", self.share.take())?, over: need("lasts", self.lasts.take())? };
                self.database(fill)?
            }
            Verb::FailOverCluster => Act::FailOverCluster { name: need("db-cluster", self.db_cluster.take())? },
            Verb::ConnectionStorm => Act::Storm {
                proxy: need("proxy", self.proxy.take())?,
                share: self.share.take().unwrap_or(STORM),
                refused: self.refused.take().unwrap_or(0),
                lasts: need("lasts", self.lasts.take())?,
            },
            Verb::BreakSecret => Act::BreakSecret { proxy: need("proxy", self.proxy.take())? },
            Verb::SetLoad => Act::Load { which: self.which()?, sum: need("load", self.load.take())? },
            Verb::SetAlarm => Act::SetAlarm {
                alarm: need("alarm", self.alarm.take())?,
                state: need("state", self.state.take())?,
                reason: need("reason", self.reason.take())?,
            },
            Verb::ResizeGroup
            | Verb::SuspendProcess
            | Verb::ResumeProcess
            | Verb::RefreshInstances
            | Verb::RunShort => Act::Group { name: need("group", self.group.take())?, change: self.group_change()? },
            Verb::Reclaim => Act::Reclaim { instance: self.instance()? },
            Verb::Find => Act::Finding { name: need("finding", self.finding.take())?, is_archived: false },
            Verb::ArchiveFinding => Act::Finding { name: need("finding", self.finding.take())?, is_archived: true },
            Verb::RotateSecret => {
                Act::Rotate { secret: need("secret", self.secret.take())?, fails: self.stuck.take().unwrap_or(false) }
            }
            Verb::DeleteSecret => Act::DeleteSecret {
                secret: need("secret", self.secret.take())?,
                after: self.lasts.take().unwrap_or(RECOVERY),
            },
        })
    }

    fn group_change(&mut self) -> Result<GroupChange, String> {
        Ok(match self.verb {
            Verb::ResizeGroup => GroupChange::Resize {
                bounds: (need("minimum", self.minimum.take())?, need("maximum", self.maximum.take())?),
                desired: need("desired", self.desired.take())?,
            },
            Verb::RefreshInstances => GroupChange::Refresh,
            Verb::RunShort => GroupChange::Short {
                zones: need("zones", self.zones.take())?,
                lasts: need("lasts", self.lasts.take())?,
            },
            verb => GroupChange::Process {
                name: need("process", self.process.take())?,
                is_suspended: verb == Verb::SuspendProcess,
            },
        })
    }

    fn which(&mut self) -> Result<Which, String> {
        Ok(Which { cluster: self.cluster.take(), service: need("service", self.service.take())? })
    }

    fn database(&mut self, undergoes: Undergoes) -> Result<Act, String> {
        Ok(Act::Database { name: need("database", self.database.take())?, undergoes })
    }

    fn member(&mut self, meets: Meets) -> Result<Act, String> {
        Ok(Act::Member { host: need("member", self.member.take())?, meets })
    }

    fn instance(&mut self) -> Result<String, String> {
        need("instance", self.instance.take())
    }
}

fn need<T>(field: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("`{field}` is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(toml: &str) -> Result<Step, String> {
        toml::from_str::<RawStep>(toml).unwrap().check()
    }

    #[test]
    fn a_step_has_the_fields_of_its_verb_and_no_others() {
        let step = check("time = '10m'\ndo = 'lose-zone'\nzone = 'us-east-1b'").unwrap();
        assert_eq!(step.time, Duration::from_secs(600));
        assert_eq!(step.act, Act::LoseZone { zone: "us-east-1b".to_owned() });
        assert_eq!(check("time = '10m'\ndo = 'lose-zone'").unwrap_err(), "`zone` is missing");
        let odd = check("time = '1m'\ndo = 'force-deployment'\nservice = 'a'\nzone = 'b'");
        assert_eq!(odd.unwrap_err(), "`zone` has no meaning for this `do`");
        assert!(toml::from_str::<RawStep>("time = '1m'\ndo = 'explode'").unwrap_err().message().contains("explode"));
    }
}
