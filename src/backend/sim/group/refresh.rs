//! An instance refresh: one instance after the other is replaced.

use std::time::Duration;

use super::activity::Why;
use crate::backend::sim::entities::{Group, Stage};
use crate::backend::sim::names;
use crate::backend::sim::rollout::count;
use crate::backend::sim::world::{Due, World};
use crate::model::scaling;
use crate::text::Text;
use crate::time::Timestamp;

/// How often it is looked whether the next one may go.
const LOOK: Duration = Duration::from_secs(20);

/// A refresh.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Refresh {
    pub id: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Instances to be replaced, the next one last.
    left: Vec<usize>,
    total: usize,
}

impl World {
    /// Begins to replace every instance of a group.
    pub(in crate::backend::sim) fn refresh_instances(&mut self, name: &str) {
        let Some(g) = self.groups.iter().position(|group| group.name == name) else { return };
        let is_member = |i: &usize| {
            let instance = &self.instances[*i];
            instance.group == Some(g) && instance.stage != Stage::Gone && instance.leaving.is_none()
        };
        let left: Vec<usize> = (0..self.instances.len()).rev().filter(is_member).collect();
        let now = self.now;
        let group = &mut self.groups[g];
        let id = names::uuid(group.rng.u128(..));
        group.refreshes.push(Refresh { id, started_at: now, ended_at: None, total: left.len(), left });
        self.agenda.add(now + LOOK, Due::Refresh(g));
    }

    pub(in crate::backend::sim) fn on_refresh(&mut self, g: usize) {
        let now = self.now;
        let moving = |i: &super::Instance| {
            i.group == Some(g) && (i.stage == Stage::Booting || (i.leaving.is_some() && i.stage != Stage::Gone))
        };
        let waits = self.instances.iter().any(moving);
        let Some(refresh) = self.groups[g].refreshes.last_mut().filter(|r| r.ended_at.is_none()) else { return };
        if !waits {
            match refresh.left.pop() {
                Some(i) => {
                    let have = count(self.members(g).count());
                    self.take_out(i, &Why::Refresh, (have, have));
                    self.fill_group(g, &Why::Short);
                }
                None => refresh.ended_at = Some(now),
            }
        }
        self.agenda.add(now + LOOK, Due::Refresh(g));
    }
}

impl Group {
    pub(in crate::backend::sim) fn refresh_facts(&self, n: usize) -> scaling::Refresh {
        let refresh = &self.refreshes[n];
        let (left, total) = (refresh.left.len(), refresh.total.max(1));
        let status = if refresh.ended_at.is_some() { "Successful" } else { "InProgress" };
        scaling::Refresh {
            id: Text::from(&refresh.id),
            group: Text::from(&self.name),
            status: Some(Text::from(status)),
            reason: None,
            started_at: Some(refresh.started_at),
            ended_at: refresh.ended_at,
            percent: u32::try_from((total - left.min(total)) * 100 / total).ok(),
            left: u32::try_from(left).ok(),
            least_healthy: None,
        }
    }
}
