//! Who may call the admin listener.

use crate::gateway::{Answer, Gateway, request};

const PATHS: [&str; 6] =
    ["/livez", "/readyz", "/metrics", "/openapi.json", "/api/v1/stats", "/api/v1/subscribers/84945989325"];

#[track_caller]
fn check_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["status"], status);
}

#[test]
fn only_a_loopback_or_listed_host_is_served() {
    let hosts = "['Ops.Example.', 'fd00::1', '[fd00::2]', '10.0.0.2']";
    let gateway = Gateway::start(&format!("[admin]\nhosts = {hosts}\n"));
    for host in [
        "localhost",
        "LocalHost:8081",
        "127.0.0.1",
        "127.1.2.3:9",
        "[::1]:8081",
        "ops.example",
        "OPS.example:443",
        "ops.example.",
        "ops.example.:8081",
        "[fd00::1]:8081",
        "[FD00:0::1]",
        "[fd00::2]:8081",
        "fd00::2",
        "10.0.0.2:8081",
        "[::ffff:10.0.0.2]:8081",
    ] {
        for path in PATHS {
            let answer = request(gateway.admin, "GET", path, &[("Host", host)], b"");
            assert_eq!(answer.status, 200, "{host} {path}: {}", answer.text());
        }
    }
    for host in
        ["evil.example", "localhost.evil.example", "10.0.0.1", "ops.example.evil", "", "[fd00::3]:8081"]
    {
        for path in PATHS {
            let answer = request(gateway.admin, "GET", path, &[("Host", host)], b"");
            match path {
                "/livez" | "/readyz" => assert_eq!(answer.status, 200, "{host} {path}: {}", answer.text()),
                _ => check_problem(&answer, 403),
            }
        }
        check_problem(
            &request(gateway.admin, "POST", "/api/v1/notices/1/retry", &[("Host", host)], b""),
            403,
        );
    }
}

#[test]
fn who_bears_the_token_names_any_host() {
    let gateway = Gateway::start("[admin]\ntoken = 'ops-token'\n");
    let get = |path: &str, token: &str| {
        let headers = [("Host", "10.1.0.11:8081"), ("Authorization", token)];
        request(gateway.admin, "GET", path, &headers, b"")
    };
    for path in PATHS {
        assert_eq!(get(path, "Bearer ops-token").status, 200, "{path}");
        let answer = get(path, "Bearer another");
        match path {
            "/livez" | "/readyz" => assert_eq!(answer.status, 200, "{path}"),
            _ => check_problem(&answer, 403),
        }
    }
    // What a page of another origin sends is refused whatever it bears.
    let foreign = [("Authorization", "Bearer ops-token"), ("Origin", "https://evil.example")];
    check_problem(&request(gateway.admin, "POST", "/api/v1/notices/1/retry", &foreign, b""), 403);
}

#[test]
fn without_a_token_no_proxy_is_let_in() {
    let proxied = [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", ""), ("Forwarded", "for=127.0.0.1")];
    let open = Gateway::start("");
    let guarded = Gateway::start("[admin]\ntoken = 'ops-token'\n");
    for header in proxied {
        for path in PATHS {
            let answer = request(open.admin, "GET", path, &[header], b"");
            check_problem(&answer, 403);
            assert!(answer.text().contains("admin.token"), "it says what to do: {}", answer.text());
            let headers = [header, ("Authorization", "Bearer ops-token")];
            assert_eq!(request(guarded.admin, "GET", path, &headers, b"").status, 200, "{path}");
        }
    }
}

#[test]
fn the_port_that_a_proxy_took_away_makes_no_other_origin() {
    let gateway = Gateway::start("[admin]\nhosts = ['ops.example']\n");
    for (host, from, status) in [
        ("ops.example", "https://ops.example:8443", 404),
        ("ops.example", "https://OPS.example", 404),
        ("ops.example:443", "https://ops.example", 404),
        ("ops.example:8443", "https://ops.example:9443", 403),
        ("ops.example", "https://ops.example.evil:8443", 403),
    ] {
        let headers = [("Host", host), ("Origin", from)];
        check_problem(&request(gateway.admin, "POST", "/api/v1/notices/1/discard", &headers, b""), status);
    }
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let gateway = Gateway::start("");
    let own = format!("http://{}", gateway.admin);
    let post = |name: &str, value: &str| {
        request(gateway.admin, "POST", "/api/v1/notices/1/discard", &[(name, value)], b"")
    };
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "http://127.0.0.1:1"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        check_problem(&post(name, value), 403);
        let answer = request(gateway.admin, "GET", "/api/v1/stats", &[(name, value)], b"");
        assert_eq!(answer.status, 200, "{name}: {value}: reading harms nothing");
    }
    for (name, value) in
        [("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "none")]
    {
        check_problem(&post(name, value), 404);
    }
}

#[test]
fn a_token_guards_all_but_the_probes() {
    let gateway = Gateway::start("[admin]\ntoken = 'ops-token'\n");
    let get = |path: &str, headers: &[(&str, &str)]| request(gateway.admin, "GET", path, headers, b"");
    for path in PATHS {
        let free = matches!(path, "/livez" | "/readyz");
        assert_eq!(get(path, &[("Authorization", "Bearer ops-token")]).status, 200, "{path}");
        for headers in
            [&[][..], &[("Authorization", "Bearer ops-toke")], &[("Authorization", "Basic b3BzLXRva2Vu")]]
        {
            let answer = get(path, headers);
            if free {
                assert_eq!(answer.status, 200, "{path}");
            } else {
                check_problem(&answer, 401);
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
            }
        }
    }
    check_problem(&get("/nothing", &[]), 401);
    check_problem(&request(gateway.admin, "POST", "/api/v1/notices/1/retry", &[], b""), 401);
}

#[test]
fn unknown_paths_and_methods() {
    let gateway = Gateway::start("");
    for path in
        ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "/v1/subscribers/84945989325/subscriptions"]
    {
        check_problem(&gateway.admin(path), 404);
    }
    for path in ["/vascloud/v1/notify_reg", "/vascloud/v1/notify_check"] {
        check_problem(&gateway.admin_post(path), 404);
    }
    for (method, path, allowed) in [
        ("POST", "/livez", "GET"),
        ("DELETE", "/metrics", "GET"),
        ("POST", "/api/v1/notices", "GET"),
        ("DELETE", "/api/v1/notices/1", "GET"),
        ("GET", "/api/v1/notices/1/retry", "POST"),
        ("PUT", "/api/v1/notices/1/discard", "POST"),
    ] {
        let answer = request(gateway.admin, method, path, &[], b"");
        check_problem(&answer, 405);
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
}
