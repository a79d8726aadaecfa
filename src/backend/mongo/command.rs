//! The commands that are sent: these, and no others. None reads what users stored, what they ask for, or a log.

use mongodb::bson::{Document, doc};

/// One command.
pub(super) struct Command {
    /// How a fault names it.
    pub action: &'static str,
    /// The database it is sent to.
    pub database: &'static str,
    /// What is sent.
    pub document: fn() -> Document,
}

/// What a member says of itself, to anyone.
pub(super) const HELLO: Command = Command { action: "hello", database: "admin", document: || doc! { "hello": 1 } };

/// What a member says of all members.
pub(super) const STATUS: Command =
    Command { action: "replSetGetStatus", database: "admin", document: || doc! { "replSetGetStatus": 1 } };

/// How the set is configured.
pub(super) const CONFIG: Command =
    Command { action: "replSetGetConfig", database: "admin", document: || doc! { "replSetGetConfig": 1 } };

/// Figures of a member.
pub(super) const SERVER: Command = Command { action: "serverStatus", database: "admin", document: server_status };

const OPLOG: &str = "find local.oplog.rs";

/// The time of the oldest entry of the oplog.
pub(super) const OPLOG_FIRST: Command = Command { action: OPLOG, database: "local", document: || oplog_end(1) };

/// The time of the newest entry of the oplog.
pub(super) const OPLOG_LAST: Command = Command { action: OPLOG, database: "local", document: || oplog_end(-1) };

/// The sections of `serverStatus` that are left out, of all versions from 4.4 to 8.0. A whole answer of 6.0.5 has 63 kB and takes
/// up to 16 ms; what remains has 1.1 kB. There is no way to have a part of a section: `wiredTiger` alone has 25 kB, and an
/// answer may take 8, so nothing is read of the cache, nor of the tickets before 8.0, which has them in `queues`.
const SECTIONS: [&str; 49] = [
    "Instance",
    "activeIndexBuilds",
    "batchedDeletes",
    "bucketCatalog",
    "catalogStats",
    "changeStreamPreImages",
    "collectionCatalog",
    "defaultRWConcern",
    "electionMetrics",
    "encryptionAtRest",
    "extra_info",
    "featureCompatibilityVersion",
    "freeMonitoring",
    "globalLock",
    "health",
    "hedgingMetrics",
    "indexBuilds",
    "indexBulkBuilder",
    "indexStats",
    "internalTransactions",
    "latchAnalysis",
    "locks",
    "logicalSessionRecordCache",
    "metrics",
    "mirroredReads",
    "network",
    "opLatencies",
    "opReadConcernCounters",
    "opWriteConcernCounters",
    "opcountersRepl",
    "oplogTruncation",
    "planCache",
    "profiler",
    "queryAnalyzers",
    "querySettings",
    "readConcernCounters",
    "readPreferenceCounters",
    "repl",
    "scramCache",
    "security",
    "shardingStatistics",
    "spillWiredTiger",
    "tcmalloc",
    "tenantMigrations",
    "trafficRecording",
    "transactions",
    "transportSecurity",
    "twoPhaseCommitCoordinator",
    "wiredTiger",
];

/// `serverStatus` as it is sent, for whoever measures what the answer weighs.
#[must_use]
pub fn server_status() -> Document {
    let mut command = doc! { "serverStatus": 1 };
    command.extend(SECTIONS.map(|section| (section.to_owned(), 0.into())));
    command
}

fn oplog_end(direction: i32) -> Document {
    doc! {
        "find": "oplog.rs",
        "projection": { "ts": 1, "_id": 0 },
        "sort": { "$natural": direction },
        "limit": 1,
        "singleBatch": true,
    }
}
