//! `archive` and `unarchive`: takes a GuardDuty finding out of the active ones, and back.
//!
//! What a finding says may have been written by an attacker. Of its texts a plan shows its type and its id alone.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::member::{at_home, unread};
use super::plan::{Check, Level, State, Target, Tier};
use super::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::Change;
use crate::document::quoted;
use crate::error::Error;
use crate::health::guardduty::Band;
use crate::model::finding::{Finding, FindingFacts};
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};
use crate::time::{Timestamp, human};

use Level::{Block, Pass, Warn};

/// `archive`.
pub const ARCHIVE: ActionSpec = ActionSpec {
    id: "archive",
    title: "archive a finding",
    doc: "Takes a GuardDuty finding out of the active ones. It deletes nothing.",
    kind: "finding",
    also: &[],
    target: SHAPE,
    asks: None,
    opt_in: true,
    reads: &[],
    actions: &[Change::ARCHIVE],
    resource: "arn:aws:guardduty:REGION:ACCOUNT:detector/*",
    aim: |facts, key| aim(facts, key, true),
    plan: |bench, target| boxed(bench, target, true),
};

/// `unarchive`.
pub const UNARCHIVE: ActionSpec = ActionSpec {
    id: "unarchive",
    title: "take a finding out of the archive",
    doc: "Puts an archived GuardDuty finding among the active ones again. It is the undo of archive.",
    actions: &[Change::UNARCHIVE],
    aim: |facts, key| aim(facts, key, false),
    plan: |bench, target| boxed(bench, target, false),
    ..ARCHIVE
};

const SHAPE: &str = "FINDING-ID";
/// From this score on GuardDuty calls a finding high, and the account is typed too.
const HIGH: f64 = 7.0;
/// What was seen no longer ago than this may go on.
const LATELY: Duration = Duration::from_hours(1);
/// Characters of an id that are typed to confirm: of 32 random digits nobody types all, and all of them are on the screen.
const TYPED: usize = 8;
/// How long it is looked for.
const SOON: Duration = Duration::from_mins(1);

fn aim(facts: &Facts, key: &str, archive: bool) -> Option<Text> {
    let finding = facts.get::<FindingFacts>()?.findings.iter().find(|finding| *finding.key() == *key)?;
    let is_archived = finding.archived == Some(true);
    (is_archived != archive && !finding.id.is_empty()).then(|| finding.id.clone())
}

fn boxed<'a>(bench: &'a Bench, target: &'a str, archive: bool) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target, archive))
}

/// What was read of a finding and of who may archive it.
struct Read {
    finding: Finding,
    administrator: Result<Option<Text>, Fault>,
    now: Timestamp,
}

async fn plan(bench: &Bench, target: &str, archive: bool) -> Result<Plan, Error> {
    let Aim { id, detector, home } = parse(target)?;
    let identity = bench.identity().await.map_err(|fault| unread(&fault))?;
    if let Some(home) = home {
        at_home(bench, &identity, target, home)?;
    }
    let finding = find(bench, id, detector).await?;
    if home.is_some() && finding.arn != *target {
        let what = format!("{} is not what is there: {}", quoted(target), finding.arn);
        return Err(Error::usage(what).hint("look at its partition, such as aws or aws-us-gov"));
    }
    let administrator = bench.administrator(&finding.detector).await;
    let read = Read { finding, administrator, now: bench.clock.now() };
    let undo = if archive { UNARCHIVE.id } else { ARCHIVE.id };
    let finding = &read.finding;
    Ok(Plan {
        action: if archive { &ARCHIVE } else { &UNARCHIVE },
        target: Target {
            name: Text::from(finding.id.chars().take(TYPED).collect::<String>()),
            label: finding.id.clone(),
            arn: finding.key().clone(),
        },
        tier: if archive && !is_below_high(finding) { Tier::NameAndAccount } else { Tier::Name },
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks: checks(&read, archive),
        radius: radius(finding, archive),
        undo: format!("rounds act {undo} {}", shell_word(&finding.id)),
        state: state(Some(finding)),
        taken_at: read.now,
        change: Change::FindingArchived {
            detector: finding.detector.clone(),
            finding: finding.id.clone(),
            archived: archive,
        },
        deed: Arc::new(Archived { detector: finding.detector.clone(), finding: finding.id.clone(), archive }),
    }
    .void_if(&["archived"]))
}

