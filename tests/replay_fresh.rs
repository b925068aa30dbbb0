//! Replay of shifted times, fresh ids and exported journals, and the shipped fixtures themselves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "replay_tool/stub.rs"]
mod stub;

use std::collections::HashSet;
use std::path::Path;

use stub::{Seen, Stub, fixture, notify, replay, replay_at, reply};

const TIMES: &str = "<startTime>1773111602340</startTime><subcribeTime>20260310095958</subcribeTime>\
                     <expire_Time>20260311000000</expire_Time><updateTime/>";

fn write(folder: &Path, name: &str, queue: &str, number: &str, case: &str) {
    let request = notify(queue, number, &format!("<regID>5</regID>{TIMES}"));
    let files: [(&str, &[u8]); 3] = [
        ("request.xml", request.as_bytes()),
        ("reply.xml", &reply(queue, number)),
        ("case.toml", case.as_bytes()),
    ];
    fixture(folder, name, &files);
}

#[tokio::test]
async fn times_are_shifted_by_whole_seconds_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "1", "1", "84945989325", "now = '2026-03-10T10:00:00+07:00'");
    write(folder.path(), "2", "2", "84945989325", "now = 2026-03-10T03:00:00Z");
    write(folder.path(), "3", "3", "84945989325", "now = 2026-03-10T10:00:00");
    write(folder.path(), "4", "4", "84945989325", "");
    let query = b"queueID=5&startTime=1773111602340&x=20260310095958&subscribe_time=20260310095958";
    let files: [(&str, &[u8]); 3] = [
        ("request.query", query),
        ("reply.xml", &reply("5", "")),
        ("case.toml", b"now = 2026-03-10T03:00:00Z"),
    ];
    fixture(folder.path(), "5", &files);
    let stub = Stub::echoing().await;
    let (summary, printed) = replay_at(stub.options(folder.path()), "2026-03-12T03:00:00.999Z").await;
    assert!(summary.unwrap().is_clean(), "{printed}");
    let seen = stub.seen();
    let moved = TIMES
        .replace("1773111602340", "1773284402340")
        .replace("202603100", "202603120")
        .replace("20260311", "20260313");
    for (index, queue) in ["1", "2", "3"].iter().enumerate() {
        let expected = notify(queue, "84945989325", &format!("<regID>5</regID>{moved}"));
        assert_eq!(seen[index].text(), expected);
    }
    assert_eq!(seen[3].text(), notify("4", "84945989325", &format!("<regID>5</regID>{TIMES}")));
    assert!(
        seen[4]
            .path
            .ends_with("?queueID=5&startTime=1773284402340&x=20260310095958&subscribe_time=20260312095958")
    );
}

#[tokio::test]
async fn a_shift_leaves_foreign_bytes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut raw = b"<ACCESSGW><x>\xff\xd0</x><startTime> 1773111602340 </startTime>".to_vec();
    let wide: Vec<u8> = "\u{feff}<ACCESSGW>Đ<startTime>1773111602340</startTime></ACCESSGW>"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let case: &[u8] = b"now = 2026-03-10T03:00:00Z";
    fixture(folder.path(), "1", &[("request.xml", &raw), ("reply.xml", b"<a/>"), ("case.toml", case)]);
    fixture(folder.path(), "2", &[("request.xml", &wide), ("reply.xml", b"<a/>"), ("case.toml", case)]);
    let stub = Stub::start(std::time::Duration::ZERO, |_| (200, b"<a/>".to_vec())).await;
    assert!(replay_at(stub.options(folder.path()), "2026-03-10T03:00:01Z").await.0.unwrap().is_clean());
    let at = raw.windows(4).position(|four| four == b"2340").unwrap();
    raw[at] = b'3';
    assert_eq!(stub.seen()[0].body, raw);
    let sent = &stub.seen()[1].body;
    let text: Vec<u16> = sent.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    assert_eq!(
        String::from_utf16(&text).unwrap(),
        "\u{feff}<ACCESSGW>Đ<startTime>1773111603340</startTime></ACCESSGW>"
    );
}

