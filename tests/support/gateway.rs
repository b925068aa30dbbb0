//! The real binary, started as an operator would start it: its own folder, its own ports, settings
//! by file. Stops with the test that started it. Included by path into each test that needs it.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "no test uses all of it")]

#[path = "ledger.rs"]
pub mod ledger;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub use ledger::{Folder, Ledger};
use serde_json::Value;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running gateway.
pub struct Gateway {
    pub child: Child,
    /// The main listener.
    pub main: SocketAddr,
    /// The carrier's own listener, where the settings give it one.
    pub carrier: Option<SocketAddr>,
    /// The operators' listener.
    pub admin: SocketAddr,
    /// Settings, ledger and log.
    pub folder: PathBuf,
    _kept: Option<Folder>,
}

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The text of an element of a reply.
    pub fn element(&self, name: &str) -> String {
        let text = self.text();
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let Some((_, rest)) = text.split_once(&open) else { return String::new() };
        rest.split_once(&close).map_or(String::new(), |(value, _)| value.to_owned())
    }
}

impl Gateway {
    /// Starts in a folder of its own with these settings (TOML, may be empty).
    pub fn start(settings: &str) -> Self {
        let folder = Folder::new();
        let mut gateway = Self::start_in(folder.path(), settings);
        gateway._kept = Some(folder);
        gateway
    }

    /// Starts in a folder that may hold an earlier gateway's ledger.
    pub fn start_in(folder: &Path, settings: &str) -> Self {
        let mut command = Self::command(folder, settings);
        Self::spawn(&mut command, folder)
    }

    /// The command that would start it, for tests that wrap or limit it.
    pub fn command(folder: &Path, settings: &str) -> Command {
        let mut command = Self::cli(folder, settings);
        command.arg("serve");
        command
    }

    /// Any other command of the binary beside the gateway of this folder.
    pub fn cli(folder: &Path, settings: &str) -> Command {
        std::fs::write(folder.join("settings.toml"), settings).expect("settings written");
        let mut command = Command::new(binary());
        command
            .current_dir(folder)
            .env_clear()
            .env("SDP_GATEWAY_CONFIG", folder.join("settings.toml"))
            .env("SDP_GATEWAY__SERVER__LISTEN", "127.0.0.1:0")
            .env("SDP_GATEWAY__ADMIN__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .envs(ledger::url_for(folder, settings).map(|url| ("SDP_GATEWAY__LEDGER__URL", url)));
        command
    }

    /// Starts a prepared command and waits until it listens everywhere.
    pub fn spawn(command: &mut Command, folder: &Path) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the gateway starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log"));
        let mut log = std::fs::File::create(folder.join("log")).expect("a log file");
        let (mut main, mut admin, mut carrier, mut seen) = (None, None, None, String::new());
        while admin.is_none() {
            let mut line = String::new();
            let read = lines.read_line(&mut line).expect("a log line");
            assert!(read > 0, "the gateway ended before it listened:\n{seen}");
            seen += &line;
            log.write_all(line.as_bytes()).expect("log written");
            let Some((_, address)) = line.trim_end().split_once("address=") else { continue };
            let address = address.parse().expect("an address");
            match line.split("surface=\"").nth(1).and_then(|rest| rest.split('"').next()) {
                Some("main") => main = Some(address),
                Some("carrier") => carrier = Some(address),
                Some("admin") => admin = Some(address),
                _ => {}
            }
        }
        std::thread::spawn(move || std::io::copy(&mut lines, &mut log));
        let (main, admin) = (main.expect("a main listener"), admin.expect("an admin listener"));
        Self { child, main, carrier, admin, folder: folder.to_owned(), _kept: None }
    }

    /// What it has logged so far: lines come a moment after what they tell of.
    pub fn log(&self) -> String {
        let read = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let mut log = read();
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(30));
            match read() {
                later if later == log => break,
                later => log = later,
            }
        }
        log
    }

    /// Waits until its log says this: a line is there a moment after the answer that it is about.
    #[track_caller]
    pub fn logs(&self, words: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.log().contains(words) {
            assert!(Instant::now() < until, "{words:?} is not in the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Posts XML to a path of the main listener.
    pub fn post(&self, path: &str, body: &str) -> Answer {
        request(self.main, "POST", path, &[("Content-Type", "text/xml")], body.as_bytes())
    }

    /// Gets a path of the admin listener.
    pub fn admin(&self, path: &str) -> Answer {
        request(self.admin, "GET", path, &[], b"")
    }

    /// Posts to a path of the admin listener.
    pub fn admin_post(&self, path: &str) -> Answer {
        request(self.admin, "POST", path, &[], b"")
    }

    /// A number's story.
    pub fn story(&self, msisdn: &str) -> Value {
        self.admin(&format!("/api/v1/subscribers/{msisdn}")).json()
    }

    /// Asks it to stop and waits; tells how it ended.
    pub fn stop(mut self) -> std::process::ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < until, "the gateway does not stop:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The program under test: the one that was built with the tests, or the one that the environment names.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("SDP_GATEWAY_TEST_BINARY");
    named.map_or_else(|| env!("CARGO_BIN_EXE_sdp-gateway").into(), PathBuf::from)
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own.
pub fn request(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    try_request(to, method, path, headers, body).unwrap_or_else(|e| panic!("{method} {path}: {e}"))
}

/// The same, where the gateway may be gone.
pub fn try_request(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &format!("Host: {to}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes)
        .ok_or_else(|| std::io::Error::other(format!("no answer: {}", String::from_utf8_lossy(&bytes))))
}

/// Reads an answer with a Content-Length, or one that ends with the connection.
pub fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pair = |line: &str| line.split_once(':').map(|(k, v)| (k.to_owned(), v.trim().to_owned()));
    let headers: Vec<_> = lines.filter_map(pair).collect();
    Some(Answer { status, headers, body: bytes[end + 4..].to_vec() })
}

/// A notice in the carrier's grammar: `fields` are COMMAND's, in order.
pub fn notice(fields: &[(&str, &str)]) -> String {
    let fields: String = fields.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
    format!(
        "<ACCESSGW><MODULE>SDP</MODULE><MESSAGE_TYPE>NOTIFY</MESSAGE_TYPE><COMMAND>{fields}</COMMAND></ACCESSGW>"
    )
}

/// A check in the carrier's grammar.
pub fn check(msisdn: &str, service: &str, package: &str) -> String {
    format!(
        "<RQST><name>CheckServiceInfo</name><requestid>1</requestid><msisdn>{msisdn}</msisdn>\
         <service>{service}</service><package>{package}</package><channel>WEB</channel></RQST>"
    )
}
