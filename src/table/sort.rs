//! The order of rows.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::Row;
use super::cell::SortKey;

/// How rows are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The column's index; `None` is the view's own order, worst first.
    pub column: Option<usize>,
    /// Greatest first.
    pub reverse: bool,
}

/// Sorts indices into `rows`. Stable: rows that are equal keep the view's own order. Missing values stay last either way.
pub fn sort(rows: &[Row], indices: &mut [usize], order: Order) {
    match order.column {
        None => indices.sort_by(|&a, &b| {
            let worst_first = rows[b].severity.cmp(&rows[a].severity);
            rows[a].section.cmp(&rows[b].section).then(directed(worst_first, order.reverse))
        }),
        Some(column) => {
            let key = |i: usize| rows[i].cells.get(column).map_or(SortKey::Missing, super::Cell::sort_key);
            let mut keyed: Vec<(usize, SortKey)> = indices.iter().map(|&i| (i, key(i))).collect();
            keyed.sort_by(|(a, ka), (b, kb)| {
                rows[*a].section.cmp(&rows[*b].section).then_with(|| compare(ka, kb, order.reverse))
            });
            for (slot, (i, _)) in indices.iter_mut().zip(keyed) {
                *slot = i;
            }
        }
    }
    gather(rows, indices);
}

/// Puts rows that are folded under another one right after it, in the order they are in.
fn gather(rows: &[Row], indices: &mut [usize]) {
    let mut under: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for &i in indices.iter() {
        if let Some(leader) = &rows[i].under {
            under.entry((rows[i].stack.as_str(), leader.as_str())).or_default().push(i);
        }
    }
    if under.is_empty() {
        return;
    }
    let mut gathered = Vec::with_capacity(indices.len());
    for &i in indices.iter().filter(|i| rows[**i].under.is_none()) {
        gathered.push(i);
        gathered.extend(under.remove(&(rows[i].stack.as_str(), rows[i].id.as_str())).unwrap_or_default());
    }
    // What stands under a row that is not there is not lost.
    gathered.extend(indices.iter().filter(|i| {
        rows[**i].under.as_ref().is_some_and(|leader| under.contains_key(&(rows[**i].stack.as_str(), leader.as_str())))
    }));
    indices.copy_from_slice(&gathered);
}

fn compare(a: &SortKey, b: &SortKey, reverse: bool) -> Ordering {
    match (a, b) {
        (SortKey::Missing, _) | (_, SortKey::Missing) => a.cmp(b),
        _ => directed(a.cmp(b), reverse),
    }
}

const fn directed(ordering: Ordering, reverse: bool) -> Ordering {
    if reverse { ordering.reverse() } else { ordering }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;
    use crate::table::Cell;
    use proptest::prelude::*;

    fn rows(cells: Vec<Cell>) -> Vec<Row> {
        cells.into_iter().map(|c| Row { cells: vec![c], ..Row::default() }).collect()
    }

    fn sorted(rows: &[Row], order: Order) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..rows.len()).collect();
        sort(rows, &mut indices, order);
        indices
    }

    #[test]
    fn numbers_sort_as_numbers_and_missing_stays_last() {
        let rows = rows(vec![Cell::Count(10), Cell::Missing, Cell::Count(9)]);
        assert_eq!(sorted(&rows, Order { column: Some(0), reverse: false }), [2, 0, 1]);
        assert_eq!(sorted(&rows, Order { column: Some(0), reverse: true }), [0, 2, 1]);
    }

    #[test]
    fn without_a_column_the_worst_come_first_and_ties_keep_their_order() {
        let mut rows = rows(vec![Cell::Missing; 5]);
        let severities = [Severity::Ok, Severity::Crit, Severity::Ok, Severity::Unknown, Severity::Info];
        for (row, severity) in rows.iter_mut().zip(severities) {
            row.severity = severity;
        }
        assert_eq!(sorted(&rows, Order::default()), [1, 3, 4, 0, 2]);
    }

    fn any_key() -> impl Strategy<Value = SortKey> {
        prop_oneof![
            (-3_i64..3).prop_map(SortKey::Number),
            "[a-c]{0,2}".prop_map(SortKey::Words),
            proptest::collection::vec(-1_i64..2, 0..3).prop_map(SortKey::Numbers),
            Just(SortKey::Missing),
        ]
    }

    #[test]
    fn what_is_folded_under_a_row_follows_it_whatever_the_order() {
        let row = |id: &str, under: Option<&str>, severity, n| Row {
            id: id.into(),
            under: under.map(Into::into),
            severity,
            cells: vec![Cell::Count(n)],
            ..Row::default()
        };
        let rows = [
            row("a", None, Severity::Warn, 1),
            row("b", None, Severity::Crit, 2),
            row("a1", Some("a"), Severity::Warn, 9),
            row("a2", Some("a"), Severity::Crit, 3),
            row("lost", Some("gone"), Severity::Crit, 4),
        ];
        let ids = |order| sorted(&rows, order).into_iter().map(|i| rows[i].id.as_str()).collect::<Vec<_>>();
        assert_eq!(ids(Order::default()), ["b", "a", "a2", "a1", "lost"]);
        assert_eq!(ids(Order { column: Some(0), reverse: true }), ["b", "a", "a1", "a2", "lost"]);
    }

    proptest! {
        #[test]
        fn the_order_is_a_strict_weak_one(a in any_key(), b in any_key(), c in any_key(), reverse: bool) {
            let (ab, bc, ac) = (compare(&a, &b, reverse), compare(&b, &c, reverse), compare(&a, &c, reverse));
            prop_assert_eq!(compare(&a, &a, reverse), Ordering::Equal);
            prop_assert_eq!(ab, compare(&b, &a, reverse).reverse());
            if ab == bc || bc == Ordering::Equal {
                prop_assert_eq!(ac, ab);
            }
        }

        #[test]
        fn sorting_is_a_permutation_in_order(counts in proptest::collection::vec(proptest::option::of(0_u64..5), 0..40), reverse: bool) {
            let rows = rows(counts.iter().map(|n| n.map_or(Cell::Missing, Cell::Count)).collect());
            let order = sorted(&rows, Order { column: Some(0), reverse });
            let mut seen = order.clone();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..rows.len()).collect::<Vec<_>>());
            for pair in order.windows(2) {
                let (a, b) = (rows[pair[0]].cells[0].sort_key(), rows[pair[1]].cells[0].sort_key());
                prop_assert!(compare(&a, &b, reverse) != Ordering::Greater);
            }
        }
    }
}
