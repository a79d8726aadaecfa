//! Changes of Auto Scaling groups.

use serde_json::Value;

use super::changes;
use super::refusal::Failure;
use super::service::Call;
use crate::backend::change::{Change, Process, Processes};
use crate::text::Text;

/// The group that is named.
fn group(call: &Call<'_>) -> Result<Text, Failure> {
    match call.params.text("AutoScalingGroupName")?.filter(|name| !name.is_empty()) {
        Some(name) => Ok(Text::from(name)),
        None => Err(Failure::invalid("AutoScalingGroupName is required")),
    }
}

/// `SetDesiredCapacity`.
///
/// # Errors
/// As AWS refuses it.
pub async fn set_desired(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["Action", "Version", "AutoScalingGroupName", "DesiredCapacity"])?;
    let group = group(call)?;
    let Some(desired) = call.params.number("DesiredCapacity")? else {
        return Err(Failure::invalid("DesiredCapacity is required"));
    };
    let desired = u32::try_from(desired).map_err(|_| Failure::invalid("DesiredCapacity must not be negative"))?;
    changes::send(call, &Change::GroupDesired { group, desired }).await?;
    Ok(Value::Null)
}

/// `SuspendProcesses` and `ResumeProcesses`. Without a list AWS takes all processes; nobody here means that.
///
/// # Errors
/// As AWS refuses it; no process is named.
pub async fn set_processes(call: &Call<'_>, suspended: bool) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["Action", "Version", "AutoScalingGroupName", "ScalingProcesses"])?;
    let group = group(call)?;
    let words = call.params.texts("ScalingProcesses")?.unwrap_or_default();
    let known = |word: &&str| Process::of(word).ok_or_else(|| Failure::invalid(format!("{word} is no valid process")));
    let named = words.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let Some(processes) = Processes::of(named) else {
        return Err(Failure::invalid("this endpoint wants ScalingProcesses named"));
    };
    changes::send(call, &Change::GroupProcesses { group, processes, suspended }).await?;
    Ok(Value::Null)
}
