//! Problems that follow from others: which of them are one trouble, so that the overview says it once.
//!
//! Nothing is silenced here. A problem that follows stays what it is, counts as ever, and names what it follows from. What
//! follows from what is the table [`RELATIONS`]: two problems belong together where they hang on the same thing, such as a group,
//! a zone or a service.

mod hooks;
mod joins;
mod relations;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use hooks::Look;
use relations::RELATIONS;

use crate::model::{Check, Facts, Follows, Severity};

/// Notes of each problem what it follows from, if it is among `checks` too. Of several the first in the order of the table counts.
pub fn fold(checks: &mut [Check], facts: &Facts) {
    let mut roots: Vec<Option<usize>> = same_cause(checks);
    let look = Look::at(facts);
    for relation in RELATIONS {
        let mut held: HashMap<String, usize> = HashMap::new();
        for (i, check) in shown(checks).filter(|(_, check)| relation.of.contains(&check.rule)) {
            for hook in (relation.at)(&look, check) {
                // Of equal ones the first, which is the worst.
                held.entry(hook).or_insert(i);
            }
        }
        if held.is_empty() {
            continue;
        }
        for (i, check) in shown(checks).filter(|(_, check)| relation.follows.contains(&check.rule)) {
            if roots[i].is_none() {
                let found = (relation.on)(&look, check).iter().find_map(|hook| held.get(hook)).copied();
                roots[i] = found.filter(|root| !hangs_on(&roots, *root, i));
            }
        }
    }
    for (i, root) in roots.into_iter().enumerate() {
        checks[i].follows = root.map(|root| Follows::from(&checks[root]));
    }
}

/// The problems, and their places. What is well or only worth knowing neither causes nor follows.
fn shown(checks: &[Check]) -> impl Iterator<Item = (usize, &Check)> {
    checks.iter().enumerate().filter(|(_, check)| check.severity > Severity::Info)
}

/// What has the same cause is said by the first of them: the place of that one, for each that is not it.
fn same_cause(checks: &[Check]) -> Vec<Option<usize>> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut roots = vec![None; checks.len()];
    for (i, check) in shown(checks) {
        let root = check.cause.as_ref().map(|cause| *first.entry(cause.as_str()).or_insert(i));
        roots[i] = root.filter(|root| *root != i);
    }
    roots
}

/// Whether the problem at `at` is the one at `root` or follows from it, over whatever steps: then that one cannot follow from it.
fn hangs_on(roots: &[Option<usize>], at: usize, root: usize) -> bool {
    std::iter::successors(Some(at), |at| roots[*at]).any(|at| at == root)
}