/// What was aimed at.
#[derive(Debug, PartialEq)]
struct Aim<'a> {
    id: &'a str,
    /// Where an ARN names them: the detector, and region and account.
    detector: Option<&'a str>,
    home: Option<(&'a str, &'a str)>,
}

fn parse(target: &str) -> Result<Aim<'_>, Error> {
    let parts: Vec<&str> = target.splitn(6, ':').collect();
    let aimed = match parts.as_slice() {
        ["arn", _, "guardduty", region, account, path] => match path.split('/').collect::<Vec<_>>().as_slice() {
            ["detector", detector, "finding", id] if !detector.is_empty() => {
                Some(Aim { id, detector: Some(detector), home: Some((region, account)) })
            }
            _ => None,
        },
        _ => Some(Aim { id: target, detector: None, home: None }),
    };
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    aimed.filter(|aim| is_id(aim.id)).ok_or_else(|| {
        let hint = format!("write it as in the table: {SHAPE}");
        Error::usage(format!("{} is not a finding", quoted(target))).hint(hint)
    })
}

async fn find(bench: &Bench, id: &str, detector: Option<&str>) -> Result<Finding, Error> {
    let mut detectors = bench.detectors().await.map_err(|fault| unread(&fault))?;
    if detectors.is_empty() {
        return Err(Error::usage("GuardDuty has no detector here").hint("check the region and the account"));
    }
    detectors.retain(|own| detector.is_none_or(|asked| asked == own));
    for detector in &detectors {
        if let Some(finding) = bench.finding(detector, id).await.map_err(|fault| unread(&fault))? {
            return Ok(finding);
        }
    }
    let hint = "check the region and the account: rounds export findings";
    let error = Error::absent(format!("GuardDuty knows no finding {}", quoted(id)));
    Err(error.hint(begun(bench, id).await.unwrap_or_else(|| hint.to_owned())))
}

/// The finding whose id begins so, in words: its first characters are what is typed to confirm, so they may be all one has.
async fn begun(bench: &Bench, id: &str) -> Option<String> {
    let reading = bench.feeds(&["guardduty"]).await.ok()?;
    let known = reading.facts.get::<FindingFacts>()?;
    let mut fitting = known.findings.iter().filter(|finding| finding.id.starts_with(id));
    let first = fitting.next().filter(|_| id.len() >= TYPED)?;
    let others = fitting.next().map(|_| ", or another that begins so").unwrap_or_default();
    Some(format!("did you mean {}{others}? The whole id is needed", quoted(&first.id)))
}

/// Whether it is known to be of level low or medium.
fn is_below_high(finding: &Finding) -> bool {
    finding.severity.is_some_and(|score| score < HIGH)
}

fn checks(read: &Read, archive: bool) -> Vec<Check> {
    let mut all = vec![administrator(read), archived(&read.finding, archive)];
    if archive {
        all.extend([severity(&read.finding), lately(&read.finding, read.now)]);
    }
    all
}

/// Members cannot archive: findings are their administrator's to judge.
fn administrator(read: &Read) -> Check {
    let id = "administrator";
    match &read.administrator {
        Ok(None) => Check::new(id, Pass, "the account administers its detector itself"),
        Ok(Some(account)) => {
            let what = format!("account {account} administers GuardDuty here, and only it can archive a finding");
            Check::new(id, Block, format!("{what}: act with a stack of that account"))
        }
        Err(fault) => Check::new(id, Block, format!("who administers GuardDuty here is not known: {fault}")),
    }
}

fn archived(finding: &Finding, archive: bool) -> Check {
    let id = "archived";
    match finding.archived {
        Some(is) if is != archive => Check::new(id, Pass, if is { "it is archived" } else { "it is active" }),
        Some(true) => Check::new(id, Block, "it is archived already"),
        Some(false) => Check::new(id, Block, "it is active: there is nothing to undo"),
        None => Check::new(id, Block, "whether it is archived is not known"),
    }
}

fn severity(finding: &Finding) -> Check {
    let id = "severity";
    match finding.severity {
        Some(score) if is_below_high(finding) => Check::new(id, Pass, format!("its severity is {}", scored(score))),
        Some(score) => {
            let what = format!("its severity is {}: archive it only once it is dealt with", scored(score));
            Check::new(id, Warn, what)
        }
        None => Check::new(id, Warn, "its severity is not known"),
    }
}

/// `8.0, high`.
fn scored(score: f64) -> String {
    Band::of(score).map_or_else(|| format!("{score:.1}"), |band| format!("{score:.1}, {}", band.word()))
}

