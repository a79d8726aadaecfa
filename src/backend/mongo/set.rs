//! One replica set: its clients by member, and who asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use mongodb::bson::Document;
use mongodb::options::{AuthMechanism, ClientOptions, ConnectionString, Credential, ServerAddress};
use tokio::time::timeout;

use super::asker::{Asker, LIMIT, Silence};
use super::command::Command;
use super::fault::Asked;
use super::password::{Lookup, Secret};
use super::tls;
use crate::error::Error;
use crate::model::mongo::uri::{self, Address};
use crate::model::mongo::{Mechanism, MongoSet};
use crate::model::{Fault, FaultKind};
use crate::time::{Clock, Timestamp};

/// How long a command waits for the password; it has 2 s for all it does.
const WAIT: Duration = Duration::from_millis(1_500);

/// How long a refused password, or a source that gives none, is not tried again: what asks every few seconds would lock an
/// account, fill a log, or ask a person over and over.
pub(super) const REST: Duration = Duration::from_secs(30);

/// Clients that are kept; the hosts that members name are not trusted to be few.
const MAX_CLIENTS: usize = 128;

/// As whom a member is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Without credentials.
    Nobody,
    /// As configured.
    User,
}

/// A replica set.
pub(super) struct Set {
    configured: MongoSet,
    address: Result<Address, Fault>,
    clock: Arc<dyn Clock>,
    aws: Option<SharedCredentialsProvider>,
    askers: Mutex<HashMap<(String, Who), Arc<Asker>>>,
    /// Members that did not believe who asks, and when they said so.
    unproven: Mutex<HashMap<String, (Timestamp, Fault)>>,
    password: Option<Lookup>,
    /// The database that knows the user, where a TXT record says so.
    source: Mutex<Option<String>>,
}

impl Set {
    pub fn new(configured: MongoSet, clock: Arc<dyn Clock>, aws: Option<SharedCredentialsProvider>) -> Self {
        let wrong = |error: Error| Fault::misconfigured(format!("uri: {}", error.what), error.hint);
        Self {
            address: Address::parse(&configured.uri).map_err(wrong),
            password: configured.password.clone().map(|source| Lookup::of(source, Arc::clone(&clock))),
            configured,
            clock,
            aws,
            askers: Mutex::default(),
            unproven: Mutex::default(),
            source: Mutex::default(),
        }
    }

    pub fn name(&self) -> &str {
        &self.configured.name
    }

    /// The hosts that the address stands for.
    pub async fn seeds(&self) -> Result<Vec<String>, Fault> {
        const ACTION: &str = "srv lookup";
        let address = self.address.as_ref().map_err(Clone::clone)?;
        if !address.is_srv {
            return Ok(address.hosts.clone());
        }
        let name = address.hosts.first().map(String::as_str).unwrap_or_default();
        let service = address.option("srvServiceName").map(|service| format!("?srvServiceName={service}"));
        let asked = Asked { action: ACTION, host: name, user: None, mechanism: None, is_encrypted: false };
        let text = format!("mongodb+srv://{name}/{}", service.unwrap_or_default());
        let mut parsed = ConnectionString::parse(text).map_err(|error| asked.failed(&error))?;
        // The driver gives what the TXT record says of the database only to someone.
        parsed.credential = Some(Credential::builder().username("rounds".to_owned()).build());
        let found = timeout(LIMIT, async { ClientOptions::parse(parsed).await }).await;
        let record = format!("_{}._tcp.{name}", address.option("srvServiceName").unwrap_or("mongodb"));
        let options = found.map_err(|_| asked.late())?.map_err(|error| asked.unfound(&record, &error))?;
        *lock(&self.source) = options.credential.and_then(|credential| credential.source);
        Ok(options.hosts.iter().map(ToString::to_string).collect())
    }

    /// Waits for the password, as long as its source may take.
    pub async fn prepare(&self) {
        if self.has_user()
            && let Some(password) = &self.password
        {
            password.settled().await;
        }
    }

