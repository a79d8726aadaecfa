//! What several rules ask of a replica set: who is there by its own word, who by the word of others, and whether that is a
//! majority.

use std::time::Duration;

use crate::model::mongo::{Member, MemberConfig, MemberState, Peer, ReplicaSet, Role, Status};
use crate::text::Text;
use crate::time::Timestamp;

/// `heartbeatIntervalMillis` unless configured.
const INTERVAL_MS: u64 = 2_000;

/// A replica set, its members held against each other.
pub struct Sight<'a> {
    /// The set.
    pub set: &'a ReplicaSet,
    /// Its members, in the order of the set.
    pub seats: Vec<Seat<'a>>,
}

/// A member's place in its set.
pub struct Seat<'a> {
    /// The member.
    pub member: &'a Member,
    /// Its place in the configuration, where that is known.
    pub config: Option<&'a MemberConfig>,
    /// Its votes; without the configuration each member is taken to have one.
    pub votes: u32,
    /// Whether the set knows it; an address of this console's configuration may be of no member.
    pub is_named: bool,
    /// How it stands.
    pub standing: Standing,
}

/// How a member stands, by its own word and by that of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It answers, and says it is this.
    Speaks(MemberState),
    /// It does not answer here, but another member heard it within two heartbeats and holds it to be this.
    Heard(MemberState),
    /// Nobody hears it any more; the set has not marked it down yet.
    Fading,
    /// It does not answer, and others have marked it down.
    Down,
    /// It does not answer here, and nobody tells anything of it.
    Silent,
}

/// Votes there are and votes there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Majority {
    /// Votes of members that are well.
    pub well: u32,
    /// All votes.
    pub total: u32,
    /// Votes a primary needs.
    pub need: u32,
    /// Votes of members that do not answer here and of which nobody tells anything: they may be well or lost.
    pub untold: u32,
    /// Whether votes are taken to be one each because the configuration is not known.
    pub is_assumed: bool,
}

impl Majority {
    /// How many votes may be lost before writes stop; below zero: they have stopped, or will.
    #[must_use]
    pub fn margin(&self) -> i64 {
        i64::from(self.well) - i64::from(self.need)
    }

    /// Whether it is known to be lost: it would be, if all that is not told were well.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.margin() + i64::from(self.untold) < 0
    }

    /// Whether the margin is known.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.untold == 0 || self.is_lost()
    }

    /// Whether the set can lose no vote even when all is well.
    #[must_use]
    pub const fn is_thin(&self) -> bool {
        self.total <= self.need
    }
}

impl Seat<'_> {
    /// Whether it does what it is there for.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        use MemberState::{Arbiter, Primary, Secondary};
        matches!(
            self.standing,
            Standing::Speaks(Primary | Secondary | Arbiter) | Standing::Heard(Primary | Secondary | Arbiter)
        )
    }

    /// Whether it answers.
    #[must_use]
    pub const fn speaks(&self) -> bool {
        matches!(self.standing, Standing::Speaks(_))
    }

    /// Whether it answers as a secondary.
    #[must_use]
    pub const fn is_secondary(&self) -> bool {
        matches!(self.standing, Standing::Speaks(MemberState::Secondary))
    }

    /// Whether it holds no data.
    #[must_use]
    pub fn is_arbiter(&self) -> bool {
        let says = self.member.hello.as_ref().is_some_and(|hello| hello.role == Role::Arbiter);
        says || self.config.is_some_and(|config| config.is_arbiter)
    }

    /// Whether clients do not see it.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        let says = self.member.hello.as_ref().is_some_and(|hello| hello.is_hidden);
        says || self.config.is_some_and(|config| config.is_hidden)
    }

    /// How far it is kept behind on purpose; zero: not at all.
    #[must_use]
    pub fn delay(&self) -> Duration {
        let said = self.member.hello.as_ref().and_then(|hello| hello.delay).unwrap_or(0);
        Duration::from_secs(said.max(self.config.map_or(0, |config| config.delay)))
    }

    /// Its state by its own word, else by that of the others.
    #[must_use]
    pub const fn state(&self) -> Option<MemberState> {
        match self.standing {
            Standing::Speaks(state) | Standing::Heard(state) => Some(state),
            Standing::Down => Some(MemberState::Down),
            Standing::Fading | Standing::Silent => None,
        }
    }

    /// What it is beside a plain member, in words.
    #[must_use]
    pub fn traits(&self) -> Vec<String> {
        let mut traits = Vec::new();
        if self.is_arbiter() {
            traits.push("arbiter".to_owned());
        }
        if self.is_hidden() {
            traits.push("hidden".to_owned());
        }
        if !self.delay().is_zero() {
            traits.push(format!("delayed {}", crate::time::human(self.delay())));
        }
        if let Some(config) = self.config {
            if self.votes == 0 {
                traits.push("no vote".to_owned());
            }
            if !config.builds_indexes && !config.is_arbiter {
                traits.push("builds no indexes".to_owned());
            }
        }
        traits
    }
}

