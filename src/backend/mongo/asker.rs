//! One client of one member, and the time it has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::Document;
use mongodb::error::Error;
use mongodb::event::EventHandler;
use mongodb::event::sdam::SdamEvent;
use mongodb::options::{ClientOptions, Credential, ServerAddress, ServerMonitoringMode, TlsOptions};
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::{sleep, timeout};

use super::command::Command;

/// Everything that a command may take: finding the member, connecting, encryption, authentication, the answer. A healthy member
/// takes milliseconds.
pub(super) const LIMIT: Duration = Duration::from_secs(2);

/// How often the driver asks a member that nobody asks otherwise. It need not know anything by itself: a failed command makes
/// it look again at once.
const WATCH: Duration = Duration::from_mins(1);

/// Connections that ask: the commands of one member follow each other, and one may still hang.
const POOL: u32 = 2;

/// A client of one member.
pub(super) struct Asker {
    client: Client,
    /// Why the driver last found the member unreachable.
    failed: watch::Receiver<Option<Error>>,
    /// Whether nobody has to be believed any more.
    is_believed: AtomicBool,
    turn: Mutex<()>,
}

/// Why there is no answer.
pub(super) enum Silence {
    /// It did not come in time.
    Late,
    /// The driver or the member says why.
    Failed(Error),
}

impl Asker {
    /// Makes a client. It begins to connect at once, and does not wait for it.
    pub fn new(host: ServerAddress, tls: Option<TlsOptions>, credential: Option<Credential>) -> Result<Self, Error> {
        let mut options = ClientOptions::builder().hosts(vec![host]).build();
        options.app_name = Some("rounds".to_owned());
        options.direct_connection = Some(true);
        options.connect_timeout = Some(LIMIT);
        options.server_selection_timeout = Some(LIMIT);
        options.heartbeat_freq = Some(WATCH);
        options.server_monitoring_mode = Some(ServerMonitoringMode::Poll);
        options.max_pool_size = Some(POOL);
        options.retry_reads = Some(false);
        options.retry_writes = Some(false);
        options.max_adaptive_retries = Some(0);
        options.tls = tls.map(Into::into);
        let is_believed = AtomicBool::new(credential.is_none());
        options.credential = credential;
        let (tell, failed) = watch::channel(None);
        options.sdam_event_handler = Some(EventHandler::callback(move |event| {
            if let SdamEvent::ServerHeartbeatFailed(event) = event {
                tell.send_replace(Some(event.failure));
            }
        }));
        Ok(Self { client: Client::with_options(options)?, failed, is_believed, turn: Mutex::default() })
    }

    /// Until the member has believed who asks, one command goes at a time: a wrong password is tried once, and the others are
    /// told of that and not of a connection that the driver gave up under them.
    pub async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        if self.is_believed.load(Ordering::Relaxed) { None } else { Some(self.turn.lock().await) }
    }

    /// The member has answered whoever asks.
    pub fn believed(&self) {
        self.is_believed.store(true, Ordering::Relaxed);
    }

    /// Sends a command. The driver would keep looking for a member that refuses until the time is over; its first failure to
    /// reach it is the answer here.
    pub async fn ask(&self, command: &Command) -> Result<Document, Silence> {
        let mut failed = self.failed.clone();
        failed.mark_unchanged();
        let database = self.client.database(command.database);
        tokio::select! {
            biased;
            answer = database.run_command((command.document)()) => answer.map_err(Silence::Failed),
            Ok(()) = failed.changed() => {
                let error = failed.borrow().clone();
                Err(error.map_or(Silence::Late, Silence::Failed))
            }
            () = sleep(LIMIT) => Err(Silence::Late),
        }
    }

    /// Sends a command that changes something, once, and waits so long for its answer. That the driver loses sight of the member
    /// meanwhile ends nothing: it may do what it was told.
    pub async fn send(&self, document: Document, limit: Duration) -> Result<Document, Silence> {
        let database = self.client.database("admin");
        match timeout(limit, async { database.run_command(document).await }).await {
            Ok(answer) => answer.map_err(Silence::Failed),
            Err(_) => Err(Silence::Late),
        }
    }

    /// Ends the client without waiting for a member that does not answer.
    pub fn end(&self) {
        let client = self.client.clone();
        tokio::spawn(async move { timeout(LIMIT, client.shutdown().immediate(true)).await });
    }
}
