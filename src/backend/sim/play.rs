//! The script played: each step, as it comes, does to the world what it says.

use super::act::{Act, GroupChange, Meets, Undergoes, Which};
use super::mongo;
use super::rds;
use super::world::World;

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
            Act::Load { which, sum } => self.with_service(&which, |world, s| world.set_load(s, sum)),
            Act::Group { name, change } => self.change_group(&name, &change),
            Act::Reclaim { instance } => {
                if let Some(i) = self.instance_named(&instance) {
                    self.reclaim(i);
                }
            }
            other => self.run_on_data(&other),
        }
    }

    /// What a step does to replica sets and databases.
    fn run_on_data(&mut self, act: &Act) {
        match act {
            Act::CutZone { zone, is_cut } => self.with_sets(|set| set.cut_zone(zone, *is_cut)),
            Act::Member { host, meets } => self.with_sets(|set| {
                if let Some(i) = set.position(host) {
                    meet(set, i, *meets);
                }
            }),
            Act::StepDown { set } => self.with_sets(|s| {
                if s.spec.name == *set {
                    s.step_down();
                }
            }),
            Act::Database { name, undergoes } => self.with_fleet(|fleet| {
                if let Some(i) = fleet.instance(name) {
                    undergo(fleet, i, *undergoes);
                }
            }),
            Act::FailOverCluster { name } => self.with_fleet(|fleet| {
                if let Some(c) = fleet.cluster(name) {
                    fleet.fail_over_cluster(c);
                }
            }),
            Act::Storm { proxy, share, refused, lasts } => self.with_fleet(|fleet| {
                if let Some(p) = fleet.proxy(proxy) {
                    fleet.storm(p, *share, *refused, *lasts);
                }
            }),
            Act::BreakSecret { proxy } => self.with_fleet(|fleet| {
                if let Some(p) = fleet.proxy(proxy) {
                    fleet.break_secret(p);
                }
            }),
            other => self.run_on_watchers(other),
        }
    }

    /// What a step does to alarms, findings and secrets.
    fn run_on_watchers(&mut self, act: &Act) {
        match act {
            Act::SetAlarm { alarm, state, reason } => self.set_alarm(alarm, (*state).into(), reason),
            Act::Finding { name, is_archived: false } => self.find(name),
            Act::Finding { name, is_archived: true } => self.archive_finding(name),
            Act::Rotate { secret, fails } => {
                if let Some(n) = self.vault.named(secret) {
                    self.begin_rotation(n, *fails);
                }
            }
            Act::DeleteSecret { secret, after } => {
                if let Some(n) = self.vault.named(secret) {
                    self.delete_secret(n, *after);
                }
            }
            _ => {}
        }
    }

    fn change_group(&mut self, name: &str, change: &GroupChange) {
        match change {
            GroupChange::Resize { bounds, desired } => self.resize_group(name, *bounds, *desired),
            GroupChange::Process { name: process, is_suspended } => self.suspend_process(name, process, *is_suspended),
            GroupChange::Refresh => self.refresh_instances(name),
            GroupChange::Short { zones, lasts } => self.run_short(name, zones, self.now + *lasts),
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
    pub(super) fn instance_named(&self, name: &str) -> Option<usize> {
        if let Some((zone, nth)) = name.split_once('#') {
            let nth: usize = nth.parse().ok()?;
            let in_zone = self.instances.iter().enumerate().filter(|(_, i)| &*i.zone == zone && !i.is_fargate);
            return in_zone.map(|(at, _)| at).nth(nth.checked_sub(1)?);
        }
        self.instances.iter().position(|i| i.ec2_id == name)
    }
}

fn undergo(fleet: &mut rds::Fleet, i: usize, what: Undergoes) {
    match what {
        Undergoes::Failover => fleet.fail_over(i),
        Undergoes::Reboot => fleet.reboot(i),
        Undergoes::Fill { to, over } => fleet.fill(i, to, over),
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