impl<'a> Sight<'a> {
    /// Holds the members of a set against each other.
    #[must_use]
    pub fn of(set: &'a ReplicaSet) -> Self {
        let seats = set.members.iter().map(|member| seat(set, member)).collect();
        Self { set, seats }
    }

    /// Whether any member answers.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        self.seats.iter().any(Seat::speaks)
    }

    /// The seat of a host.
    #[must_use]
    pub fn seat(&self, host: &str) -> Option<&Seat<'a>> {
        self.seats.iter().find(|seat| seat.member.host == *host)
    }

    /// The seats the set knows.
    pub fn named(&self) -> impl Iterator<Item = &Seat<'a>> {
        self.seats.iter().filter(|seat| seat.is_named)
    }

    /// The votes, of all that vote.
    #[must_use]
    pub fn majority(&self) -> Option<Majority> {
        let told = self.told();
        let told = (told.and_then(|s| s.voting_members), told.and_then(|s| s.majority_vote_count));
        self.count(|_| true, told)
    }

    /// The votes of those that hold data, which a write needs.
    #[must_use]
    pub fn write_majority(&self) -> Option<Majority> {
        let need = self.told().and_then(|status| status.write_majority_count);
        let total = self.told().and_then(|status| status.writable_voting_members);
        let of_all = self.majority()?.need;
        let counted = self.count(|seat| !seat.is_arbiter(), (total, None))?;
        Some(Majority { need: need.unwrap_or_else(|| of_all.min(counted.total)), ..counted })
    }

    fn count(&self, counts: impl Fn(&Seat<'_>) -> bool, told: (Option<u32>, Option<u32>)) -> Option<Majority> {
        let sum = |seats: &mut dyn Iterator<Item = &Seat<'a>>| seats.map(|seat| seat.votes).sum::<u32>();
        let own = sum(&mut self.named().filter(|seat| counts(seat)));
        let well = sum(&mut self.named().filter(|seat| counts(seat) && seat.is_well()));
        let silent = |seat: &&Seat<'a>| counts(seat) && seat.standing == Standing::Silent;
        let untold = sum(&mut self.named().filter(silent));
        let total = told.0.unwrap_or(own);
        let need = told.1.unwrap_or(total / 2 + 1);
        (total > 0).then_some(Majority { well, total, need, untold, is_assumed: self.set.config.is_none() })
    }

    /// What the primary tells of the set, else any other member.
    fn told(&self) -> Option<&'a Status> {
        let of = |member: &'a Member| member.speaks().and(member.status.as_ref());
        self.set.primary().and_then(of).or_else(|| self.set.members.iter().find_map(of))
    }

    /// What each member that answers says of this one; itself left out.
    pub fn views(&self, host: &'a str) -> impl Iterator<Item = (&'a Member, &'a Status, &'a Peer)> {
        views(self.set, host)
    }

    /// The time since a heartbeat of this member last reached another one, by the one that heard it last.
    #[must_use]
    pub fn heartbeat_age(&self, host: &'a str) -> Option<Duration> {
        self.views(host).filter_map(|(_, status, peer)| age(status, peer)).min()
    }

    /// When this member was last heard, by this console or by another member.
    #[must_use]
    pub fn last_heard(&self, member: &'a Member) -> Option<Timestamp> {
        let by_peers = self.views(&member.host).filter_map(|(observer, status, peer)| {
            // By the clock of this console: that of the member may differ.
            Some(observer.answered_at? - age(status, peer)?)
        });
        by_peers.chain(member.answered_at).max()
    }

    /// What a heartbeat may take, twice the interval, before it is worth telling.
    #[must_use]
    pub fn two_heartbeats(&self) -> Duration {
        two_heartbeats(self.set)
    }

    /// What a member is called in a sentence: its host's first name, if no other member has the same.
    #[must_use]
    pub fn short(&self, host: &str) -> String {
        let own = first_name(host);
        let is_shared = self.set.members.iter().any(|member| member.host != *host && first_name(&member.host) == own);
        if is_shared { host.to_owned() } else { own.to_owned() }
    }

    /// Several members in a sentence.
    pub(super) fn names<'b>(&self, hosts: impl IntoIterator<Item = &'b Text>) -> String {
        super::super::words::list(hosts.into_iter().map(|host| self.short(host)))
    }
}

