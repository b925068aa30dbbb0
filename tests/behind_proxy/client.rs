//! A client with an address of its own choice on loopback, over TLS, on a kept connection.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio::net::TcpSocket;

use crate::gateway::{Answer, PATIENCE, parse};
use crate::program::folder;

/// The name that the chapter's proxies have.
const NAME: &str = "sdp.example.org";

/// A certificate as the chapter's proxies look for it, and clients that trust it.
#[derive(Clone)]
pub(crate) struct Tls {
    folder: Arc<tempfile::TempDir>,
    config: Arc<ClientConfig>,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let folder = folder();
        let path = |end: &str| folder.path().join(format!("{NAME}.{end}"));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"]);
        openssl.arg(format!("/CN={NAME}")).args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext"]);
        openssl.arg(format!("subjectAltName=DNS:{NAME},DNS:ops.example.org"));
        openssl.arg("-keyout").arg(path("key")).arg("-out").arg(path("crt"));
        assert!(openssl.output().expect("openssl runs").status.success());
        let read = |end: &str| std::fs::read_to_string(path(end)).expect("written");
        std::fs::write(path("pem"), read("crt") + &read("key")).expect("written");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(path("crt")).expect("a certificate")).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { folder: Arc::new(folder), config: Arc::new(config) }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A connection.
pub(crate) struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
    host: String,
}

impl Client {
    /// Connects as `127.0.0.last`.
    pub(crate) fn connect(tls: &Tls, port: u16, last: u8) -> Self {
        Self::connect_to(tls, NAME, port, last)
    }

    /// The same, to a proxy of another name.
    pub(crate) fn connect_to(tls: &Tls, name: &str, port: u16, last: u8) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let stream = runtime.block_on(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind(([127, 0, 0, last], 0).into()).expect("an address");
            socket.connect(([127, 0, 0, 1], port).into()).await.expect("a connection").into_std()
        });
        let stream = stream.expect("a stream");
        stream.set_nonblocking(false).expect("blocking");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        let named = name.to_owned().try_into().expect("a name");
        let connection = ClientConnection::new(Arc::clone(&tls.config), named).expect("TLS");
        Self { stream: StreamOwned::new(connection, stream), host: format!("{name}:{port}") }
    }

    /// One request and its answer.
    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: text/xml\r\n", self.host);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stream.write_all(head.as_bytes()).expect("sent");
        self.stream.flush().expect("sent");
        let mut bytes = Vec::new();
        loop {
            let answer = parse(&bytes);
            let length = answer.as_ref().and_then(|answer| answer.header("content-length")?.parse().ok());
            if let Some(answer) = answer.filter(|answer| Some(answer.body.len()) == length) {
                return answer;
            }
            let mut piece = [0; 4096];
            let read = match self.stream.read(&mut piece) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
                read => read.expect("an answer"),
            };
            assert!(read > 0, "{method} {path}: ended after {:?}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&piece[..read]);
        }
    }
}
