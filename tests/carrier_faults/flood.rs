//! Many notices over many connections, with clients that hang up before, in and after a message.

use std::net::SocketAddr;

use crate::gateway::Gateway;
use crate::said::{REG, register};
use crate::{Line, bytes, kept};

const CONNECTIONS: usize = 50;
const NOTICES_EACH: usize = 40;

/// One client: answers the queueIDs it was told are kept, and those it sent only half of.
fn client(to: SocketAddr, number: usize) -> (Vec<String>, Vec<String>) {
    let (mut acknowledged, mut halves) = (Vec::new(), Vec::new());
    let mut line = Line::open(to);
    for index in 0..NOTICES_EACH {
        let queue = format!("{}", number * NOTICES_EACH + index + 1);
        let msisdn = format!("84945{:06}", (number * 7 + index) % 300);
        let sent = bytes(REG, &register(&queue, &msisdn).xml(), false);
        match index % 8 {
            3 => {
                // Hangs up without waiting for the answer.
                line.send(&sent);
                line = Line::open(to);
            }
            6 => {
                line.send(&sent[..sent.len() / 2]);
                halves.push(queue);
                line = Line::open(to);
            }
            _ => {
                line.send(&sent);
                let answer = line.next();
                assert_eq!(
                    (answer.status, answer.element("error_id").as_str()),
                    (200, "0"),
                    "{}",
                    answer.text()
                );
                acknowledged.push(answer.element("queueID"));
            }
        }
    }
    (acknowledged, halves)
}

#[test]
fn every_acknowledged_notice_is_in_the_journal_once() {
    let gateway = Gateway::start("");
    let to = gateway.main;
    let clients: Vec<_> =
        (0..CONNECTIONS).map(|number| std::thread::spawn(move || client(to, number))).collect();
    let said: Vec<_> = clients.into_iter().map(|client| client.join().expect("a client")).collect();
    let folder = gateway.folder.clone();
    assert_eq!(gateway.admin("/readyz").status, 200);
    let kept = kept(&gateway);
    for queue in said.iter().flat_map(|(acknowledged, _)| acknowledged) {
        assert_eq!(kept.get(queue), Some(&1), "{queue}");
    }
    for queue in said.iter().flat_map(|(_, halves)| halves) {
        assert_eq!(kept.get(queue), None, "{queue} was never sent whole");
    }
    assert!(kept.values().all(|count| *count == 1), "in {}", folder.display());
    let acknowledged: usize = said.iter().map(|(acknowledged, _)| acknowledged.len()).sum();
    assert_eq!(acknowledged, CONNECTIONS * NOTICES_EACH * 6 / 8);
    let verify = Gateway::cli(&folder, "").args(["ledger", "verify"]).output().expect("verify runs");
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
}