/// `m0` of `m0.ehr.internal:27017`; an address of numbers is left as it is.
fn first_name(host: &str) -> &str {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name.parse::<std::net::Ipv4Addr>().is_ok() || name.contains(':') || name.is_empty() {
        return host;
    }
    name.split('.').next().filter(|label| !label.is_empty()).unwrap_or(host)
}

fn two_heartbeats(set: &ReplicaSet) -> Duration {
    let configured = set.config.as_ref().and_then(|config| config.heartbeat_interval_ms);
    let told = || set.members.iter().find_map(|member| member.status.as_ref()?.heartbeat_interval_ms);
    Duration::from_millis(configured.or_else(told).unwrap_or(INTERVAL_MS)) * 2
}

fn views<'a>(set: &'a ReplicaSet, host: &'a str) -> impl Iterator<Item = (&'a Member, &'a Status, &'a Peer)> {
    set.members.iter().filter(move |observer| observer.host != *host).filter_map(move |observer| {
        let status = observer.speaks().and(observer.status.as_ref())?;
        Some((observer, status, status.members.iter().find(|peer| peer.host == *host)?))
    })
}

/// How long ago the asked member last heard this one, both by its own clock. Once it has marked it down, `lastHeartbeat` is the
/// last attempt, and only what was received from it counts.
fn age(status: &Status, peer: &Peer) -> Option<Duration> {
    let heard = if holds_down(peer) { peer.heartbeat_received_at } else { peer.heartbeat_at };
    Some(status.date?.since(heard?))
}

/// Whether a member holds another one to be down.
pub(super) fn holds_down(peer: &Peer) -> bool {
    peer.is_healthy == Some(false) || peer.state == MemberState::Down
}

fn seat<'a>(set: &'a ReplicaSet, member: &'a Member) -> Seat<'a> {
    let config = set.configured(&member.host);
    let is_hidden = member.hello.as_ref().is_some_and(|hello| hello.is_hidden);
    let is_named = is_named(set, member);
    let votes = match (config, &set.config) {
        (Some(config), _) => config.votes.unwrap_or(1),
        (None, Some(_)) => 0,
        (None, None) => u32::from(is_named && !is_hidden),
    };
    Seat { member, config, votes, is_named, standing: standing(set, member) }
}

fn is_named(set: &ReplicaSet, member: &Member) -> bool {
    let host = &member.host;
    let mut speaking = set.members.iter().filter(|other| other.speaks().is_some()).peekable();
    set.configured(host).is_some()
        || speaking.peek().is_none()
        || speaking.any(|other| {
            let named = other.hello.as_ref().is_some_and(|hello| hello.hosts.contains(host));
            named || other.status.as_ref().is_some_and(|s| s.members.iter().any(|peer| peer.host == *host))
        })
}

fn standing(set: &ReplicaSet, member: &Member) -> Standing {
    if let Some(hello) = member.speaks() {
        return Standing::Speaks(match hello.role {
            Role::Primary => MemberState::Primary,
            Role::Secondary => MemberState::Secondary,
            Role::Arbiter => MemberState::Arbiter,
            Role::Other => own_state(member),
        });
    }
    let limit = two_heartbeats(set);
    let heard = views(set, &member.host)
        .find(|(_, status, peer)| !holds_down(peer) && age(status, peer).is_some_and(|age| age <= limit));
    if let Some((_, _, peer)) = heard {
        return Standing::Heard(peer.state);
    }
    let views: Vec<_> = views(set, &member.host).collect();
    if views.is_empty() {
        Standing::Silent
    } else if views.iter().any(|(_, _, peer)| holds_down(peer)) {
        Standing::Down
    } else {
        Standing::Fading
    }
}

/// The state of a member that is neither primary nor secondary, where it tells; what its two answers disagree about is not known.
fn own_state(member: &Member) -> MemberState {
    use MemberState::{Arbiter, Primary, Secondary, Unknown};
    match member.status.as_ref().map(|status| status.my_state) {
        None | Some(Primary | Secondary | Arbiter) => Unknown,
        Some(state) => state,
    }
}