fn lately(finding: &Finding, now: Timestamp) -> Check {
    let id = "lately";
    match finding.last_seen_at.map(|at| now.since(at)) {
        Some(ago) if ago <= LATELY => {
            Check::new(id, Warn, format!("it was last seen {} ago: what it tells of may go on", human(ago)))
        }
        Some(ago) => Check::new(id, Pass, format!("it was last seen {} ago", human(ago))),
        None => Check::new(id, Warn, "when it was last seen is not known"),
    }
}

fn radius(finding: &Finding, archive: bool) -> Vec<String> {
    let score = finding.severity.map_or_else(|| "severity not known".to_owned(), scored);
    let seen = match finding.count {
        None => String::new(),
        Some(1) => ", seen once".to_owned(),
        Some(n) => format!(", seen {n} times"),
    };
    let what = format!("{} ({score}{seen})", finding.kind);
    if archive {
        vec![
            format!("hides {what} from the active findings, for everybody who looks at this account"),
            "deletes nothing, and stops nothing of what it tells of".to_owned(),
        ]
    } else {
        vec![format!("shows {what} among the active findings again, and raises its problem anew")]
    }
}

/// What the plan rests on. What is seen once more is another thing to decide on.
fn state(finding: Option<&Finding>) -> State {
    let Some(finding) = finding else { return State(vec![(ARCHIVED, Text::from("gone"))]) };
    let archived = match finding.archived {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    State(vec![
        (ARCHIVED, Text::from(archived)),
        ("severity", finding.severity.map_or_else(Text::default, |score| Text::from(format!("{score:.1}")))),
        ("seen", finding.count.map_or_else(Text::default, |n| Text::from(n.to_string()))),
    ])
}

const ARCHIVED: &str = "archived";

/// The finding, by its detector and id, and what it is to be.
#[derive(Debug)]
struct Archived {
    detector: Text,
    finding: Text,
    archive: bool,
}

#[async_trait]
impl Deed for Archived {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(bench.finding(&self.detector, &self.finding).await?.as_ref()))
    }

    async fn look(&self, bench: &Bench, _: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        Ok(look(bench.finding(&self.detector, &self.finding).await?.as_ref(), self.archive))
    }

    fn patience(&self) -> Duration {
        SOON
    }
}

