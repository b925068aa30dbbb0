//! The load: one thread, one request in flight on each connection, a read and a write a request. What
//! it counts goes to stdout as one line of JSON.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::cli::{Kind, Load};
use crate::message::Template;

/// Not counted: connections and caches warm up.
const WARM: Duration = Duration::from_millis(500);

/// How long the last answers may take.
const DRAIN: Duration = Duration::from_secs(5);

/// From one number to the next: a prime, so that all have their turn, and far, so that neighbours in the tables do not
/// come one after the other.
const STRIDE: u64 = 2_654_435_761;

/// What one load came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// Answers of `error_id` or `code` 0 within the measured time.
    pub(crate) answered: u64,
    /// Answers in all, warming up included.
    pub(crate) total: u64,
    /// Anything else.
    pub(crate) failed: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: u32,
    pub(crate) p99_us: u32,
    pub(crate) max_us: u32,
}

struct Connection {
    stream: mio::net::TcpStream,
    sent_at: Instant,
    read: Vec<u8>,
    open: bool,
}

struct Client {
    template: Template,
    kind: Kind,
    next_id: u64,
    numbers: u32,
    number: u64,
    measure_from: Instant,
    until: Instant,
    latencies_us: Vec<u32>,
    counted: Counted,
    in_flight: usize,
    /// How long a whole answer was last time: nearly always the same.
    answer_bytes: usize,
}

pub(crate) fn run(load: &Load) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut connections = Vec::new();
    for token in 0..load.connections {
        let stream = TcpStream::connect(load.to)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(token), Interest::READABLE)?;
        connections.push(Connection { stream, sent_at: Instant::now(), read: Vec::new(), open: true });
    }
    let began = Instant::now();
    let seconds = Duration::from_secs(u64::from(load.seconds));
    let mut client = Client {
        template: Template::new(load.kind, load.to),
        kind: load.kind,
        next_id: load.first,
        numbers: load.numbers,
        number: load.first,
        measure_from: began + WARM,
        until: began + WARM + seconds,
        latencies_us: Vec::with_capacity(1 << 20),
        counted: Counted::default(),
        in_flight: 0,
        answer_bytes: 0,
    };
    connections.iter_mut().for_each(|connection| client.send(connection));
    let mut events = Events::with_capacity(load.connections);
    while client.in_flight > 0 && Instant::now() < client.until + DRAIN {
        poll.poll(&mut events, Some(Duration::from_millis(200)))?;
        let ready: VecDeque<usize> = events.iter().map(|event| event.token().0).collect();
        ready.into_iter().for_each(|token| client.receive(&mut connections[token]));
    }
    println!("{}", serde_json::to_string(&client.finish(seconds))?);
    Ok(())
}

impl Client {
    fn send(&mut self, connection: &mut Connection) {
        let number = self.number();
        self.next_id += 1;
        let request = self.template.fill(self.next_id, number);
        connection.sent_at = Instant::now();
        match connection.stream.write(request) {
            Ok(bytes) if bytes == self.template.len() => self.in_flight += 1,
            _ => self.fail(connection),
        }
    }

    /// The next number, all over the table: each once before any comes again, since a carrier tells of a subscriber
    /// a few times a day, and not twice in a second.
    fn number(&mut self) -> u32 {
        self.number = (self.number + STRIDE) % u64::from(self.numbers);
        u32::try_from(self.number).unwrap_or(0)
    }

    fn receive(&mut self, connection: &mut Connection) {
        if !connection.open {
            return;
        }
        let mut buffer = [0; 4096];
        match connection.stream.read(&mut buffer) {
            Ok(0) => return self.lose(connection),
            Ok(bytes) => connection.read.extend_from_slice(&buffer[..bytes]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => return self.lose(connection),
        }
        if connection.read.len() == self.answer_bytes || is_whole(&connection.read) {
            self.answer_bytes = connection.read.len();
            self.in_flight -= 1;
            self.count(connection);
            connection.read.clear();
            if Instant::now() < self.until && connection.open {
                self.send(connection);
            }
        }
    }

    fn count(&mut self, connection: &mut Connection) {
        let now = Instant::now();
        let done: &[u8] = if self.kind == Kind::Packages { b"\"code\":0," } else { b"<error_id>0<" };
        let good = connection.read.starts_with(b"HTTP/1.1 200 ") && holds(&connection.read, done);
        self.counted.total += 1;
        if !good {
            self.counted.failed += 1;
            if self.counted.failed == 1 {
                eprintln!("{} was answered {}", self.kind.word(), String::from_utf8_lossy(&connection.read));
            }
        } else if now >= self.measure_from && now < self.until {
            let took = now - connection.sent_at;
            self.latencies_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }

    fn lose(&mut self, connection: &mut Connection) {
        self.in_flight -= 1;
        self.fail(connection);
    }

    fn fail(&mut self, connection: &mut Connection) {
        self.counted.failed += 1;
        connection.open = false;
    }

    fn finish(mut self, seconds: Duration) -> Counted {
        self.latencies_us.sort_unstable();
        let at = |share: f64| {
            let place = (self.latencies_us.len() as f64 * share) as usize;
            self.latencies_us.get(place).or(self.latencies_us.last()).copied().unwrap_or(0)
        };
        Counted {
            answered: self.latencies_us.len() as u64,
            seconds: seconds.as_secs_f64(),
            p50_us: at(0.50),
            p99_us: at(0.99),
            max_us: at(1.0),
            ..self.counted
        }
    }
}

/// Whether a whole answer has come.
pub(crate) fn is_whole(read: &[u8]) -> bool {
    let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next());
    length
        .and_then(|text| text.trim().parse::<usize>().ok())
        .is_some_and(|bytes| read.len() >= end + 4 + bytes)
}

pub(crate) fn holds(read: &[u8], what: &[u8]) -> bool {
    read.windows(what.len()).any(|part| part == what)
}
