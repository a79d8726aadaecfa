//! All pages of a list, and all batches of a describe, without losing what went well when something fails.

use std::collections::HashSet;
use std::future::Future;

use futures_util::future::join_all;

use crate::backend::ports::{Described, Page};
use crate::model::{Fault, FaultKind};
use crate::text::Text;

/// Pages read before a list is taken to be endless.
const MOST_PAGES: usize = 1_000;
/// Pages in a row that bring nothing new before a list is taken to be endless. One or two empty ones are usual.
const IDLE_PAGES: usize = 10;

/// What a list gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items of the pages that were read, without repeats.
    pub items: Vec<T>,
    /// Why the rest is missing.
    pub fault: Option<Fault>,
}

/// Reads pages until there are no more. A token that comes back again ends the list, and so do pages that bring nothing new:
/// it would never end by itself.
pub async fn all_pages<T, F>(
    action: &'static str,
    key: impl Fn(&T) -> String,
    page: impl Fn(Option<String>) -> F,
) -> Listed<T>
where
    F: Future<Output = Result<Page<T>, Fault>>,
{
    pages_until(action, key, |_| false, page).await
}

/// As [`all_pages`], and no further once what was read `is_enough`: the rest is known already.
pub async fn pages_until<T, F>(
    action: &'static str,
    key: impl Fn(&T) -> String,
    is_enough: impl Fn(&[T]) -> bool,
    page: impl Fn(Option<String>) -> F,
) -> Listed<T>
where
    F: Future<Output = Result<Page<T>, Fault>>,
{
    let mut place = Place::default();
    loop {
        match place.turn(action, &key, &is_enough, &page).await {
            Turn::More => {}
            Turn::End => return Listed { items: place.items, fault: None },
            Turn::Broken(fault) => return Listed { items: place.items, fault: Some(fault) },
        }
    }
}

/// What one page brought a list to.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// There are more pages.
    More,
    /// All of it was read, or enough.
    End,
    /// The page could not be read, or the list has no end.
    Broken(Fault),
}

/// How far a list has been read.
#[derive(Debug)]
pub struct Place<T> {
    /// What its pages brought, without repeats.
    pub items: Vec<T>,
    seen: HashSet<String>,
    tokens: HashSet<String>,
    next: Option<String>,
    idle: usize,
}

impl<T> Default for Place<T> {
    fn default() -> Self {
        Self { items: Vec::new(), seen: HashSet::new(), tokens: HashSet::new(), next: None, idle: 0 }
    }
}

impl<T> Place<T> {
    /// Reads the next page. One that could not be read is asked for again by the next turn.
    pub async fn turn<F>(
        &mut self,
        action: &'static str,
        key: impl Fn(&T) -> String,
        is_enough: impl Fn(&[T]) -> bool,
        page: impl Fn(Option<String>) -> F,
    ) -> Turn
    where
        F: Future<Output = Result<Page<T>, Fault>>,
    {
        let page = match page(self.next.clone()).await {
            Ok(page) => page,
            Err(fault) => return Turn::Broken(fault),
        };
        let before = self.items.len();
        self.items.extend(page.items.into_iter().filter(|item| self.seen.insert(key(item))));
        let Some(next) = page.next.filter(|_| !is_enough(&self.items)) else { return Turn::End };
        self.idle = if self.items.len() > before { 0 } else { self.idle + 1 };
        let repeated = !self.tokens.insert(next.clone());
        if repeated || self.idle >= IDLE_PAGES || self.tokens.len() >= MOST_PAGES {
            let why = if repeated { "page token repeated" } else { "nothing new" };
            let what = format!("the list does not end: {why} after {} pages", self.tokens.len());
            return Turn::Broken(Fault::new(FaultKind::Malformed, action, what));
        }
        self.next = Some(next);
        Turn::More
    }
}

/// What describing a number of things gave.
#[derive(Debug)]
pub struct Batches<T> {
    /// What was found.
    pub items: Vec<T>,
    /// ARN and reason of what the service says is not there.
    pub failures: Vec<(Text, Text)>,
    /// What could not be asked, and why.
    pub unread: Vec<(String, Fault)>,
    /// What was asked by itself and answered unreadably: it spoils every batch it is in.
    pub spoilers: HashSet<String>,
}

/// Unreadable answers more than readable ones after which no unreadable batch is divided: it is not one thing in it then.
const TOO_MANY: usize = 3;

