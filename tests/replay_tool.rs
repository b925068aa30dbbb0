//! Replay against a stand-in of the gateway: what is sent, what is compared, what is printed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "replay_tool/stub.rs"]
mod stub;

use std::time::{Duration, Instant};

use sdp_gateway::replay::ReplayError;
use stub::{Stub, echo_fixture, fixture, notify, replay, reply};

fn last_line(printed: &str) -> &str {
    printed.lines().last().unwrap_or_default()
}

#[tokio::test]
async fn folders_are_sent_verbatim_in_name_order_over_one_connection() {
    let folder = tempfile::tempdir().unwrap();
    for (name, queue) in [("30-c", "3"), ("10-a", "1"), ("20-deep/5-b", "2")] {
        echo_fixture(folder.path(), name, queue, "84945989325");
    }
    let stub = Stub::echoing().await;
    let (summary, printed) = replay(stub.options(folder.path())).await;
    assert!(summary.unwrap().is_clean());
    assert_eq!(printed, "replayed 3, matched 3, differed 0, failed 0\n");
    let seen = stub.seen();
    assert_eq!(seen.iter().map(|s| s.field("queueID")).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert_eq!(seen[0].text(), notify("1", "84945989325", ""));
    assert!(seen.iter().all(|s| s.method == "POST" && s.path == "/vascloud/v1/notify_reg"));
    assert!(seen.iter().all(|s| s.connection == 0 && s.headers["content-type"] == "text/xml; charset=utf-8"));
}

#[tokio::test]
async fn a_case_says_how_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let raw = b"\xef\xbb\xbf<RQST>\xff</RQST>\r\n";
    fixture(folder.path(), "1", &[("request.xml", raw), ("reply.xml", b"<a/>")]);
    let case =
        b"path = '/x.html?wsdl'\nmethod = 'PUT'\nstatus = 405\n[headers]\nContent-Type = ''\nX-A = '1'\n";
    fixture(folder.path(), "2", &[("request.xml", raw), ("reply.xml", b"<a/>"), ("case.toml", case)]);
    fixture(
        folder.path(),
        "3",
        &[("request.query", b"service=1&package=2&msisdn=84945989325\n"), ("reply.xml", b"<a/>")],
    );
    fixture(
        folder.path(),
        "4",
        &[("request.query", b"wsdl"), ("reply.xml", b"<a/>"), ("case.toml", b"path = '/base'")],
    );
    let stub =
        Stub::start(Duration::ZERO, |seen| (if seen.method == "PUT" { 405 } else { 200 }, b"<a/>".to_vec()))
            .await;
    let (summary, _) = replay(stub.options(folder.path())).await;
    assert_eq!(summary.unwrap().matched, 4);
    let seen = stub.seen();
    let lines: Vec<String> = seen.iter().map(|s| format!("{} {}", s.method, s.path)).collect();
    let check = "/vascloud/v1/notify_check";
    assert_eq!(
        lines,
        [
            format!("POST {check}"),
            "PUT /x.html?wsdl".into(),
            format!("GET {check}?service=1&package=2&msisdn=84945989325"),
            "GET /base?wsdl".into()
        ]
    );
    assert_eq!(seen[0].body, raw);
    assert!(!seen[1].headers.contains_key("content-type") && seen[1].headers["x-a"] == "1");
    assert!(!seen[2].headers.contains_key("content-type") && seen[2].body.is_empty());
}

