//! What follows from the words of all members of a set together.

use std::collections::BTreeMap;

use super::{Member, ReplicaSet, Role};
use crate::text::Text;
use crate::time::Timestamp;

/// Tags that name a zone, in the order they are believed; without regard to case.
const ZONE_TAGS: [&str; 6] = ["az", "zone", "availability_zone", "availability-zone", "availabilityzone", "dc"];

/// Members that have written nothing yet, or do not know, tell a time in 1970.
const NEVER: Timestamp = Timestamp::from_secs(365 * 24 * 3_600);

impl ReplicaSet {
    /// The primary by its own word; where two claim it, the one of the higher term. Where their terms are not told, nobody knows.
    #[must_use]
    pub fn primary(&self) -> Option<&Member> {
        let known = self.claimants().count() < 2 || self.claimants().all(|member| member.term().is_some());
        self.claimants().max_by_key(|member| member.term()).filter(|_| known)
    }

    /// The members that say they are the primary.
    pub fn claimants(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_primary())
    }

    /// How far a member is behind the primary, in seconds: its own last write against the primary's own, both told in the same
    /// poll. Absent without a primary, and while one of them does not answer. Never below zero.
    #[must_use]
    pub fn lag(&self, member: &Member) -> Option<f64> {
        let written = |member: &Member| member.speaks()?.last_write_at.filter(|at| *at > NEVER);
        let (ahead, behind) = (written(self.primary()?)?, written(member)?);
        Some(ahead.since(behind).as_secs_f64())
    }

    /// The highest term that a member tells.
    #[must_use]
    pub fn term(&self) -> Option<i64> {
        self.members.iter().filter(|member| member.fault.is_none()).filter_map(Member::term).max()
    }

    /// The zone of a member: by its own tags, else those of the set's configuration, else as this console is configured.
    #[must_use]
    pub fn zone<'a>(&'a self, member: &'a Member) -> Option<&'a Text> {
        let own = member.hello.as_ref().and_then(|hello| zone_of(&hello.tags));
        own.or_else(|| zone_of(&self.configured(&member.host)?.tags)).or_else(|| self.zones.get(&member.host))
    }
}

impl Member {
    /// Whether it answers and says it is the primary.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.speaks().is_some_and(|hello| hello.role == Role::Primary)
    }

    /// The term it knows. Without the role `clusterMonitor` only a primary's is known: its `electionId` is made of it.
    #[must_use]
    pub fn term(&self) -> Option<i64> {
        let told = self.status.as_ref().and_then(|status| status.term);
        told.or_else(|| term_of(self.hello.as_ref().filter(|hello| hello.role == Role::Primary)?.election_id.as_ref()?))
    }
}

/// The term within an `electionId`: `7fffffff`, then the term in 16 hexadecimal digits (`OID::fromTerm` of the server).
fn term_of(election_id: &str) -> Option<i64> {
    let term = election_id.strip_prefix("7fffffff").filter(|term| term.len() == 16)?;
    i64::from_str_radix(term, 16).ok()
}

fn zone_of(tags: &BTreeMap<Text, Text>) -> Option<&Text> {
    let tag = |name: &&str| tags.iter().find(|(tag, zone)| tag.eq_ignore_ascii_case(name) && !zone.is_empty());
    ZONE_TAGS.iter().find_map(tag).map(|(_, zone)| zone)
}

#[cfg(test)]
mod tests {
    use super::super::{Hello, MemberConfig, SetConfig, Status};
    use super::*;
    use crate::model::{Fault, FaultKind};

    fn member(host: &str, role: Role, written: i64, term: Option<i64>) -> Member {
        let last_write_at = Some(Timestamp::from_secs(written));
        Member {
            host: Text::from(host),
            hello: Some(Hello { role, last_write_at, ..Hello::default() }),
            status: term.map(|term| Status { term: Some(term), ..Status::default() }),
            ..Member::default()
        }
    }

    fn set(members: Vec<Member>) -> ReplicaSet {
        ReplicaSet { members, ..ReplicaSet::default() }
    }

    const NOW: i64 = 1_773_457_964;

    #[test]
    fn lag_is_by_own_words_clamped_and_absent_where_it_is_not_known() {
        let of = |primary: Role, written: i64, behind: i64| {
            let set = set(vec![member("m0", primary, written, None), member("m1", Role::Secondary, behind, None)]);
            set.lag(&set.members[1])
        };
        assert_eq!(of(Role::Primary, NOW, NOW - 7), Some(7.0));
        assert_eq!(of(Role::Primary, NOW, NOW + 10), Some(0.0), "asked a moment later, it has written more");
        assert_eq!(of(Role::Secondary, NOW, NOW - 7), None, "nobody is the primary");
        assert_eq!(of(Role::Primary, NOW, 0), None, "1970");
        assert_eq!(of(Role::Primary, 0, NOW), None);
        let mut silent = set(vec![member("m0", Role::Primary, NOW, None), member("m1", Role::Secondary, NOW, None)]);
        silent.members[1].fault = Some(Fault::new(FaultKind::Timeout, "hello", ""));
        assert_eq!(silent.lag(&silent.members[1]), None, "its last word is old");
    }

    #[test]
    fn of_two_primaries_the_one_of_the_higher_term_counts() {
        let set = set(vec![
            member("m0", Role::Primary, NOW, Some(41)),
            member("m1", Role::Primary, NOW, Some(42)),
            member("m2", Role::Secondary, NOW, Some(42)),
        ]);
        assert_eq!(set.primary().map(|m| m.host.as_str()), Some("m1"));
        assert_eq!((set.claimants().count(), set.term()), (2, Some(42)));
    }

    #[test]
    fn the_term_of_a_primary_is_in_its_election_id() {
        let mut alone = member("m0", Role::Primary, NOW, None);
        let id = |member: &mut Member, id: &str| {
            if let Some(hello) = &mut member.hello {
                hello.election_id = Some(Text::from(id));
            }
            member.term()
        };
        assert_eq!(id(&mut alone, "7fffffff000000000000002a"), Some(42));
        assert_eq!(id(&mut alone, "7fffffff2a"), None);
        assert_eq!(id(&mut alone, "5f1e0c3b9d3e2a0012345678"), None, "an id of before 3.2");
    }

    #[test]
    fn a_zone_is_told_by_the_member_then_its_set_then_the_configuration_of_this_console() {
        let tags = |name: &str, zone: &str| BTreeMap::from([(Text::from(name), Text::from(zone))]);
        let mut set = set(vec![member("m0", Role::Primary, NOW, None)]);
        assert_eq!(set.zone(&set.members[0]), None);
        set.zones = tags("m0", "c");
        assert_eq!(set.zone(&set.members[0]).map(Text::as_str), Some("c"));
        let configured = MemberConfig { host: Text::from("m0"), tags: tags("Zone", "b"), ..MemberConfig::default() };
        set.config = Some(SetConfig { members: vec![configured], ..SetConfig::default() });
        assert_eq!(set.zone(&set.members[0]).map(Text::as_str), Some("b"));
        set.members[0].hello.as_mut().unwrap().tags = tags("AZ", "a");
        assert_eq!(set.zone(&set.members[0]).map(Text::as_str), Some("a"));
    }
}
