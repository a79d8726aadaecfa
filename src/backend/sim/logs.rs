//! CloudWatch Logs of the simulated world: what is written to it, kept for whoever looks.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::world::World;
use crate::backend::ports::{LogEvent, LogStream, Logs};
use crate::model::Fault;

const PUT: &str = "logs:PutLogEvents";
const CREATE: &str = "logs:CreateLogStream";

/// The log groups by name, and their streams.
pub(super) type LogGroups = BTreeMap<String, BTreeMap<String, Vec<LogEvent>>>;

/// Groups with these names and without a stream.
pub(super) fn groups(names: &[String]) -> LogGroups {
    names.iter().map(|name| (name.clone(), BTreeMap::new())).collect()
}

impl World {
    /// What was written to a stream; `None`: there is no such stream.
    #[must_use]
    pub fn log_events(&self, stream: &LogStream) -> Option<&[LogEvent]> {
        self.logs.get(&stream.group)?.get(&stream.name).map(Vec::as_slice)
    }

    fn log_group(&mut self, action: &'static str, name: &str) -> Result<&mut BTreeMap<String, Vec<LogEvent>>, Fault> {
        self.logs.get_mut(name).ok_or_else(|| missing(action, "The specified log group does not exist."))
    }
}

fn missing(action: &'static str, message: &str) -> Fault {
    refused(action, "ResourceNotFoundException", message)
}

#[async_trait]
impl Logs for Sim {
    async fn create_stream(&self, stream: &LogStream) -> Result<(), Fault> {
        let create = |world: &mut World| {
            let group = world.log_group(CREATE, &stream.group)?;
            if group.contains_key(&stream.name) {
                let message = "The specified log stream already exists";
                return Err(refused(CREATE, "ResourceAlreadyExistsException", message));
            }
            group.insert(stream.name.clone(), Vec::new());
            Ok(())
        };
        self.call(CREATE, create).await
    }

    async fn put(&self, stream: &LogStream, events: &[LogEvent]) -> Result<(), Fault> {
        let put = |world: &mut World| {
            let group = world.log_group(PUT, &stream.group)?;
            let kept = group.get_mut(&stream.name);
            let kept = kept.ok_or_else(|| missing(PUT, "The specified log stream does not exist."))?;
            if !events.is_sorted_by_key(|event| event.at) {
                let message = "Log events in a single PutLogEvents request must be in chronological order.";
                return Err(refused(PUT, "InvalidParameterException", message));
            }
            kept.extend_from_slice(events);
            Ok(())
        };
        self.call(PUT, put).await
    }
}
