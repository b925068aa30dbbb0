//! Odd clients.

use std::net::Shutdown;

use crate::gateway::{Gateway, check};
use crate::said::{CHECK, DAY, REG, SERVICE, register};
use crate::{Line, bytes, kept};

const NUMBER: &str = "84945989325";

#[test]
fn pipelined_requests_are_answered_in_order() {
    let gateway = Gateway::start("");
    let mut line = Line::open(gateway.main);
    let notices = (1..=20).map(|queue: i32| register(&queue.to_string(), NUMBER).xml());
    let all: Vec<u8> = notices.flat_map(|xml| bytes(REG, &xml, false)).collect();
    line.send(&all);
    for queue in 1..=20 {
        let answer = line.next();
        assert_eq!((answer.status, answer.element("queueID")), (200, queue.to_string()));
    }
    line.send(&bytes(CHECK, &check(NUMBER, SERVICE, DAY), true));
    assert_eq!(line.next().element("status"), "0", "what was acknowledged is known");
    assert_eq!(kept(&gateway).len(), 20);
}

#[test]
fn a_message_may_come_byte_by_byte() {
    let gateway = Gateway::start("");
    let mut line = Line::open(gateway.main);
    for byte in bytes(REG, &register("1", NUMBER).xml(), false) {
        line.send(&[byte]);
    }
    assert_eq!(line.next().element("error_id"), "0");
    assert_eq!(kept(&gateway)["1"], 1);
}

#[test]
fn a_message_may_come_in_chunks() {
    let gateway = Gateway::start("");
    let mut line = Line::open(gateway.main);
    line.send(format!("POST {REG} HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes());
    for piece in register("1", NUMBER).xml().as_bytes().chunks(7) {
        line.send(format!("{:x}\r\n", piece.len()).as_bytes());
        line.send(piece);
        line.send(b"\r\n");
    }
    line.send(b"0\r\n\r\n");
    assert_eq!(line.next().element("error_id"), "0");
}

#[test]
fn a_client_that_only_reads_from_now_on_gets_its_answer() {
    let gateway = Gateway::start("");
    for queue in ["1", "2", "3"] {
        let mut line = Line::open(gateway.main);
        line.send(&bytes(REG, &register(queue, NUMBER).xml(), false));
        line.stream.shutdown(Shutdown::Write).expect("half closed");
        assert_eq!(line.next().element("queueID"), queue);
    }
    assert_eq!(kept(&gateway).len(), 3);
}

#[test]
fn old_clients_and_cautious_ones_are_served() {
    let gateway = Gateway::start("");
    let body = register("1", NUMBER).xml();
    let mut old = Line::open(gateway.main);
    old.send(format!("POST {REG} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    assert_eq!(old.next().element("error_id"), "0");
    let mut cautious = Line::open(gateway.main);
    let head = format!(
        "POST {REG} HTTP/1.1\r\nHost: gw\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    cautious.send(head.as_bytes());
    assert_eq!(cautious.next().status, 100);
    cautious.send(body.as_bytes());
    assert_eq!(cautious.next().element("error_id"), "0");
}

#[test]
fn clients_that_hang_up_in_mid_message_disturb_nobody() {
    let gateway = Gateway::start("");
    let mut steady = Line::open(gateway.main);
    for queue in 0..100 {
        let sent = bytes(REG, &register(&format!("lost{queue}"), NUMBER).xml(), false);
        let mut rude = Line::open(gateway.main);
        rude.send(&sent[..sent.len() * (queue % 10 + 1) / 12]);
        let name = queue.to_string();
        steady.send(&bytes(REG, &register(&name, NUMBER).xml(), false));
        drop(rude);
        let answer = steady.next();
        assert_eq!((answer.element("queueID"), answer.element("error_id")), (name, "0".into()));
    }
    let kept = kept(&gateway);
    assert!((0..100).all(|queue| kept[&queue.to_string()] == 1));
    assert!(!kept.keys().any(|name| name.starts_with("lost")), "half a message is none");
}
