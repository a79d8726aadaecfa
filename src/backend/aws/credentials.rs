//! The credentials of one stack: found once for all requests, kept until they end.
//!
//! The SDK looks for credentials inside a request and under its deadline, so a `credential_process` that takes four seconds
//! would be killed at three, for ever. Here one search runs for everybody, outside any request, and outlives whoever asked.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use super::access::CREDENTIALS;
use super::fault::Carried;
use crate::model::{Fault, FaultKind};
use crate::time::{Clock, Timestamp};

/// How long a request waits for a search; the search itself goes on.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a search may take: a `credential_process` may ask a person for a second factor.
const SEARCH: Duration = Duration::from_mins(2);
/// Credentials that end sooner than this are renewed first.
const MARGIN: Duration = Duration::from_mins(1);

/// Looks for credentials from the beginning: files are read anew, so that a new login is seen.
pub(super) type Search = Arc<dyn Fn() -> BoxFuture<'static, Result<Credentials, Fault>> + Send + Sync>;

/// A search under way, shared by all who wait for it.
type Flight = Shared<BoxFuture<'static, Result<Held, Fault>>>;

/// Credentials and their place in the order of those found.
#[derive(Clone)]
pub(super) struct Held {
    /// Counts the credentials found so far.
    pub generation: u64,
    credentials: Credentials,
}

impl Held {
    /// When they end, where their source says so.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let since = self.credentials.expiry()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
    }

    fn lasts_until(&self, at: Timestamp) -> bool {
        self.expires_at().is_none_or(|end| end > at)
    }
}

#[derive(Default)]
struct State {
    found: u64,
    held: Option<Held>,
    flight: Option<Flight>,
}

/// Holds the credentials of one stack.
pub(super) struct Wallet {
    search: Search,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wallet")
    }
}

impl Wallet {
    pub fn new(search: Search, clock: Arc<dyn Clock>) -> Self {
        Self { search, clock, state: Arc::default() }
    }

    /// The clock it judges by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The credentials, searched for if there are none or they end within [`MARGIN`]. If the search fails, what has not ended
    /// yet is still good.
    pub async fn held(&self) -> Result<Held, Fault> {
        let now = self.clock.now();
        let (old, flight) = {
            let mut state = lock(&self.state);
            match &state.held {
                Some(held) if held.lasts_until(now + MARGIN) => return Ok(held.clone()),
                _ => (state.held.clone(), state.flight.get_or_insert_with(|| self.take_off()).clone()),
            }
        };
        let found = tokio::time::timeout(PATIENCE, flight).await.unwrap_or_else(|_| Err(still_searching()));
        match (found, old) {
            (Err(_), Some(old)) if old.lasts_until(now) => Ok(old),
            (found, _) => found,
        }
    }

    /// The wallet as the SDK takes it.
    pub fn for_sdk(self: &Arc<Self>) -> SharedCredentialsProvider {
        let provider: Arc<dyn ProvideCredentials> = Arc::<Self>::clone(self);
        SharedCredentialsProvider::new(provider)
    }

    /// Forgets the credentials of this generation, unless newer ones have been found since.
    pub fn drop_if_still(&self, generation: u64) {
        let mut state = lock(&self.state);
        if state.held.as_ref().is_some_and(|held| held.generation == generation) {
            state.held = None;
        }
    }

