//! How far a hand-over has come, by one look at the set.

use std::time::Duration;

use super::checks::{BEHIND, is_electable, priority};
use super::{Stage, State};
use crate::health::mongo::Sight;
use crate::model::mongo::Member;
use crate::text::Text;
use crate::time::human;

/// How long a new primary, and a takeover after the rest of the old one, may take.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);
/// `lastElectionReason` of who took over by priority.
const TAKEOVER: &str = "priorityTakeover";

/// What one look reads.
pub(super) struct Seen<'a> {
    pub sight: &'a Sight<'a>,
    /// Who stepped down.
    pub host: &'a Text,
    /// Since the first look.
    pub elapsed: Duration,
    /// How long the old primary does not stand for election.
    pub rests: Duration,
}

impl Seen<'_> {
    /// Judges what was read. `heir` remembers who took over.
    pub fn stage(&self, before: &State, heir: &mut Option<Text>) -> (Stage, String) {
        let set = self.sight.set;
        let was: Option<i64> = before.get("term").parse().ok();
        if set.members.iter().all(|member| member.speaks().is_none()) {
            // How the set fares is not known, which is no failure of it.
            return (Stage::Going, "no member answers".to_owned());
        }
        let (Some(primary), Some(term)) = (set.primary(), set.term()) else {
            return self.until(PATIENCE, "no primary in sight yet".to_owned());
        };
        let is_new = was.is_some_and(|was| term > was);
        let who = self.sight.short(&primary.host);
        match (primary.host == *self.host, is_new) {
            (true, false) => (Stage::Unseen, format!("{who} is the primary in term {term}")),
            (true, true) => self.leads_again(primary, term, heir.as_ref()),
            (false, false) => self.until(PATIENCE, format!("{who} says it leads, in no newer term ({term})")),
            (false, true) => {
                *heir = Some(primary.host.clone());
                self.leads(primary, term)
            }
        }
    }

    /// Another one leads.
    fn leads(&self, primary: &Member, term: i64) -> (Stage, String) {
        let who = self.sight.short(&primary.host);
        let old = self.sight.short(self.host);
        let lag = self.sight.set.member(self.host).and_then(|member| self.sight.set.lag(member));
        let leads = format!("{who} leads in term {term}");
        let follows = match lag {
            Some(lag) if lag < BEHIND => format!("{old} follows, {lag:.0} s behind"),
            Some(lag) => return self.until(PATIENCE, format!("{leads}; {old} is {lag:.0} s behind")),
            None => return self.until(PATIENCE, format!("{leads}; how far {old} is behind is not known")),
        };
        let own = self.sight.seat(&primary.host).and_then(priority);
        let Some(own) = own else {
            return self.until(PATIENCE, format!("{leads}; {follows}; the priorities are not known"));
        };
        let above = self.sight.named().filter(|seat| is_electable(seat));
        let above = above.filter(|seat| priority(seat).is_some_and(|priority| priority > own));
        match above.max_by(|a, b| priority(a).unwrap_or(0.0).total_cmp(&priority(b).unwrap_or(0.0))) {
            None => (Stage::Done, format!("{leads}; {follows}")),
            Some(rival) => {
                let rival = self.sight.short(&rival.member.host);
                self.until(self.rests + PATIENCE, format!("{leads}; {follows}; {rival} is to take back by priority"))
            }
        }
    }

    /// It leads again: it has taken back, or nobody took over.
    fn leads_again(&self, primary: &Member, term: i64, heir: Option<&Text>) -> (Stage, String) {
        let who = self.sight.short(&primary.host);
        let reason = primary.status.as_ref().and_then(|status| status.election_reason.as_deref());
        match (heir, reason) {
            (Some(heir), _) => {
                let behind = self.sight.set.member(heir).and_then(|member| self.sight.set.lag(member));
                let heir = self.sight.short(heir);
                let told = format!("{heir} took over, and {who} has taken back in term {term}, as was to be expected");
                match behind {
                    Some(lag) if lag < BEHIND => (Stage::Done, told),
                    _ => self.until(self.rests + PATIENCE, format!("{told}; {heir} does not follow closely yet")),
                }
            }
            (None, Some(TAKEOVER)) => {
                (Stage::Done, format!("it was handed over, and {who} has taken back in term {term}"))
            }
            (None, Some(reason)) => {
                (Stage::Failed, format!("{who} leads again in term {term} ({reason}): nobody took over"))
            }
            (None, None) => {
                self.until(self.rests + PATIENCE, format!("{who} leads again in term {term}, why is not known"))
            }
        }
    }

    /// Under way, unless it takes longer than this.
    fn until(&self, limit: Duration, text: String) -> (Stage, String) {
        if self.elapsed < limit {
            return (Stage::Going, text);
        }
        (Stage::Failed, format!("{text}, after {}", human(self.elapsed)))
    }
}
