//! Pages with opaque tokens, strict as the services are: a token this list never gave is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::actions::refused;
use crate::backend::ports::Page;
use crate::model::Fault;

/// A list as a service has it: the call, how many there are on a page, and how it refuses a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub action: &'static str,
    pub size: usize,
    pub refusal: (&'static str, &'static str),
}

impl List {
    /// One page of what these keys, in rising order, stand for; `of` is what the list is of, where there are several.
    pub(super) fn page<T>(
        &self,
        of: &str,
        token: Option<&str>,
        keys: impl Iterator<Item = usize>,
        facts: impl Fn(usize) -> T,
    ) -> Result<Page<T>, Fault> {
        let keys = keys.filter_map(|key| u64::try_from(key).ok());
        let (code, message) = self.refusal;
        let page = page(&format!("{} {of}", self.action), keys, token, self.size)
            .map_err(|_| refused(self.action, code, message))?;
        let keys = page.keys.into_iter().filter_map(|key| usize::try_from(key).ok());
        Ok(Page { items: keys.map(facts).collect(), next: page.next })
    }
}

/// Keys of a list that grows at its end and is read from there: the newest first. Made of places, and turned back into them.
pub(super) const fn newest_first(place_or_key: usize) -> usize {
    usize::MAX - place_or_key
}

/// The keys of one page, and the token of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Keys of the items.
    pub keys: Vec<u64>,
    /// Where to go on; `None` on the last page.
    pub next: Option<String>,
}

/// A token that was not given for this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownToken;

/// One page of at most `size` of `keys`, which are in rising order, of the list called `scope`.
///
/// A token remembers the last key given, so items that come or go between two pages are neither doubled nor skipped.
///
/// # Errors
/// The token was not given for this list.
pub fn page(
    scope: &str,
    keys: impl IntoIterator<Item = u64>,
    token: Option<&str>,
    size: usize,
) -> Result<Keys, UnknownToken> {
    let after = token.map(|token| read(scope, token).ok_or(UnknownToken)).transpose()?;
    let mut rest = keys.into_iter().filter(|key| after.is_none_or(|after| *key > after));
    let keys: Vec<u64> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let next = keys.last().filter(|_| more).map(|last| write(scope, *last));
    Ok(Keys { keys, next })
}

fn write(scope: &str, last: u64) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&last.to_be_bytes());
    bytes[8..].copy_from_slice(&seal(scope, last).to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(scope: &str, token: &str) -> Option<u64> {
    let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (last, sealed) = bytes.split_first_chunk::<8>()?;
    let last = u64::from_be_bytes(*last);
    (sealed == seal(scope, last).to_be_bytes()).then_some(last)
}

/// FNV-1a over scope and key: enough to tell a token of ours from any other text.
fn seal(scope: &str, last: u64) -> u64 {
    let bytes = scope.bytes().chain(last.to_be_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pages_together_are_the_list(count in 0_u64..450, size in 1_usize..120) {
            let (mut seen, mut token) = (Vec::new(), None);
            loop {
                let page = page("s", (0..count).map(|n| n * 3), token.as_deref(), size).unwrap();
                prop_assert!(page.keys.len() <= size);
                seen.extend(page.keys);
                token = page.next;
                if token.is_none() { break }
            }
            prop_assert_eq!(seen, (0..count).map(|n| n * 3).collect::<Vec<_>>());
        }

        #[test]
        fn a_made_up_token_is_refused(token in ".{0,40}") {
            prop_assert_eq!(page("s", 0..9, Some(&token), 3), Err(UnknownToken));
        }
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = page("a", 0..9, None, 3).unwrap().next.unwrap();
        assert_eq!(page("b", 0..9, Some(&token), 3), Err(UnknownToken));
        assert_eq!(page("a", [0, 1, 4, 7], Some(&token), 3).unwrap().keys, [4, 7]);
    }
}
