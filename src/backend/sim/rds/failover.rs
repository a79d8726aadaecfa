//! How an instance moves to its standby, and a cluster's writer to another member, with the time it takes.

use std::time::Duration;

use super::events::Source;
use super::fleet::{Fleet, Gap, Happens};

const AVAILABLE: &str = "available";
const REBOOTING: &str = "rebooting";

/// A failover by Multi-AZ takes 60 to 120 s (RDS user guide), here about 70.
const MULTI_AZ: (u64, u64) = (67, 73);
/// Seconds until RDS finds that something is out of reach.
const FOUND: (u64, u64) = (18, 26);
/// Seconds until the API shows the zones swapped.
const SHOWN: (u64, u64) = (150, 260);
/// Seconds until a cluster's new writer is there, and until all is done.
const WRITER: (u64, u64) = (10, 16);
const CLUSTER: (u64, u64) = (26, 30);
/// A reboot without failover, seconds.
const REBOOT: (u64, u64) = (40, 70);

impl Fleet {
    /// Fails an instance over to its standby, or a member's cluster to another member.
    pub fn fail_over(&mut self, i: usize) {
        if let Some(cluster) = self.instances[i].cluster {
            self.fail_over_cluster(cluster);
            return;
        }
        let instance = &self.instances[i];
        if instance.status != AVAILABLE {
            let what =
                "Abandoning user requested failover since a failover recently occurred on the database instance.";
            self.tell(Source::Instance(i), "failover", what);
            return;
        }
        if instance.standby.as_ref().is_none_or(|zone| self.lost.contains(zone)) {
            return;
        }
        self.tell(Source::Instance(i), "failover", "Multi-AZ instance failover started.");
        self.goes_down(i);
        let done = self.soon(MULTI_AZ.0, MULTI_AZ.1);
        self.later.push((done, Happens::FailedOver(i)));
    }

    pub(super) fn found_unreachable(&mut self, i: usize) {
        if !self.reachable(i) && self.instances[i].status == AVAILABLE {
            self.fail_over(i);
        }
    }

    pub(super) fn failed_over(&mut self, i: usize) {
        let instance = &mut self.instances[i];
        if let Some(standby) = instance.standby.take() {
            instance.standby = Some(std::mem::replace(&mut instance.zone, standby));
        }
        self.tell(Source::Instance(i), "availability", "DB instance restarted");
        self.tell(Source::Instance(i), "failover", "Multi-AZ instance failover completed.");
        self.comes_up(i);
        let (settled, shown) = (self.soon(1, 3), self.soon(SHOWN.0, SHOWN.1));
        self.later.push((settled, Happens::Settled(i)));
        self.later.push((shown, Happens::ZonesShown(i)));
    }

    pub(super) fn settled(&mut self, i: usize) {
        let what = "Multi-AZ failover to standby complete - DNS propagation may take a few minutes.";
        self.tell(Source::Instance(i), "failover", what);
    }

    pub(super) fn show_zones(&mut self, i: usize) {
        let instance = &mut self.instances[i];
        instance.shown = (instance.zone.clone(), instance.standby.clone());
    }

    /// Reboots an instance where it is.
    pub fn reboot(&mut self, i: usize) {
        if self.instances[i].status != AVAILABLE {
            return;
        }
        self.tell(Source::Instance(i), "availability", "DB instance shutdown");
        self.goes_down(i);
        let done = self.soon(REBOOT.0, REBOOT.1);
        self.later.push((done, Happens::Restarted(i)));
    }

    pub(super) fn restarted(&mut self, i: usize) {
        self.tell(Source::Instance(i), "availability", "DB instance restarted");
        self.comes_up(i);
    }

    /// Makes the member next in line the writer.
    pub fn fail_over_cluster(&mut self, c: usize) {
        self.fail_over_cluster_to(c, None);
    }