#[tokio::test]
async fn fresh_ids_keep_every_relation() {
    let folder = tempfile::tempdir().unwrap();
    for (name, queue, number) in [
        ("1", "20", "841241234567"),
        ("2", "3", "0841234567"),
        ("3", "20", "841241234567"),
        ("4", "Q&amp;7", "+84945989325"),
        ("5", "100", "84x"),
        ("6", "", "945989325"),
    ] {
        write(folder.path(), name, queue, number, "");
    }
    let stub = Stub::echoing().await;
    let mut options = stub.options(folder.path());
    (options.fresh, options.repeat) = (true, 3);
    let (summary, printed) = replay(options).await;
    assert_eq!(summary.unwrap().matched, 18, "{printed}");
    let seen = stub.seen();
    let mut numbers = HashSet::new();
    for round in seen.chunks(6) {
        let queue = |index: usize| round[index].field("queueID");
        let integer = |index: usize| queue(index).parse::<u128>().unwrap();
        let number = |index: usize| round[index].field("msisdn");
        assert_eq!(queue(0), queue(2));
        assert!(integer(1) < integer(0) && integer(0) < integer(4));
        assert!(queue(3).starts_with("Q&amp;7r") && queue(5).is_empty());
        assert!(number(0).len() == 12 && number(0) == number(2) && number(1).len() == 10);
        assert_eq!(number(1)[3..], number(0)[5..]);
        assert_eq!(number(3)[3..], number(5));
        assert!(number(3).starts_with("+84") && number(4) == "84x");
        assert!(numbers.insert(number(0)) && numbers.insert(number(3)));
        assert!(round.iter().all(|s| s.field("regID") == round[0].field("regID") && s.field("regID") != "5"));
    }
    let queues: Vec<u128> = seen.chunks(6).map(|round| round[0].field("queueID").parse().unwrap()).collect();
    assert!(queues.is_sorted() && queues[0] < queues[1]);
    let times: HashSet<String> = seen.iter().map(|s| s.field("subcribeTime")).collect();
    assert_eq!(times.len(), 3);
}

#[tokio::test]
async fn two_fresh_runs_share_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "1", "20", "84945989325", "");
    let stub = Stub::echoing().await;
    for now in ["2026-11-21T03:00:00Z", "2026-11-21T03:00:00.001Z"] {
        let mut options = stub.options(folder.path());
        options.fresh = true;
        assert!(replay_at(options, now).await.0.unwrap().is_clean());
    }
    let seen: [Seen; 2] = stub.seen().try_into().unwrap();
    for field in ["queueID", "msisdn", "regID"] {
        assert_ne!(seen[0].field(field), seen[1].field(field));
    }
}

fn journal() -> String {
    let reply = |queue, number| String::from_utf8(reply(queue, number)).unwrap().replace('"', "\\\"");
    let line = |id: u32, at: &str, rest: &str| format!("{{\"id\":{id},\"received_at\":\"{at}\",{rest}}}\n");
    let get = format!(
        "\"method\":\"GET\",\"path\":\"/vascloud/v1/notify_sub.html\",\"query\":\"queueID=9&msisdn=84945989325&subcribeTime=20260310095958\",\"content_type\":null,\"raw\":\"\",\"encoding\":\"utf-8\",\"status\":200,\"reply\":\"{}\"",
        reply("9", "84945989325")
    );
    let xml = "PEFDQ0VTU0dXPjxxdWV1ZUlEPjc8L3F1ZXVlSUQ+/zwvQUNDRVNTR1c+";
    let post = format!(
        "\"method\":\"POST\",\"path\":\"/vascloud/v1/notify_reg\",\"query\":\"wsdl\",\"content_type\":\"text/plain\",\"raw\":\"{xml}\",\"encoding\":\"base64\",\"status\":200,\"reply\":\"{}\",\"count\":2",
        reply("7", "")
    );
    let cdr = "\"method\":null,\"path\":null,\"raw\":\"13101895|1000060|3|RENEW\",\"encoding\":\"utf-8\"";
    line(1, "2026-03-10T03:00:00Z", &get)
        + "\n"
        + &line(3, "2026-03-10T03:00:30Z", cdr)
        + &line(2, "2026-03-10T03:01:00Z", &post)
}

