//! What is looked at before a primary steps down. What is not known speaks against it: a set without a primary takes no writes.

use std::time::Duration;

use crate::action::plan::{Check, Level};
use crate::health::mongo::{Seat, Sight};
use crate::model::mongo::MemberState;
use crate::text::Text;

use Level::{Block, Pass, Warn};

/// How far behind a secondary may be that is to take over, seconds: within `secondaryCatchUpPeriodSecs` it must have everything.
pub(super) const BEHIND: f64 = 10.0;
/// `electionTimeoutMillis` unless configured.
const ELECTION: Duration = Duration::from_secs(10);

/// The set, and the member that is to step down.
pub(super) struct Scene<'a> {
    pub sight: &'a Sight<'a>,
    pub seat: &'a Seat<'a>,
}

/// Who takes the lead from whoever takes over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Takeover {
    /// The one that steps down, once it has rested, whoever takes over.
    Back(String),
    /// This one, which cannot take over yet, once it has caught up.
    Later(String),
    /// This one, unless it is it that takes over.
    Perhaps(String),
}

/// Its priority, as configured in the set.
pub(super) fn priority(seat: &Seat<'_>) -> Option<f64> {
    seat.config.and_then(|config| config.priority)
}

/// Whether it could be primary: it is well and may be elected.
pub(super) fn is_electable(seat: &Seat<'_>) -> bool {
    let may = priority(seat).is_some_and(|priority| priority > 0.0) && seat.votes > 0;
    seat.is_named && may && seat.is_well() && !seat.is_arbiter() && !seat.is_hidden() && seat.delay().is_zero()
}

impl<'a> Scene<'a> {
    /// Everything that is looked at.
    pub fn checks(&self) -> Vec<Check> {
        vec![self.primary(), self.margin(), self.heir(), self.syncing(), self.well(), self.takes_back()]
    }

    fn others(&self) -> impl Iterator<Item = &'a Seat<'a>> {
        let host = &self.seat.member.host;
        self.sight.seats.iter().filter(move |seat| seat.is_named && seat.member.host != *host)
    }

    /// Secondaries that could take over now.
    pub fn heirs(&self) -> impl Iterator<Item = &'a Seat<'a>> {
        let set = self.sight.set;
        let close = move |seat: &&Seat<'_>| set.lag(seat.member).is_some_and(|lag| lag <= BEHIND);
        self.others().filter(|seat| seat.is_secondary() && is_electable(seat)).filter(close)
    }

    /// Who has a higher priority than some that could take over.
    pub fn takeover(&self) -> Option<Takeover> {
        let able = self.others().filter(|seat| is_electable(seat)).chain([self.seat]);
        let (top, highest) =
            able.filter_map(|seat| Some((seat, priority(seat)?))).max_by(|a, b| a.1.total_cmp(&b.1))?;
        let heirs: Vec<f64> = self.heirs().filter_map(priority).collect();
        let by = self.sight.short(&top.member.host);
        match () {
            () if heirs.is_empty() || heirs.iter().all(|heir| *heir >= highest) => None,
            () if heirs.iter().any(|heir| *heir >= highest) => Some(Takeover::Perhaps(by)),
            () if top.member.host == self.seat.member.host => Some(Takeover::Back(by)),
            () => Some(Takeover::Later(by)),
        }
    }

    /// In how many seconds at the latest a member that has rested so long takes back, if all goes well.
    pub fn latest(&self, rests: u32) -> u64 {
        let configured = self.sight.set.config.as_ref().and_then(|config| config.election_timeout_ms);
        u64::from(rests) + configured.map_or(ELECTION, Duration::from_millis).as_secs()
    }

    fn primary(&self) -> Check {
        let id = "primary";
        let set = self.sight.set;
        let block = |text: String| Check::new(id, Block, text);
        if set.claimants().count() > 1 {
            return block("two members say they are the primary".to_owned());
        }
        match (set.primary(), set.term()) {
            (Some(primary), Some(term)) if primary.host == self.seat.member.host => {
                Check::new(id, Pass, format!("it is the primary, in term {term}"))
            }
            (Some(primary), None) if primary.host == self.seat.member.host => {
                block("it is the primary, and its term is not known: the role clusterMonitor may be missing".to_owned())
            }
            (Some(primary), _) => block(format!("it is not the primary, {} is", primary.host)),
            (None, _) => block("there is no primary in sight".to_owned()),
        }
    }

