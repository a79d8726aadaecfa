//! Where every request passes: the token budget, a bound on how many are under way, a deadline an attempt, and retry.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::backoff::Backoff;
use super::budget::{Bucket, Budgets};
use crate::model::{Fault, FaultKind};

/// Attempts of one read before its failure is reported.
const ATTEMPTS: u32 = 3;
/// The longest one attempt may take; the SDK itself has no limit.
const ATTEMPT: Duration = Duration::from_secs(3);
/// The longest all attempts of one read may take after the budget let the first one through.
const TOTAL: Duration = Duration::from_secs(8);
/// How long a read that is told to slow down goes on asking, at the pace the budget then allows.
const PATIENCE: Duration = Duration::from_secs(30);

/// The gate of one feed of one stack; it shares the stack's budgets with the others.
pub struct Gate {
    budgets: Arc<Budgets>,
    slowed: AtomicBool,
    closes: Mutex<Option<(Instant, String)>>,
}

impl Gate {
    /// A gate that draws on these budgets.
    #[must_use]
    pub fn new(budgets: Arc<Budgets>) -> Self {
        Self { budgets, slowed: AtomicBool::new(false), closes: Mutex::default() }
    }

    /// Lets nothing through from `at` on, and ends what is under way then, for the reason `why`. What was read until then
    /// stays with the feed, which a poll cut off as a whole would lose.
    pub fn close_at(&self, at: Instant, why: String) {
        *self.closes.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, why));
    }

    /// Sends a read through: waits for budget, bounds the attempt, and repeats it while that can help.
    ///
    /// # Errors
    /// The fault of the last attempt.
    pub async fn read<T, F>(
        &self,
        bucket: &'static Bucket,
        action: &'static str,
        request: impl Fn() -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        self.until_closed(action, self.persist(bucket, action, &request)).await
    }

    /// Sends a read through once, for what the next poll asks again anyway: waits for budget, and for an answer no longer than
    /// `limit`. How many are under way is not bounded, so that one that hangs keeps nobody waiting.
    ///
    /// # Errors
    /// The fault of the only attempt.
    pub async fn once<T>(
        &self,
        bucket: &'static Bucket,
        action: &'static str,
        limit: Duration,
        request: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let attempt = async {
            self.budgets.take(bucket).await;
            let late =
                |_| Err(Fault::new(FaultKind::Timeout, action, format!("no answer within {} s", limit.as_secs())));
            timeout(limit, request).await.unwrap_or_else(late)
        };
        self.until_closed(action, attempt).await
    }

    /// Ends what is under way when the gate closes, and lets nothing begin after that.
    async fn until_closed<T>(
        &self,
        action: &'static str,
        request: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let closes = self.closes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((at, why)) = closes else { return request.await };
        if at > Instant::now()
            && let Ok(result) = timeout_at(at, request).await
        {
            return result;
        }
        let slowed = self.slowed.load(Ordering::Relaxed);
        let kind = if slowed { FaultKind::Throttled } else { FaultKind::Timeout };
        Err(Fault::new(kind, action, why))
    }

    async fn persist<T, F>(
        &self,
        bucket: &'static Bucket,
        action: &'static str,
        request: &impl Fn() -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut attempt = 1;
        self.budgets.take(bucket).await;
        let start = Instant::now();
        loop {
            let fault = match self.attempt(bucket, action, request).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let again = match fault.kind {
                FaultKind::Throttled => start.elapsed() < PATIENCE,
                kind => kind.is_transient() && attempt < ATTEMPTS && start.elapsed() < TOTAL,
            };
            if !again {
                return Err(fault);
            }
            sleep(Backoff::CALL.wait(attempt, fastrand::f64())).await;
            self.budgets.take(bucket).await;
            attempt += 1;
        }
    }

    async fn attempt<T, F>(
        &self,
        bucket: &'static Bucket,
        action: &'static str,
        request: &impl Fn() -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let _permit = self.budgets.enter(action).await;
        let limit = format!("no answer within {} s", ATTEMPT.as_secs());
        let answer = timeout(ATTEMPT, request()).await;
        let answer = answer.unwrap_or_else(|_| Err(Fault::new(FaultKind::Timeout, action, limit)));
        match &answer {
            Ok(_) => self.budgets.went_well(bucket),
            Err(fault) if fault.kind == FaultKind::Throttled => {
                self.slowed.store(true, Ordering::Relaxed);
                self.budgets.slow_down(bucket);
            }
            Err(_) => {}
        }
        answer
    }

    /// Whether the service asked to slow down since the last time this was asked.
    #[must_use]
    pub fn was_slowed(&self) -> bool {
        self.slowed.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::STS;
    use super::*;
    use std::sync::atomic::AtomicU32;

    async fn run(kinds: &[FaultKind]) -> (Result<u32, Fault>, u32, Gate) {
        let gate = Gate::new(Arc::default());
        let count = AtomicU32::new(0);
        let result = gate
            .read(&STS, "sts:GetCallerIdentity", || async {
                let n = count.fetch_add(1, Ordering::Relaxed);
                match kinds.get(n as usize) {
                    Some(kind) => Err(Fault::new(*kind, "sts:GetCallerIdentity", "")),
                    None => Ok(n),
                }
            })
            .await;
        (result, count.into_inner(), gate)
    }

    #[tokio::test(start_paused = true)]
    async fn transient_faults_are_retried_and_others_are_not() {
        let (result, sent, gate) = run(&[FaultKind::Throttled, FaultKind::Server]).await;
        assert_eq!((result.ok(), sent, gate.was_slowed(), gate.was_slowed()), (Some(2), 3, true, false));
        let (result, sent, _) = run(&[FaultKind::Denied]).await;
        assert_eq!((result.map_err(|f| f.kind), sent), (Err(FaultKind::Denied), 1));
        let (result, sent, _) = run(&[FaultKind::Server; 9]).await;
        assert_eq!((result.map_err(|f| f.kind), sent), (Err(FaultKind::Server), ATTEMPTS));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_hangs_ends_as_a_timeout() {
        let gate = Gate::new(Arc::default());
        let hung: Result<(), _> = gate.read(&STS, "sts:GetCallerIdentity", std::future::pending).await;
        assert_eq!(hung.map_err(|f| f.kind), Err(FaultKind::Timeout));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_once_is_not_repeated_and_waits_no_longer_than_it_may() {
        let gate = Gate::new(Arc::default());
        let (start, limit) = (Instant::now(), Duration::from_secs(2));
        let hung = gate.once(&STS, "hello", limit, std::future::pending::<Result<(), Fault>>()).await.unwrap_err();
        assert_eq!((hung.kind, start.elapsed()), (FaultKind::Timeout, limit));
        assert_eq!(hung.message, "no answer within 2 s");
        gate.close_at(start + limit + limit / 2, "time is over".to_owned());
        let cut = gate.once(&STS, "hello", limit, std::future::pending::<Result<(), Fault>>()).await.unwrap_err();
        assert_eq!((cut.message.as_str(), start.elapsed()), ("time is over", limit + limit / 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_ends_what_is_under_way_and_says_why() {
        let gate = Gate::new(Arc::default());
        let start = Instant::now();
        gate.close_at(start + Duration::from_secs(1), "time is over".to_owned());
        for asked in [true, false] {
            let sent = AtomicU32::new(0);
            let hung: Result<(), _> = gate
                .read(&STS, "sts:GetCallerIdentity", || {
                    sent.fetch_add(1, Ordering::Relaxed);
                    std::future::pending()
                })
                .await;
            let fault = hung.unwrap_err();
            assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Timeout, "time is over"));
            assert_eq!((sent.into_inner() > 0, start.elapsed()), (asked, Duration::from_secs(1)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_slowed_until_the_gate_closed_says_so() {
        let gate = Gate::new(Arc::default());
        gate.close_at(Instant::now() + Duration::from_secs(3), "time is over".to_owned());
        let slow = || async { Err::<(), _>(Fault::new(FaultKind::Throttled, "sts:GetCallerIdentity", "")) };
        let fault = gate.read(&STS, "sts:GetCallerIdentity", slow).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Throttled);
    }
}
