//! MongoDB as it is: a replica set of real `mongod`s, which are killed, frozen and cut off, and a member of our own that says
//! what no `mongod` would.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what a test calls fails by panicking")]

#[path = "support/backend.rs"]
mod backend;
#[expect(dead_code, reason = "these tests are at home in a directory that stays")]
#[path = "support/binary.rs"]
mod binary;
#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/dns.rs"]
mod dns;
#[path = "support/mongo_wire.rs"]
mod mongo_wire;
#[path = "support/mongod.rs"]
mod mongod;
#[path = "support/python.rs"]
mod python;

#[path = "mongo/access.rs"]
mod access;
#[path = "mongo/aws.rs"]
mod aws;
#[path = "mongo/console.rs"]
mod console;
#[path = "mongo/judged.rs"]
mod judged;
#[path = "mongo/members.rs"]
mod members;
#[path = "mongo/privacy.rs"]
mod privacy;
#[path = "mongo/program.rs"]
mod program;
#[path = "mongo/split.rs"]
mod split;
#[path = "mongo/srv.rs"]
mod srv;
#[path = "mongo/stepping.rs"]
mod stepping;
#[path = "mongo/wire.rs"]
mod wire;

use std::sync::Arc;

use rounds::backend::mongo::MongoDriver;
use rounds::model::mongo::MongoSet;
use rounds::text::Text;
use rounds::time::{Clock, SystemClock};

/// One set at a time: their elections have times, and there may be two cores.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A set as configured, of which nothing but the address is known.
fn configured(uri: &str) -> MongoSet {
    MongoSet { name: Text::from("rounds"), uri: uri.to_owned(), ..MongoSet::default() }
}

fn driver(set: &MongoSet) -> MongoDriver {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    MongoDriver::new(std::slice::from_ref(set), &clock, None)
}
