//! A double of WeChat Pay on a real socket: keeps what it is asked, and answers as its test says, byte by byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use hyper::HeaderMap;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map_or_else(|| panic!("no {name} in {self:?}"), |(_, value)| value.as_str())
    }

    /// One of the parts of `Authorization`, which may stand in any order.
    pub(crate) fn authorized(&self, part: &str) -> String {
        let (kind, parts) = self.header("authorization").split_once(' ').expect("a kind and its parts");
        assert_eq!(kind, "WECHATPAY2-SHA256-RSA2048");
        let part = parts.split(',').find_map(|each| each.strip_prefix(&format!("{part}=\"")));
        part.and_then(|value| value.strip_suffix('"')).expect("a part").to_owned()
    }
}

/// What a connection is answered.
pub(crate) enum Reply {
    /// These bytes; then it is closed.
    Bytes(Vec<u8>),
    /// Nothing, for as long as the other side waits.
    Silence,
}

/// A whole answer.
pub(crate) fn answer(status: &str, headers: &HeaderMap, body: &str) -> Reply {
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
    }
    Reply::Bytes(format!("{head}\r\n{body}").into_bytes())
}

pub(crate) struct Double {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    pub(crate) fn start(reply: impl Fn(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(one) = read(&stream) else { continue };
                kept.lock().expect("no panic").push(one.clone());
                serve(stream, reply(&one));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it was asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn serve(mut stream: TcpStream, reply: Reply) {
    match reply {
        // Whoever has heard enough may be gone.
        Reply::Bytes(bytes) => drop(stream.write_all(&bytes)),
        Reply::Silence => drop(stream.read(&mut [0; 1])),
    }
}

fn read(mut stream: &TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4096];
        let length = stream.read(&mut some).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&some[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let line = lines.next()?.to_owned();
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
        if body.len() >= length {
            return Some(Asked { line, headers, body: body.to_owned() });
        }
    }
}
