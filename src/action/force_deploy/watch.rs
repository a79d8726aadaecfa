//! How far a forced deployment has come, by one look at its service.

use super::{DEPLOYMENT, state};
use crate::action::plan::State;
use crate::action::{Look, Stage};
use crate::model::ecs::{Deployment, Service};
use crate::text::Text;

/// Looks for the deployment `made`; where the service did not say which that is, for the one that took the place of the one
/// before, which is then taken to be it.
pub(super) fn look(service: &Service, before: &State, made: &mut Option<Text>) -> Look {
    let primary = service.primary();
    if made.is_none() {
        let is_new = |d: &&Deployment| !d.id.is_empty() && d.id != *before.get(DEPLOYMENT);
        *made = primary.filter(is_new).map(|d| d.id.clone());
    }
    let (stage, text) = judge(service, primary, made.as_ref(), before);
    Look { stage, text, state: state(service) }
}

fn judge(service: &Service, primary: Option<&Deployment>, made: Option<&Text>, before: &State) -> (Stage, String) {
    let Some(id) = made else { return (Stage::Unseen, "no new deployment is to be seen".to_owned()) };
    let counts = format!("{} of {} tasks run", service.running, service.desired);
    let Some(ours) = service.deployments.iter().find(|d| d.id == *id) else {
        return match primary {
            // An answer may be a little older than the change.
            Some(primary) if primary.id == *before.get(DEPLOYMENT) && !is_rolled_back(primary) => {
                (Stage::Unseen, format!("deployment {id} is not to be seen yet"))
            }
            Some(primary) => (Stage::Failed, displaced(id, primary)),
            None => (Stage::Failed, format!("deployment {id} is gone, and there is no other")),
        };
    };
    let because = ours.rollout_reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    if ours.rollout_state.as_deref() == Some("FAILED") {
        return (Stage::Failed, format!("deployment {id} failed{because}"));
    }
    match primary {
        Some(primary) if primary.id != *id => return (Stage::Failed, displaced(id, primary)),
        _ => {}
    }
    let alone = service.deployments.len() == 1;
    let steady = alone && service.running == service.desired && service.pending == 0;
    match ours.rollout_state.as_deref() {
        Some("COMPLETED") if steady => (Stage::Done, format!("deployment {id} completed, {counts}")),
        Some("COMPLETED") => (Stage::Going, format!("deployment {id} completed, not steady yet: {counts}")),
        _ => {
            let new = format!("{} of {} new tasks run", ours.running, ours.desired);
            let failed = if ours.failed > 0 { format!(", {} failed to start", ours.failed) } else { String::new() };
            // The old ones included, so it may be more than are wanted.
            (Stage::Going, format!("deployment {id} in progress: {new}{failed}, {} in all", service.running))
        }
    }
}

fn is_rolled_back(primary: &Deployment) -> bool {
    primary.rollout_reason.as_deref().is_some_and(|why| why.contains("rolling back"))
}

fn displaced(id: &Text, by: &Deployment) -> String {
    let why = by.rollout_reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let what = if is_rolled_back(by) { "was rolled back" } else { "was displaced" };
    format!("deployment {id} {what}, deployment {} is primary{why}", by.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(id: &str, status: &str, state: &str) -> Deployment {
        Deployment {
            id: Text::from(id),
            status: Some(Text::from(status)),
            rollout_state: Some(Text::from(state)),
            desired: 2,
            running: 1,
            ..Deployment::default()
        }
    }

    fn seen(deployments: Vec<Deployment>, running: u32, made: Option<&str>) -> (Stage, String) {
        let service = Service { desired: 2, running, deployments, ..Service::default() };
        let before = State(vec![(DEPLOYMENT, Text::from("old"))]);
        let look = look(&service, &before, &mut made.map(Text::from));
        (look.stage, look.text)
    }

    #[test]
    fn only_a_completed_and_steady_deployment_of_ours_is_done() {
        let old = || deployment("old", "ACTIVE", "COMPLETED");
        let primary = |state| deployment("new", "PRIMARY", state);
        let rolled = Deployment {
            rollout_reason: Some(Text::from("ECS deployment circuit breaker: rolling back to deploymentId old.")),
            ..deployment("old", "PRIMARY", "IN_PROGRESS")
        };
        for (deployments, running, made, stage, words) in [
            (vec![primary("COMPLETED")], 2, Some("new"), Stage::Done, "completed, 2 of 2"),
            (vec![primary("COMPLETED")], 2, None, Stage::Done, "completed"),
            (vec![primary("COMPLETED")], 1, Some("new"), Stage::Going, "not steady yet: 1 of 2"),
            (vec![primary("COMPLETED"), old()], 2, Some("new"), Stage::Going, "not steady yet"),
            (vec![primary("IN_PROGRESS"), old()], 3, Some("new"), Stage::Going, "1 of 2 new tasks run"),
            (vec![primary("FAILED"), old()], 2, Some("new"), Stage::Failed, "failed"),
            (vec![rolled.clone(), deployment("new", "ACTIVE", "FAILED")], 2, Some("new"), Stage::Failed, "failed"),
            (vec![rolled.clone()], 2, Some("new"), Stage::Failed, "was rolled back"),
            (
                vec![deployment("newer", "PRIMARY", "IN_PROGRESS"), deployment("new", "ACTIVE", "IN_PROGRESS")],
                2,
                Some("new"),
                Stage::Failed,
                "was displaced, deployment newer",
            ),
            (vec![deployment("newer", "PRIMARY", "COMPLETED")], 2, Some("new"), Stage::Failed, "was displaced"),
            (vec![deployment("old", "PRIMARY", "COMPLETED")], 2, Some("new"), Stage::Unseen, "not to be seen yet"),
            (vec![deployment("old", "PRIMARY", "COMPLETED")], 2, None, Stage::Unseen, "no new deployment"),
            (vec![], 2, None, Stage::Unseen, "no new deployment"),
            (vec![], 2, Some("new"), Stage::Failed, "gone"),
        ] {
            let (was, text) = seen(deployments, running, made);
            assert!(was == stage && text.contains(words), "{was:?} {text}, not {stage:?} {words}");
        }
    }
}