#[tokio::test]
async fn differences_are_printed_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    echo_fixture(folder.path(), "1-good", "1", "84945989325");
    let request = notify("2", "84945989325", "");
    let files: [(&str, &[u8]); 3] = [
        ("request.xml", request.as_bytes()),
        ("reply.xml", &reply("7", "84945989325")),
        ("case.toml", b"status = 503"),
    ];
    fixture(folder.path(), "2-bad", &files);
    let stub = Stub::echoing().await;
    let (summary, printed) = replay(stub.options(folder.path())).await;
    assert!(!summary.unwrap().is_clean());
    assert!(printed.starts_with("2-bad: differs\n  status: expected 503, came 200\n"), "{printed}");
    assert!(printed.contains(r#"/ACCESSGW/COMMAND/queueID: expected "7", came "2""#), "{printed}");
    assert!(printed.contains("came:     <ACCESSGW>"), "{printed}");
    assert_eq!(last_line(&printed), "replayed 2, matched 1, differed 1, failed 0");
}

#[tokio::test]
async fn what_is_not_answered_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    echo_fixture(folder.path(), "1", "1", "84945989325");
    let stub = Stub::start(Duration::from_secs(60), |_| (200, Vec::new())).await;
    let mut options = stub.options(folder.path());
    options.timeout = Duration::from_millis(100);
    let (summary, printed) = replay(options.clone()).await;
    assert_eq!(summary.unwrap().failed, 1);
    assert!(printed.starts_with("1: failed\n  no answer within 100 ms\n"), "{printed}");
    options.target = "http://127.0.0.1:1".into();
    let (summary, printed) = replay(options).await;
    assert!(!summary.unwrap().is_clean());
    assert!(printed.contains("cannot connect"), "{printed}");
    assert_eq!(last_line(&printed), "replayed 1, matched 0, differed 0, failed 1");
}

#[tokio::test]
async fn a_connection_the_gateway_closed_is_opened_again() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    for name in ["1", "2", "3"] {
        fixture(folder.path(), name, &[("request.xml", b"<ACCESSGW/>"), ("reply.xml", b"<a/>")]);
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stub = Stub::echoing().await;
    let mut options = stub.options(folder.path());
    options.target = format!("http://{}", listener.local_addr().unwrap());
    // Answers one request for each connection and closes it without having said so.
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n<a/>").await;
        }
    });
    let (summary, printed) = replay(options).await;
    assert!(summary.unwrap().is_clean(), "{printed}");
}

#[tokio::test]
async fn a_lone_file_prints_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.xml");
    std::fs::write(&file, notify("1", "84945989325", "")).unwrap();
    let stub = Stub::echoing().await;
    let (summary, printed) = replay(stub.options(&file)).await;
    assert!(summary.unwrap().is_clean());
    assert!(printed.starts_with("one.xml\n  <ACCESSGW>"), "{printed}");
    let refusing = Stub::start(Duration::ZERO, |_| (503, b"<a/>".to_vec())).await;
    let (summary, _) = replay(refusing.options(&file)).await;
    assert_eq!(summary.unwrap().differed, 1);
}

#[tokio::test]
async fn faults_are_listed_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    echo_fixture(folder.path(), "1-good", "1", "84945989325");
    fixture(folder.path(), "2-no-reply", &[("request.xml", b"<a/>")]);
    fixture(folder.path(), "3-no-request", &[("reply.xml", b"<a/>")]);
    for (name, case) in
        [("4", "sttus = 1"), ("5", "status = 99"), ("6", "now = 'soon'"), ("7", "path = 'x'"), ("8", "[")]
    {
        let files: [(&str, &[u8]); 3] =
            [("request.xml", b"<a/>"), ("reply.xml", b"<a/>"), ("case.toml", case.as_bytes())];
        fixture(folder.path(), name, &files);
    }
    let stub = Stub::echoing().await;
    let mut options = stub.options(folder.path());
    options.paths.push(folder.path().join("nowhere"));
    let (result, printed) = replay(options).await;
    let Err(ReplayError::Faults(faults)) = result else { panic!("{result:?}") };
    assert_eq!(faults.len(), 8, "{faults:#?}");
    for (fault, said) in
        faults.iter().zip(["reply.xml", "neither", "sttus", "99", "now", "\"x\"", "case.toml", "nowhere"])
    {
        assert!(fault.contains(said), "{fault}");
    }
    assert!(printed.is_empty() && stub.seen().is_empty());
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(replay(stub.options(empty.path())).await.0, Err(ReplayError::Faults(_))));
}