    fn margin(&self) -> Check {
        let id = "margin";
        let Some(majority) = self.sight.majority().filter(|majority| !majority.is_assumed && majority.is_told()) else {
            return Check::new(id, Block, "how many votes it can lose is not known");
        };
        let told = format!("{} of {} votes are well, {} are needed", majority.well, majority.total, majority.need);
        let level = if majority.margin() >= 1 { Pass } else { Block };
        Check::new(id, level, told)
    }

    fn heir(&self) -> Check {
        let id = "heir";
        let set = self.sight.set;
        if set.config.is_none() {
            return Check::new(id, Block, "who may be elected is not known: its configuration is not told");
        }
        let heirs: Vec<String> = self
            .heirs()
            .map(|heir| {
                let lag = set.lag(heir.member).unwrap_or_default();
                format!("{} ({lag:.0} s behind)", self.sight.short(&heir.member.host))
            })
            .collect();
        if !heirs.is_empty() {
            return Check::new(id, Pass, format!("can take over: {}", heirs.join(", ")));
        }
        let why: Vec<String> = self.others().map(|seat| self.unfit(seat)).collect();
        Check::new(id, Block, format!("nobody can take over: {}", why.join("; ")))
    }

    /// Why a member cannot take over.
    fn unfit(&self, seat: &Seat<'_>) -> String {
        let why = match self.sight.set.lag(seat.member) {
            _ if seat.is_arbiter() => "an arbiter".to_owned(),
            _ if priority(seat).is_some_and(|priority| priority <= 0.0) => "priority 0".to_owned(),
            _ if !seat.is_secondary() => {
                format!("not a secondary ({})", seat.state().map_or("not known", MemberState::word))
            }
            Some(lag) if lag > BEHIND => format!("{lag:.0} s behind"),
            None => "how far behind is not known".to_owned(),
            Some(_) => "it may not be elected".to_owned(),
        };
        format!("{} {why}", self.sight.short(&seat.member.host))
    }

    /// An initial sync may start anew, and a rollback lose its source.
    fn syncing(&self) -> Check {
        let id = "syncing";
        let busy = |seat: &&Seat<'_>| matches!(seat.state(), Some(MemberState::Startup2 | MemberState::Rollback));
        let busy: Vec<String> = self.named(self.others().filter(busy));
        if busy.is_empty() {
            return Check::new(id, Pass, "no initial sync and no rollback in sight");
        }
        Check::new(id, Block, format!("in an initial sync or a rollback: {}", busy.join(", ")))
    }

    fn well(&self) -> Check {
        let id = "members";
        let ill: Vec<String> = self.named(self.others().filter(|seat| !seat.is_well()));
        if ill.is_empty() {
            return Check::new(id, Pass, "all other members are well");
        }
        Check::new(id, Warn, format!("not well, or not known to be: {}", ill.join(", ")))
    }

    fn named<'b>(&self, seats: impl Iterator<Item = &'b Seat<'b>>) -> Vec<String> {
        let state = |seat: &Seat<'_>| seat.state().map_or("not known", MemberState::word);
        seats.map(|seat| format!("{} ({})", self.sight.short(&seat.member.host), state(seat))).collect()
    }

    fn takes_back(&self) -> Check {
        let id = "takeover";
        match self.takeover() {
            Some(Takeover::Back(by)) => Check::new(
                id,
                Warn,
                Text::from(format!("{by} has the highest priority and takes the lead back: a second interruption")),
            ),
            Some(Takeover::Later(by)) => Check::new(
                id,
                Warn,
                format!(
                    "{by} has the highest priority and takes the lead once it has caught up: a second interruption"
                ),
            ),
            Some(Takeover::Perhaps(by)) => Check::new(
                id,
                Warn,
                format!(
                    "not all that can take over have the priority of {by}: a second interruption if it is one of them"
                ),
            ),
            None if self.sight.set.config.is_none() => {
                Check::new(id, Warn, "whether somebody takes the lead back is not known")
            }
            None => Check::new(id, Pass, "nobody has a higher priority than who takes over"),
        }
    }
}
