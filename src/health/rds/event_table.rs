//! What RDS's events mean. The API gives no event id, so they are known by words of the message and a category; failovers are not
//! here but in [`super::failover`].

use crate::model::Severity;
use crate::model::rds::Event;

/// What an event of one kind means.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The category it comes in, where the words alone could mean something else.
    category: Option<&'static str>,
    /// Words of the message, all of them, in lower case.
    words: &'static [&'static str],
    /// How bad it is.
    pub severity: Severity,
    /// Words of the event that ends it.
    pub ended_by: Option<&'static str>,
    /// What else tells the same.
    pub said: Said,
}

/// What says the same as an event, and then says it alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Nothing.
    Here,
    /// The status of the database, or its failover.
    ByStatus,
    /// This status of the database, and no other.
    ByThisStatus(&'static str),
    /// The storage, measured later.
    ByStorage,
}

const fn of(category: Option<&'static str>, words: &'static [&'static str], severity: Severity) -> Kind {
    Kind { category, words, severity, ended_by: None, said: Said::Here }
}

const fn until(kind: Kind, ended_by: &'static str) -> Kind {
    Kind { ended_by: Some(ended_by), ..kind }
}

const fn said(kind: Kind, said: Said) -> Kind {
    Kind { said, ..kind }
}

use Severity::{Crit, Info, Warn};

/// Every kind that is known; the first that fits counts. RDS user guide, event categories and messages (the ids there are in the
/// remarks, for people). The wording of 0022, 0089, 0221, 0222 and 0266 is that of a copy of the guide; no such event of an account
/// was seen.
const KINDS: &[Kind] = &[
    // 0034, 0065, 0050, 0051, 0070
    of(None, &["abandoning user requested failover"], Warn),
    of(None, &["not attempting a requested failover"], Warn),
    of(None, &["recovered from", "partial failover"], Warn),
    until(of(None, &["multi-az instance activation started"], Warn), "multi-az instance activation completed"),
    of(None, &["multi-az instance activation completed"], Info),
    of(None, &["promoting previous primary again"], Warn),
    // 0069
    of(None, &["failover failed"], Crit),
    // 0221, 0222, 0007, 0089, 0227
    said(of(None, &["storage-full"], Crit), Said::ByThisStatus("storage-full")),
    // Of 0222 and 0089 only the first says that the database will be shut down.
    said(of(None, &["free storage capacity", "is low", "will be shut down"], Crit), Said::ByStorage),
    said(of(None, &["free storage capacity", "is low"], Warn), Said::ByStorage),
    said(of(None, &["allocated storage has been exhausted"], Crit), Said::ByStorage),
    of(Some("low storage"), &["storage", "low on space"], Crit),
    of(Some("low storage"), &["aurora", "low"], Crit),
    // 0219, 0220, 0223, 0224, 0254, 0225, 0189
    of(None, &["autoscaling will retry"], Info),
    of(None, &["storage autoscaling"], Warn),
    of(None, &["storage quota", "exceeded"], Warn),
    of(None, &["approaching the maximum storage threshold"], Warn),
    of(None, &["burst balance", "low"], Warn),
    // 0022, 0004, 0006, 0087
    of(None, &["error", "while restarting"], Crit),
    of(None, &["error restarting"], Crit),
    said(until(of(None, &["db instance shutdown"], Warn), "db instance restarted"), Said::ByStatus),
    said(of(None, &["db instance restarted"], Warn), Said::ByStatus),
    said(until(of(None, &["db instance stopped"], Warn), "db instance started"), Said::ByStatus),
    // 0028
    until(of(None, &["disabled automated backups"], Crit), "enabled automated backups"),
    // 0026, 0266, 0027, 0270
    until(of(None, &["applying off-line patches"], Warn), "finished applying off-line patches"),
    until(of(None, &["applying offline patches"], Warn), "finished applying offline patches"),
    // Its end is that of the upgrade, 0268.
    until(of(None, &["downtime started"], Warn), "version upgrade finished"),
    of(None, &["upgrade failed"], Crit),
    // 0045, 0046, 0057
    until(of(None, &["replication has stopped"], Crit), "resumed"),
    of(Some("read replica"), &["resumed"], Info),
    of(None, &["replication", "terminated"], Warn),
    // 0243, 0275
    of(None, &["proxy", "enough ip addresses"], Crit),
    of(None, &["throttled some connections"], Crit),
];

/// Whatever else is a failure.
const FAILURE: Kind = of(Some("failure"), &[], Crit);

/// What this event means, where that is known.
pub fn meaning(event: &Event, words: &str) -> Option<&'static Kind> {
    let known = KINDS.iter().find(|kind| kind.fits(event, words));
    known.or_else(|| Some(&FAILURE).filter(|_| !event.categories.is_empty() && FAILURE.fits(event, words)))
}

impl Kind {
    fn fits(&self, event: &Event, words: &str) -> bool {
        let in_category = |wanted: &str| event.categories.iter().any(|category| category.eq_ignore_ascii_case(wanted));
        let category = self.category.is_none_or(|wanted| event.categories.is_empty() || in_category(wanted));
        // "Finished applying …" ends what "Applying …" began, and does not begin it again.
        let ends = self.ended_by.is_some_and(|end| words.contains(end));
        category && !ends && self.words.iter().all(|word| words.contains(word))
    }
}
