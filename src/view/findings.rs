//! The findings view: what GuardDuty found, and what of this stack it concerns. Its sentences may hold an attacker's words: they
//! are in the detail, and in no column, so in no export.

use super::scene::aws_call;
use super::{Detail, Drill, Line, Scene, StackScene, View};
use crate::health::guardduty::{Band, archiving, is_active};
use crate::model::finding::{Change, Detector, Finding, FindingFacts, Related};
use crate::model::identity::Identity;
use crate::model::{Severity, Subject};
use crate::table::{Cell, Column, Row, Section};
use crate::text::Text;

/// `findings`.
pub const VIEW: View = View {
    id: "findings",
    title: "findings",
    short: "find",
    doc: "GuardDuty findings by severity, and the task, instance or database they concern; samples and archived ones below",
    kind: "finding",
    feeds: &["guardduty", "ecs", "rds"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail,
    open,
    aws,
};

const COLUMNS: &[Column] = &[
    Column::words("finding_id", "id", 0, 34, "The finding's id"),
    Column::number("severity_score", "score", 3, "GuardDuty's score, 1.0 to 10.0"),
    Column::words("band", "level", 1, 8, "low, medium, high, or critical from 9.0 on"),
    Column::words("type", "type", 1, 60, "What was found, as GuardDuty names it").usually(25),
    Column::words("resource", "resource", 1, 34, "What it concerns, as narrow as it is told").usually(28),
    Column::words(
        "related",
        "related",
        4,
        34,
        "What of this stack it is joined to: task, container instance, database, and the service of a task",
    ),
    Column::number("count", "count", 3, "How often it was seen"),
    Column::words("change", "new", 3, 6, "What changed while this console ran: new, or how often it was seen since"),
    Column::number("first_seen_at", "first", 5, "When it was seen first"),
    Column::number("last_seen_at", "last", 2, "When it was seen last"),
    Column::words(
        "archived",
        "archived",
        6,
        8,
        "Whether it was archived; those that were before this console began are not read",
    ),
    Column::words("account", "account", 7, 12, "The account it is of"),
];

const ACTIVE: Section = Section { order: 0, title: "" };
const SAMPLES: Section = Section { order: 1, title: "samples, which count nowhere" };
const ARCHIVED: Section = Section { order: 2, title: "archived while this console ran" };

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let Some(found) = scene.facts.get::<FindingFacts>() else { return Vec::new() };
    let related = scene.facts.derived::<Related>();
    found.findings.iter().map(|finding| row(scene, found, finding, &related)).collect()
}

fn row(scene: &StackScene<'_>, found: &FindingFacts, f: &Finding, related: &Related) -> Row {
    let beside = related.of(f.key()).map(|found| names(found.beside.iter().chain(&found.named))).unwrap_or_default();
    let change = found.changes.get(&f.id).map(|change| match change {
        Change::New => Text::from("new"),
        Change::More(n) => Text::from(format!("+{n}")),
    });
    Row {
        stack: scene.stack.name.clone(),
        id: f.key().clone(),
        severity: if is_active(f) { Severity::Ok } else { Severity::Info },
        read_at: found.read_at.findings.unwrap_or_default(),
        section: match (f.archived, f.sample) {
            (Some(true), _) => ARCHIVED,
            (_, true) => SAMPLES,
            _ => ACTIVE,
        },
        cells: vec![
            Cell::Text(f.id.clone()),
            f.severity.map_or(Cell::Missing, Cell::Number),
            band(f).map_or(Cell::Missing, |band| Cell::Text(Text::from(band))),
            Cell::text(Some(&f.kind)),
            Cell::text(f.resource.words().as_ref()),
            Cell::text(Some(&beside)),
            f.count.map_or(Cell::Missing, Cell::Count),
            Cell::text(change.as_ref()),
            Cell::at(f.first_seen_at),
            Cell::at(f.last_seen_at),
            f.archived.map_or(Cell::Missing, Cell::Flag),
            Cell::text(f.account.as_ref()),
        ],
        ..Row::default()
    }
    .judged(scene.problems_of("finding", f.key()))
}

fn band(finding: &Finding) -> Option<&'static str> {
    finding.severity.and_then(Band::of).map(Band::word)
}

fn names<'a>(subjects: impl Iterator<Item = &'a Subject>) -> Text {
    let names: Vec<String> = subjects.map(|subject| format!("{} {}", subject.kind, subject.name)).collect();
    Text::from(names.join(", "))
}

/// To the row of what it concerns.
fn open(row: &Row) -> Option<Drill> {
    let at = COLUMNS.iter().position(|column| column.id == "resource")?;
    let words = row.cells.get(at).map(Cell::searchable)?;
    let (kind, name) = words.split_once(' ')?;
    // The filter takes the name literally, whoever wrote it.
    let quoted = format!("\"{}\"", name.replace('"', ""));
    let (view, filter) = match kind {
        "task" => ("tasks", format!("task:{quoted}")),
        "instance" => ("instances", format!("ec2_instance_id:{quoted}")),
        "database" => ("databases", format!("identifier:{quoted}")),
        "cluster" => ("services", format!("cluster:{quoted}")),
        _ => return None,
    };
    Some(Drill { view, filter, select: None })
}