    /// Starts a search that ends by itself, whoever stops waiting for it.
    fn take_off(&self) -> Flight {
        let (search, state) = ((self.search)(), Arc::clone(&self.state));
        let task = tokio::spawn(async move {
            let found = tokio::time::timeout(SEARCH, search).await.unwrap_or_else(|_| Err(gave_up()));
            let mut state = lock(&state);
            state.flight = None;
            let credentials = found?;
            state.found += 1;
            let held = Held { generation: state.found, credentials };
            state.held = Some(held.clone());
            Ok(held)
        });
        task.map(|ended| ended.unwrap_or_else(|_| Err(gave_up()))).boxed().shared()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn still_searching() -> Fault {
    let message =
        format!("no source of credentials has answered within {} s; still waiting for it", PATIENCE.as_secs());
    Fault::new(FaultKind::Timeout, CREDENTIALS, message)
}

fn gave_up() -> Fault {
    let message = format!("no source of credentials has answered within {} s", SEARCH.as_secs());
    Fault::new(FaultKind::Timeout, CREDENTIALS, message)
}

impl ProvideCredentials for Wallet {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(provide(self))
    }
}

fn provide(wallet: &Wallet) -> impl Future<Output = provider::Result> + Send {
    wallet.held().map(|found| match found {
        Ok(held) => Ok(held.credentials),
        Err(fault) => Err(CredentialsError::provider_error(Carried(fault))),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::time::ManualClock;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn keys(name: &str, ends: Option<u64>) -> Credentials {
        let ends = ends.map(|secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs));
        Credentials::new(name, "secret", None, ends, "test")
    }

    /// A wallet whose searches give what `find` makes of their number, after `takes`.
    fn wallet(
        takes: Duration,
        find: impl Fn(u64) -> Result<Credentials, Fault> + Send + Sync + 'static,
    ) -> (Wallet, Arc<AtomicU64>, Arc<ManualClock>) {
        let (searches, find) = (Arc::new(AtomicU64::new(0)), Arc::new(find));
        let clock = Arc::new(ManualClock::at(NOW));
        let counted = Arc::clone(&searches);
        let search: Search = Arc::new(move || {
            let (n, find) = (counted.fetch_add(1, Ordering::SeqCst) + 1, Arc::clone(&find));
            async move {
                tokio::time::sleep(takes).await;
                find(n)
            }
            .boxed()
        });
        (Wallet::new(search, clock.clone()), searches, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_share_one_search_and_its_answer_is_kept() {
        let (wallet, searches, _) = wallet(Duration::from_secs(1), |_| Ok(keys("a", None)));
        let (one, two) = tokio::join!(wallet.held(), wallet.held());
        assert_eq!((one.unwrap().generation, two.unwrap().generation), (1, 1));
        assert_eq!(wallet.held().await.unwrap().expires_at(), None);
        assert_eq!(searches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_search_outlives_those_who_gave_up_waiting() {
        let (wallet, searches, _) = wallet(Duration::from_secs(12), |_| Ok(keys("slow", None)));
        let fault = wallet.held().await.err().expect("5 s are not enough");
        assert_eq!(fault.kind, FaultKind::Timeout);
        assert!(fault.message.contains("still waiting"), "{fault}");
        drop(tokio::time::timeout(Duration::from_secs(1), wallet.held()).await);
        drop(wallet.held().await);
        assert_eq!(wallet.held().await.unwrap().generation, 1);
        assert_eq!(searches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_are_renewed_before_they_end_and_kept_if_that_fails() {
        let none = || Fault::new(FaultKind::NoCredentials, CREDENTIALS, "nothing");
        let (wallet, searches, clock) = wallet(Duration::ZERO, move |n| match n {
            1 => Ok(keys("first", Some(1_003_600))),
            4 => Ok(keys("second", Some(1_007_200))),
            _ => Err(none()),
        });
        assert_eq!(wallet.held().await.unwrap().expires_at(), Some(Timestamp::from_secs(1_003_600)));
        clock.set(Timestamp::from_secs(1_003_500));
        assert_eq!(wallet.held().await.unwrap().generation, 1);
        assert_eq!(searches.load(Ordering::SeqCst), 1);
        clock.set(Timestamp::from_secs(1_003_580));
        assert_eq!(wallet.held().await.unwrap().generation, 1);
        clock.set(Timestamp::from_secs(1_003_700));
        assert_eq!(wallet.held().await.err().map(|f| f.kind), Some(FaultKind::NoCredentials));
        assert_eq!(wallet.held().await.unwrap().generation, 2);
        assert_eq!(searches.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn refused_credentials_are_dropped_once() {
        let (wallet, searches, _) = wallet(Duration::ZERO, |n| Ok(keys(&n.to_string(), None)));
        let first = wallet.held().await.unwrap();
        wallet.drop_if_still(first.generation);
        let second = wallet.held().await.unwrap();
        wallet.drop_if_still(first.generation);
        assert_eq!(wallet.held().await.unwrap().generation, second.generation);
        assert_eq!(searches.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn nothing_secret_is_in_the_debug_form() {
        let (wallet, ..) = wallet(Duration::ZERO, |_| Ok(keys("AKIDEXAMPLE", None)));
        drop(wallet.held().await);
        let shown = format!("{wallet:?}");
        assert!(!shown.contains("secret") && !shown.contains("AKIDEXAMPLE"), "{shown}");
    }
}
