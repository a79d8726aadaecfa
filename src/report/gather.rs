//! Reads all stacks once, at the same time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::backend::ports::Backend;
use crate::feed::{Budgets, all_failed, once, with_needs};
use crate::model::stack::Stack;
use crate::model::{Fault, FaultKind};
use crate::store::Store;
use crate::time::{Clock, Timestamp};

/// What one reading of all stacks gave.
pub struct Gathered {
    /// The slots of every feed that was wanted; those that could not be read are there with their fault.
    pub store: Store,
    /// When the reading began.
    pub started_at: Timestamp,
    /// When it ended.
    pub taken_at: Timestamp,
}

/// Polls the feeds with these ids, and those they rest on, once in every stack, within `limit` altogether.
///
/// `backends` are the stacks' ports in the order of the stacks. Where there is none, every wanted feed of the stack fails with
/// the fault that stands in its place.
pub async fn gather(
    stacks: &[Stack],
    backends: Vec<Result<Backend, Fault>>,
    clock: &Arc<dyn Clock>,
    feeds: &[&str],
    limit: Duration,
) -> Gathered {
    let started_at = clock.now();
    let unconnected = || Err(Fault::new(FaultKind::Unreachable, "sts:GetCallerIdentity", "not connected"));
    let backends = backends.into_iter().chain(std::iter::repeat_with(unconnected));
    let budgets = Budgets::of_stacks(stacks);
    let polls = stacks.iter().enumerate().zip(backends).map(|((index, stack), backend)| {
        let budgets = &budgets;
        async move {
            match backend {
                Ok(backend) => once(index, stack, &backend, &budgets[index], clock, feeds, limit).await,
                Err(fault) => all_failed(index, with_needs(feeds), &fault, clock.now()).collect(),
            }
        }
    });
    let mut store = Store::new(stacks.len());
    for fetched in join_all(polls).await.into_iter().flatten() {
        store.adopt(fetched);
    }
    Gathered { store, started_at, taken_at: clock.now() }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, MANY, clock, denied, stack};
    use super::super::reading::Reading;
    use super::*;
    use crate::model::ecs::EcsFacts;

    #[tokio::test]
    async fn a_stack_without_ports_fails_in_every_feed_and_spares_the_others() {
        let stacks = [stack("here"), stack("gone"), stack("forgotten")];
        let backends = vec![Ok(Fake::healthy().backend()), Err(denied("sts:AssumeRole"))];
        let gathered = gather(&stacks, backends, &clock(), &["stopped-tasks"], MANY).await;
        assert!(gathered.store.facts(0).and_then(|f| f.get::<EcsFacts>()).is_some());
        for index in [1, 2] {
            for feed in ["ecs", "stopped-tasks"] {
                assert!(gathered.store.slot(index, feed).fault().is_some(), "{feed} of {index}");
            }
        }
        let reading = Reading::of(&gathered.store, 1, &["ecs", "stopped-tasks"]);
        assert_eq!(reading.troubles[0].fault, denied("sts:AssumeRole"));
    }

    #[tokio::test(start_paused = true)]
    async fn stacks_are_read_at_the_same_time_and_the_limit_holds_for_all() {
        let stacks = [stack("a"), stack("b"), stack("c")];
        let backends = stacks.iter().map(|_| Ok(Fake::hung().backend())).collect();
        let began = tokio::time::Instant::now();
        let gathered = gather(&stacks, backends, &clock(), &["identity", "groups"], Duration::from_secs(2)).await;
        assert_eq!(began.elapsed(), Duration::from_secs(2));
        let kinds: Vec<_> = gathered.store.slots().map(|(_, _, slot)| slot.fault().map(|f| f.kind)).collect();
        assert_eq!(kinds, vec![Some(FaultKind::Timeout); 9]);
    }
}
