//! What ECS writes into the events of a service.

use super::{Pen, Seen, Source, Told, deployments, mark};
use crate::health::event_weight;
use crate::model::ecs::{EcsFacts, Event, Service};
use crate::model::{Facts, Subject};
use crate::text::Text;

/// `event`.
pub const SOURCE: Source = Source {
    id: "event",
    feed: "ecs",
    doc: "What ECS wrote into the events of a service, but how deployments ended",
    tell,
};

/// Most tasks and instances an event names that it is found by.
const NAMED: usize = 10;

pub(super) fn service_subject(service: &Service) -> Subject {
    Subject { kind: "service", name: service.label(), id: service.arn.clone() }
}

/// What an event says, without the name of the service it is of.
pub(super) fn said<'a>(service: &Service, message: &'a str) -> &'a str {
    let rest = message.strip_prefix("(service ").and_then(|rest| rest.strip_prefix(service.name.as_str()));
    rest.and_then(|rest| rest.strip_prefix(") ")).unwrap_or(message)
}

fn tell(facts: &Facts, pen: &mut Pen<'_>) {
    let services = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
    for service in services.iter().map(|seen| seen.item.as_ref()) {
        let Some(newest) = service.events.first() else { continue };
        if pen.look(&service.arn, mark((&newest.id, newest.at))) == Seen::Same {
            continue;
        }
        for event in service.events.iter().filter(|event| deployments::ending(&event.message).is_none()) {
            // Ids are those of one service; without one the time and the text have to do.
            let key = match event.id.as_str() {
                "" => format!("{}|{:?}|{}", service.arn, event.at, event.message),
                id => format!("{}|{id}", service.arn),
            };
            if pen.is_new(&key, event.at) {
                put(service, event, key, pen);
            }
        }
    }
}

fn put(service: &Service, event: &Event, key: String, pen: &mut Pen<'_>) {
    let cluster = service.cluster();
    let named = |kind: &'static str, before: &str| {
        let pieces: Vec<_> = event.message.split(before).skip(1).take(NAMED).collect();
        let ids = pieces.into_iter().filter_map(|piece| piece.split_once(')')).map(|(id, _)| id.to_owned());
        ids.map(|id| (kind, Text::from(format!("{cluster}/{id}")))).collect::<Vec<_>>()
    };
    let mut related = [named("task", "(task "), named("instance", "(container-instance ")].concat();
    related.push(("cluster", service.cluster_arn.clone()));
    pen.tell(Told {
        at: event.at,
        severity: event_weight(&event.message),
        subject: service_subject(service),
        related,
        message: Text::from(said(service, &event.message)),
        key,
    });
}
