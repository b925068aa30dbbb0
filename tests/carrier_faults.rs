//! Clients that behave oddly or vanish, and a ledger that cannot be written: what is acknowledged is
//! kept, and what cannot be kept is not acknowledged.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/said.rs"]
mod said;

#[path = "carrier_faults/clients.rs"]
mod clients;
#[path = "carrier_faults/flood.rs"]
mod flood;
#[path = "carrier_faults/locked.rs"]
mod locked;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use gateway::{Answer, Gateway, Ledger, PATIENCE, parse};

/// A request as bytes; `last` says that the connection ends with it.
fn bytes(path: &str, body: &str, last: bool) -> Vec<u8> {
    let end = if last { "Connection: close\r\n" } else { "" };
    format!("POST {path} HTTP/1.1\r\nHost: gw\r\n{end}Content-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// A connection that reads one answer at a time.
struct Line {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Line {
    fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&to, PATIENCE).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, read: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sent");
    }

    /// The next answer.
    fn next(&mut self) -> Answer {
        loop {
            if let Some((answer, length)) = whole(&self.read) {
                self.read.drain(..length);
                return answer;
            }
            let mut piece = [0; 4096];
            let got = self.stream.read(&mut piece).expect("an answer");
            assert!(got > 0, "the connection ended: {}", String::from_utf8_lossy(&self.read));
            self.read.extend_from_slice(&piece[..got]);
        }
    }
}

/// The first answer in some bytes, if it is whole, and how long it is.
fn whole(bytes: &[u8]) -> Option<(Answer, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let mut answer = parse(bytes)?;
    let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
    answer.body = bytes.get(head..head + length)?.to_vec();
    Some((answer, head + length))
}

/// How often each queueID stands in the journal of a gateway, stopped or not.
fn kept(gateway: &Gateway) -> std::collections::HashMap<String, i64> {
    let sql = "SELECT COALESCE(queue_id, '-'), COUNT(*) FROM notice GROUP BY 1";
    let rows = Ledger::of(&gateway.folder).rows(sql).into_iter();
    rows.map(|mut row| {
        let count = row.pop().flatten().expect("a count").parse().expect("a number");
        (row.pop().flatten().expect("a queueID"), count)
    })
    .collect()
}
