//! Rows that come, go and change places under the cursor.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use rounds::app::{Msg, State, update};
use rounds::keymap::Chord;
use rounds::model::ecs::{Cluster, EcsFacts, Seen, Service};
use rounds::store::{Fetched, Snapshot};
use rounds::table::Row;
use rounds::text::Text;
use rounds::time::Timestamp;

use crate::world::{BEGIN, console};
use crate::{cases, cursor_is_sound};

/// Services there may be.
const SERVICES: usize = 12;

fn arn(n: usize) -> Text {
    Text::from(format!("arn:aws:ecs:us-east-1:123456789012:service/ehr/s{n:02}"))
}

/// A reading in which there are these services, in this order.
fn reading(order: &[usize], at: Timestamp) -> Msg {
    let cluster = Cluster { arn: Text::from("arn:c"), name: Text::from("ehr"), ..Cluster::default() };
    let service = |n: &usize| {
        let service = Service {
            arn: arn(*n),
            name: Text::from(format!("s{n:02}")),
            cluster_arn: cluster.arn.clone(),
            desired: u32::try_from(n % 3).unwrap_or_default(),
            ..Service::default()
        };
        Seen { at, item: Arc::new(service) }
    };
    let facts = EcsFacts {
        services: order.iter().map(service).collect(),
        clusters: vec![Seen { at, item: Arc::new(cluster.clone()) }],
        ..EcsFacts::default()
    };
    let snapshot = Snapshot { taken_at: at, data: Arc::new(facts), gaps: Vec::new(), slowed: false };
    Msg::from(Fetched { stack: 0, feed: "ecs", at, next: at, result: Ok(snapshot) })
}

fn press(state: &mut State, key: &str) {
    let now = state.now;
    update(state, now, Msg::Key(key.parse::<Chord>().expect("a key").into()));
}

/// Some of the services, in any order.
fn any_order() -> impl Strategy<Value = Vec<usize>> {
    Just((0..SERVICES).collect::<Vec<_>>())
        .prop_shuffle()
        .prop_flat_map(|all| (0..=SERVICES).prop_map(move |kept| all[..kept].to_vec()))
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn f5_the_cursor_stays_on_its_row_whatever_comes_goes_or_changes_places(
        steps in vec((any_order(), 0_usize..6, any::<bool>()), 1..8)
    ) {
        let mut state = console(false);
        press(&mut state, "2");
        for (n, (order, moves, sorted)) in steps.iter().enumerate() {
            let (before, at) = (state.place.cursor.clone(), BEGIN + Duration::from_secs(5) * u32::try_from(n).unwrap_or(1));
            update(&mut state, at, reading(order, at));
            cursor_is_sound(&state)?;
            let is_there = before.entry.as_ref().is_some_and(|(_, id)| order.iter().any(|n| arn(*n) == *id));
            if !before.chosen {
                prop_assert_eq!(state.place.cursor.index, 0, "no row was chosen yet");
            } else if is_there {
                prop_assert_eq!(&state.place.cursor.entry, &before.entry);
            } else {
                let last = state.listing.shown.len().saturating_sub(1);
                prop_assert_eq!(state.place.cursor.index, before.index.min(last));
            }
            (0..*moves).for_each(|_| press(&mut state, "j"));
            let stood = state.selected().map(Row::entry);
            if *sorted {
                press(&mut state, "s");
                prop_assert!(!state.place.cursor.chosen || state.selected().map(Row::entry) == stood);
            }
            cursor_is_sound(&state)?;
        }
    }
}
