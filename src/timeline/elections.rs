//! Replica sets: elections, and members that changed their role or fell silent.

use super::{Pen, Seen, Source, Told};
use crate::health::mongo::member_id;
use crate::model::mongo::{Election, Member, MongoFacts, ReplicaSet, Role};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;

/// `election`.
pub const ELECTIONS: Source =
    Source { id: "election", feed: "mongo", doc: "Elections of replica sets that this console saw", tell: elections };

/// `member`.
pub const MEMBERS: Source = Source {
    id: "member",
    feed: "mongo",
    doc: "Members of replica sets that this console saw change their role, fall silent or answer again",
    tell: members,
};

/// Reasons of elections that somebody or something wanted (`lastElectionReason` of the server).
const WANTED: [&str; 4] = ["priorityTakeover", "catchupTakeover", "stepUpRequest", "stepUpRequestSkipDryRun"];

fn sets(facts: &Facts) -> &[ReplicaSet] {
    facts.get::<MongoFacts>().map_or(&[], |mongo| &mongo.sets)
}

fn elections(facts: &Facts, pen: &mut Pen<'_>) {
    for set in sets(facts) {
        set.elections.iter().for_each(|election| put(set, election, pen));
    }
}

fn put(set: &ReplicaSet, election: &Election, pen: &mut Pen<'_>) {
    let winner = election.winner.as_ref();
    let won = winner.map_or_else(|| ", nobody has won it yet".to_owned(), |host| format!(", won by {host}"));
    let why = election.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let wanted = election.reason.as_deref().is_some_and(|reason| WANTED.contains(&reason));
    pen.tell(Told {
        // Only a winner that tells the reason has told the time, too.
        at: election.reason.as_ref().map(|_| election.at),
        severity: if wanted { Severity::Info } else { Severity::Warn },
        subject: Subject { kind: "replica-set", name: set.name.clone(), id: set.name.clone() },
        related: winner.map(|host| ("member", member_id(&set.name, host))).into_iter().collect(),
        message: Text::from(format!("election of term {}{won}{why}", election.term)),
        key: format!("{}|{}", set.name, election.term),
    });
}

/// What a member is, by its own word.
const STANDINGS: [&str; 5] = ["does not answer", "PRIMARY", "SECONDARY", "ARBITER", "neither primary nor secondary"];

fn standing(member: &Member) -> usize {
    match member.speaks().map(|hello| hello.role) {
        None => 0,
        Some(Role::Primary) => 1,
        Some(Role::Secondary) => 2,
        Some(Role::Arbiter) => 3,
        Some(Role::Other) => 4,
    }
}

fn members(facts: &Facts, pen: &mut Pen<'_>) {
    for set in sets(facts) {
        // What was not asked yet has nothing to say.
        for member in set.members.iter().filter(|member| member.fault.is_some() || member.hello.is_some()) {
            let (id, now) = (member_id(&set.name, &member.host), standing(member));
            let Seen::Before(before) = pen.look(&id, now as u64) else { continue };
            let was = usize::try_from(before).ok().and_then(|before| STANDINGS.get(before)).unwrap_or(&"unknown");
            let (severity, words) = match now {
                0 => (Severity::Warn, format!("does not answer, was {was}")),
                _ if before == 0 => (Severity::Info, format!("answers again: {}", STANDINGS[now])),
                4 => (Severity::Warn, format!("{}, was {was}", STANDINGS[now])),
                _ => (Severity::Info, format!("{}, was {was}", STANDINGS[now])),
            };
            let key = format!("{id}|{}", pen.now().millis());
            pen.tell(Told {
                at: None,
                severity,
                subject: Subject { kind: "member", name: member.host.clone(), id },
                related: vec![("replica-set", set.name.clone())],
                message: Text::from(words),
                key,
            });
        }
    }
}