fn look(finding: Option<&Finding>, archive: bool) -> Look {
    let (stage, text) = match finding.map(|finding| finding.archived) {
        None => (Stage::Failed, "GuardDuty knows it no longer"),
        Some(None) => (Stage::Going, "whether it is archived is not told"),
        Some(Some(is)) if is != archive => (Stage::Unseen, if is { "it is archived" } else { "it is active" }),
        Some(Some(true)) => (Stage::Done, "it is archived, and not deleted"),
        Some(Some(false)) => (Stage::Done, "it is among the active findings"),
    };
    Look { stage, text: text.to_owned(), state: state(finding) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;

    const NOW: Timestamp = Timestamp::from_secs(1_773_457_200);

    fn finding(severity: Option<f64>, archived: Option<bool>) -> Finding {
        Finding {
            id: Text::from("5ac8e6f1aabbccdd"),
            arn: Text::from("arn:aws:guardduty:r:1:detector/d/finding/5ac8e6f1aabbccdd"),
            detector: Text::from("d"),
            kind: Text::from("Recon:EC2/PortProbeUnprotectedPort"),
            title: Some(Text::from("type yes to archive all")),
            description: Some(Text::from("ignore the plan")),
            severity,
            archived,
            count: Some(4),
            last_seen_at: Some(NOW - Duration::from_hours(2)),
            ..Finding::default()
        }
    }

    fn read(finding: Finding, administrator: Result<Option<&str>, FaultKind>) -> Read {
        let administrator = administrator
            .map(|account| account.map(Text::from))
            .map_err(|kind| Fault::new(kind, "guardduty:GetAdministratorAccount", "no"));
        Read { finding, administrator, now: NOW }
    }

    #[test]
    fn only_what_administers_its_detector_archives_and_only_what_is_known_to_be_active() {
        let active = || finding(Some(5.0), Some(false));
        for (who, level, words) in [
            (Ok(None), Pass, "itself"),
            (Ok(Some("999999999999")), Block, "account 999999999999 administers GuardDuty here, and only it"),
            (Err(FaultKind::Denied), Block, "not known"),
        ] {
            let check = administrator(&read(active(), who));
            assert!(check.level == level && check.text.contains(words), "{check:?}");
        }
        for (is, archive, level) in [
            (Some(false), true, Pass),
            (Some(true), true, Block),
            (None, true, Block),
            (Some(true), false, Pass),
            (Some(false), false, Block),
            (None, false, Block),
        ] {
            assert_eq!(archived(&finding(None, is), archive).level, level, "{is:?} {archive}");
        }
    }

    #[test]
    fn a_high_one_and_one_that_goes_on_are_warned_of_and_what_is_not_known_is_no_pass() {
        for (score, level, below) in
            [(Some(1.0), Pass, true), (Some(6.9), Pass, true), (Some(7.0), Warn, false), (None, Warn, false)]
        {
            let finding = finding(score, Some(false));
            assert_eq!((severity(&finding).level, is_below_high(&finding)), (level, below), "{score:?}");
        }
        let seen = |ago: Option<u64>| {
            let last_seen_at = ago.map(|minutes| NOW - Duration::from_mins(minutes));
            lately(&Finding { last_seen_at, ..finding(None, None) }, NOW).level
        };
        assert_eq!((seen(Some(120)), seen(Some(60)), seen(Some(5)), seen(None)), (Pass, Warn, Warn, Warn));
        assert_eq!(checks(&read(finding(Some(9.0), Some(true)), Ok(None)), false).len(), 2, "showing hides nothing");
    }

    #[test]
    fn nothing_an_attacker_wrote_is_in_a_plan() {
        let told = [radius(&finding(Some(8.0), None), true), radius(&finding(None, None), false)].concat();
        assert!(told[0].starts_with("hides Recon:EC2/PortProbeUnprotectedPort (8.0, high, seen 4 times)"), "{told:?}");
        assert!(told.iter().all(|line| !line.contains("yes") && !line.contains("ignore")), "{told:?}");
        assert!(told[2].contains("severity not known"), "{told:?}");
    }

    #[test]
    fn a_finding_goes_by_its_id_and_by_its_arn() {
        let plain = |id| Ok(Aim { id, detector: None, home: None });
        assert_eq!(parse("5ac8e6f1"), plain("5ac8e6f1"));
        let arn = parse("arn:aws:guardduty:r:1:detector/d/finding/f");
        assert_eq!(arn, Ok(Aim { id: "f", detector: Some("d"), home: Some(("r", "1")) }));
        for wrong in ["", "a/b", "a b", "x:y", "arn:aws:guardduty:r:1:detector/d", "arn:aws:ecs:r:1:service/a/b"] {
            let told = parse(wrong).unwrap_err().to_string();
            assert!(told.contains("is not a finding") && told.contains(SHAPE), "{told}");
        }
    }

    #[test]
    fn rows_offer_what_can_be_done_to_them() {
        let mut facts = Facts::default();
        let all = vec![
            Finding { arn: Text::from("a"), ..finding(None, Some(false)) },
            Finding { arn: Text::from("b"), ..finding(None, Some(true)) },
            Finding { arn: Text::from("c"), id: Text::default(), ..finding(None, None) },
        ];
        facts.put(NOW, Arc::new(FindingFacts { findings: all, ..FindingFacts::default() }));
        let offered = |key| (aim(&facts, key, true).is_some(), aim(&facts, key, false).is_some());
        assert_eq!((offered("a"), offered("b"), offered("c")), ((true, false), (false, true), (false, false)));
        assert_eq!(offered("nobody"), (false, false));
    }

    #[test]
    fn it_is_done_once_guardduty_says_so() {
        for (is, archive, stage) in [
            (Some(Some(true)), true, Stage::Done),
            (Some(Some(false)), true, Stage::Unseen),
            (Some(Some(false)), false, Stage::Done),
            (Some(Some(true)), false, Stage::Unseen),
            (Some(None), true, Stage::Going),
            (None, true, Stage::Failed),
        ] {
            let now = is.map(|is| finding(Some(5.0), is));
            assert_eq!(look(now.as_ref(), archive).stage, stage, "{is:?} {archive}");
        }
        let before = state(Some(&finding(Some(5.0), Some(false))));
        let more = Finding { count: Some(5), ..finding(Some(5.0), Some(false)) };
        assert_eq!(before.differences(&state(Some(&more))), ["seen was 4, is 5"]);
    }
}
