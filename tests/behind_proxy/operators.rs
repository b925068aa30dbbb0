//! The operators' listener behind nginx, as the chapter prints it, and without the token that it wants.

use crate::client::{Client, Tls};
use crate::doc::{block, fill};
use crate::gateway::{Answer, Folder, Gateway};
use crate::proxy::Proxy;

const OPS: &str = "ops.example.org";
const TOKEN: &str = "0123456789-no-secret";
const HEADING: &str = "The operators' listener";

fn send(proxy: &Proxy, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    Client::connect_to(&proxy.tls, OPS, proxy.port, 5).send(method, path, headers, "")
}

#[test]
fn with_a_token_operators_come_through_a_proxy() {
    let folder = Folder::new();
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).expect("written");
    let path = file.display().to_string();
    let printed = block(HEADING, "toml", 0);
    let settings = fill(&printed, &[("/etc/sdp-gateway/secrets/admin-token", path.as_str())]);
    let gateway = Gateway::start_in(folder.path(), &settings);
    let proxy = Proxy::start_before(gateway.admin, &block(HEADING, "nginx", 0), &Tls::new());
    let bearer = format!("Bearer {TOKEN}");
    let token = ("Authorization", bearer.as_str());

    assert_eq!(send(&proxy, "GET", "/api/v1/stats", &[]).status, 401, "the Host is listed, the token lacks");
    assert_eq!(send(&proxy, "GET", "/api/v1/stats", &[token]).status, 200);
    assert_eq!(send(&proxy, "GET", "/readyz", &[]).status, 200);
    // nginx passes `$host` on, and the page's origin has the port.
    let own = format!("https://{OPS}:{}", proxy.port);
    for (from, status) in [(own.as_str(), 404), ("https://evil.example", 403), ("null", 403)] {
        let answer = send(&proxy, "POST", "/api/v1/notices/1/retry", &[token, ("Origin", from)]);
        assert_eq!(answer.status, status, "{from}: {}", answer.text());
    }
    let answer = send(&proxy, "POST", "/api/v1/notices/1/retry", &[token, ("Sec-Fetch-Site", "same-site")]);
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[test]
fn without_a_token_nobody_does() {
    let gateway = Gateway::start(&format!("[admin]\nhosts = ['{OPS}']\n"));
    let proxy = Proxy::start_before(gateway.admin, &block(HEADING, "nginx", 0), &Tls::new());
    for path in ["/api/v1/stats", "/metrics", "/readyz"] {
        let answer = send(&proxy, "GET", path, &[]);
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert!(answer.text().contains("admin.token"), "it says what to do: {}", answer.text());
    }
}
