//! The order of rows.

use std::cmp::Ordering;

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
