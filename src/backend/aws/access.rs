//! The way every request takes: credentials first, then one attempt, then its error in words.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::credentials::Wallet;
use super::fault;
use crate::model::{Fault, FaultKind};

/// What the adapters of one service of one stack share.
#[derive(Clone)]
pub(super) struct Access {
    /// The stack's credentials.
    pub wallet: Arc<Wallet>,
    /// Where requests go, for messages: the endpoint, or service and region.
    pub place: Arc<str>,
}

impl Access {
    /// Makes one request that reads.
    pub async fn ask<O, E, F>(&self, action: &'static str, request: F) -> Result<O, Fault>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.send(action, Box::pin(request)).await.map_err(|failed| failed.fault)
    }

    /// Makes one request. Credentials the service calls expired are dropped, so that the next request finds new ones.
    pub async fn send<O, E, F>(&self, action: &'static str, request: F) -> Result<O, Failed>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let unsent = |fault: Fault| Failed { fault: fault.during(action), refused: true, status: None };
        let held = self.wallet.held().await.map_err(unsent)?;
        request.await.map_err(|error| {
            let fault = fault::of(action, &self.place, &error).during(action);
            if fault.kind == FaultKind::Expired {
                self.wallet.drop_if_still(held.generation);
            }
            let status = error.raw_response().map(|response| response.status().as_u16());
            // What a server says it does not have it has not done, whatever its status.
            let refused = fault.kind == FaultKind::Unsupported || fault::is_refused(&error);
            Failed { fault, refused, status }
        })
    }
}

/// A request that did not go well.
pub(super) struct Failed {
    /// Why.
    pub fault: Fault,
    /// Whether it is sure that nothing was changed: the service said no, or the request never left.
    pub refused: bool,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
}

/// The action of faults that came before any request had one.
pub(super) const CREDENTIALS: &str = "credentials";

trait During {
    fn during(self, action: &'static str) -> Self;
}

impl During for Fault {
    /// Names the call that could not be made, unless the fault names one of its own (`sts:AssumeRole`).
    fn during(self, action: &'static str) -> Self {
        if self.action == CREDENTIALS { Self { action, ..self } } else { self }
    }
}
