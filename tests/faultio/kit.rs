//! A carrier that remembers what it was promised: keep-alive connections, notices of all sorts, and
//! the comparison of every promise with the journal.
#![allow(dead_code, unreachable_pub, reason = "no test uses all of it")]

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::gateway::{Answer, Gateway, Ledger, PATIENCE, parse};

pub const REG: &str = "/vascloud/v1/notify_reg";

/// A small generator; no test needs a better one.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The seed of this run: given, or the time.
    pub fn seed() -> u64 {
        let now =
            || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_nanos() as u64;
        let seed =
            std::env::var("SDP_GATEWAY_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(now);
        eprintln!("SDP_GATEWAY_TEST_SEED={seed}");
        seed
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// A keep-alive connection.
pub struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    pub fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    pub fn post(&mut self, path: &str, body: &str) -> io::Result<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream.write_all((head + body).as_bytes())?;
        self.answer()
    }

    /// The next answer on this connection.
    pub fn answer(&mut self) -> io::Result<Answer> {
        loop {
            if let Some(answer) = self.whole() {
                return Ok(answer);
            }
            let mut block = [0; 4096];
            let read = self.stream.read(&mut block)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&block[..read]);
        }
    }

    fn whole(&mut self) -> Option<Answer> {
        let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = parse(&self.buffer[..end])?;
        let length: usize = head.header("content-length").map_or(0, |text| text.parse().expect("a length"));
        if self.buffer.len() < end + length {
            return None;
        }
        let answer = parse(&self.buffer[..end + length]);
        self.buffer.drain(..end + length);
        answer
    }
}

/// One notice and what became of it.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    pub body: String,
    pub msisdn: String,
    /// How often it was sent, and how often answered 0.
    pub sent: i64,
    pub kept: i64,
}

/// Every notice sent, by queueID.
pub struct Book {
    next: AtomicU64,
    entries: Mutex<BTreeMap<u64, Entry>>,
}

/// Service and package of the shipped offers: two of them exclusive with one another, one alone, two
/// that go together.
const PACKAGES: [(&str, &str); 6] = [
    ("1000625", "1003013"),
    ("1000625", "1003014"),
    ("1000625", "1003015"),
    ("1000161", "1003013"),
    ("1000630", "1003021"),
    ("1000630", "1003022"),
];

/// Numbers that notices are about; few, so that they meet.
const NUMBERS: u64 = 40;

impl Book {
    pub fn new() -> Self {
        Self { next: AtomicU64::new(5_000_000), entries: Mutex::default() }
    }

    /// A notice never sent before: a register, a renewal or a cancel of one of a few numbers. Order
    /// of arrival is not order of queueID, as several connections draw from here.
    pub fn draw(&self, dice: &mut Dice) -> u64 {
        let queue_id = self.next.fetch_add(1, Ordering::Relaxed);
        let msisdn = format!("849450{:05}", dice.below(NUMBERS));
        let (service, package) = PACKAGES[dice.below(6) as usize];
        let reg_type = if dice.below(4) == 0 { "2" } else { "1" };
        let day = 1 + dice.below(28);
        let body = crate::gateway::notice(&[
            ("queueID", &queue_id.to_string()),
            ("resultCode", "0"),
            ("regID", &(15_000_000 + queue_id).to_string()),
            ("msisdn", &msisdn),
            ("regType", reg_type),
            ("channel", "SMS"),
            ("service_id", service),
            ("package_id", package),
            ("price", "3000"),
            ("autoRenew", "1"),
            ("subcribeTime", &format!("202610{day:02}101112")),
            ("expiredTime", &format!("202611{day:02}000000")),
            ("updateTime", &format!("202610{day:02}101113")),
        ]);
        let entry = Entry { body, msisdn, ..Entry::default() };
        self.entries().insert(queue_id, entry);
        queue_id
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.entries.lock().expect("the book")
    }

    /// Sends it on this line and writes down what it was promised. An answer that is neither a
    /// promise nor an honest refusal ends the test.
    pub fn send(&self, line: &mut Line, queue_id: u64) -> io::Result<Answer> {
        let body = {
            let mut entries = self.entries();
            let entry = entries.get_mut(&queue_id).expect("drawn before");
            entry.sent += 1;
            entry.body.clone()
        };
        let answer = line.post(REG, &body)?;
        match answer.status {
            200 => {
                assert_eq!(answer.element("error_id"), "0", "{}", answer.text());
                assert_eq!(answer.element("queueID"), queue_id.to_string());
                self.entries().get_mut(&queue_id).expect("drawn before").kept += 1;
            }
            _ => assert_refusal(&answer),
        }
        Ok(answer)
    }

