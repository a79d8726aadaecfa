//! A member of one's own: speaks the wire protocol of MongoDB, and answers every command with whatever a test wants.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mongodb::bson::{Document, doc};

/// `OP_MSG`, the one form of message that is left (MongoDB wire protocol).
const OP_MSG: i32 = 2013;

/// What a command is answered with.
pub enum Answer {
    /// A document, as a member sends it.
    Whole(Document),
    /// A document, one byte a second.
    Trickling(Document),
    /// These bytes.
    Raw(Vec<u8>),
    /// Nothing.
    Silence,
}

type Answering = Arc<dyn Fn(&Document) -> Answer + Send + Sync>;

/// A member on a free loopback port, as long as this lives.
pub struct Member {
    /// `127.0.0.1:PORT`.
    pub host: String,
    seen: Arc<Mutex<Vec<Document>>>,
    /// Dropped at the end, which ends all waiting.
    _ends: Sender<()>,
}

impl Member {
    /// Answers each command but the driver's own handshake with what `answer` says.
    pub fn answering(answer: impl Fn(&Document) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        let seen = Arc::<Mutex<Vec<Document>>>::default();
        let (ends, end) = channel();
        let (answer, heard, end): (Answering, _, _) = (Arc::new(answer), Arc::clone(&seen), Arc::new(Mutex::new(end)));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, heard, end) = (Arc::clone(&answer), Arc::clone(&heard), Arc::clone(&end));
                thread::spawn(move || while let Ok(()) = exchange(&stream, &answer, &heard, &end) {});
            }
        });
        Self { host, seen, _ends: ends }
    }

    /// Everything that was received, handshakes too.
    pub fn received(&self) -> Vec<Document> {
        self.seen.lock().expect("no panic").clone()
    }
}

/// Whether it is the driver that greets, not the console that asks.
pub fn is_handshake(command: &Document) -> bool {
    command.contains_key("client") || command.contains_key("helloOk") || command.contains_key("maxAwaitTimeMS")
}

/// One command and its answer.
fn exchange(
    mut stream: &TcpStream,
    answer: &Answering,
    seen: &Mutex<Vec<Document>>,
    end: &Mutex<Receiver<()>>,
) -> io::Result<()> {
    let mut header = [0; 16];
    stream.read_exact(&mut header)?;
    let number = |at: usize| i32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let mut body = vec![0; usize::try_from(number(0)).map_err(io::Error::other)? - 16];
    stream.read_exact(&mut body)?;
    assert_eq!(number(12), OP_MSG, "the driver speaks OP_MSG");
    // Four bytes of flags, one that says that a document follows.
    let command = Document::from_reader(&body[5..]).map_err(io::Error::other)?;
    seen.lock().expect("no panic").push(command.clone());
    let answer = if is_handshake(&command) { Answer::Whole(greeting()) } else { answer(&command) };
    match answer {
        Answer::Whole(document) => stream.write_all(&message(number(4), &document)),
        Answer::Raw(bytes) => stream.write_all(&bytes),
        Answer::Trickling(document) => message(number(4), &document).chunks(1).try_for_each(|byte| {
            stream.write_all(byte)?;
            wait(end, Duration::from_secs(1))
        }),
        Answer::Silence => loop {
            wait(end, Duration::from_secs(1))?;
        },
    }
}

/// Waits so long; fails once the test is over.
fn wait(end: &Mutex<Receiver<()>>, span: Duration) -> io::Result<()> {
    use std::sync::mpsc::RecvTimeoutError;
    match end.lock().expect("no panic").recv_timeout(span) {
        Err(RecvTimeoutError::Timeout) => Ok(()),
        _ => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// What a member says to a driver, and no more than the driver needs.
pub fn greeting() -> Document {
    doc! {
        "isWritablePrimary": true, "setName": "rounds", "minWireVersion": 0, "maxWireVersion": 17, "ok": 1.0,
        "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
    }
}

/// A document as a message in answer to a request.
pub fn message(request: i32, document: &Document) -> Vec<u8> {
    let body = document.to_vec().expect("BSON");
    let length = i32::try_from(16 + 5 + body.len()).expect("small");
    let mut bytes = Vec::new();
    for number in [length, 1, request, OP_MSG, 0] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.push(0);
    bytes.extend(body);
    bytes
}