#[tokio::test]
async fn a_journal_is_replayed_in_its_order_against_its_answers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export");
    std::fs::write(&file, journal()).unwrap();
    let stub = Stub::echoing().await;
    let (summary, printed) = replay(stub.options(&file)).await;
    assert!(summary.unwrap().is_clean(), "{printed}");
    let seen = stub.seen();
    assert!(
        seen[0].path.ends_with("notify_sub.html?queueID=9&msisdn=84945989325&subcribeTime=20260310095958")
    );
    assert_eq!(seen[1].body, b"<ACCESSGW><queueID>7</queueID>\xff</ACCESSGW>");
    assert_eq!(
        (seen[1].path.as_str(), &seen[1].headers["content-type"]),
        ("/vascloud/v1/notify_reg?wsdl", &"text/plain".parse().unwrap())
    );
    let mut options = stub.options(&file);
    options.fresh = true;
    // Ten seconds after the last line was received, so all its times move by ten seconds.
    assert!(replay_at(options, "2026-03-10T03:01:10Z").await.0.unwrap().is_clean());
    assert_eq!(stub.seen()[2].field("subcribeTime"), "20260310100008");
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.jsonl");
    std::fs::write(&file, "{\"raw\":\"%%\",\"encoding\":\"base64\"}\nnonsense\n").unwrap();
    let stub = Stub::echoing().await;
    let (result, _) = replay(stub.options(&file)).await;
    let said = result.unwrap_err().to_string();
    assert!(said.contains("line 1: raw is no base64") && said.contains("line 2: "), "{said}");
}

/// An echo of whatever was sent, in the shape of the gateway's answer.
fn echo(seen: &Seen) -> Vec<u8> {
    let text = seen.text();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let query =
        seen.path.split_once('?').map_or(text, |(_, query)| if seen.body.is_empty() { query } else { text });
    let mut fields: Vec<(String, String)> = match roxmltree::Document::parse(text) {
        Ok(document) => document
            .descendants()
            .filter(|node| node.is_element())
            .map(|node| {
                let pieces: String =
                    node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect();
                (node.tag_name().name().to_owned(), pieces)
            })
            .collect(),
        Err(_) => form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
    };
    fields.iter_mut().for_each(|(name, _)| *name = name.replace('_', "").to_lowercase());
    let is_check = fields.iter().any(|(name, _)| name == "rqst" || name == "service");
    let element = |name: &str| {
        let wanted = name.replace('_', "").to_lowercase();
        let value = fields
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.trim())
            .unwrap_or_default();
        let value: String = value.chars().filter(|c| *c >= ' ').collect();
        format!("<{name}>{}</{name}>", value.replace('&', "&amp;").replace('<', "&lt;"))
    };
    let all = |names: [&str; 4]| names.map(element).concat();
    let text = if is_check {
        let ids = all(["requestid", "msisdn", "service", "package"]);
        format!("<RPLY name='CheckServiceInfo'>{ids}<status/><error_id/><error_desc/></RPLY>")
    } else {
        let ids = all(["queueID", "msisdn", "service_id", "package_id"]);
        format!(
            "<ACCESSGW><MODULE/><MESSAGE_TYPE/><COMMAND><error_id/><error_desc/>{ids}</COMMAND></ACCESSGW>"
        )
    };
    text.into_bytes()
}

#[tokio::test]
async fn fresh_fixtures_expect_the_echo_of_what_they_send() {
    let stub = Stub::start(std::time::Duration::ZERO, |seen| (200, echo(seen))).await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = stub.options(&root.join("fixtures"));
    (options.fresh, options.repeat, options.concurrency) = (true, 2, 4);
    let (summary, printed) = replay(options).await;
    assert_eq!(summary.unwrap().failed, 0, "{printed}");
    let echoes = ["/queueID: ", "/msisdn: ", "_id: ", "/requestid: ", "/service: ", "/package: "];
    let wrong: Vec<&str> = printed
        .lines()
        .filter(|line| echoes.iter().any(|echo| line.contains(echo)) && !line.contains("/error_id"))
        // The stand-in reads fewer encodings than the gateway, and never refuses.
        .filter(|line| !line.contains('\u{fffd}'))
        .filter(|line| !line.contains("expected \"\"") && !line.contains("came \"\""))
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test]
async fn the_shipped_fixtures_can_be_replayed_and_say_what_they_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stub = Stub::echoing().await;
    for (folder, at_least) in [("fixtures", 80), ("tests/setups", 40)] {
        let mut options = stub.options(&root.join(folder));
        options.dry_run = true;
        options.fresh = true;
        let (summary, printed) = replay(options).await;
        assert!(summary.is_ok(), "{summary:?}");
        let cases = printed.lines().filter(|line| line.contains(" bytes") && line.contains(": ")).count();
        assert!(cases >= at_least, "{folder}: {cases}");
    }
    for fixture in
        std::fs::read_dir(root.join("fixtures")).unwrap().flatten().filter(|entry| entry.path().is_dir())
    {
        let case = std::fs::read_to_string(fixture.path().join("case.toml")).unwrap();
        assert!(case.starts_with("# "), "{:?}", fixture.path());
    }
}
