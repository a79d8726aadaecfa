//! What the view shows of a small world.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::health::{Level, Thresholds};
use crate::model::Facts;
use crate::model::metric::Series;
use crate::model::rds::{ClusterMember, Event, Measured, Target};
use crate::model::stack::Stack;
use crate::view::{Detail, Line};

const NOW: Timestamp = Timestamp::from_secs(1_773_457_964);

fn instance(id: &str, cluster: Option<&str>) -> DbInstance {
    DbInstance {
        id: Text::from(id),
        arn: Text::from(format!("arn:{id}")),
        status: Some(Text::from("available")),
        az: Some(Text::from(format!("zone-{id}"))),
        cluster: cluster.map(Text::from),
        engine: Some(Text::from(if cluster.is_some() { "aurora-mysql" } else { "postgres" })),
        multi_az: Some(false),
        allocated: Some(100),
        restorable_at: Some(NOW - Duration::from_mins(3)),
        ..DbInstance::default()
    }
}

fn facts(measured: bool) -> Facts {
    let member =
        |id: &str, writer| ClusterMember { instance: Text::from(id), is_writer: Some(writer), ..Default::default() };
    let cluster = DbCluster {
        id: Text::from("c"),
        arn: Text::from("arn:c"),
        members: vec![member("r", false), member("w", true)],
        ..DbCluster::default()
    };
    let target = Target { id: Some(Text::from("alone")), state: Some(Text::from("AVAILABLE")), ..Target::default() };
    let proxy =
        Proxy { name: Text::from("pool"), arn: Text::from("arn:pool"), targets: vec![target], ..Proxy::default() };
    let event =
        Event { at: Some(NOW), source: Text::from("alone"), message: Text::from("it restarted"), ..Event::default() };
    let rds = RdsFacts {
        instances: vec![
            instance("alone", None),
            instance("lost", Some("gone")),
            instance("r", Some("c")),
            instance("w", Some("c")),
        ],
        clusters: vec![cluster],
        proxies: vec![proxy],
        events: vec![event],
        ..RdsFacts::default()
    };
    let mut facts = Facts::default();
    facts.put(NOW, Arc::new(rds));
    if measured {
        let mut metrics = RdsMetrics::default();
        for (arn, metric, value) in [
            ("arn:alone", RdsMetrics::STORAGE, 53_687_091_200.0),
            ("arn:alone", RdsMetrics::CONNECTIONS, 12.0),
            ("arn:r", RdsMetrics::AURORA_LAG, 20.0),
        ] {
            let series = Series { points: vec![(NOW, value)], problem: None };
            metrics.series.insert((Text::from(arn), metric), Measured { read_at: NOW, series });
        }
        facts.put(NOW, Arc::new(metrics));
    }
    facts
}

fn with<R>(measured: bool, look: impl FnOnce(&StackScene<'_>, Vec<Row>) -> R) -> R {
    let (stack, facts) = (Stack { name: Text::from("prod"), ..Stack::default() }, facts(measured));
    let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] });
    look(&StackScene::new(&stack, &facts, &[]), rows)
}

fn cell(row: &Row, id: &str) -> String {
    let at = COLUMNS.iter().position(|column| column.id == id).unwrap();
    row.cells[at].human(NOW)
}

#[test]
fn members_stand_below_their_cluster_the_writer_first() {
    with(true, |_, rows| {
        let told: Vec<String> =
            rows.iter().map(|row| format!("{} {}", cell(row, "identifier"), cell(row, "role"))).collect();
        assert_eq!(told, ["c –", "w writer", "r reader", "alone primary", "lost –", "pool –"]);
        assert!(rows.iter().all(|row| row.cells.len() == COLUMNS.len()));
        assert_eq!(cell(&rows[0], "az"), "zone-r zone-w");
        assert_eq!(cell(&rows[1], "multi_az"), "–", "it says nothing of Aurora's instances");
    });
}

#[test]
fn what_was_not_measured_is_absent_and_never_zero() {
    let measured = ["lag", "storage_free_ratio", "connections"];
    let of = |rows: &[Row], at: usize| measured.map(|id| cell(&rows[at], id));
    with(false, |_, rows| assert!(rows.iter().enumerate().all(|(at, _)| of(&rows, at) == ["–"; 3])));
    with(true, |_, rows| {
        assert_eq!(of(&rows, 3), ["–", "50%", "12"]);
        assert_eq!(of(&rows, 2), ["20ms", "–", "–"]);
        assert_eq!((cell(&rows[3], "backup_age"), cell(&rows[1], "backup_age")), ("3m00s".to_owned(), "–".to_owned()));
    });
}

#[test]
fn a_number_of_long_ago_is_not_shown_beside_a_row_of_now() {
    let (stack, mut facts) = (Stack::default(), facts(true));
    for (minutes, told) in [(5, "12"), (6, "–")] {
        let rds = facts.get::<RdsFacts>().cloned().unwrap();
        facts.put(NOW + Duration::from_mins(minutes), Arc::new(rds));
        let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] });
        assert_eq!(cell(&rows[3], "connections"), told, "{minutes}");
    }
}

