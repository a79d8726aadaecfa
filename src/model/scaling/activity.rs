//! What scaling did, and why it did nothing.

use super::application::service_of;
use crate::text::Text;
use crate::time::Timestamp;

/// An activity of Application Auto Scaling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Activity {
    /// `ActivityId`.
    pub id: Text,
    /// `ResourceId`, as of [`super::Target::resource`].
    pub resource: Text,
    /// `ScalableDimension`.
    pub dimension: Text,
    /// `Description`: `Setting desired count to 28.`
    pub description: Option<Text>,
    /// `Cause`: names the alarm and the policy.
    pub cause: Option<Text>,
    /// `StartTime`.
    pub started_at: Option<Timestamp>,
    /// `EndTime`.
    pub ended_at: Option<Timestamp>,
    /// `StatusCode`: `Pending`, `InProgress`, `Successful`, `Overridden`, `Unfulfilled`, `Failed`.
    pub status: Option<Text>,
    /// `StatusMessage`.
    pub message: Option<Text>,
    /// `NotScaledReasons`: why nothing was changed; empty for one that changed something.
    pub not_scaled: Vec<NotScaled>,
}

impl Activity {
    /// Cluster and name of the service it was about; `None` for anything else.
    #[must_use]
    pub fn service(&self) -> Option<(&str, &str)> {
        service_of(&self.resource)
    }
}

impl Activity {
    /// What tells it from others: its id, or what it says of itself where it has none.
    #[must_use]
    pub fn key(&self) -> Text {
        key(&self.id, &[&self.resource, &self.dimension], self.started_at, [&self.description, &self.cause])
    }

    /// The count it set or wanted to set, from its description: the API has no field for it.
    #[must_use]
    pub fn desired(&self) -> Option<u32> {
        let (_, after) = self.description.as_deref()?.split_once("desired count to ")?;
        after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }

    /// Whether it changed nothing, for a reason that it gives.
    #[must_use]
    pub fn changed_nothing(&self) -> bool {
        !self.not_scaled.is_empty()
    }
}

/// An id, or where there is none all that does not change while an activity goes on.
fn key(id: &Text, of: &[&Text], at: Option<Timestamp>, says: [&Option<Text>; 2]) -> Text {
    if !id.is_empty() {
        return id.clone();
    }
    Text::from(format!("{of:?} {at:?} {says:?}"))
}

/// Why nothing was scaled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotScaled {
    /// `Code`: `AlreadyAtMaxCapacity`, `AlreadyAtMinCapacity`, `AlreadyAtDesiredCapacity`, `AutoScalingAnticipatedFlapping`,
    /// `TargetServicePutResourceAsUnscalable`.
    pub code: Text,
    /// `MaxCapacity`.
    pub maximum: Option<u32>,
    /// `MinCapacity`.
    pub minimum: Option<u32>,
    /// `CurrentCapacity`.
    pub current: Option<u32>,
}

/// What the groups behind the capacity providers did, by group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupHistory {
    /// Activities of all groups, the newest first; kept for as long as the console runs.
    pub activities: Vec<GroupActivity>,
    /// Instance refreshes, the newest first.
    pub refreshes: Vec<Refresh>,
    /// When the activities of each group were read, by its name.
    pub read_at: Vec<(Text, Timestamp)>,
}

/// An activity of an Auto Scaling group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupActivity {
    /// `ActivityId`.
    pub id: Text,
    /// `AutoScalingGroupName`.
    pub group: Text,
    /// `Description`: `Launching a new EC2 instance: i-…`
    pub description: Option<Text>,
    /// `Cause`: what led to it, in sentences with times.
    pub cause: Option<Text>,
    /// `StartTime`.
    pub started_at: Option<Timestamp>,
    /// `EndTime`.
    pub ended_at: Option<Timestamp>,
    /// `StatusCode`: `Successful`, `Failed`, `Cancelled`, `InProgress`, `PreInService`, `WaitingForInstanceWarmup` …
    pub status: Option<Text>,
    /// `StatusMessage`.
    pub message: Option<Text>,
    /// `Progress`, percent.
    pub progress: Option<u32>,
}

