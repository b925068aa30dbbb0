//! TLS between gateway and server.

use std::path::Path;
use std::process::Command;

use crate::gateway::ledger::postgres::{Client, database_at};
use crate::gateway::{Folder, Gateway};
use crate::refusal::refusal;
use crate::said::{register, state};
use crate::server::Server;

const NUMBER: &str = "84945989325";

fn server() -> Server {
    Server::start_with(&[("PG_TLS", "1"), ("PG_SETTINGS", "listen_addresses=127.0.0.1,127.0.0.2")])
}

/// An address that the server's certificate does not name.
fn unnamed(url: &str) -> String {
    url.replace("@127.0.0.1:", "@127.0.0.2:")
}

/// The server's database with this way of checking who it is.
fn checked(server: &Server, sslmode: &str, trusted: &Path) -> String {
    let plain = database_at(&server.base, "gateway");
    let database = plain.split('?').next().unwrap_or_default();
    format!("{database}?sslmode={sslmode}&sslrootcert={}", trusted.display())
}

#[test]
fn a_server_whose_certificate_is_trusted_is_used_over_tls_alone() {
    let server = server();
    let mut client = Client::open(&server.database("gateway")).expect("a client");
    let trusted = server.folder().join("server.crt");
    let urls = ["verify-full", "verify-ca"].map(|sslmode| checked(&server, sslmode, &trusted));
    for (queue_id, url) in [("1", urls[0].clone()), ("2", urls[1].clone()), ("3", unnamed(&urls[1]))] {
        let folder = Folder::on(&url);
        let gateway = Gateway::start_in(folder.path(), "");
        register(queue_id, NUMBER).tell(&gateway);
        assert_eq!(state(&gateway, NUMBER), "active");
        let sql = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                   WHERE datname = 'gateway' AND pid <> pg_backend_pid()";
        assert_eq!(client.rows(sql).expect("rows"), [[Some("t".to_owned())]], "{url}");
        assert!(gateway.stop().success());
    }
}

/// A certificate that has nothing to do with the server's.
fn foreign_certificate(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("foreign.crt");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=another"]);
    openssl.arg("-keyout").arg(folder.join("foreign.key")).arg("-out").arg(&path);
    assert!(openssl.output().expect("openssl runs").status.success());
    path
}

#[test]
fn a_server_that_cannot_be_trusted_is_refused_at_start() {
    let server = server();
    server.database("gateway");
    let foreign = foreign_certificate(server.folder());
    for sslmode in ["verify-full", "verify-ca"] {
        let folder = Folder::on(&checked(&server, sslmode, &foreign));
        let said = refusal(folder.path());
        assert!(said.to_lowercase().contains("certificate"), "{sslmode}: {said}");
    }
    let folder = Folder::on(&unnamed(&checked(&server, "verify-full", &server.folder().join("server.crt"))));
    let said = refusal(folder.path());
    assert!(said.to_lowercase().contains("certificate"), "another name: {said}");
    let folder = Folder::on(&checked(&server, "verify-full", Path::new("/nowhere/root.crt")));
    let said = refusal(folder.path());
    assert!(said.contains("/nowhere/root.crt"), "{said}");
}
