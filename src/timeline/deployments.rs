//! Deployments of services: begun, completed, failed, rolled back.

use super::events::{said, service_subject};
use super::{Pen, Seen, Source, Told, mark};
use crate::health::event_weight;
use crate::model::ecs::{Deployment, EcsFacts, Event, Service, tail};
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::Timestamp;

/// `deployment`.
pub const SOURCE: Source = Source {
    id: "deployment",
    feed: "ecs",
    doc: "Deployments of services: begun, completed, failed, rolled back",
    tell,
};

/// Words of an event that tells how a deployment ended, in lower case, and the word for it.
const ENDS: [(&str, &str); 3] =
    [("deployment completed", "completed"), ("deployment failed", "failed"), ("rolling back", "rolled back")];

/// How a deployment ended, where an event tells that.
pub(super) fn ending(message: &str) -> Option<&'static str> {
    let lower = message.to_ascii_lowercase();
    ENDS.iter().find(|(piece, _)| lower.contains(piece)).map(|(_, word)| *word)
}

fn tell(facts: &Facts, pen: &mut Pen<'_>) {
    let services = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
    for service in services.iter().map(|seen| seen.item.as_ref()) {
        let states: Vec<_> = service.deployments.iter().map(|d| (&d.id, &d.rollout_state)).collect();
        let seen = pen.look(&service.arn, mark((service.events.first().map(|e| &e.id), states)));
        if seen == Seen::Same {
            continue;
        }
        service.deployments.iter().for_each(|deployment| begun(service, deployment, pen));
        service.events.iter().for_each(|event| ended_by_event(service, event, pen));
        // An event has the time of it; a state that was the same at the first look has none.
        if seen != Seen::First {
            service.deployments.iter().for_each(|deployment| ended_by_state(service, deployment, pen));
        }
    }
}

fn begun(service: &Service, deployment: &Deployment, pen: &mut Pen<'_>) {
    let key = format!("{}/begun", deployment.id);
    if pen.is_new(&key, deployment.created_at) {
        let of = deployment.task_definition.as_deref().map(|arn| format!(" of {}", tail(arn))).unwrap_or_default();
        put(service, key, deployment.created_at, Severity::Info, format!("deployment{of} begun"), pen);
    }
}

fn ended_by_event(service: &Service, event: &Event, pen: &mut Pen<'_>) {
    let Some(word) = ending(&event.message) else { return };
    let id = event.message.split_once("(deployment ").and_then(|(_, rest)| rest.split_once(')'));
    let key = id.map_or_else(|| event.id.to_string(), |(id, _)| format!("{id}/{word}"));
    let severity = if word == "completed" { Severity::Ok } else { event_weight(&event.message) };
    put(service, key, event.at, severity, said(service, &event.message).to_owned(), pen);
}

fn ended_by_state(service: &Service, deployment: &Deployment, pen: &mut Pen<'_>) {
    let (word, severity) = match deployment.rollout_state.as_deref() {
        Some("COMPLETED") => ("completed", Severity::Ok),
        Some("FAILED") => ("failed", Severity::Crit),
        _ => return,
    };
    let key = format!("{}/{word}", deployment.id);
    if pen.is_new(&key, deployment.updated_at) {
        let why = deployment.rollout_reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        put(service, key, deployment.updated_at, severity, format!("deployment {word}{why}"), pen);
    }
}

fn put(service: &Service, key: String, at: Option<Timestamp>, severity: Severity, message: String, pen: &mut Pen<'_>) {
    let (subject, message) = (service_subject(service), Text::from(message));
    let related = vec![("cluster", service.cluster_arn.clone())];
    pen.tell(Told { at, severity, subject, related, message, key });
}
