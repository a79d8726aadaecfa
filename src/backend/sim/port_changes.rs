//! Changes to a simulated world.

use async_trait::async_trait;

use super::Sim;
use crate::backend::change::{EcsChanges, ForceDeployment, Permit, Sent};
use crate::model::FaultKind;
use crate::text::Text;

#[async_trait]
impl EcsChanges for Sim {
    async fn force_deployment(&self, _: Permit, call: &ForceDeployment) -> Sent {
        let sent = self
            .call(ForceDeployment::ACTION, |world| {
                let made = world.force_deployment(&call.cluster, &call.service)?;
                Ok((made, format!("simulated-{}", world.mutations().len())))
            })
            .await;
        match sent {
            Ok((made, id)) => Sent::Applied { request_id: Some(Text::from(id)), made: Some(Text::from(made)) },
            Err(fault) => match fault.kind {
                FaultKind::Timeout | FaultKind::Server | FaultKind::Malformed => Sent::Unknown { fault, status: None },
                _ => Sent::Refused { fault, status: None },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::sim::{Scenario, Trouble};
    use crate::time::ManualClock;

    #[tokio::test]
    async fn an_answer_may_be_lost_after_the_change_was_made() {
        let scenario = Scenario::sized(1, 1, 1);
        let sim = Sim::new(&scenario, 1, Arc::new(ManualClock::at(scenario.opens())));
        let service = sim.with(|world| world.service_facts(0));
        let call = ForceDeployment { cluster: service.cluster_arn.clone(), service: service.arn };
        let send = async || sim.force_deployment(Permit::of_the_sender(), &call).await;
        let made = |sim: &Sim| sim.with(|world| world.mutations().len());
        sim.faults().add(ForceDeployment::ACTION, Trouble::LoseAnswer, None, None);
        assert!(matches!(send().await, Sent::Unknown { .. }));
        assert_eq!(made(&sim), 1);
        sim.faults().clear();
        for (kind, refused) in [(FaultKind::Denied, true), (FaultKind::Timeout, false)] {
            sim.faults().fail_times(ForceDeployment::ACTION, kind, 1);
            let became = send().await;
            assert_eq!(matches!(became, Sent::Refused { .. }), refused, "{became:?}");
        }
        assert_eq!(made(&sim), 1);
        let Sent::Applied { made: Some(id), .. } = send().await else { panic!("it goes well") };
        assert_eq!(sim.with(|world| world.service_facts(0)).primary().map(|d| d.id.clone()), Some(id));
    }
}
