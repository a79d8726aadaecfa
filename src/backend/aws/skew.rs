//! How far this machine's clock is from a service's, as the `Date` of an answer tells.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

use crate::time::Clock;

/// A smaller difference counts as none: `Date` has whole seconds, and the answer was on its way.
const LEAST_MS: i64 = 2_000;

/// Reads the `Date` of answers against a clock.
#[derive(Clone)]
pub(super) struct Skew {
    clock: Arc<dyn Clock>,
    told: Arc<Mutex<Option<i64>>>,
}

impl Skew {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, told: Arc::default() }
    }

    /// How far the clock was ahead when the last answer came, milliseconds; `None` where no answer told the time.
    pub fn millis(&self) -> Option<i64> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Skew")
    }
}

impl Intercept for Skew {
    fn name(&self) -> &'static str {
        "Skew"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date =
            context.response().headers().get("date").and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let ahead = date.map(|date| self.clock.now().millis() - date.secs() * 1_000);
        let ahead = ahead.map(|ahead| if ahead.abs() < LEAST_MS { 0 } else { ahead });
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
        Ok(())
    }
}