impl GroupActivity {
    /// What tells it from others: its id, or what it says of itself where it has none.
    #[must_use]
    pub fn key(&self) -> Text {
        key(&self.id, &[&self.group], self.started_at, [&self.description, &self.cause])
    }

    /// Whether it goes on; `None`: its status is not told.
    #[must_use]
    pub fn is_under_way(&self) -> Option<bool> {
        self.status.as_deref().map(|status| !matches!(status, "Successful" | "Failed" | "Cancelled"))
    }

    /// Whether it brings an instance; `None`: it does not tell what it does.
    #[must_use]
    pub fn launches(&self) -> Option<bool> {
        self.description.as_deref().map(|words| words.starts_with("Launching"))
    }
}

/// A size of a group that somebody set, as the cause of an activity tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resized {
    /// When.
    pub at: Option<Timestamp>,
    /// `MinSize` from then on, where it was set.
    pub minimum: Option<u32>,
    /// `MaxSize` from then on, where it was set.
    pub maximum: Option<u32>,
    /// How many instances were wanted before and after.
    pub desired: Option<(u32, u32)>,
}

impl GroupActivity {
    /// What of the group's size a user request set, where that led to it. Deployments of infrastructure count as such, too.
    #[must_use]
    pub fn resized(&self) -> Option<Resized> {
        // "At TIME a user request update of AutoScalingGroup constraints to min: 15, max: 17, desired: 17 changing the desired
        // capacity from 22 to 17.  At TIME …"; or "a user request explicitly set group desired capacity changing …".
        let first = self.cause.as_deref()?.split(".  ").next()?;
        let (before, request) = first.split_once("a user request")?;
        let at = before.trim().strip_prefix("At ").and_then(|at| Timestamp::parse(at.trim()).ok());
        let after = |words: &str| {
            let rest = request.split_once(words)?.1;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        let to = request.rsplit_once(" to ").and_then(|(_, n)| n.trim_end_matches('.').parse().ok());
        let desired = after("desired capacity from ").zip(to);
        let resized = Resized { at: at.or(self.started_at), minimum: after("min: "), maximum: after("max: "), desired };
        (resized.maximum.is_some() || resized.desired.is_some()).then_some(resized)
    }
}

impl Resized {
    /// In words: `min 15, max 17, desired 22 to 17`.
    #[must_use]
    pub fn words(&self) -> String {
        let minimum = self.minimum.map(|n| format!("min {n}"));
        let maximum = self.maximum.map(|n| format!("max {n}"));
        let desired = self.desired.map(|(from, to)| format!("desired {from} to {to}"));
        [minimum, maximum, desired].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Whether fewer instances were wanted from then on.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.desired.is_some_and(|(from, to)| to < from)
    }
}

/// An instance refresh of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refresh {
    /// `InstanceRefreshId`.
    pub id: Text,
    /// `AutoScalingGroupName`.
    pub group: Text,
    /// `Status`: `Pending`, `InProgress`, `Successful`, `Failed`, `Cancelling`, `RollbackInProgress` …
    pub status: Option<Text>,
    /// `StatusReason`.
    pub reason: Option<Text>,
    /// `StartTime`.
    pub started_at: Option<Timestamp>,
    /// `EndTime`.
    pub ended_at: Option<Timestamp>,
    /// `PercentageComplete`.
    pub percent: Option<u32>,
    /// `InstancesToUpdate`.
    pub left: Option<u32>,
    /// `Preferences.MinHealthyPercentage`: the share of the desired size that stays in service, percent.
    pub least_healthy: Option<u32>,
}

impl Refresh {
    /// Whether it goes on; `None`: its status is not told.
    #[must_use]
    pub fn is_under_way(&self) -> Option<bool> {
        const UNDER_WAY: &[&str] = &["Pending", "InProgress", "Cancelling", "Baking", "RollbackInProgress"];
        self.status.as_deref().map(|status| UNDER_WAY.contains(&status))
    }

