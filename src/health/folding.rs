//! Problems that follow from others: which of them are one trouble, so that the overview says it once.
//!
//! Nothing is silenced here. A problem that follows stays what it is, counts as ever, and names what it follows from. What
//! follows from what is the table [`RELATIONS`]: two problems belong together where they hang on the same thing, such as a group,
//! a zone or a service.

mod hooks;
mod relations;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use hooks::Look;
use relations::RELATIONS;

use crate::model::{Check, Facts, Follows, Severity};

/// Notes of each problem what it follows from, if it is among `checks` too. Of several the first in the order of the table counts.
pub fn fold(checks: &mut [Check], facts: &Facts) {
    same_cause(checks);
    let look = Look::at(facts);
    for relation in RELATIONS {
        let mut roots: HashMap<String, usize> = HashMap::new();
        for (i, check) in shown(checks).filter(|(_, check)| relation.of.contains(&check.rule)) {
            for hook in (relation.at)(&look, check) {
                // Of equal ones the first, which is the worst.
                roots.entry(hook).or_insert(i);
            }
        }
        if roots.is_empty() {
            continue;
        }
        let following = |(i, check): (usize, &Check)| {
            let free = check.follows.is_none() && relation.follows.contains(&check.rule);
            let hooks = if free { (relation.on)(&look, check) } else { Vec::new() };
            let root = hooks.iter().find_map(|hook| roots.get(hook)).copied();
            root.filter(|root| *root != i).map(|root| (i, root))
        };
        let found: Vec<(usize, usize)> = shown(checks).filter_map(following).collect();
        for (i, root) in found {
            if !hangs_on(checks, root, i) {
                checks[i].follows = Some(Follows::from(&checks[root]));
            }
        }
    }
}

/// The problems, and their places. What is well or only worth knowing neither causes nor follows.
fn shown(checks: &[Check]) -> impl Iterator<Item = (usize, &Check)> {
    checks.iter().enumerate().filter(|(_, check)| check.severity > Severity::Info)
}

/// What has the same cause is said by the first of them.
fn same_cause(checks: &mut [Check]) {
    let mut first: HashMap<String, usize> = HashMap::new();
    for i in 0..checks.len() {
        let Some(cause) = checks[i].cause.as_ref().map(ToString::to_string) else { continue };
        let root = *first.entry(cause).or_insert(i);
        if root != i {
            checks[i].follows = Some(Follows::from(&checks[root]));
        }
    }
}

/// Whether a problem follows, over whatever steps, from the one at `root`: then that one cannot follow from it.
fn hangs_on(checks: &[Check], from: usize, root: usize) -> bool {
    let mut at = from;
    // No chain is longer than there are problems.
    for _ in 0..checks.len() {
        if at == root {
            return true;
        }
        let Some(follows) = &checks[at].follows else { return false };
        let Some(next) = checks.iter().position(|check| follows.names(check)) else { return false };
        at = next;
    }
    true
}
