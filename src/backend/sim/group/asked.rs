//! What a caller sets of a group.

use super::activity::Why;
use crate::backend::change::{Change, Processes};
use crate::backend::sim::actions::refused;
use crate::backend::sim::world::World;
use crate::model::Fault;

const INVALID: &str = "ValidationError";

impl World {
    /// Sets how many instances a group wants.
    ///
    /// # Errors
    /// Refused by Auto Scaling: there is no such group, or the number is out of its bounds.
    pub fn set_group_desired(&mut self, name: &str, desired: u32) -> Result<(), Fault> {
        let action = Change::GROUP_DESIRED;
        let g = self.group_to_change(name, action)?;
        let group = &self.groups[g];
        let (least, most, from) = (group.minimum, group.maximum, group.desired);
        let beyond = |side: &str, bound: &str, limit: u32| {
            let what = format!(
                "New SetDesiredCapacity value {desired} is {side} {bound} value {limit} for the AutoScalingGroup."
            );
            Err(refused(action, INVALID, &what))
        };
        if desired > most {
            return beyond("above", "max", most);
        }
        if desired < least {
            return beyond("below", "min", least);
        }
        self.groups[g].desired = desired;
        let why = Why::Asked(format!(
            "a user request explicitly set group desired capacity changing the desired capacity from {from} to {desired}"
        ));
        self.fill_group(g, &why);
        self.shrink_group(g, &why);
        let arn = self.groups[g].arn.clone();
        self.changed(action, arn, format!("DesiredCapacity={desired}"));
        Ok(())
    }

    /// Suspends or resumes processes of a group.
    ///
    /// # Errors
    /// Refused by Auto Scaling: there is no such group.
    pub fn set_suspended(&mut self, name: &str, processes: &Processes, suspended: bool) -> Result<(), Fault> {
        let action = if suspended { Change::SUSPEND } else { Change::RESUME };
        let g = self.group_to_change(name, action)?;
        for process in processes.iter() {
            self.suspend_process(name, process.word(), suspended);
        }
        let arn = self.groups[g].arn.clone();
        self.changed(action, arn, format!("ScalingProcesses={processes}"));
        Ok(())
    }

    fn group_to_change(&self, name: &str, action: &'static str) -> Result<usize, Fault> {
        let found = self.groups.iter().position(|group| group.name == name);
        found.ok_or_else(|| refused(action, INVALID, "AutoScalingGroup name not found - no such group"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::change::Process;
    use crate::backend::sim::Scenario;

    const GROUP: &str = "asg-scale";

    /// A world whose group has three of up to three instances, none of them protected.
    fn world() -> World {
        let mut scenario = Scenario::sized(1, 1, 3);
        scenario.providers[0].termination_protection = false;
        scenario.providers[0].managed_scaling = false;
        World::new(&scenario, 1)
    }

    fn members(world: &World) -> usize {
        world.members(0).count()
    }

    #[test]
    fn a_group_comes_to_the_size_that_is_asked_for_within_its_bounds() {
        let mut world = world();
        let why = |told: Result<(), Fault>| told.unwrap_err().message.to_string();
        assert_eq!(
            why(world.set_group_desired(GROUP, 4)),
            "New SetDesiredCapacity value 4 is above max value 3 for the AutoScalingGroup."
        );
        assert!(why(world.set_group_desired("nobody", 1)).starts_with("AutoScalingGroup name not found"));
        world.groups[0].minimum = 1;
        assert!(why(world.set_group_desired(GROUP, 0)).contains("is below min value 1"));
        assert_eq!((members(&world), world.mutations().len()), (3, 0));
        world.set_group_desired(GROUP, 2).unwrap();
        assert_eq!((members(&world), world.mutations().len()), (2, 1));
        let last = world.groups[0].activities.last().map(|activity| activity.cause.clone()).unwrap();
        assert!(last.contains("a user request explicitly set group desired capacity"), "{last}");
        world.set_group_desired(GROUP, 3).unwrap();
        assert_eq!(members(&world), 3);
    }

    #[test]
    fn what_is_suspended_waits_until_it_is_resumed() {
        let mut world = world();
        let named = |process| Processes::of([process]).unwrap();
        world.set_suspended(GROUP, &named(Process::Terminate), true).unwrap();
        world.set_group_desired(GROUP, 1).unwrap();
        assert_eq!(members(&world), 3);
        world.set_suspended(GROUP, &named(Process::Terminate), false).unwrap();
        assert_eq!(members(&world), 1);
        world.set_suspended(GROUP, &named(Process::Launch), true).unwrap();
        world.set_group_desired(GROUP, 2).unwrap();
        assert_eq!((members(&world), world.groups[0].suspended.clone()), (1, vec!["Launch".to_owned()]));
        world.set_suspended(GROUP, &named(Process::Launch), false).unwrap();
        assert_eq!((members(&world), world.groups[0].suspended.len()), (2, 0));
        assert!(world.set_suspended("nobody", &named(Process::Launch), true).is_err());
    }
}