    /// Sends what was never acknowledged again, as the carrier would, until all of it is.
    pub fn settle(&self, to: SocketAddr) {
        let open: Vec<u64> = self.entries().iter().filter(|(_, e)| e.kept == 0).map(|(id, _)| *id).collect();
        let mut line = Line::open(to).expect("a connection");
        for queue_id in open {
            let answer = self.send(&mut line, queue_id).expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }

    /// One that was sent before, if there is any.
    pub fn earlier(&self, dice: &mut Dice) -> Option<u64> {
        let entries = self.entries();
        let first = *entries.keys().next()?;
        let from = first + dice.below(entries.len() as u64);
        entries.range(from..).next().map(|(id, _)| *id)
    }

    /// How many were acknowledged.
    pub fn kept(&self) -> usize {
        self.entries().values().filter(|entry| entry.kept > 0).count()
    }

    pub fn sent(&self) -> usize {
        self.entries().len()
    }

    /// Compares every promise with the journal: each acknowledged notice stands there exactly
    /// once, holds its identity, and has been counted once for each answer at the least; nothing
    /// stands there that was not sent; the ledger is whole.
    pub fn check_journal(&self, folder: &Path) {
        let ledger = Ledger::of(folder);
        ledger.check_whole();
        let sql = "SELECT n.queue_id, n.count, n.outcome, n.reason, \
                   (SELECT count(*) FROM identity i WHERE i.key = n.identity AND i.notice_id = n.id) FROM notice n";
        let mut seen: HashMap<u64, i64> = HashMap::new();
        for row in ledger.rows(sql) {
            let number = |at: usize| row[at].as_ref().expect("a value").parse::<i64>().expect("a number");
            let (queue_id, count) = (u64::try_from(number(0)).expect("a queueID"), number(1));
            assert_eq!(number(4), 1, "{queue_id} does not hold its identity");
            assert_ne!(row[2].as_deref(), Some("parked"), "{queue_id}: {:?}", row[3]);
            assert!(seen.insert(queue_id, count).is_none(), "{queue_id} stands in the journal twice");
        }
        let entries = self.entries();
        for (queue_id, entry) in entries.iter() {
            let count = seen.remove(queue_id).unwrap_or(0);
            assert!(count >= entry.kept, "{queue_id} was answered 0 {} times, kept {count}", entry.kept);
            assert!(count <= entry.sent, "{queue_id} was sent {} times, kept {count}", entry.sent);
        }
        assert!(seen.is_empty(), "kept but never sent: {seen:?}");
    }

    /// The same promises as operators see them, over the admin API.
    pub fn check_api(&self, gateway: &Gateway) {
        let mut seen: HashMap<u64, u64> = HashMap::new();
        let mut cursor = String::new();
        loop {
            let answer = gateway.admin(&format!("/api/v1/notices?limit=500{cursor}"));
            assert_eq!(answer.status, 200, "{}", answer.text());
            let page = answer.json();
            for notice in page["notices"].as_array().expect("notices") {
                let queue_id = notice["queue_id"].as_str().expect("a queueID").parse().expect("a number");
                *seen.entry(queue_id).or_default() += 1;
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        for (queue_id, _) in self.entries().iter().filter(|(_, entry)| entry.kept > 0) {
            assert_eq!(seen.get(queue_id), Some(&1), "{queue_id} over the admin API");
        }
    }
}

/// A refusal in the carrier's grammar that says "later".
pub fn assert_refusal(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(answer.element("error_id"), "1", "{}", answer.text());
    assert!(answer.header("retry-after").is_some(), "no Retry-After: {:?}", answer.headers);
}

/// Asks until the answer fits.
pub fn until<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + within;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "not within {} s: {what}", within.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits for this status of `/readyz`.
pub fn until_ready_is(gateway: &Gateway, status: u16) {
    until(&format!("readyz {status}"), Duration::from_secs(30), || {
        let answer = gateway.admin("/readyz");
        (answer.status == status).then_some(())
    });
}

/// The ledger agrees with its own journal, by the operators' command.
pub fn verify(folder: &Path, settings: &str) {
    let output =
        Gateway::cli(folder, settings).args(["ledger", "verify"]).output().expect("the command runs");
    assert!(
        output.status.success(),
        "ledger verify: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
