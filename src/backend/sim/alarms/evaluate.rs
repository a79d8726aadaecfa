//! How alarms change: once a minute, by the figures of the last complete periods.

use std::time::Duration;

use super::board::State;
use super::watch::{Metric, Watch};
use super::words::{self, Point};
use crate::backend::sim::world::World;
use crate::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
/// At an evaluation, the begin of the last minute whose figures are there, and the second of it that is looked at.
const BEGAN: Duration = Duration::from_secs(90);
const TAKEN: Duration = Duration::from_secs(50);

impl World {
    /// Looks at every alarm, and has those that are in alarm do what they are for.
    pub(in crate::backend::sim) fn evaluate_alarms(&mut self) {
        for n in 0..self.board.alarms.len() {
            if let Some((to, reason)) = self.judge_alarm(n).filter(|(to, _)| *to != self.board.alarms[n].state) {
                self.board.change(n, self.now, to, reason);
            }
        }
        for n in 0..self.board.alarms.len() {
            let alarm = &self.board.alarms[n];
            if alarm.state == State::Alarm && alarm.enabled {
                let name = alarm.name.clone();
                self.on_alarm(&name);
            }
        }
    }

    /// Sets an alarm's state by hand.
    pub(in crate::backend::sim) fn set_alarm(&mut self, name: &str, to: State, reason: &str) {
        if let Some(n) = self.board.named(name) {
            self.board.change(n, self.now, to, words::dated(reason, self.now));
        }
    }

    /// The state an alarm ought to have and why; `None`: the one it has.
    pub(super) fn judge_alarm(&self, n: usize) -> Option<(State, String)> {
        let alarm = &self.board.alarms[n];
        match &alarm.watch {
            Watch::Metric(metric) if metric.is_measured() => self.judge_metric(metric, alarm.state),
            Watch::Metric(_) => None,
            Watch::Any { of, .. } => {
                let children = of.iter().filter_map(|name| self.board.named(name)).map(|n| &self.board.alarms[n]);
                let in_alarm = children.clone().find(|a| a.state == State::Alarm);
                let to = if in_alarm.is_some() { State::Alarm } else { State::Ok };
                let child = in_alarm.or_else(|| children.max_by_key(|a| a.since))?;
                Some((to, words::composite(&child.arn, child.state, child.since)))
            }
        }
    }

    fn judge_metric(&self, metric: &Metric, from: State) -> Option<(State, String)> {
        let points: Vec<Point> = (0..metric.periods).filter_map(|n| self.point(metric, n)).collect();
        if points.is_empty() {
            let to = match metric.missing.as_str() {
                "ignore" => return None,
                "breaching" => State::Alarm,
                "notBreaching" => State::Ok,
                _ => State::Insufficient,
            };
            return Some((to, words::unknown(metric)));
        }
        let needed = usize::try_from(metric.needed).unwrap_or(usize::MAX);
        let beyond = points.iter().filter(|(_, value)| metric.is_beyond(*value)).count();
        let to = if beyond >= needed { State::Alarm } else { State::Ok };
        Some((to, words::crossed(metric, &points, to, from)))
    }

    /// What was measured in the n-th period back: the mean of its minutes, or their sum.
    fn point(&self, metric: &Metric, n: u32) -> Option<Point> {
        let last = self.now - BEGAN - MINUTE * (metric.minutes * n);
        let minutes: Vec<Timestamp> = (0..metric.minutes).map(|m| last - MINUTE * m).collect();
        let values: Vec<f64> = minutes.iter().filter_map(|at| metric.figure(self, *at + TAKEN)).collect();
        let sum: f64 = values.iter().sum();
        let count = u32::try_from(values.len()).ok().filter(|count| *count > 0)?;
        let value = if metric.statistic == "Sum" { sum } else { sum / f64::from(count) };
        Some((*minutes.last()?, (value * 100.0).round() / 100.0))
    }
}
