//! An AWS of one's own: answers every call with whatever a test wants, true to the wire formats and to nothing else.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// What an operation is answered with: HTTP status and body.
pub type Answer = (u16, String);

/// A server on a free loopback port. It lives as long as the test's process.
pub struct Canned {
    /// Its address.
    pub url: String,
}

impl Canned {
    /// Answers each operation, such as `ListClusters`, with what `answer` says.
    pub fn answering(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let answer: Arc<dyn Fn(&str) -> Answer + Send + Sync> = Arc::new(answer);
        Self::accepting(move |stream| {
            let answer = Arc::clone(&answer);
            thread::spawn(move || while let Ok(true) = exchange(&stream, &*answer) {});
        })
    }

    /// Accepts connections and never says a word.
    pub fn silent() -> Self {
        let mut held = Vec::new();
        Self::accepting(move |stream| held.push(stream))
    }

    fn accepting(mut each: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(&mut each));
        Self { url }
    }
}

/// One request and its answer; false once the other side is done.
fn exchange(stream: &TcpStream, answer: &(dyn Fn(&str) -> Answer + Send + Sync)) -> io::Result<bool> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut target, mut line) = (0, String::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let lower = line.trim_end().to_ascii_lowercase();
        if lower.is_empty() {
            break;
        }
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if lower.starts_with("x-amz-target:") {
            line.trim_end().rsplit('.').next().unwrap_or_default().clone_into(&mut target);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    // Services with the older protocol name the operation in the body.
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let (content, operation) = action.map_or(("application/x-amz-json-1.1", &*target), |action| ("text/xml", action));
    let (status, answer) = answer(operation);
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {content}\r\ncontent-length: {}\r\n\r\n", answer.len());
    (&*stream).write_all(&[head.as_bytes(), answer.as_bytes()].concat())?;
    Ok(true)
}
