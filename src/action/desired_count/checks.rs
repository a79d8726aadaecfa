//! What is looked at before a service is made to want more or fewer tasks.

use crate::action::bench::Reading;
use crate::action::details::Details;
use crate::action::evidence::evidence;
use crate::action::growth::{Growth, growth};
use crate::action::plan::{Check, Level};
use crate::action::scaled::Scaled;
use crate::health::words::count;
use crate::model::ecs::{EcsIndex, Scheduling, Service};
use crate::model::scaling::GroupFacts;

use Level::{Block, Pass, Warn};

/// What is asked for, and what was read for it.
pub(super) struct Asked<'a> {
    pub service: &'a Service,
    pub tasks: u32,
    pub scaled: &'a Scaled,
    pub details: &'a Details,
}

impl Asked<'_> {
    /// Everything that is looked at.
    pub fn checks(&self, reading: &Reading) -> Vec<Check> {
        let index = reading.facts.derived::<EcsIndex>();
        let mut all = vec![
            self.status(),
            self.scheduling(),
            self.desired(),
            self.bounds(),
            self.room(&index, reading.facts.get::<GroupFacts>()),
            self.rollout(),
        ];
        if self.is_less() {
            all.push(self.protected());
            all.push(evidence(&reading.facts, &self.service.arn, "its tasks or their instances"));
        }
        if self.tasks == 0 {
            all.push(Check::new("outage", Warn, "no task is left: whatever it serves is not served"));
        }
        let gaps = reading.gaps.iter().chain(&self.details.gaps).chain(&self.scaled.gaps);
        let gaps: Vec<&str> = gaps.map(String::as_str).collect();
        if !gaps.is_empty() {
            all.push(Check::new("unread", Warn, format!("not all could be read: {}", gaps.join("; "))));
        }
        all
    }

    const fn is_less(&self) -> bool {
        self.tasks < self.service.desired
    }

    fn status(&self) -> Check {
        let id = "status";
        match self.service.status.as_deref() {
            Some("ACTIVE") => Check::new(id, Pass, "it is ACTIVE"),
            Some(other) => Check::new(id, Block, format!("it is {other}, not ACTIVE")),
            None => Check::new(id, Block, "its status is not known"),
        }
    }

    fn scheduling(&self) -> Check {
        match self.service.scheduling {
            Scheduling::Daemon => {
                Check::new("scheduling", Block, "a daemon runs one task an instance, whatever is wanted")
            }
            Scheduling::Replica => Check::new("scheduling", Pass, "it runs as many tasks as are wanted"),
        }
    }

    fn desired(&self) -> Check {
        let now = count(self.service.desired, "task");
        if self.tasks == self.service.desired {
            return Check::new("desired", Block, format!("it wants {now} already: there is nothing to do"));
        }
        Check::new("desired", Pass, format!("it wants {now} now, {} run", self.service.running))
    }

    /// What Application Auto Scaling keeps a service within it puts back.
    fn bounds(&self) -> Check {
        let id = "bounds";
        let Some(target) = &self.scaled.target else {
            return if self.scaled.is_unknown() {
                Check::new(id, Warn, "whether Application Auto Scaling keeps it within bounds is not known")
            } else {
                Check::new(id, Pass, "no scalable target keeps it within bounds")
            };
        };
        let Some((least, most)) = target.minimum.zip(target.maximum) else {
            return Check::new(id, Warn, "it has a scalable target, whose bounds are not known");
        };
        if (least..=most).contains(&self.tasks) {
            return Check::new(id, Pass, format!("it is scaled between {least} and {most}"));
        }
        let what =
            format!("Application Auto Scaling keeps it between {least} and {most} and would put {} back", self.tasks);
        Check::new(id, Block, format!("{what}: change the bounds first"))
    }

    fn room(&self, index: &EcsIndex, groups: Option<&GroupFacts>) -> Check {
        let (id, service) = ("room", self.service);
        let more = self.tasks.saturating_sub(service.running.saturating_add(service.pending));
        if more == 0 || self.tasks <= service.desired {
            return Check::new(id, Pass, "no task needs room");
        }
        match index.on_instances(service) {
            Some(false) => return Check::new(id, Pass, "it needs no container instances"),
            None => return Check::new(id, Warn, "whether it needs room on container instances is not known"),
            Some(true) => {}
        }
        let Some(room) = index.headroom(service) else {
            return Check::new(id, Warn, "how much room the container instances have for its tasks is not known");
        };
        if room >= more && service.has_expression() {
            let what = "where its placement expressions, which were not looked at, allow that";
            return Check::new(id, Warn, format!("room for {}, {what}", count(room, "more task")));
        }
        if room >= more {
            return Check::new(id, Pass, format!("room for {} where {more} come", count(room, "more task")));
        }
        let short = format!("room for {} where {more} come", count(room, "more task"));
        match growth(service, index, groups) {
            Growth::Never(why) => Check::new(id, Block, format!("{short}; {why}; instances must come first")),
            growth => Check::new(id, Warn, format!("{short}: the others wait {}", growth.wait())),
        }
    }

    fn rollout(&self) -> Check {
        let id = "in-progress";
        match self.service.deployments.iter().find(|deployment| deployment.in_progress()) {
            Some(going) => {
                Check::new(id, Warn, format!("a deployment is in progress ({}): it goes on with this", going.id))
            }
            None => Check::new(id, Pass, "no deployment is in progress"),
        }
    }

    /// ECS does not stop a protected task to have fewer.
    fn protected(&self) -> Check {
        let (id, details) = ("protected", self.details);
        let held = details.protection.iter().filter(|task| task.enabled).count();
        match (held, details.unknown) {
            (0, 0) => Check::new(id, Pass, "no task is protected from scale-in"),
            (0, n) => {
                Check::new(id, Warn, format!("of {} it is not known whether they are protected", count(n, "task")))
            }
            (n, _) => Check::new(id, Warn, format!("protected from scale-in, and not stopped: {}", count(n, "task"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Facts;
    use crate::model::ecs::{Cluster, Deployment, EcsFacts, Instance, Protection, Seen, Size, Task};
    use crate::model::scaling::Target;
    use crate::text::Text;
    use crate::time::Timestamp;

    fn service() -> Service {
        Service {
            arn: Text::from("arn:s/ehr/web"),
            name: Text::from("web"),
            cluster_arn: Text::from("arn:c/ehr"),
            status: Some(Text::from("ACTIVE")),
            launch_type: Some(Text::from("EC2")),
            desired: 4,
            running: 4,
            ..Service::default()
        }
    }

    fn level(service: &Service, tasks: u32, scaled: &Scaled, of: impl Fn(&Asked<'_>) -> Level) -> Level {
        of(&Asked { service, tasks, scaled, details: &Details::default() })
    }

    #[test]
    fn what_it_is_must_be_known_and_must_take_a_number() {
        let none = Scaled::default();
        for (status, expected) in [(Some("ACTIVE"), Pass), (Some("DRAINING"), Block), (None, Block)] {
            let service = Service { status: status.map(Text::from), ..service() };
            assert_eq!(level(&service, 6, &none, |asked| asked.status().level), expected, "{status:?}");
        }
        let daemon = Service { scheduling: Scheduling::Daemon, ..service() };
        assert_eq!(level(&daemon, 6, &none, |asked| asked.scheduling().level), Block);
        assert_eq!(level(&service(), 6, &none, |asked| asked.scheduling().level), Pass);
        assert_eq!(level(&service(), 4, &none, |asked| asked.desired().level), Block);
        assert_eq!(level(&service(), 5, &none, |asked| asked.desired().level), Pass);
        assert_eq!(level(&service(), 5, &none, |asked| asked.rollout().level), Pass);
        let going = Deployment { rollout_state: Some(Text::from("IN_PROGRESS")), ..Deployment::default() };
        let going = Service { deployments: vec![going], ..service() };
        assert_eq!(level(&going, 5, &none, |asked| asked.rollout().level), Warn);
    }

    #[test]
    fn outside_its_bounds_it_would_be_put_back() {
        let target = |minimum, maximum| Scaled {
            target: Some(Target { minimum, maximum, ..Target::default() }),
            ..Scaled::default()
        };
        let within = target(Some(2), Some(8));
        for (tasks, expected) in [(1, Block), (2, Pass), (8, Pass), (9, Block), (0, Block)] {
            assert_eq!(level(&service(), tasks, &within, |asked| asked.bounds().level), expected, "{tasks}");
        }
        assert_eq!(level(&service(), 6, &target(None, Some(8)), |asked| asked.bounds().level), Warn);
        assert_eq!(level(&service(), 6, &Scaled::default(), |asked| asked.bounds().level), Pass);
        let unread = Scaled { gaps: vec!["denied".to_owned()], ..Scaled::default() };
        assert_eq!(level(&service(), 6, &unread, |asked| asked.bounds().level), Warn);
    }

    /// A cluster whose one instance has room for so many tasks, if that is known.
    fn facts(room: Option<u32>, providers: &[&str]) -> Facts {
        let at = Timestamp::default();
        let cluster = Text::from("arn:c/ehr");
        let size = Size { cpu: 256, memory: 512 };
        let task = Task {
            arn: Text::from("arn:t/1"),
            cluster_arn: cluster.clone(),
            group: Some(Text::from("service:web")),
            status: Some(Text::from("RUNNING")),
            size: Some(size),
            ..Task::default()
        };
        let instance = Instance {
            arn: Text::from("arn:i/1"),
            cluster_arn: cluster.clone(),
            status: Some(Text::from("ACTIVE")),
            agent_connected: Some(true),
            remaining: room.map(|n| Size { cpu: 256 * n, memory: 512 * n }),
            ..Instance::default()
        };
        let cluster = Cluster {
            arn: cluster,
            providers: providers.iter().map(|name| Text::from(*name)).collect(),
            ..Cluster::default()
        };
        let mut facts = Facts::default();
        let ecs = EcsFacts {
            clusters: vec![Seen { at, item: Arc::new(cluster) }],
            instances: vec![Seen { at, item: Arc::new(instance) }],
            tasks: vec![Seen { at, item: Arc::new(task) }],
            ..EcsFacts::default()
        };
        facts.put(at, Arc::new(ecs));
        facts
    }

    #[test]
    fn what_comes_needs_room_or_instances_that_come() {
        let room = |service: &Service, tasks, room, providers: &[&str]| {
            let facts = facts(room, providers);
            level(service, tasks, &Scaled::default(), |asked| asked.room(&facts.derived::<EcsIndex>(), None).level)
        };
        assert_eq!(room(&service(), 6, Some(2), &[]), Pass);
        assert_eq!(room(&service(), 7, Some(2), &[]), Block, "nothing brings instances");
        assert_eq!(room(&service(), 7, Some(2), &["main"]), Warn, "a provider may");
        assert_eq!(room(&service(), 7, None, &["main"]), Warn, "not known");
        assert_eq!(room(&service(), 2, Some(0), &[]), Pass, "fewer need none");
        assert_eq!(room(&Service { pending: 2, ..service() }, 6, Some(0), &[]), Pass, "they are placed already");
        let fargate = Service { launch_type: Some(Text::from("FARGATE")), ..service() };
        assert_eq!(room(&fargate, 60, Some(0), &[]), Pass);
        let unknown = Service { launch_type: None, ..service() };
        assert_eq!(room(&unknown, 6, Some(9), &[]), Warn);
    }

    #[test]
    fn fewer_tasks_ask_for_protection_and_evidence_and_none_for_the_outage() {
        let ids = |tasks, details: &Details| {
            let reading = Reading { facts: facts(Some(9), &[]), gaps: vec!["denied".to_owned()] };
            let (service, scaled) = (service(), Scaled::default());
            let asked = Asked { service: &service, tasks, scaled: &scaled, details };
            let ids = asked.checks(&reading).into_iter().skip(6).map(|check| (check.id, check.level));
            ids.collect::<Vec<_>>()
        };
        let none = Details::default();
        assert_eq!(ids(6, &none), [("unread", Warn)]);
        let fewer = [("protected", Pass), ("evidence", Warn)];
        assert_eq!(ids(3, &none), [&fewer[..], &[("unread", Warn)]].concat());
        assert_eq!(ids(0, &none), [&fewer[..], &[("outage", Warn), ("unread", Warn)]].concat());
        let task = Protection { enabled: true, ..Protection::default() };
        assert_eq!(ids(3, &Details { protection: vec![task], ..none.clone() })[0], ("protected", Warn));
        assert_eq!(ids(3, &Details { unknown: 2, ..none })[0], ("protected", Warn));
    }
}
