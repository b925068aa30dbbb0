//! What one message costs without socket or disk: read, rendered, folded. `cargo bench --bench pure`.
//!
//! Each line is the best and the median of several runs, in nanoseconds of one thread. The best is what
//! the code can do, the median what a busy machine made of it.

mod fold;
mod messages;

use std::hint::black_box;
use std::time::{Duration, Instant};

use sdp_gateway::wire::accessgw;
use sdp_gateway::wire::code::Code;
use sdp_gateway::wire::request::{self, Expected};
use sdp_gateway::wire::rqst;
use sdp_gateway::wire::{Message, decode, read_text};

/// Runs of each line.
const RUNS: usize = 15;

/// How long one run lasts.
const RUN: Duration = Duration::from_millis(40);

fn main() {
    // `cargo test --all-targets` runs benches too, without this.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measures only under `cargo bench`");
        return;
    }
    println!("{:<44} {:>10} {:>10}", "ns each", "best", "median");
    parsing();
    rendering();
    fold::folding();
}

fn parsing() {
    let bodies = [
        ("notify", messages::NOTIFY.to_owned()),
        ("notify, SOAP-wrapped", messages::soap(messages::NOTIFY)),
        ("notify, SOAP-wrapped twice", messages::soap(&messages::soap(messages::NOTIFY))),
        ("check", messages::CHECK.to_owned()),
    ];
    for (name, body) in &bodies {
        let name = format!("parse {name} ({} bytes)", body.len());
        measure(&name, || read_text(&decode::text(black_box(body.as_bytes()), None)));
    }
    let query = messages::NOTIFY_QUERY;
    let name = format!("parse notify, query ({} bytes)", query.len());
    measure(&name, || request::query(Expected::Notify, black_box(query)));
}

fn rendering() {
    let (Ok(Message::AccessGw(notify)), Ok(Message::Rqst(check))) =
        (read_text(messages::NOTIFY), read_text(messages::CHECK))
    else {
        panic!("the samples are readable");
    };
    measure("render notify", || accessgw::render(black_box(Code::Kept), &notify.echo()));
    measure("render check", || rqst::render(black_box(Code::Kept), 1, &check.echo()));
}

/// Prints what one call of `work` takes.
fn measure<T>(name: &str, mut work: impl FnMut() -> T) {
    let mut calls = 1_u32;
    while timed(calls, &mut work) < RUN / 4 {
        calls *= 2;
    }
    calls *= 4;
    let mut runs: Vec<f64> =
        (0..RUNS).map(|_| timed(calls, &mut work).as_nanos() as f64 / f64::from(calls)).collect();
    runs.sort_by(f64::total_cmp);
    println!("{name:<44} {:>10.0} {:>10.0}", runs[0], runs[RUNS / 2]);
}

fn timed<T>(calls: u32, work: &mut impl FnMut() -> T) -> Duration {
    let began = Instant::now();
    for _ in 0..calls {
        black_box(work());
    }
    began.elapsed()
}