    /// Makes a member the writer: this one, where it can be, or the next in line.
    pub fn fail_over_cluster_to(&mut self, c: usize, wanted: Option<usize>) {
        let cluster = &self.clusters[c];
        if cluster.status != AVAILABLE {
            return;
        }
        let able = |i: &usize| *i != cluster.writer && self.reachable(*i) && self.instances[*i].status == AVAILABLE;
        let next = || cluster.members.iter().copied().filter(able).min_by_key(|i| (self.instances[*i].tier, *i));
        let Some(heir) = wanted.filter(able).or_else(next) else {
            let what = "Cluster failover failed, check the status of your cluster DB instances and try again.";
            self.tell(Source::Cluster(c), "failover", what);
            return;
        };
        let writer = cluster.writer;
        let how = if self.instances[writer].zone == self.instances[heir].zone { "same" } else { "cross" };
        let what = format!("Started {how} AZ failover to DB instance: {}.", self.instances[heir].id);
        self.tell(Source::Cluster(c), "failover", what);
        self.clusters[c].status = "failing-over";
        self.goes_down(writer);
        let (moves, done) = (self.soon(WRITER.0, WRITER.1), self.soon(CLUSTER.0, CLUSTER.1));
        self.later.push((moves, Happens::WriterMoves(c, heir)));
        self.later.push((done, Happens::ClusterFailedOver(c, heir)));
    }

    pub(super) fn found_writer_unreachable(&mut self, c: usize) {
        if !self.reachable(self.clusters[c].writer) {
            self.fail_over_cluster(c);
        }
    }

    pub(super) fn writer_moves(&mut self, c: usize, heir: usize) {
        let old = std::mem::replace(&mut self.clusters[c].writer, heir);
        for i in [heir, old] {
            self.tell(Source::Instance(i), "availability", "DB instance restarted");
        }
        self.comes_up(old);
    }

    pub(super) fn cluster_failed_over(&mut self, c: usize, heir: usize) {
        self.clusters[c].status = AVAILABLE;
        let what = format!("Completed failover to DB instance: {}.", self.instances[heir].id);
        self.tell(Source::Cluster(c), "failover", what);
    }

    /// Cuts a zone off: what has another place goes there, the rest is not heard of.
    pub fn lose_zone(&mut self, zone: &str) {
        if !self.lost.insert(zone.to_owned()) {
            return;
        }
        for i in 0..self.instances.len() {
            if self.instances[i].zone == zone {
                self.instances[i].dark.push(Gap { from: self.now, until: None });
                if self.instances[i].cluster.is_none() {
                    let found = self.soon(FOUND.0, FOUND.1);
                    self.later.push((found, Happens::Unreachable(i)));
                }
            }
        }
        for c in 0..self.clusters.len() {
            if self.instances[self.clusters[c].writer].zone == zone {
                let found = self.soon(FOUND.0, FOUND.1);
                self.later.push((found, Happens::WriterUnreachable(c)));
            }
        }
    }

    /// Gives a zone its network back.
    pub fn restore_zone(&mut self, zone: &str) {
        self.lost.remove(zone);
        let now = self.now;
        for instance in self.instances.iter_mut().filter(|i| i.zone == zone) {
            close(&mut instance.dark, now);
        }
    }

    fn goes_down(&mut self, i: usize) {
        let now = self.now;
        let instance = &mut self.instances[i];
        instance.status = REBOOTING;
        instance.down.push(Gap { from: now, until: None });
    }

    fn comes_up(&mut self, i: usize) {
        let (now, reachable) = (self.now, self.reachable(i));
        let instance = &mut self.instances[i];
        instance.status = AVAILABLE;
        close(&mut instance.down, now);
        if reachable {
            close(&mut instance.dark, now);
        }
    }
}

fn close(gaps: &mut [Gap], now: crate::time::Timestamp) {
    if let Some(open) = gaps.last_mut().filter(|gap| gap.until.is_none()) {
        open.until = Some(now);
    }
}

/// How long after a failover a target of a proxy is still not available: it waits for capacity.
pub(super) const PENDING: Duration = Duration::from_secs(15);
/// How long a proxy takes to find that its target is gone.
pub(super) const NOTICED: Duration = Duration::from_secs(5);