    /// Asks a member; gives its answer, and whether nobody else could listen.
    pub async fn ask(&self, host: &str, who: Who, command: &Command) -> Result<(Document, bool), Fault> {
        let who = self.as_whom(who);
        self.is_open(host, who, command)?;
        let asked = self.asked(command.action, host, who)?;
        let client = self.client(host, who, &asked).await?;
        let turn = client.turn().await;
        if turn.is_some() {
            self.is_open(host, who, command)?;
        }
        let fault = match client.ask(command).await {
            Ok(answer) => {
                client.believed();
                return Ok((answer, asked.is_encrypted || is_this_machine(host)));
            }
            Err(Silence::Late) => asked.late(),
            Err(Silence::Failed(error)) => asked.failed(&error),
        };
        self.judge(host, who, &client, &fault);
        Err(fault)
    }

    /// As whom a member can be asked: without a user there is only nobody.
    pub fn as_whom(&self, who: Who) -> Who {
        if self.has_user() { who } else { Who::Nobody }
    }

    /// Who asks a member, and how.
    pub fn asked<'a>(&'a self, action: &'static str, host: &'a str, who: Who) -> Result<Asked<'a>, Fault> {
        let address = self.address.as_ref().map_err(Clone::clone)?;
        let user = self.configured.username.as_deref().filter(|_| who == Who::User);
        let mechanism = self.configured.mechanism.filter(|_| who == Who::User);
        let is_encrypted = self.configured.tls.is_some() || address.tls() == Some(true);
        Ok(Asked { action, host, user, mechanism, is_encrypted })
    }

    /// Fails where the member has just not believed who asks.
    fn is_open(&self, host: &str, who: Who, command: &Command) -> Result<(), Fault> {
        match lock(&self.unproven).get(host) {
            Some((at, fault)) if who == Who::User && self.clock.now().since(*at) < REST => {
                Err(Fault { action: command.action, ..fault.clone() })
            }
            _ => Ok(()),
        }
    }

    /// What a fault means for the next question.
    pub fn judge(&self, host: &str, who: Who, asker: &Arc<Asker>, fault: &Fault) {
        let is_unproven = fault.code.as_deref() == Some("AuthenticationFailed");
        if is_unproven {
            lock(&self.unproven).insert(host.to_owned(), (self.clock.now(), fault.clone()));
            // It may have been changed since it was read.
            self.password.iter().for_each(Lookup::forget);
        } else if fault.code.is_some() {
            asker.believed();
        }
        // A connection on which an answer is overdue may hang for good, and what the driver still waits for is waited for by
        // every command after it.
        if is_unproven || fault.kind == FaultKind::Timeout {
            self.forget(host, who, asker);
        }
    }

    fn forget(&self, host: &str, who: Who, asker: &Arc<Asker>) {
        let key = (host.to_owned(), who);
        let mut askers = lock(&self.askers);
        if askers.get(&key).is_some_and(|kept| Arc::ptr_eq(kept, asker)) {
            askers.remove(&key);
            asker.end();
        }
    }

    /// The client for a member, made where there is none yet.
    pub async fn client(&self, host: &str, who: Who, asked: &Asked<'_>) -> Result<Arc<Asker>, Fault> {
        let key = (host.to_owned(), who);
        if let Some(asker) = lock(&self.askers).get(&key) {
            return Ok(Arc::clone(asker));
        }
        let named = |fault| Fault { action: asked.action, ..fault };
        let credential = if who == Who::User { Some(self.credential().await.map_err(named)?) } else { None };
        let files = self.configured.tls.clone().unwrap_or_default();
        let tls = if asked.is_encrypted { Some(tls::options(&files).map_err(named)?) } else { None };
        let mut askers = lock(&self.askers);
        if let Some(asker) = askers.get(&key) {
            return Ok(Arc::clone(asker));
        }
        let made = Asker::new(server(host)?, tls, credential).map_err(|error| unusable(&error)).map_err(named)?;
        let client = Arc::new(made);
        if askers.len() >= MAX_CLIENTS {
            askers.drain().for_each(|(_, asker)| asker.end());
        }
        askers.insert(key, Arc::clone(&client));
        Ok(client)
    }

    fn has_user(&self) -> bool {
        self.configured.username.is_some()
            || matches!(self.configured.mechanism, Some(Mechanism::X509 | Mechanism::Aws))
    }

    /// How it is proved who asks.
    async fn credential(&self) -> Result<Credential, Fault> {
        let mut credential = Credential::default();
        credential.username.clone_from(&self.configured.username);
        credential.mechanism = self.configured.mechanism.map(|mechanism| match mechanism {
            Mechanism::ScramSha256 => AuthMechanism::ScramSha256,
            Mechanism::ScramSha1 => AuthMechanism::ScramSha1,
            Mechanism::X509 => AuthMechanism::MongoDbX509,
            Mechanism::Aws => AuthMechanism::MongoDbAws,
        });
        let is_outside = matches!(self.configured.mechanism, Some(Mechanism::X509 | Mechanism::Aws));
        let default = || if is_outside { "$external".to_owned() } else { "admin".to_owned() };
        let told = || lock(&self.source).clone().filter(|_| !is_outside);
        credential.source = Some(self.configured.auth_source.clone().or_else(told).unwrap_or_else(default));
        credential.aws_credential_provider.clone_from(&self.aws);
        if !is_outside {
            credential.password = Some(self.password().await?.reveal().to_owned());
        }
        Ok(credential)
    }

    async fn password(&self) -> Result<Secret, Fault> {
        let none =
            || Fault::misconfigured(format!("no password for {}", self.name()), Some("add password to its table"));
        self.password.as_ref().ok_or_else(none)?.get(WAIT).await
    }
}