#[tokio::test]
async fn options_that_cannot_be_followed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    echo_fixture(folder.path(), "1", "1", "84945989325");
    let stub = Stub::echoing().await;
    let good = stub.options(folder.path());
    for bad in [
        sdp_gateway::replay::Options { target: "https://127.0.0.1".into(), ..good.clone() },
        sdp_gateway::replay::Options { concurrency: 0, ..good.clone() },
        sdp_gateway::replay::Options { repeat: 0, ..good.clone() },
        sdp_gateway::replay::Options { rate: Some(f64::NAN), ..good.clone() },
    ] {
        assert!(matches!(replay(bad).await.0, Err(ReplayError::Option(_))));
    }
}

#[tokio::test]
async fn a_number_keeps_its_order_whatever_the_concurrency() {
    let folder = tempfile::tempdir().unwrap();
    for queue in 100..160 {
        let number = format!("8494500000{}", queue % 5);
        let spelled = if queue % 2 == 0 { number } else { format!("0{}", &number[2..]) };
        echo_fixture(folder.path(), &queue.to_string(), &queue.to_string(), &spelled);
    }
    let stub =
        Stub::start(Duration::from_millis(2), |s| (200, reply(&s.field("queueID"), &s.field("msisdn"))))
            .await;
    let mut options = stub.options(folder.path());
    options.concurrency = 8;
    let (summary, _) = replay(options).await;
    assert_eq!(summary.unwrap().matched, 60);
    let seen = stub.seen();
    for last in '0'..='4' {
        let of_number = seen.iter().filter(|s| s.field("msisdn").ends_with(last));
        let queues: Vec<String> = of_number.map(|s| s.field("queueID")).collect();
        assert!(queues.len() == 12 && queues.is_sorted(), "{queues:?}");
    }
    assert!(seen.iter().any(|s| s.connection == 4));
}

#[tokio::test]
async fn messages_are_spaced_by_the_rate() {
    let folder = tempfile::tempdir().unwrap();
    echo_fixture(folder.path(), "1", "1", "84945989325");
    let stub = Stub::echoing().await;
    let mut options = stub.options(folder.path());
    (options.rate, options.repeat) = (Some(50.0), 6);
    let begun = Instant::now();
    let (summary, _) = replay(options).await;
    assert_eq!(summary.unwrap().matched, 6);
    assert!(begun.elapsed() >= Duration::from_millis(95), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_dry_run_prints_and_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = echo_fixture(folder.path(), "1-a", "1", "84945989325");
    std::fs::write(path.join("case.toml"), "now = 2026-11-21T02:59:00Z").unwrap();
    let stub = Stub::echoing().await;
    let mut options = stub.options(folder.path());
    options.dry_run = true;
    let (summary, printed) = replay(options).await;
    assert!(summary.unwrap().is_clean());
    let bytes = notify("1", "84945989325", "").len();
    let first = format!("1-a: POST /vascloud/v1/notify_reg, {bytes} bytes, times +60 s");
    assert_eq!(printed.lines().next(), Some(first.as_str()));
    assert_eq!(last_line(&printed), "replayed 0, matched 0, differed 0, failed 0");
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn the_report_is_junit() {
    let folder = tempfile::tempdir().unwrap();
    echo_fixture(folder.path(), "1-good", "1", "84945989325");
    fixture(folder.path(), "2-<bad>", &[("request.xml", b"<ACCESSGW/>"), ("reply.xml", b"<a x='&lt;'/>")]);
    let stub = Stub::echoing().await;
    let mut options = stub.options(folder.path());
    let file = folder.path().join("out/report.xml");
    options.report = Some(file.clone());
    assert_eq!(replay(options.clone()).await.0.unwrap().differed, 1);
    let text = std::fs::read_to_string(&file).unwrap();
    let report = roxmltree::Document::parse(&text).unwrap();
    let suite = report.root_element();
    assert_eq!((suite.attribute("tests"), suite.attribute("failures")), (Some("2"), Some("1")));
    let cases: Vec<_> = suite.children().filter(roxmltree::Node::is_element).collect();
    assert_eq!(cases[1].attribute("name"), Some("2-<bad>"));
    assert!(cases[1].children().any(|node| node.has_tag_name("failure")));
    options.target = "http://127.0.0.1:1".into();
    assert_eq!(replay(options).await.0.unwrap().failed, 2);
    assert!(std::fs::read_to_string(&file).unwrap().contains("errors=\"2\""));
}
