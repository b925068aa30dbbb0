//! A wire between gateway and PostgreSQL server that breaks when it is told to: in the middle of a
//! commit, or by falling silent. It reads the frames of PostgreSQL's protocol, so it is for `sslmode=disable`.
#![allow(dead_code, reason = "no test uses all of it")]

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where the next connection that comes by breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before a COMMIT: the server never sees it.
    Commit,
    /// Just after a COMMIT: the server is at it, and the client is told nothing any more.
    Under,
    /// After a COMMIT: the client never sees its answer.
    Answer,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cut: Mutex<Option<Cut>>,
    cuts: AtomicU64,
    connections: AtomicU64,
    /// Connections with a lower number say nothing any more.
    silent_below: AtomicU64,
    closed: AtomicBool,
}

impl Shared {
    fn is_silent(&self, number: u64) -> bool {
        number < self.silent_below.load(Ordering::SeqCst)
    }

    /// Whether to break here; says so once per order.
    fn takes(&self, here: Cut) -> bool {
        let mut cut = self.cut.lock().expect("no panic");
        let takes = *cut == Some(here);
        if takes {
            *cut = None;
            self.cuts.fetch_add(1, Ordering::SeqCst);
        }
        takes
    }
}

impl Proxy {
    /// Listens on a port of its own.
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if theirs.closed.load(Ordering::SeqCst) {
                    break;
                }
                // A server that is down looks so from here too: the connection is closed at once.
                if let Ok(server) = TcpStream::connect_timeout(&server, Duration::from_secs(5)) {
                    connect(&theirs, &client, &server);
                }
            }
        });
        Self { address, shared }
    }

    /// The same database, reached through here.
    pub(crate) fn url(&self, direct: &str) -> String {
        let (user, rest) = direct.split_once('@').expect("a user");
        let (_, database) = rest.split_once('/').expect("a database");
        format!("{user}@{}/{database}", self.address)
    }

    /// Breaks one connection, the next that comes to this place.
    pub(crate) fn cut(&self, at: Cut) {
        *self.shared.cut.lock().expect("no panic") = Some(at);
    }

    /// How many connections were broken by order.
    pub(crate) fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// From now on nothing comes through, and nobody is told so.
    pub(crate) fn fall_silent(&self) {
        self.shared.silent_below.store(u64::MAX, Ordering::SeqCst);
    }

    /// New connections work again. The old ones stay silent, as after a firewall has forgotten them.
    pub(crate) fn speak(&self) {
        let next = self.shared.connections.load(Ordering::SeqCst);
        self.shared.silent_below.store(next, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

/// Joins two connections by a thread for each direction.
fn connect(shared: &Arc<Shared>, client: &TcpStream, server: &TcpStream) {
    let number = shared.connections.fetch_add(1, Ordering::SeqCst);
    for (from_client, from, to) in [(true, client, server), (false, server, client)] {
        from.set_nodelay(true).expect("no delay");
        let (from, to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            carry(&shared, number, from_client, &from, &to);
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        });
    }
}

/// Carries frames one way until the connection ends or is cut.
fn carry(shared: &Shared, number: u64, from_client: bool, mut from: &TcpStream, mut to: &TcpStream) {
    let mut frames = Frames { bytes: Vec::new(), untyped: from_client };
    let mut commits = Commits::default();
    let mut block = [0; 16384];
    while let Ok(read @ 1..) = from.read(&mut block) {
        if shared.is_silent(number) {
            continue;
        }
        frames.bytes.extend_from_slice(&block[..read]);
        while let Some(frame) = frames.next() {
            let commits = from_client && commits.is_asked(&frame);
            let cut = commits && shared.takes(Cut::Commit)
                || !from_client && is_committed(&frame) && shared.takes(Cut::Answer);
            if cut || to.write_all(&frame).is_err() {
                return;
            }
            if commits && shared.takes(Cut::Under) {
                // The server's end stays until the server has something to say.
                let _ = from.shutdown(Shutdown::Both);
                let _ = std::io::copy(&mut &*to, &mut std::io::sink());
                return;
            }
        }
    }
}

/// Bytes of one direction, given out as whole frames: a letter, a length that counts itself, a body. What a
/// client says first has no letter.
struct Frames {
    bytes: Vec<u8>,
    untyped: bool,
}

impl Frames {
    fn next(&mut self) -> Option<Vec<u8>> {
        let start = usize::from(!self.untyped);
        let length: [u8; 4] = self.bytes.get(start..start + 4)?.try_into().expect("four");
        let end = start + u32::from_be_bytes(length) as usize;
        if self.bytes.len() < end {
            return None;
        }
        self.untyped = false;
        Some(self.bytes.drain(..end).collect())
    }
}

/// Which of a client's frames make the server commit.
#[derive(Default)]
struct Commits {
    /// Prepared statements that do, by name.
    prepared: HashSet<Vec<u8>>,
}

impl Commits {
    fn is_asked(&mut self, frame: &[u8]) -> bool {
        let text = frame.get(5..).unwrap_or_default();
        let mut strings = text.split(|byte| *byte == 0);
        let first = strings.next().unwrap_or_default();
        let second = strings.next().unwrap_or_default();
        match frame[0] {
            b'Q' => says_commit(first),
            b'P' if says_commit(second) => {
                self.prepared.insert(first.to_vec());
                false
            }
            b'P' => {
                self.prepared.remove(first);
                false
            }
            b'B' => self.prepared.contains(second),
            _ => false,
        }
    }
}

fn says_commit(sql: &[u8]) -> bool {
    sql.to_ascii_uppercase().windows(6).any(|six| six == b"COMMIT")
}

/// The server's word that a transaction is committed.
fn is_committed(frame: &[u8]) -> bool {
    frame.starts_with(b"C") && frame.ends_with(b"COMMIT\0")
}
