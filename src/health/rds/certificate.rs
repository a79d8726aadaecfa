//! The certificate of the server.

use super::{Database, Other, each_database};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::{PartsRead, RdsFacts};
use crate::model::{Facts, Severity};
use crate::time::{Timestamp, human};

pub(in super::super) const CERTIFICATE: Rule = Rule {
    id: "rds-certificate",
    domain: "rds",
    doc: "The certificate of a database runs out, its rotation waits, or its authority has expired: clients that verify it can then \
          no longer connect.",
    source: "RDS API: CertificateDetails, CACertificateIdentifier; 14 days is the default of AWS Config's acm-certificate-expiration-check, \
             30 and 90 days (practice)",
    thresholds: &[
        Threshold::minutes("info", 90 * 24 * 60),
        Threshold::minutes("warn-before", 30 * 24 * 60),
        Threshold::minutes("crit-before", 14 * 24 * 60),
    ],
    read_at: Facts::taken_at::<RdsFacts>,
    check: certificate,
};

/// It expired in August 2024.
const EXPIRED: &str = "rds-ca-2019";

fn certificate(facts: &Facts, sink: &mut Sink<'_>) {
    each_database(facts, sink, |rds, database, sink| {
        let (ca, until) = match database {
            Database::Instance(i) => (&i.ca, i.certificate_until),
            // Of Aurora the instances have the certificates.
            Database::Cluster(c) if c.ca.is_some() || c.certificate_until.is_some() => (&c.ca, c.certificate_until),
            _ => return,
        };
        let name = database.name();
        let other = Other::new(sink.now(), rds.read_at.maintenance, PartsRead::MAINTENANCE_EVERY);
        let sink = &mut sink.at(other.at);
        let told = |words: String| {
            About::new(format!("{name}: {words}"))
                .with("CAIdentifier", words::given(ca.as_ref()))
                .with("ValidTill", words::given(until.map(Timestamp::rfc3339)))
        };
        let rotate = "have clients trust the new authority first, then rotate the certificate";
        let waits = rds.maintenance.iter().any(|m| m.arn == *database.arn() && m.action == "ca-certificate-rotation");
        let left = until.map(|until| until.since(sink.now()));
        let runs_out = || format!("its certificate runs out in {}", left.map(human).unwrap_or_default());
        let (severity, about) = match left {
            _ if ca.as_deref() == Some(EXPIRED) => {
                (Severity::Crit, told(format!("its certificate is of {EXPIRED}, which expired in 2024")).next(rotate))
            }
            Some(left) if left.is_zero() => {
                (Severity::Crit, told("its certificate has run out".to_owned()).next(rotate))
            }
            Some(left) if left < sink.span("crit-before") => (Severity::Crit, told(runs_out()).next(rotate)),
            Some(left) if left < sink.span("warn-before") => (Severity::Warn, told(runs_out()).next(rotate)),
            _ if waits => (Severity::Warn, told("a rotation of its certificate waits".to_owned()).next(rotate)),
            None => (Severity::Unknown, told("how long its certificate is valid was not told".to_owned())),
            Some(left) if left < sink.span("info") => (Severity::Info, told(runs_out())),
            // A rotation may wait that was not read.
            Some(_) if !other.is_fresh => return,
            Some(_) => return sink.ok(|| database.subject()),
        };
        sink.found(severity, database.subject(), about);
    });
}