fn find<'a>(scene: &StackScene<'a>, id: &str) -> Option<(&'a FindingFacts, &'a Finding)> {
    let found = scene.facts.get::<FindingFacts>()?;
    found.findings.iter().find(|finding| *finding.key() == *id).map(|finding| (found, finding))
}

fn aws(scene: &StackScene<'_>, row: &Row) -> Option<String> {
    let (_, f) = find(scene, &row.id)?;
    aws_call(scene, &["guardduty", "get-findings", "--detector-id", &f.detector, "--finding-ids", &f.id])
}

fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let Some((found, f)) = find(scene, &row.id) else { return Detail::of(row.id.clone()) };
    let title = if f.kind.is_empty() { &f.id } else { &f.kind };
    let detector = found.detectors.iter().find(|detector| detector.id == f.detector);
    let level = band(f).map(Text::from);
    let foreign = foreign(scene, f);
    Detail::of(title.clone())
        .words("title", f.title.as_ref())
        .words("description", f.description.as_ref())
        .words("level", level.as_ref())
        .field("score", f.severity.map_or(Cell::Missing, Cell::Number))
        .field("seen, times", f.count.map_or(Cell::Missing, Cell::Count))
        .field("seen first", Cell::at(f.first_seen_at))
        .field("seen last", Cell::at(f.last_seen_at))
        .field("made", Cell::at(f.created_at))
        .field("changed", Cell::at(f.updated_at))
        .field("sample", Cell::Flag(f.sample))
        .field("archived", f.archived.map_or(Cell::Missing, Cell::Flag))
        .words("account", f.account.as_ref())
        .words("region", f.region.as_ref())
        .words("id", Some(&f.id))
        .lines(foreign.map(Line::Words))
        .heading("concerns")
        .lines(concerned(f))
        .lines(related(scene, f))
        .lines(about_detector(detector))
}

/// A finding of a member's account names things that are not here.
fn foreign(scene: &StackScene<'_>, f: &Finding) -> Option<Text> {
    let own = scene.facts.get::<Identity>()?;
    let theirs = f.account.as_ref().filter(|account| **account != own.account)?;
    Some(Text::from(format!("it is of account {theirs}: what it concerns is not among what is read here")))
}

fn concerned(f: &Finding) -> Vec<Line> {
    let r = &f.resource;
    let fields = [
        ("kind", &r.kind),
        ("task", &r.task),
        ("cluster", &r.cluster),
        ("container", &r.container),
        ("EC2 instance", &r.instance),
        ("database", &r.database),
        ("name", &r.other),
    ];
    let told = fields.into_iter().filter(|(_, value)| value.is_some());
    told.map(|(name, value)| Line::Field(Text::from(name), Cell::text(value.as_ref()))).collect()
}

/// Everything of this stack it is related to, and the problems these have.
fn related(scene: &StackScene<'_>, f: &Finding) -> Vec<Line> {
    let related = scene.facts.derived::<Related>();
    let Some(resources) = related.of(f.key()) else { return Vec::new() };
    let all: Vec<&Subject> = resources.named.iter().chain(&resources.beside).collect();
    if all.is_empty() {
        return vec![Line::Words(Text::from(
            "none of it is known to this console: it has ended, or is not watched here",
        ))];
    }
    let line = |subject: &&Subject| {
        let problems = scene.problems_of(subject.kind, &subject.id);
        let own = problems.iter().find(|problem| problem.check.domain != "guardduty");
        let cell = own.map_or_else(
            || Cell::Text(subject.name.clone()),
            |problem| Cell::State(problem.check.severity, problem.check.message.clone()),
        );
        Line::Field(Text::from(subject.kind), cell)
    };
    std::iter::once(Line::Heading("related")).chain(all.iter().map(line)).collect()
}

fn about_detector(detector: Option<&Detector>) -> Vec<Line> {
    let Some(detector) = detector else { return Vec::new() };
    let administrator = match &detector.administrator {
        Some(Some(account)) => Cell::Text(account.clone()),
        Some(None) => Cell::Text(Text::from("this account")),
        None => Cell::Missing,
    };
    let mut lines = vec![
        Line::Heading("detector"),
        Line::Field(Text::from("id"), Cell::Text(detector.id.clone())),
        Line::Field(Text::from("status"), Cell::text(detector.status.as_ref())),
        Line::Field(Text::from("administered by"), administrator),
    ];
    lines.extend(archiving(Some(detector)).map(|words| Line::Words(Text::from(words))));
    lines
}