/// The driver takes none of it: the options do not go together, or a file of certificates cannot be used.
fn unusable(error: &mongodb::error::Error) -> Fault {
    Fault::misconfigured(error.kind.to_string(), None::<String>)
}

/// A host as the driver takes it. It would take a path too, and connect to a socket that a member names.
fn server(host: &str) -> Result<ServerAddress, Fault> {
    let wrong = || Fault::misconfigured(format!("{host} is not a host"), None::<String>);
    let host = uri::host(host).map_err(|_| wrong())?;
    let (name, port) = host.rsplit_once(':').ok_or_else(wrong)?;
    let name = name.trim_start_matches('[').trim_end_matches(']');
    Ok(ServerAddress::Tcp { host: name.to_owned(), port: port.parse().ok() })
}

/// Whether what is said to this host never leaves the machine.
fn is_this_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::mongo::Password;
    use crate::time::ManualClock;

    #[test]
    fn only_hosts_are_connected_to() {
        assert_eq!(server("m0:1").unwrap(), ServerAddress::Tcp { host: "m0".to_owned(), port: Some(1) });
        assert_eq!(server("[::1]:2").unwrap(), ServerAddress::Tcp { host: "::1".to_owned(), port: Some(2) });
        for bad in ["/tmp/mongodb-27017.sock", "x.sock/", "a b:1", ""] {
            assert_eq!(server(bad).unwrap_err().kind, FaultKind::Misconfigured, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_password_is_waited_for_where_somebody_prepares() {
        let dir = tempfile::tempdir().unwrap();
        let go = dir.path().join("go");
        let script = format!("until test -e {}; do sleep 0.01; done; echo hunter2", go.display());
        let configured = MongoSet {
            uri: "mongodb://m0".to_owned(),
            username: Some("monitor".to_owned()),
            password: Some(Password::Command(["sh", "-c", &script].map(str::to_owned).to_vec())),
            ..MongoSet::default()
        };
        let set = Set::new(configured, Arc::new(ManualClock::at(Timestamp::from_secs(1_000))), None);
        let mut prepared = std::pin::pin!(set.prepare());
        assert!(futures_util::poll!(&mut prepared).is_pending());
        std::fs::write(go, "").unwrap();
        prepared.await;
        let known = set.password.as_ref().unwrap().get(Duration::ZERO).await;
        assert_eq!(known.unwrap().reveal(), "hunter2", "nobody waits for it any more");
        Set::new(MongoSet::default(), Arc::new(ManualClock::at(Timestamp::default())), None).prepare().await;
    }

    #[test]
    fn this_machine_is_told_by_its_address() {
        for host in ["127.0.0.1:27017", "localhost:1", "[::1]:9"] {
            assert!(is_this_machine(host), "{host}");
        }
        assert!(!is_this_machine("10.0.0.1:27017") && !is_this_machine("localhost.example.com:1"));
    }
}
