//! Changes that come in over the wire.

use super::refusal::Failure;
use super::service::Call;
use crate::backend::change::{Change, Permit, Sent};
use crate::text::Text;

/// Makes the change; gives what was made by it.
///
/// # Errors
/// The world refuses it, or nobody knows what became of it.
pub async fn send(call: &Call<'_>, change: &Change) -> Result<Option<Text>, Failure> {
    match call.backend.changes.send(Permit::of_the_sender(), change).await {
        Sent::Applied { made, .. } => Ok(made),
        Sent::Refused { fault, .. } | Sent::Unknown { fault, .. } => Err(fault.into()),
    }
}