#[test]
fn a_row_has_the_past_of_its_cpu_where_there_is_one() {
    let (stack, mut facts) = (Stack::default(), facts(true));
    let cpu = |facts: &Facts| -> Vec<String> {
        rows(&Scene { stacks: vec![StackScene::new(&stack, facts, &[])] })
            .iter()
            .map(|row| cell(row, "cpu_trend"))
            .collect()
    };
    assert_eq!(cpu(&facts), ["–"; 6]);
    let mut metrics = facts.get::<RdsMetrics>().cloned().unwrap();
    for (arn, points) in
        [("arn:alone", vec![(NOW - Duration::from_mins(1), 50.0), (NOW, 100.0)]), ("arn:r", vec![(NOW, 9.0)])]
    {
        let series = Series { points, problem: None };
        metrics.series.insert((Text::from(arn), RdsMetrics::CPU), Measured { read_at: NOW, series });
    }
    facts.put(NOW, Arc::new(metrics));
    assert_eq!(cpu(&facts), ["–", "–", "–", "      ▄█", "–", "–"], "one point is no past");
}

#[test]
fn a_detail_has_the_events_the_trends_and_the_targets() {
    with(true, |scene, rows| {
        let detail = |at: usize| (VIEW.detail)(scene, &rows[at]);
        let headings = |detail: &Detail| -> Vec<&str> {
            detail
                .lines
                .iter()
                .filter_map(|line| if let Line::Heading(words) = line { Some(*words) } else { None })
                .collect()
        };
        assert_eq!(headings(&detail(3)), ["last hour", "events"]);
        assert_eq!(headings(&detail(0)), ["members", "loss of a zone"]);
        assert_eq!(headings(&detail(5)), ["targets"]);
        let trends = detail(3).lines.iter().filter(|line| matches!(line, Line::Trend(..))).count();
        assert_eq!(trends, 2);
        let calls: Vec<String> = rows.iter().filter_map(|row| (VIEW.aws)(scene, row)).collect();
        assert!(calls[0].ends_with("rds describe-db-clusters --db-cluster-identifier c"), "{calls:?}");
        assert!(calls[3].ends_with("rds describe-db-instances --db-instance-identifier alone"), "{calls:?}");
        assert!(calls[5].ends_with("rds describe-db-proxy-targets --db-proxy-name pool"), "{calls:?}");
    });
}

/// The values of the fields under a heading.
fn under(detail: &Detail, heading: &str) -> Vec<String> {
    let from =
        detail.lines.iter().skip_while(|line| !matches!(line, Line::Heading(words) if *words == heading)).skip(1);
    let fields = from.take_while(|line| !matches!(line, Line::Heading(_)));
    let told = fields.map(|line| match line {
        Line::Field(name, cell) => format!("{name}: {}", cell.human(NOW)),
        Line::Words(words) => words.to_string(),
        other => format!("{other:?}"),
    });
    told.collect()
}

#[test]
fn what_the_loss_of_a_zone_takes_is_told_of_the_layout_and_of_what_is_available() {
    let told = |change: fn(&mut DbInstance)| {
        let (stack, mut facts) = (Stack::default(), facts(false));
        let mut rds = facts.get::<RdsFacts>().cloned().unwrap();
        rds.instances.iter_mut().filter(|i| *i.id == *"r").for_each(change);
        facts.put(NOW, Arc::new(rds));
        let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] });
        under(&(VIEW.detail)(&StackScene::new(&stack, &facts, &[]), &rows[0]), "loss of a zone")
    };
    let laid_out = "as laid out: in 2 zones, each of which may be lost";
    assert_eq!(told(|_| {}), [laid_out]);
    let now = "now: 1 of 2 members not available, all in zone-w, its loss takes them all";
    assert_eq!(told(|i| i.status = Some(Text::from("rebooting"))), [laid_out, now]);
    assert_eq!(told(|i| i.status = Some(Text::from("creating"))), [laid_out, now]);
    assert_eq!(told(|i| i.status = Some(Text::from("backing-up"))), [laid_out], "it can be used meanwhile");
    assert_eq!(told(|i| i.status = Some(Text::from("configuring-iam-database-auth"))), [laid_out]);
    assert_eq!(told(|i| i.az = None), ["not known: the zones of some members were not told"]);
}

#[test]
fn charts_have_the_limits_that_are_configured() {
    let limit = |thresholds: &Thresholds| {
        let (stack, facts) = (Stack::default(), facts(true));
        let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] });
        let detail = (VIEW.detail)(&StackScene::new(&stack, &facts, &[]).configured(thresholds), &rows[3]);
        let of = |line: &Line| match line {
            Line::Trend(name, trend) if *name == *"connections" => Some(trend.limit),
            _ => None,
        };
        detail.lines.iter().find_map(of).unwrap()
    };
    let mut thresholds = Thresholds::default();
    assert_eq!(limit(&thresholds), None, "neither configured nor, without a class, estimated");
    thresholds.set("rds-connections", "limit", Level::Known(Some(200)));
    assert_eq!(limit(&thresholds), Some(160.0));
    thresholds.set("rds-connections", "warn", Level::Share(0.5));
    assert_eq!(limit(&thresholds), Some(100.0));
}