    /// How many instances of a group of this size it may take out of service at a time.
    #[must_use]
    pub fn may_take(&self, desired: u32) -> u32 {
        // The default of `MinHealthyPercentage` (Auto Scaling API). One at a time it replaces in any case.
        let percent = u64::from(self.least_healthy.unwrap_or(90).min(100));
        let stays = (u64::from(desired) * percent).div_ceil(100);
        desired.saturating_sub(u32::try_from(stays).unwrap_or(u32::MAX)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_in_the_words() {
        let says = |words: &str| Activity { description: Some(Text::from(words)), ..Activity::default() }.desired();
        assert_eq!(says("Setting desired count to 28."), Some(28));
        assert_eq!(
            [says("Setting desired count to many."), says("Attempting to scale due to alarm triggered")],
            [None; 2]
        );
    }

    #[test]
    fn what_was_set_by_a_user_request_is_in_the_cause() {
        let resized = |cause: &str| {
            let cause = Some(Text::from(cause));
            GroupActivity { cause, ..GroupActivity::default() }
                .resized()
                .map(|r| (r.at.map(Timestamp::rfc3339), r.words(), r.is_cut()))
        };
        let bounds = "At 2026-04-08T14:01:40Z a user request update of AutoScalingGroup constraints to min: 15, max: 17, desired: 17 \
                      changing the desired capacity from 22 to 17.  At 2026-04-08T14:01:45Z an instance was taken out of service in \
                      response to a difference between desired and actual capacity, shrinking the capacity from 22 to 21.";
        let at = || Some("2026-04-08T14:01:40.000Z".to_owned());
        assert_eq!(resized(bounds), Some((at(), "min 15, max 17, desired 22 to 17".to_owned(), true)));
        let size = "At 2026-04-08T14:01:40Z a user request explicitly set group desired capacity changing the desired capacity from 2 to 3.";
        assert_eq!(resized(size), Some((at(), "desired 2 to 3".to_owned(), false)));
        let own = "At 2026-04-08T14:01:45Z an instance was started in response to a difference between desired and actual capacity, \
                   increasing the capacity from 2 to 3.";
        assert_eq!(resized(own), None);
        assert_eq!(resized("At once a user request of some other kind"), None);
    }

    #[test]
    fn a_refresh_takes_a_share_at_a_time_and_one_at_least() {
        let takes = |least_healthy, desired| Refresh { least_healthy, ..Refresh::default() }.may_take(desired);
        assert_eq!([takes(None, 5), takes(None, 20), takes(Some(50), 5), takes(Some(100), 5)], [1, 2, 2, 1]);
        let goes_on = |status: &str| Refresh { status: Some(Text::from(status)), ..Refresh::default() }.is_under_way();
        assert_eq!([goes_on("InProgress"), goes_on("Failed")], [Some(true), Some(false)]);
        assert_eq!(Refresh::default().is_under_way(), None);
    }

    #[test]
    fn without_an_id_an_activity_is_told_apart_by_what_it_says_and_stays_itself_while_it_goes_on() {
        let at = |secs| Some(Timestamp::from_secs(secs));
        let one = Activity { resource: Text::from("service/ehr/a"), started_at: at(1), ..Activity::default() };
        let later = Activity { started_at: at(2), ..one.clone() };
        let other = Activity { resource: Text::from("service/ehr/b"), ..one.clone() };
        let over = Activity { status: Some(Text::from("Successful")), ended_at: at(3), ..one.clone() };
        assert!(one.key() != later.key() && one.key() != other.key());
        assert_eq!((over.key(), Activity { id: Text::from("i"), ..one.clone() }.key().as_str()), (one.key(), "i"));
        let group = |name: &str| GroupActivity { group: Text::from(name), ..GroupActivity::default() };
        assert!(group("a").key() != group("b").key());
    }
}