/// Describes `ids` by `action` in batches of `size`, all under way at once (the gate bounds them); each of `alone` by itself.
///
/// A batch with an unreadable answer is halved until what spoils it stands alone, so that the others of it are read.
pub async fn in_batches<T, F>(
    action: &'static str,
    ids: &[String],
    size: usize,
    alone: &HashSet<String>,
    id: impl Fn(&T) -> &Text,
    describe: impl Fn(Vec<String>) -> F,
) -> Batches<T>
where
    F: Future<Output = Result<Described<T>, Fault>>,
{
    let (single, together): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| alone.contains(*id));
    let chunks = together.chunks(size).chain(single.chunks(1));
    let mut asked: Vec<Vec<String>> = chunks.map(|chunk| chunk.iter().map(ToString::to_string).collect()).collect();
    let mut all = Batches { items: Vec::new(), failures: Vec::new(), unread: Vec::new(), spoilers: HashSet::new() };
    let (mut readable, mut unreadable) = (0, 0);
    while !asked.is_empty() {
        let answers = join_all(asked.iter().map(|chunk| describe(chunk.clone()))).await;
        let mut spoiled = Vec::new();
        for (chunk, answer) in asked.into_iter().zip(answers) {
            match answer {
                Ok(described) => {
                    readable += 1;
                    all.take(action, &chunk, described, &id);
                }
                Err(fault) if fault.kind == FaultKind::Malformed => spoiled.push((chunk, fault)),
                Err(fault) => all.leave(chunk, &fault),
            }
        }
        unreadable += spoiled.len();
        asked = Vec::new();
        let divide = unreadable <= readable + TOO_MANY;
        for (mut chunk, fault) in spoiled {
            if divide && chunk.len() > 1 {
                let half = chunk.split_off(chunk.len() / 2);
                asked.extend([chunk, half]);
                continue;
            }
            if divide {
                all.spoilers.extend(chunk.iter().cloned());
            }
            all.leave(chunk, &fault);
        }
    }
    all
}

impl<T> Batches<T> {
    /// Takes the answer for `chunk`. What it says nothing of was not read; objects without a name are what it lacks.
    fn take(&mut self, action: &'static str, chunk: &[String], described: Described<T>, id: impl Fn(&T) -> &Text) {
        let told = described.items.iter().map(&id).chain(described.failures.iter().map(|(arn, _)| arn));
        let told: HashSet<&str> = told.map(Text::as_str).collect();
        let untold: Vec<String> = chunk.iter().filter(|arn| !told.contains(arn.as_str())).cloned().collect();
        let nameless = |arn: &Text| arn.is_empty() && !untold.is_empty();
        self.failures.extend(described.failures.iter().filter(|(arn, _)| !nameless(arn)).cloned());
        self.leave(untold, &Fault::new(FaultKind::Malformed, action, "absent from the answer"));
        self.items.extend(described.items);
    }

