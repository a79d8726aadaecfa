//! A way to each member of a replica set that notes what the console asks over it and what the answers weigh.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mongodb::bson::Document;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// How the console names itself in its greeting.
const CONSOLE: &str = "rounds";
/// The longest message, bytes (`maxMessageSizeBytes`).
const LONGEST: usize = 48_000_000;
/// Where the document of a message begins: after a header, flags, and a byte that says that one follows (`OP_MSG`).
const DOCUMENT: usize = 16 + 4 + 1;

/// A command and its answer.
#[derive(Clone)]
pub struct Exchange {
    /// When the answer was there.
    pub at: Instant,
    /// The member that was asked, by its place.
    pub member: usize,
    /// The name of the command.
    pub command: String,
    /// Whether the driver asks for itself, as when it greets.
    pub by_driver: bool,
    /// What was sent, bytes with their header.
    pub sent: usize,
    /// What came back, bytes with their header.
    pub received: usize,
}

/// What has passed, in the order in which it was answered.
type Passed = Arc<Mutex<Vec<Exchange>>>;

/// Ways to all members, as long as the runtime lives.
pub struct Relay {
    /// Their addresses, `127.0.0.1:PORT`, in the order of the members.
    pub hosts: Vec<String>,
    passed: Passed,
}

impl Relay {
    /// Ways to members that listen on these ports, now or later.
    pub async fn before(ports: &[u16]) -> Self {
        let (mut hosts, passed) = (Vec::new(), Passed::default());
        for (member, port) in ports.iter().copied().enumerate() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            hosts.push(listener.local_addr().expect("bound").to_string());
            let passed = Arc::clone(&passed);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let passed = Arc::clone(&passed);
                    tokio::spawn(async move { carry(stream, port, member, &passed).await });
                }
            });
        }
        Self { hosts, passed }
    }

    /// Everything that the console and its driver have asked so far.
    pub fn passed(&self) -> Vec<Exchange> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Carries one connection: the console's message by message, that of a member as it is.
async fn carry(mut from: TcpStream, port: u16, member: usize, passed: &Passed) -> io::Result<()> {
    let mut asked = message(&mut from).await?;
    let mut onward = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let greeting = document(&asked);
    let client = greeting.as_ref().and_then(|greeting| greeting.get_document("client").ok());
    let name = client.and_then(|client| client.get_document("application").ok()?.get_str("name").ok());
    if name != Some(CONSOLE) {
        onward.write_all(&asked).await?;
        return copy_bidirectional(&mut from, &mut onward).await.map(|_| ());
    }
    // The driver waits for each answer before it sends the next command.
    loop {
        onward.write_all(&asked).await?;
        let answer = message(&mut onward).await?;
        from.write_all(&answer).await?;
        let command = document(&asked).unwrap_or_default();
        let exchange = Exchange {
            at: Instant::now(),
            member,
            // What the console asks belongs to a session; a greeting, a look at the member and a proof of who asks do not.
            by_driver: !command.contains_key("lsid"),
            command: command.keys().next().cloned().unwrap_or_default(),
            sent: asked.len(),
            received: answer.len(),
        };
        passed.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
        asked = message(&mut from).await?;
    }
}

/// A message; it begins with its own length (MongoDB wire protocol).
async fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_i32_le().await?;
    let rest = usize::try_from(length - 4).ok().filter(|rest| *rest < LONGEST).ok_or(io::ErrorKind::InvalidData)?;
    let mut whole = length.to_le_bytes().to_vec();
    whole.resize(rest + 4, 0);
    stream.read_exact(&mut whole[4..]).await?;
    Ok(whole)
}

fn document(message: &[u8]) -> Option<Document> {
    Document::from_reader(message.get(DOCUMENT..)?).ok()
}