/// What there is of findings, where nothing is the matter with them.
pub(super) fn summary(scene: &StackScene<'_>) -> Option<(Severity, String)> {
    let found = scene.facts.get::<FindingFacts>()?;
    found.read_at.findings?;
    let active = found.findings.iter().filter(|finding| is_active(finding)).count();
    let words = match active {
        0 => "no active finding".to_owned(),
        1 => "1 active finding, none above low".to_owned(),
        n => format!("{n} active findings, none above low"),
    };
    Some((Severity::Ok, words))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Facts;
    use crate::model::ecs::{EcsFacts, Instance, Seen};
    use crate::model::finding::{Concerned, FindingsRead};
    use crate::model::stack::Stack;
    use crate::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_secs(1_773_457_964);

    fn finding(id: &str, severity: f64) -> Finding {
        Finding {
            id: Text::from(id),
            arn: Text::from(format!("arn:{id}")),
            detector: Text::from("d;rm -rf /"),
            kind: Text::from("Recon:EC2/Portscan"),
            severity: Some(severity),
            count: Some(4),
            account: Some(Text::from("1")),
            archived: Some(false),
            resource: Concerned { instance: Some(Text::from("i-1")), ..Concerned::default() },
            ..Finding::default()
        }
    }

    fn facts(findings: Vec<Finding>) -> Facts {
        let found = FindingFacts {
            findings,
            changes: [(Text::from("a"), Change::New), (Text::from("b"), Change::More(3))].into(),
            read_at: FindingsRead { detectors: Some(NOW), findings: Some(NOW) },
            detectors: vec![Detector {
                id: Text::from("d;rm -rf /"),
                administrator: Some(Some(Text::from("999999999999"))),
                ..Detector::default()
            }],
            ..FindingFacts::default()
        };
        let host = Instance { arn: Text::from("arn:ci"), ec2_id: Some(Text::from("i-1")), ..Instance::default() };
        let mut facts = Facts::default();
        facts.put(NOW, Arc::new(found));
        let instances = vec![Seen { at: NOW, item: Arc::new(host) }];
        facts.put(NOW, Arc::new(EcsFacts { instances, ..EcsFacts::default() }));
        facts
    }

    fn cell(row: &Row, id: &str) -> String {
        let at = COLUMNS.iter().position(|column| column.id == id).unwrap();
        row.cells[at].human(NOW)
    }

    #[test]
    fn samples_and_archived_ones_stand_apart_and_changes_are_told() {
        let sample = Finding { sample: true, ..finding("c", 8.0) };
        let archived = Finding { archived: Some(true), ..finding("e", 8.0) };
        let bare = Finding { severity: None, count: None, resource: Concerned::default(), ..finding("f", 1.0) };
        let facts = facts(vec![finding("a", 9.5), finding("b", 5.0), sample, archived, bare]);
        let stack = Stack::default();
        let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] });
        assert!(rows.iter().all(|row| row.cells.len() == COLUMNS.len()));
        let told: Vec<String> = rows
            .iter()
            .map(|row| {
                format!("{} {} {} {}", row.section.order, cell(row, "band"), cell(row, "count"), cell(row, "change"))
            })
            .collect();
        assert_eq!(told, ["0 critical 4 new", "0 medium 4 +3", "1 high 4 –", "2 high 4 –", "0 – – –"]);
        assert_eq!(cell(&rows[4], "resource"), "–");
        assert!(cell(&rows[0], "related").starts_with("instance "), "what it is joined to: {:?}", rows[0]);
        assert_eq!(cell(&rows[4], "related"), "–");
    }

    #[test]
    fn a_row_leads_to_what_it_concerns_and_its_call_is_safe_to_paste() {
        let hostile = Concerned { other: Some(Text::from("x\" !y")), ..Concerned::default() };
        let database = Concerned { database: Some(Text::from("a\" b")), ..Concerned::default() };
        let of = |resource| Finding { resource, ..finding("h", 2.0) };
        let facts = facts(vec![finding("a", 9.5), of(hostile), of(database)]);
        let stack = Stack::default();
        let scene = StackScene::new(&stack, &facts, &[]);
        let rows = of_stack(&scene);
        let filters: Vec<Option<String>> = rows.iter().map(|row| open(row).map(|drill| drill.filter)).collect();
        let filter = |words: &str| Some(words.to_owned());
        assert_eq!(filters, [filter("ec2_instance_id:\"i-1\""), None, filter("identifier:\"a b\"")]);
        let call = aws(&scene, &rows[0]).unwrap();
        assert!(call.ends_with("guardduty get-findings --detector-id 'd;rm -rf /' --finding-ids a"), "{call}");
    }

    #[test]
    fn the_detail_tells_what_it_is_related_to_and_who_can_archive_it() {
        let facts = facts(vec![finding("a", 9.5)]);
        let stack = Stack::default();
        let scene = StackScene::new(&stack, &facts, &[]);
        let detail = detail(&scene, &of_stack(&scene)[0]);
        let headings: Vec<&str> = detail
            .lines
            .iter()
            .filter_map(|l| if let Line::Heading(words) = l { Some(*words) } else { None })
            .collect();
        assert_eq!(headings, ["concerns", "related", "detector"]);
        let words = detail.lines.iter().any(|l| matches!(l, Line::Words(words) if words.contains("999999999999")));
        assert!(words, "{detail:#?}");
        assert_eq!(summary(&scene), Some((Severity::Ok, "1 active finding, none above low".to_owned())));
    }
}
