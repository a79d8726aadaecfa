//! Pages and their tokens: opaque, bound to the operation and its parameters, good for a while.
//!
//! A token says after which item to go on, so what is there all along is listed exactly once even if other items come and
//! go between two pages. Nothing is kept between calls: a keyed hash tells our own tokens from all others.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;

use super::params::Params;
use super::refusal::{Common, Failure};
use crate::backend::ports::Page;
use crate::model::Fault;
use crate::time::Timestamp;

/// Length of what precedes the cursor in a token: time, salt, hash.
const HEAD: usize = 8 + 4 + 8;

/// How one operation pages.
pub struct Bounds {
    /// The parameter that holds the token.
    pub token: &'static str,
    /// The parameter that holds the page size.
    pub size: &'static str,
    /// The smallest page size.
    pub least: usize,
    /// The page size where none is asked for.
    pub default: usize,
    /// The largest page size.
    pub most: usize,
}

/// All that a port lists.
///
/// # Errors
/// If the port fails, or never ends.
pub async fn every<'a, T>(
    ask: impl Fn(Option<String>) -> BoxFuture<'a, Result<Page<T>, Fault>>,
) -> Result<Vec<T>, Failure> {
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = ask(token.clone()).await?;
        all.extend(page.items);
        if page.next.is_some() && page.next == token {
            return Err(Failure::Common(Common::Internal, "the backend repeats its page token".to_owned()));
        }
        token = page.next;
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// A key by which what happened at `at` stands before what is older, and behind what is newer; without a time it is the oldest.
pub fn newest_first(at: Option<Timestamp>, id: &str) -> String {
    format!("{:020}-{id}", i64::MAX - at.map_or(0, Timestamp::millis))
}

/// What a page does wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// The first page and the same token, for ever.
    SameToken,
    /// The first page and a new token, for ever.
    Endless,
    /// No items and a token that goes on where this page was to begin.
    Empty,
}

/// Makes and checks tokens.
pub struct Tokens {
    key: RandomState,
    life: Duration,
}

impl Tokens {
    /// Tokens that are good for `life`.
    pub fn new(life: Duration) -> Self {
        Self { key: RandomState::new(), life }
    }

    fn seal(&self, scope: &str, issued: i64, salt: u32, after: &str) -> u64 {
        self.key.hash_one((scope, issued, salt, after))
    }

    fn mint(&self, scope: &str, issued: i64, salt: u32, after: &str) -> String {
        let mut raw = Vec::with_capacity(HEAD + after.len());
        raw.extend(issued.to_be_bytes());
        raw.extend(salt.to_be_bytes());
        raw.extend(self.seal(scope, issued, salt, after).to_be_bytes());
        raw.extend(after.as_bytes());
        STANDARD.encode(raw)
    }

    /// What a token says: after which item to go on.
    fn read(&self, scope: &str, token: &str, now: Timestamp) -> Result<String, Failure> {
        let parse = || {
            let raw = STANDARD.decode(token).ok()?;
            let (issued, rest) = raw.split_first_chunk::<8>()?;
            let (salt, rest) = rest.split_first_chunk::<4>()?;
            let (seal, after) = rest.split_first_chunk::<8>()?;
            let (issued, salt) = (i64::from_be_bytes(*issued), u32::from_be_bytes(*salt));
            let after = String::from_utf8(after.to_vec()).ok()?;
            (self.seal(scope, issued, salt, &after) == u64::from_be_bytes(*seal)).then_some((issued, after))
        };
        let (issued, after) = parse().ok_or_else(|| refused("Invalid token"))?;
        if now.since(Timestamp::from_millis(issued)) > self.life {
            return Err(refused("Invalid token: it has expired"));
        }
        Ok(after)
    }
}

fn refused(message: &str) -> Failure {
    Failure::Common(Common::Token, message.to_owned())
}

/// Pages of one call.
pub struct Pages<'a> {
    /// Makes and checks tokens.
    pub tokens: &'a Tokens,
    /// The IAM action, part of what a token is bound to.
    pub action: &'a str,
    /// The parameters, the other part.
    pub params: &'a Params,
    /// The present.
    pub now: Timestamp,
    /// What to do wrong.
    pub trick: Option<Trick>,
}

