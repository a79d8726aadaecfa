//! The connections of a proxy: how many are left, whether they are shared and encrypted.

use super::{Database, STILL_NOW, each_proxy, lately, measured, newest, percent};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::{RdsFacts, RdsMetrics};
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::Timestamp;

pub(in super::super) const POOL: Rule = Rule {
    id: "rds-proxy-pool",
    domain: "rds",
    doc: "Nearly all connections that a proxy may open are in use: clients wait for one and then fail, as in a connection storm.",
    source: "CloudWatch DatabaseConnectionsCurrentlyBorrowed of MaxDatabaseConnectionsAllowed; 80 and 95 % (practice)",
    thresholds: &[Threshold::share("warn", 0.80), Threshold::share("crit", 0.95)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: pool,
};

pub(in super::super) const PINNED: Rule = Rule {
    id: "rds-proxy-pinned",
    domain: "rds",
    doc: "Many connections of a proxy are bound to one client each, so that it pools little.",
    source: "RDS user guide, avoiding pinning; 50 % (practice)",
    thresholds: &[Threshold::share("info", 0.50)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: pinned,
};

pub(in super::super) const TLS: Rule = Rule {
    id: "rds-proxy-tls",
    domain: "rds",
    doc: "A proxy takes connections without TLS, or has some.",
    source: "RDS API: RequireTLS; CloudWatch ClientConnectionsNoTLS; 45 CFR 164.312(e)(1)",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: tls,
};

fn pool(facts: &Facts, sink: &mut Sink<'_>) {
    each_proxy(facts, sink, |_, proxy, sink| {
        let of = |metric| newest(facts, &proxy.arn, metric);
        let Some(((at, borrowed), (_, most))) = of(RdsMetrics::BORROWED).zip(of(RdsMetrics::ALLOWED)) else { return };
        if most <= 0.0 {
            return;
        }
        let (mut sink, share) = (sink.at(at), borrowed / most);
        let (severity, how) = match share {
            _ if share > sink.share("crit") => (Severity::Crit, "nearly exhausted"),
            _ if share > sink.share("warn") => (Severity::Warn, "fills up"),
            _ => return sink.ok(|| Database::Proxy(proxy).subject()),
        };
        let message = format!("{}: pool {how}, {borrowed:.0} of {most:.0} connections in use", proxy.name);
        let about = About::new(message)
            .since(full_since(facts, &proxy.arn, sink.share("warn")))
            .with("share", percent(share))
            .with("clients", words::given(of(RdsMetrics::CLIENTS).map(|(_, n)| format!("{n:.0}"))))
            .with("MaxConnectionsPercent", words::given(proxy.max_connections_percent))
            .next(
                "see which service opened so many: its tasks and its pool size; long transactions hold connections too",
            );
        sink.found(severity, Database::Proxy(proxy).subject(), about);
    });
}

/// Since when more than this share of the pool has been in use without a break; absent where the points do not go back to
/// when it was less.
fn full_since(facts: &Facts, arn: &Text, share: f64) -> Option<Timestamp> {
    let points = |metric| measured(facts, arn, metric).map(|measured| &measured.series.points);
    let (borrowed, most) = points(RdsMetrics::BORROWED).zip(points(RdsMetrics::ALLOWED))?;
    let mut since = None;
    for (at, borrowed) in borrowed.iter().rev() {
        let (_, most) = most.iter().find(|(then, _)| then == at)?;
        if *borrowed <= most * share {
            return since;
        }
        since = Some(*at);
    }
    None
}

fn pinned(facts: &Facts, sink: &mut Sink<'_>) {
    each_proxy(facts, sink, |_, proxy, sink| {
        let of = |metric| newest(facts, &proxy.arn, metric);
        let Some(((at, pinned), (_, open))) = of(RdsMetrics::PINNED).zip(of(RdsMetrics::CONNECTIONS)) else { return };
        let (mut sink, subject) = (sink.at(at), Database::Proxy(proxy).subject());
        if open <= 0.0 || pinned / open <= sink.share("info") {
            return sink.ok(|| subject);
        }
        let message = format!("{}: {pinned:.0} of {open:.0} connections are pinned to one client each", proxy.name);
        sink.found(Severity::Info, subject, About::new(message).with("share", percent(pinned / open)));
    });
}

fn tls(facts: &Facts, sink: &mut Sink<'_>) {
    each_proxy(facts, sink, |_, proxy, sink| {
        let subject = Database::Proxy(proxy).subject();
        let bare = lately(facts, &proxy.arn, RdsMetrics::NO_TLS);
        let bare = bare.map(|(at, points)| (at, points.into_iter().fold(0.0, f64::max))).filter(|(_, n)| *n > 0.0);
        let sink = &mut sink.at(bare.map_or(sink.now(), |(at, _)| at.min(sink.now())));
        let told = |words: String| {
            About::new(format!("{}: {words}", proxy.name)).with("RequireTLS", words::given(proxy.requires_tls))
        };
        let (severity, about) = match (bare, proxy.requires_tls) {
            (Some((_, n)), _) => (
                Severity::Warn,
                told(format!("up to {n:.0} connections without TLS within {}", words::span(STILL_NOW))),
            ),
            (None, Some(false)) => (Severity::Warn, told("takes connections without TLS".to_owned())),
            (None, None) => (Severity::Unknown, told("whether it requires TLS was not told".to_owned())),
            (None, Some(true)) => return sink.ok(|| subject),
        };
        sink.found(severity, subject, about.next("have clients use TLS, then set RequireTLS"));
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::metric::Series;
    use crate::model::rds::Measured;

    #[test]
    fn a_pool_is_full_since_the_first_point_above_the_share_and_unknown_before_the_first_point() {
        let since = |borrowed: &[f64]| {
            let at = |minute: usize| Timestamp::from_secs(60 * i64::try_from(minute).unwrap());
            let series = |values: Vec<f64>| {
                let points = values.into_iter().enumerate().map(|(n, value)| (at(n), value)).collect();
                Measured { read_at: at(60), series: Series { points, problem: None } }
            };
            let mut metrics = RdsMetrics::default();
            metrics.series.insert((Text::from("p"), RdsMetrics::BORROWED), series(borrowed.to_vec()));
            metrics.series.insert((Text::from("p"), RdsMetrics::ALLOWED), series(vec![100.0; borrowed.len()]));
            let mut facts = Facts::default();
            facts.put(at(60), Arc::new(metrics));
            full_since(&facts, &Text::from("p"), 0.80).map(|at| at.secs() / 60)
        };
        assert_eq!(since(&[90.0, 10.0, 80.0, 81.0, 97.0]), Some(3));
        assert_eq!(since(&[81.0, 97.0]), None);
        assert_eq!(since(&[97.0, 80.0]), None);
    }
}
