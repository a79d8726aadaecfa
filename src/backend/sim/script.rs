//! The script of a scenario: what happens, and when.

use std::time::Duration;

use serde::Deserialize;

use super::entities::{Outcome, State};
use super::mongo;
use super::scenario::{some_span, span};
use super::world::World;

/// How long a task is protected unless told otherwise: the default of `UpdateTaskProtection`.
const PROTECTED: Duration = Duration::from_secs(2 * 3_600);

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
}

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
}

/// What happens to a member of a replica set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meets {
    Kill,
    Freeze,
    Restore,
    Lag { by: Duration, lasts: Option<Duration> },
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
        })
    }

    fn which(&mut self) -> Result<Which, String> {
        Ok(Which { cluster: self.cluster.take(), service: need("service", self.service.take())? })
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

impl World {
    /// Lets one step of the script happen. What it names exists: the scenario was checked.
    pub(super) fn run_step(&mut self, step: usize) {
        let Some(act) = self.script.get(step).map(|s| s.act.clone()) else { return };
        match act {
            Act::LoseZone { zone } => self.lose_zone(&zone),
            Act::RestoreZone { zone } => self.restore_zone(&zone),
            Act::SetState { instance, state } => {
                if let Some(i) = self.instance_named(&instance) {
                    self.change_state(i, state);
                }
            }
            Act::DisconnectAgent { instance, lasts } => {
                if let Some(i) = self.instance_named(&instance) {
                    self.disconnect_agent(i, lasts);
                }
            }
            Act::SetDesired { which, desired } => {
                self.with_service(&which, |world, s| world.change_desired(s, desired));
            }
            Act::Deploy { which, image, outcome } => {
                self.with_service(&which, |world, s| world.deploy_image(s, &image, outcome));
            }
            Act::ForceDeployment { which } => self.with_service(&which, |world, s| {
                world.redeploy(s);
            }),
            Act::KillTask { which, count, exit, reason } => {
                self.with_service(&which, |world, s| world.kill_tasks(s, count, exit, reason.as_deref()));
            }
            Act::ProtectTask { which, count, lasts } => {
                self.with_service(&which, |world, s| world.protect_tasks(s, count, world.now + lasts));
            }
            Act::Event { which, message } => self.with_service(&which, |world, s| world.say(s, &message)),
            Act::CutZone { zone, is_cut } => self.with_sets(|set| set.cut_zone(&zone, is_cut)),
            Act::Member { host, meets } => self.with_sets(|set| {
                if let Some(i) = set.position(&host) {
                    meet(set, i, meets);
                }
            }),
            Act::StepDown { set } => self.with_sets(|s| {
                if s.spec.name == set {
                    s.step_down();
                }
            }),
        }
    }

    fn with_service(&mut self, which: &Which, act: impl FnOnce(&mut Self, usize)) {
        let found = self.services.iter().position(|s| {
            s.spec.name == which.service && which.cluster.as_ref().is_none_or(|cluster| s.spec.cluster == *cluster)
        });
        if let Some(s) = found {
            act(self, s);
        }
    }

    /// The instance with this EC2 id, or the n-th of a zone, counted from 1, written `us-east-1b#2`.
    fn instance_named(&self, name: &str) -> Option<usize> {
        if let Some((zone, nth)) = name.split_once('#') {
            let nth: usize = nth.parse().ok()?;
            let in_zone = self.instances.iter().enumerate().filter(|(_, i)| &*i.zone == zone);
            return in_zone.map(|(at, _)| at).nth(nth.checked_sub(1)?);
        }
        self.instances.iter().position(|i| i.ec2_id == name)
    }
}

fn meet(set: &mut mongo::Set, i: usize, meets: Meets) {
    match meets {
        Meets::Kill => set.kill(i),
        Meets::Freeze => set.freeze(i),
        Meets::Restore => set.restore(i),
        Meets::Lag { by, lasts } => set.hold_back(i, by, lasts),
    }
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
