//! A network between the members of a real set that can be cut: what stands in front of each of them is the address by which the
//! set knows it, while its own port stays open for everybody else.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The longest greeting, bytes; a `hello` takes a few hundred.
const LONGEST: usize = 65_536;

/// A way to each member, as long as the runtime lives.
pub struct Bridge {
    /// What the set calls its members: `127.0.0.1:PORT`, in their order.
    pub names: Vec<String>,
    cut: watch::Sender<Option<usize>>,
}

impl Bridge {
    /// Ways to members that listen on these ports.
    pub async fn before(ports: &[u16]) -> Self {
        let (cut, seen) = watch::channel(None);
        let mut names = Vec::new();
        for to in 0..ports.len() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            names.push(listener.local_addr().expect("bound").to_string());
            let (ports, seen) = (ports.to_vec(), seen.clone());
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (ports, seen) = (ports.clone(), seen.clone());
                    tokio::spawn(async move { carry(stream, to, &ports, seen).await });
                }
            });
        }
        Self { names, cut }
    }

    /// Cuts a member off from all others, in both directions; `None` makes the network whole.
    pub fn cut(&self, member: Option<usize>) {
        self.cut.send_replace(member);
    }
}

/// Carries what one connection says to a member and back, for as long as nothing is cut between the two.
async fn carry(
    mut from: TcpStream,
    to: usize,
    ports: &[u16],
    mut cut: watch::Receiver<Option<usize>>,
) -> io::Result<()> {
    let greeting = message(&mut from).await?;
    let by = sender(&greeting).and_then(|port| ports.iter().position(|known| *known == port));
    let is_cut = |cut: &Option<usize>| by.is_some_and(|by| by != to && cut.is_some_and(|cut| cut == by || cut == to));
    if is_cut(&cut.borrow_and_update()) {
        return Ok(());
    }
    let mut onward = TcpStream::connect((Ipv4Addr::LOCALHOST, ports[to])).await?;
    onward.write_all(&greeting).await?;
    tokio::select! {
        ended = copy_bidirectional(&mut from, &mut onward) => ended.map(|_| ()),
        _ = cut.wait_for(is_cut) => Ok(()),
    }
}

/// The first message; it begins with its own length (MongoDB wire protocol).
async fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_i32_le().await?;
    let rest = usize::try_from(length - 4).ok().filter(|rest| *rest < LONGEST).ok_or(io::ErrorKind::InvalidData)?;
    let mut whole = length.to_le_bytes().to_vec();
    whole.resize(rest + 4, 0);
    stream.read_exact(&mut whole[4..]).await?;
    Ok(whole)
}

/// The own port of the member that greets: with `enableTestCommands` members say `hostInfo: "HOST:PORT"`, for a purpose like
/// this one.
fn sender(greeting: &[u8]) -> Option<u16> {
    const KEY: &[u8] = b"hostInfo\0";
    let at = greeting.windows(KEY.len()).position(|bytes| bytes == KEY)? + KEY.len();
    // The length of the text comes first.
    let text = greeting.get(at + 4..)?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(text).ok()?.rsplit_once(':')?.1.parse().ok()
}
