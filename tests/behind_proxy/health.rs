//! Who asks whether the gateway is well: haproxy, a kubelet, Prometheus; each by address.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::client::Tls;
use crate::doc::{block, fill};
use crate::gateway::{Answer, Folder, Gateway, PATIENCE, parse, request};
use crate::program::{Program, folder, free_port};
use crate::proxy::{Kind, Proxy};

/// Asks until something is so.
#[track_caller]
fn until(what: &str, mut ask: impl FnMut() -> Result<(), String>) {
    let end = Instant::now() + PATIENCE * 3;
    while let Err(last) = ask() {
        assert!(Instant::now() < end, "{what}: {last}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// A column of haproxy's own statistics, for the gateway behind it; nothing where it does not tell.
fn statistic(socket: &Path, column: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).expect("haproxy's socket");
    stream.write_all(b"show stat\n").expect("asked");
    let mut table = String::new();
    stream.read_to_string(&mut table).expect("text");
    let mut rows = table.trim_start_matches("# ").lines().map(|row| row.split(',').collect::<Vec<_>>());
    let at = rows.next()?.iter().position(|name| *name == column)?;
    rows.find(|row| row.get(1) == Some(&"gateway-1"))?.get(at).map(|&text| text.to_owned())
}

#[test]
fn haproxy_finds_it_well_and_then_gone() {
    let gateway = Gateway::start("");
    let proxy = Proxy::start(Kind::Haproxy, &Kind::Haproxy.printed(), &gateway, &Tls::new());
    let socket = proxy.program.folder.path().join("stats");
    let is = |status: &str, check: &str| {
        let found = ["status", "check_status"].map(|column| statistic(&socket, column));
        let found = found.each_ref().map(|text| text.as_deref().unwrap_or_default());
        if found == [status, check] { Ok(()) } else { Err(format!("{found:?}")) }
    };
    until("up", || is("UP", "L7OK"));
    assert!(gateway.stop().success());
    until("down", || is("DOWN", "L4CON"));
}

/// What a kubelet sends to a pod at this address.
fn kubelet(to: std::net::SocketAddr, path: &str, host: &str) -> Answer {
    let mut stream = TcpStream::connect(to).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let sent = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: kube-probe/1.31\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(sent.as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    parse(&bytes).expect("an answer")
}

#[test]
fn a_kubelet_finds_it_well() {
    let printed = YamlLoader::load_from_str(&block("Health", "yaml", 0)).expect("YAML");
    let container = &printed[0]["containers"][0];
    let folder = Folder::new();
    let mut command = Gateway::command(folder.path(), "");
    for variable in container["env"].as_vec().expect("a list") {
        let text = |key: &str| variable[key].as_str().expect("text");
        command.env(text("name"), fill(text("value"), &[("8080", "0")]));
    }
    assert_eq!(container["args"][0].as_str(), Some("serve"));
    let gateway = Gateway::spawn(&mut command, folder.path());
    assert!(gateway.main.ip().is_unspecified(), "it listens on the pod's address");
    let port = container["ports"][0].clone();
    assert_eq!(port["containerPort"], Yaml::Integer(8080));
    for (probe, path) in
        [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]
    {
        let get = &container[probe]["httpGet"];
        assert_eq!((&get["port"], get["path"].as_str()), (&port["name"], Some(path)), "{probe}");
        let answer = kubelet(gateway.main, path, "10.244.1.7:8080");
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok\n"), "{probe}");
    }
}

#[test]
fn health_is_a_word_on_every_listener_under_any_host() {
    let gateway = Gateway::start("[carrier]\nlisten = '127.0.0.1:0'\n");
    let carrier = gateway.carrier.expect("a listener");
    for to in [gateway.main, carrier, gateway.admin] {
        for path in ["/livez", "/readyz"] {
            for host in ["10.244.1.7:8080", "sdp.example.org", "evil.example", ""] {
                let answer = request(to, "GET", path, &[("Host", host)], b"");
                assert_eq!(answer.status, 200, "{to} {path} {host}");
                let details = answer.text().contains("ledger");
                assert_eq!(details, to == gateway.admin && path == "/readyz", "{}", answer.text());
            }
            // As haproxy's and older balancers' checks are.
            let mut stream = TcpStream::connect(to).expect("a connection");
            stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).expect("sent");
            let mut text = String::new();
            stream.read_to_string(&mut text).expect("text");
            assert!(text.starts_with("HTTP/1.0 200 "), "{to} {path}: {text}");
        }
    }
    for to in [gateway.main, carrier] {
        let answer = request(to, "POST", "/readyz", &[], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    }
}

/// Starts Prometheus with the chapter's jobs and these targets.
fn prometheus(here: &Gateway, there: &Gateway, token: &str) -> (Program, u16) {
    let (folder, port) = (folder(), free_port());
    let at = folder.path().to_owned();
    std::fs::write(at.join("sdp-gateway.token"), token).expect("written");
    // The system takes 0.0.0.0 for itself, and it is no loopback address in a `Host`.
    let far = format!("0.0.0.0:{}", there.admin.port());
    let jobs = fill(
        &block("Prometheus", "yaml", 0),
        &[
            ("127.0.0.1:8081", &here.admin.to_string()),
            ("10.1.0.11:8081", &far),
            ("/etc/prometheus/", &format!("{}/", at.display())),
        ],
    );
    std::fs::write(at.join("settings"), format!("global:\n  scrape_interval: 1s\n\n{jobs}"))
        .expect("written");
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}/settings", at.display()));
    command.arg(format!("--storage.tsdb.path={}/data", at.display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    (Program::start(&mut command, folder, port), port)
}

/// The health of each job's target, and why.
fn targets(port: u16) -> Vec<(String, String, String)> {
    let to = ([127, 0, 0, 1], port).into();
    let answer = request(to, "GET", "/api/v1/targets?state=active", &[], b"");
    let targets = unchunked(&answer)["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |t: &Value| (text(&t["labels"]["job"]), text(&t["health"]), text(&t["lastError"]));
    let mut rows: Vec<_> = targets.iter().map(row).collect();
    rows.sort();
    rows
}

/// The JSON of a body that came in one chunk or none.
fn unchunked(answer: &Answer) -> Value {
    let text = answer.text();
    let json = text.find('{').zip(text.rfind('}')).map(|(first, last)| &text[first..=last]);
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

#[test]
fn prometheus_scrapes_it_here_and_with_the_token_from_elsewhere() {
    const TOKEN: &str = "0123456789-no-secret";
    let here = Gateway::start("");
    let there = Gateway::start(&format!("[admin]\ntoken = '{TOKEN}'\n"));
    let (_program, port) = prometheus(&here, &there, TOKEN);
    until("both are up", || {
        let found = targets(port);
        let up = |(_, health, _): &(String, String, String)| health == "up";
        if found.len() == 2 && found.iter().all(up) { Ok(()) } else { Err(format!("{found:?}")) }
    });
}
