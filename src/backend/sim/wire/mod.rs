//! The strict loopback: any [`Backend`] behind AWS's wire formats, over HTTP on this computer alone.
//!
//! It exists so that clients meet what AWS does and no emulator does: real pages and tokens, batch limits, token buckets,
//! and faults on the wire. It is strict where AWS is strict, and it counts everything it is asked.
//!
//! One file a service (`ecs`, `autoscaling`, `app_scaling`, `guardduty`, `secrets`, `rds`, `monitoring`, `logs`, `sts`), one line an operation in its table; a request passes through
//! `request` (who is asked for what) → `faults` → `buckets` → the operation → `answer` (JSON, XML or CBOR) → `http`.

mod answer;
mod app_scaling;
mod app_scaling_shapes;
mod autoscaling;
mod autoscaling_changes;
mod autoscaling_history;
mod buckets;
mod cbor;
mod changes;
mod counters;
mod door;
mod ecs;
mod ecs_definitions;
mod ecs_deployments;
mod ecs_names;
mod ecs_shapes;
mod faults;
mod guardduty;
mod guardduty_shapes;
mod http;
mod link;
mod logs;
mod monitoring;
mod monitoring_alarms;
mod monitoring_history;
mod monitoring_query;
mod object;
mod paging;
mod params;
mod rds;
mod rds_changes;
mod rds_shapes;
mod refusal;
mod request;
mod rest;
mod secrets;
mod service;
mod sts;
mod xml;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

pub use self::buckets::{Buckets, Class, Rate, Rates};
pub use self::counters::{Counters, Mutation};
pub use self::faults::{Fault, Faults};
use crate::backend::ports::Backend;
use crate::error::Error;
use crate::time::{Clock, SystemClock};

/// Stands in answers wherever AWS's hold what people and attackers write and nobody is to read here: the values of environment
/// variables, descriptions of secrets, what a process that was caught is called. Whatever of it comes out again is a leak.
pub const CANARY: &str = "canary-4f1d-never-shown";

/// How long a page token is good for unless [`Options::token_life`] says otherwise. AWS does not publish its own.
pub const TOKEN_LIFE: Duration = Duration::from_secs(3_600);

/// How the loopback behaves.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; a loopback address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Tells the age of page tokens, the fill of token buckets and the `Date` of answers.
    pub clock: Arc<dyn Clock>,
    /// How many calls of a class are let through.
    pub rates: Rates,
    /// Time every answer takes, besides what faults add.
    pub latency: Duration,
    /// How long a page token is good for.
    pub token_life: Duration,
    /// How far `X-Amz-Date` may be from the clock, as AWS allows five minutes; `None`: any.
    pub max_skew: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Arc::new(SystemClock),
            rates: Rates::Documented,
            latency: Duration::ZERO,
            token_life: TOKEN_LIFE,
            max_skew: None,
        }
    }
}

/// A running loopback; it ends, and its connections with it, when this is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<http::Shared>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// The address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What an AWS client takes as its endpoint, for every service.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has been asked until now.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.counters()
    }

    /// What it does wrong on purpose.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Starts to answer for `backend`.
///
/// # Errors
/// If the address is not a loopback address, or cannot be listened on.
pub async fn serve(backend: Backend, options: Options) -> Result<Server, Error> {
    if !options.listen.ip().is_loopback() {
        return Err(Error::usage(format!("{} is not a loopback address", options.listen.ip()))
            .hint("the simulated endpoint checks no signature; use 127.0.0.1 or [::1]"));
    }
    let listener =
        tokio::net::TcpListener::bind(options.listen).await.map_err(|error| cannot(options.listen, &error))?;
    let address = listener.local_addr().map_err(|error| cannot(options.listen, &error))?;
    let shared = Arc::new(http::Shared::new(backend, address, options));
    let accepting = tokio::spawn(http::accept(Arc::clone(&shared), listener));
    Ok(Server { address, shared, accepting })
}

fn cannot(listen: SocketAddr, error: &std::io::Error) -> Error {
    Error::unavailable(format!("cannot listen on {listen}: {error}")).hint("port 0 takes any free port")
}
