//! Asking an emulator that shares the machine with the tests.

use rounds::model::{Fault, FaultKind};

/// Asks again where no answer came in time, as the feeds do.
pub async fn patiently<T>(ask: impl AsyncFn() -> Result<T, Fault>) -> Result<T, Fault> {
    for _ in 0..5 {
        match ask().await {
            Err(fault) if fault.kind == FaultKind::Timeout => {}
            answer => return answer,
        }
    }
    ask().await
}
