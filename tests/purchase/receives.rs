//! A thousand accounts that want one coupon at once, of which there are a hundred.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::apps::{call, code, settings};
use crate::gateway::{Answer, Folder, Gateway, PATIENCE, parse};
use crate::signed::PARTNER;

/// Accounts that ask, on so many connections, each of which has its requests on the way together.
const ACCOUNTS: usize = 1000;
const CONNECTIONS: usize = 250;

const CATALOG: &str = include_str!("../../config/example-shop.toml");

fn start(folder: &Folder) -> Gateway {
    let coupon = "[[coupon]]\nid = 'hundred'\nname = 'One of a hundred'\nkind = 'percent'\nvalue = 50\n\
                  starts_at = 2026-01-01T00:00:00Z\nends_at = 2100-01-01T00:00:00Z\nstock = 100\n";
    let catalog = format!("{CATALOG}{coupon}");
    Gateway::start_in(folder.path(), &settings(folder.path(), &catalog, PARTNER))
}

/// What an account asks, as bytes; `last` ends the connection.
fn asked(account: usize, last: bool) -> String {
    let call = call("receiveCoupons", &format!("acc-{account}"), json!({"couponIds": ["hundred"]})).sign();
    let (path, body, close) = (call.path(), call.body(), if last { "Connection: close\r\n" } else { "" });
    format!(
        "POST {path} HTTP/1.1\r\nHost: gateway\r\n{close}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n\
         {body}",
        body.len()
    )
}

/// Reads all answers of a connection.
fn answers(mut stream: TcpStream) -> Vec<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("answers");
    let text = String::from_utf8(bytes).expect("text");
    let mut rest = text.as_str();
    let mut all = Vec::new();
    while !rest.is_empty() {
        let end = rest[1..].find("HTTP/1.1 ").map_or(rest.len(), |at| at + 1);
        all.push(parse(&rest.as_bytes()[..end]).expect("an answer"));
        rest = &rest[end..];
    }
    all
}

#[test]
fn a_hundred_of_a_thousand_get_one() {
    let folder = Folder::new();
    let gateway = start(&folder);
    let streams: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|nth| {
            let mut stream = TcpStream::connect(gateway.main).expect("a connection");
            stream.set_read_timeout(Some(PATIENCE * 3)).expect("patience");
            let each = ACCOUNTS / CONNECTIONS;
            let requests: String = (0..each).map(|of| asked(nth * each + of, of + 1 == each)).collect();
            stream.write_all(requests.as_bytes()).expect("sent");
            stream
        })
        .collect();
    let answers: Vec<Answer> = streams.into_iter().flat_map(answers).collect();
    assert_eq!(answers.len(), ACCOUNTS);
    let mut codes = BTreeSet::new();
    let mut gone = 0;
    for answer in &answers {
        assert_eq!((answer.status, code(answer)), (200, 0), "{}", answer.text());
        let row: Value = answer.json()["data"][0].clone();
        match row["code"].as_i64() {
            Some(0) => assert!(codes.insert(row["couponCode"].as_str().expect("a code").to_owned())),
            Some(14032) => gone += 1,
            other => panic!("{other:?}: {row}"),
        }
    }
    assert_eq!((codes.len(), gone), (100, 900));
    let ledger = crate::gateway::Ledger::of(folder.path());
    let count = |sql: &str| ledger.rows(sql)[0][0].clone();
    assert_eq!(count("SELECT count(*) FROM coupon"), Some("100".to_owned()));
    assert_eq!(count("SELECT count(DISTINCT account) FROM coupon"), Some("100".to_owned()));
    assert_eq!(count("SELECT received FROM coupon_count"), Some("100".to_owned()));
    let late = call("receiveCoupons", "late", json!({"couponIds": ["hundred"]})).data(&gateway);
    assert_eq!(late[0]["code"], 14032);
}