    fn leave(&mut self, chunk: Vec<String>, fault: &Fault) {
        self.unread.extend(chunk.into_iter().map(|arn| (arn, fault.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: &[u32], next: Option<&str>) -> Page<u32> {
        Page { items: items.to_vec(), next: next.map(str::to_owned) }
    }

    async fn list(answer: impl Fn(Option<String>) -> Result<Page<u32>, Fault>) -> Listed<u32> {
        all_pages("ecs:ListTasks", u32::to_string, |token| std::future::ready(answer(token))).await
    }

    #[tokio::test]
    async fn all_pages_are_read_and_repeats_dropped() {
        let listed = list(|token| match token.as_deref() {
            None => Ok(page(&[1, 2], Some("a"))),
            Some("a") => Ok(page(&[], Some("b"))),
            _ => Ok(page(&[2, 3], None)),
        })
        .await;
        assert_eq!(listed, Listed { items: vec![1, 2, 3], fault: None });
    }

    #[tokio::test]
    async fn what_is_enough_ends_the_list_and_nothing_is_missing() {
        let page_of = |token: Option<String>| {
            std::future::ready(match token.as_deref() {
                None => Ok(page(&[3], Some("a"))),
                Some("a") => Ok(page(&[2, 1], Some("b"))),
                _ => Err(Fault::new(FaultKind::Server, "ecs:ListTasks", "one page too many")),
            })
        };
        let listed = pages_until("ecs:ListTasks", u32::to_string, |items| items.contains(&2), page_of).await;
        assert_eq!(listed, Listed { items: vec![3, 2, 1], fault: None });
    }

    #[tokio::test]
    async fn a_repeated_token_ends_the_list_and_says_so() {
        let listed = list(|_| Ok(page(&[1], Some("again")))).await;
        assert_eq!(listed.items, [1]);
        assert_eq!(listed.fault.map(|f| f.kind), Some(FaultKind::Malformed));
    }

    #[tokio::test]
    async fn pages_without_end_that_bring_nothing_new_end_the_list() {
        let turns = std::cell::Cell::new(0);
        let listed = list(|_| {
            turns.set(turns.get() + 1);
            Ok(page(&[1, 2], Some(&turns.get().to_string())))
        })
        .await;
        assert_eq!((listed.items, turns.get()), (vec![1, 2], 11));
        assert_eq!(listed.fault.map(|f| f.kind), Some(FaultKind::Malformed));
    }

    #[tokio::test]
    async fn what_was_read_before_a_failure_stays() {
        let listed = list(|token| match token {
            None => Ok(page(&[1], Some("a"))),
            Some(_) => Err(Fault::new(FaultKind::Denied, "ecs:ListTasks", "")),
        })
        .await;
        assert_eq!((listed.items, listed.fault.map(|f| f.kind)), (vec![1], Some(FaultKind::Denied)));
    }

    #[tokio::test]
    async fn nothing_asked_for_is_lost() {
        let ids: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let all = in_batches(
            "ecs:DescribeTasks",
            &ids,
            2,
            &HashSet::new(),
            |t: &Text| t,
            |chunk| async move {
                match chunk[0].as_str() {
                    "a" => Ok(Described { items: vec![Text::from("a")], failures: vec![] }),
                    "c" => Err(Fault::new(FaultKind::Timeout, "ecs:DescribeTasks", "")),
                    _ => Ok(Described { items: vec![], failures: vec![(Text::from("e"), Text::from("MISSING"))] }),
                }
            },
        )
        .await;
        assert_eq!(all.items, ["a"]);
        assert_eq!(all.failures, [(Text::from("e"), Text::from("MISSING"))]);
        let unread: Vec<_> = all.unread.iter().map(|(id, fault)| (id.as_str(), fault.kind)).collect();
        let absent = ("b", FaultKind::Malformed);
        assert_eq!(unread, [absent, ("c", FaultKind::Timeout), ("d", FaultKind::Timeout)]);
    }

    /// Describes `count` things in batches of ten; whatever batch holds one of `bad` cannot be read. Also the calls made.
    async fn with_bad(count: usize, bad: &[&str], alone: &HashSet<String>) -> (Batches<Text>, usize) {
        let ids: Vec<String> = (0..count).map(|n| format!("i{n}")).collect();
        let calls = std::cell::Cell::new(0);
        let describe = |chunk: Vec<String>| {
            calls.set(calls.get() + 1);
            let spoiled = chunk.iter().any(|id| bad.contains(&id.as_str()));
            std::future::ready(if spoiled {
                Err(Fault::new(FaultKind::Malformed, "ecs:DescribeServices", ""))
            } else {
                Ok(Described { items: chunk.iter().map(Text::from).collect(), failures: vec![] })
            })
        };
        let all = in_batches("ecs:DescribeServices", &ids, 10, alone, |t: &Text| t, describe).await;
        (all, calls.get())
    }

    #[tokio::test]
    async fn what_cannot_be_read_spoils_only_itself() {
        for (count, bad, most) in [(8, vec!["i3"], 7), (10, vec!["i0", "i9"], 19), (1_001, vec!["i77", "i500"], 119)] {
            let (all, calls) = with_bad(count, &bad, &HashSet::new()).await;
            let left: HashSet<String> = all.unread.iter().map(|(id, _)| id.clone()).collect();
            assert_eq!(left, bad.iter().map(ToString::to_string).collect());
            assert_eq!((all.items.len(), &all.spoilers), (count - bad.len(), &left));
            assert!(calls <= most, "{calls} calls for {count}");
            let (again, calls) = with_bad(count, &bad, &all.spoilers).await;
            assert_eq!(again.items.len(), count - bad.len());
            assert_eq!(
                calls,
                (count - bad.len()).div_ceil(10) + bad.len(),
                "next time each is asked by itself at once"
            );
        }
    }

    #[tokio::test]
    async fn where_nothing_can_be_read_it_is_not_asked_for_one_by_one() {
        let every: Vec<String> = (0..101).map(|n| format!("i{n}")).collect();
        let every: Vec<&str> = every.iter().map(String::as_str).collect();
        for (count, most) in [(8, 7), (101, 11)] {
            let (all, calls) = with_bad(count, &every, &HashSet::new()).await;
            assert_eq!((all.items.len(), all.unread.len(), all.spoilers.len()), (0, count, 0));
            assert!(calls <= most, "{calls} calls for {count}");
        }
    }
}