impl Pages<'_> {
    /// The page of `items` that is asked for and the token of the next one. Items come in the order of their keys; there is no token
    /// after the last item.
    ///
    /// # Errors
    /// If the page size or the token is wrong.
    pub fn cut<T>(
        &self,
        items: Vec<T>,
        key: impl Fn(&T) -> &str,
        bounds: &Bounds,
    ) -> Result<(Vec<T>, Option<String>), Failure> {
        let size = self.params.page_size(bounds)?;
        self.cut_to(size, items, key, bounds)
    }

    /// As [`Pages::cut`], with pages of `size` whatever is asked for.
    ///
    /// # Errors
    /// If the token is wrong.
    pub fn cut_to<T>(
        &self,
        size: usize,
        mut items: Vec<T>,
        key: impl Fn(&T) -> &str,
        bounds: &Bounds,
    ) -> Result<(Vec<T>, Option<String>), Failure> {
        let scope = format!("{}?{}", self.action, self.params.canonical(&[bounds.token, bounds.size]));
        let token = self.params.text(bounds.token)?.filter(|_| self.trick != Some(Trick::SameToken));
        let after = token.map(|token| self.tokens.read(&scope, token, self.now)).transpose()?.unwrap_or_default();
        let fresh = |after: &str| self.tokens.mint(&scope, self.now.millis(), fastrand::u32(..), after);
        if self.trick == Some(Trick::Empty) {
            return Ok((Vec::new(), Some(fresh(&after))));
        }

        items.sort_by(|a, b| key(a).cmp(key(b)));
        items.dedup_by(|a, b| key(a) == key(b));
        items.drain(..items.partition_point(|item| key(item) <= after.as_str()));
        let more = items.len() > size;
        items.truncate(size);
        let next = match self.trick {
            Some(Trick::SameToken) => Some(self.tokens.mint(&scope, 0, 0, "")),
            Some(_) => Some(fresh("")),
            None => items.last().filter(|_| more).map(|last| fresh(key(last))),
        };
        Ok((items, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { token: "nextToken", size: "maxResults", least: 1, default: 10, most: 100 };

    struct Bench {
        tokens: Tokens,
        now: Timestamp,
        trick: Option<Trick>,
    }

    impl Bench {
        fn new() -> Self {
            Self { tokens: Tokens::new(Duration::from_secs(60)), now: Timestamp::from_secs(1_000), trick: None }
        }

        fn page(&self, action: &str, body: &str, count: usize) -> Result<(Vec<String>, Option<String>), Failure> {
            let params = Params::json(body.as_bytes()).unwrap();
            let pages = Pages { tokens: &self.tokens, action, params: &params, now: self.now, trick: self.trick };
            pages.cut((0..count).map(|i| format!("i{i:03}")).collect(), |s| s, &BOUNDS)
        }
    }

    fn with(token: &str) -> String {
        format!("{{\"nextToken\":\"{token}\"}}")
    }

    #[test]
    fn pages_join_to_the_list_and_end_without_a_token() {
        for count in [0, 1, 9, 10, 11, 20, 101] {
            let bench = Bench::new();
            let (mut all, mut body, mut pages) = (Vec::new(), "{}".to_owned(), 0);
            loop {
                pages += 1;
                let (items, next) = bench.page("ecs:ListServices", &body, count).unwrap();
                assert!(items.len() <= 10);
                all.extend(items);
                let Some(next) = next else { break };
                body = with(&next);
            }
            assert_eq!((all.len(), pages), (count, count.div_ceil(10).max(1)));
            assert!(all.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn tokens_hold_for_their_call_and_time_alone() {
        let mut bench = Bench::new();
        let token = bench.page("ecs:ListServices", "{}", 20).unwrap().1.unwrap();
        assert!(bench.page("ecs:ListServices", &with(&token), 20).is_ok());
        assert!(bench.page("ecs:ListTasks", &with(&token), 20).is_err());
        let other = format!("{{\"cluster\":\"b\",\"nextToken\":\"{token}\"}}");
        assert!(bench.page("ecs:ListServices", &other, 20).is_err());
        assert!(bench.page("ecs:ListServices", &with("bm9uc2Vuc2U="), 20).is_err());
        assert!(Bench::new().page("ecs:ListServices", &with(&token), 20).is_err());
        bench.now = bench.now + Duration::from_secs(61);
        assert!(bench.page("ecs:ListServices", &with(&token), 20).is_err());
    }

    #[test]
    fn a_list_that_shrinks_between_pages_repeats_and_skips_nothing() {
        let bench = Bench::new();
        let (first, token) = bench.page("ecs:ListServices", "{}", 20).unwrap();
        let params = Params::json(with(&token.unwrap()).as_bytes()).unwrap();
        let pages =
            Pages { tokens: &bench.tokens, action: "ecs:ListServices", params: &params, now: bench.now, trick: None };
        let left: Vec<String> = (5..20).map(|i| format!("i{i:03}")).filter(|name| *name != first[9]).collect();
        let (second, _) = pages.cut(left, |s| s, &BOUNDS).unwrap();
        assert_eq!(second.first().map(String::as_str), Some("i010"));
        assert_eq!(second.len(), 10);
    }

    #[test]
    fn what_is_newer_stands_first() {
        let at = |seconds| newest_first(Some(Timestamp::from_secs(seconds)), "a");
        assert!(at(1_773_457_964) < at(1_773_457_963) && at(1) < newest_first(None, "a"));
        assert!(at(5) < newest_first(Some(Timestamp::from_secs(5)), "b"));
    }

    #[test]
    fn tricks_never_end() {
        let mut bench = Bench::new();
        bench.trick = Some(Trick::SameToken);
        let token = bench.page("a", "{}", 5).unwrap().1.unwrap();
        let (items, again) = bench.page("a", &with(&token), 5).unwrap();
        assert_eq!((items.len(), again), (5, Some(token)));
        bench.trick = Some(Trick::Endless);
        let token = bench.page("a", "{}", 5).unwrap().1.unwrap();
        let (items, again) = bench.page("a", &with(&token), 5).unwrap();
        assert_eq!(items.len(), 5);
        assert!(again.is_some_and(|again| again != token));
        bench.trick = Some(Trick::Empty);
        let (items, next) = bench.page("a", "{}", 5).unwrap();
        assert!(items.is_empty());
        bench.trick = None;
        assert_eq!(bench.page("a", &with(&next.unwrap()), 5).unwrap().0.len(), 5);
    }
}
