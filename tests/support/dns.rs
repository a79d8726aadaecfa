//! A name server that knows what a test tells it, and speaks no more of DNS (RFC 1035, RFC 2782) than resolvers need.

use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

/// What is known of a name.
pub enum Record {
    /// A service: port and host.
    Srv(u16, &'static str),
    /// Text.
    Txt(&'static str),
    /// An address.
    A(Ipv4Addr),
}

/// A name and what is known of it, as often as there are records.
pub type Zone = Vec<(&'static str, Record)>;

const SRV: u16 = 33;
const TXT: u16 = 16;
const A: u16 = 1;

/// An answer to a recursive question, from a server that may recurse; the lowest bits say that there is no such name.
const ANSWER: u16 = 0x8180;
const NO_SUCH_NAME: u16 = 3;

impl Record {
    fn kind(&self) -> u16 {
        match self {
            Self::Srv(..) => SRV,
            Self::Txt(_) => TXT,
            Self::A(_) => A,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            // Priority and weight, both 0.
            Self::Srv(port, host) => [&[0; 4], &port.to_be_bytes()[..], &labels(host)].concat(),
            Self::Txt(text) => counted(text),
            Self::A(address) => address.octets().to_vec(),
        }
    }
}

/// A text with its length before it.
fn counted(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("short");
    [&[length], text.as_bytes()].concat()
}

/// A name as it is sent.
fn labels(name: &str) -> Vec<u8> {
    name.split('.').flat_map(counted).chain([0]).collect()
}

/// Answers on port 53 of the loopback for as long as the process lives; only root may, or who is it in a network of its own.
pub fn serve(zone: Zone) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).expect("port 53");
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            if let Some(answer) = answer(&buffer[..length], &zone) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
}

/// What there is to say to a query; nothing to what is none.
fn answer(query: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    // A header of 12 bytes, then the name up to its empty label, type and class.
    let end = 12 + query.get(12..)?.iter().position(|byte| *byte == 0)? + 1;
    let question = query.get(12..end + 4)?;
    let asked = query[12..end].to_ascii_lowercase();
    let kind = u16::from_be_bytes([query[end], query[end + 1]]);
    let known: Vec<&Record> = zone.iter().filter(|(name, _)| labels(name) == asked).map(|(_, record)| record).collect();
    let found: Vec<&&Record> = known.iter().filter(|record| record.kind() == kind).collect();
    let flags = ANSWER | if known.is_empty() { NO_SUCH_NAME } else { 0 };
    let count = u16::try_from(found.len()).expect("few");
    let mut bytes = query[..2].to_vec();
    for number in [flags, 1, count, 0, 0] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend(question);
    for record in found {
        let data = record.data();
        let length = u16::try_from(data.len()).expect("short");
        // The name is that of the question, the class is the internet, and it holds for a minute.
        for number in [0xc00c, record.kind(), 1, 0, 60, length] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(data);
    }
    Some(bytes)
}
