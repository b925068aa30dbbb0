//! Activation codes: how fast they are made, and how long an app waits for one that it redeems, each on a
//! device of its own.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use sdp_gateway::signature;

use crate::client::{holds, is_whole};
use crate::process::{self, Server};
use crate::{Result, preload};

const PARTNER: &str = "[[partner]]\nname = 'load'\nkey = 'fake-key'\nsecrets = ['fake-secret']\n";

/// Makes so many codes and has them redeemed over so many connections; how many a second.
pub(crate) fn run(parent: &Path, codes: u32, connections: usize) -> Result<f64> {
    let folder = preload::folder(parent, "redeem", 0)?;
    std::fs::write(folder.join(process::SETTINGS), PARTNER)?;
    let gateway = Server::gateway(&folder, None, None)?;
    let codes = generate(&folder, codes)?;
    let request = |(at, code): (usize, &String)| request(gateway.address, &format!("cam-{at}"), code);
    let requests: Vec<String> = codes.iter().enumerate().map(request).collect();
    let good = b"\"resultCode\":\"1001\"";
    let redeemed = ask_all(gateway.address, "redeemed", &requests, connections, good)?;
    gateway.stop()?;
    Ok(redeemed.per_s)
}

/// Has the command make them, beside the gateway.
fn generate(folder: &Path, count: u32) -> Result<Vec<String>> {
    let began = Instant::now();
    let mut command = process::gateway(folder, None);
    command.args(["codes", "generate", "--kind=ai", "--days=30", "--count"]).arg(count.to_string());
    let made = command.stdout(Stdio::piped()).stderr(Stdio::null()).output()?;
    let codes: Vec<String> = String::from_utf8(made.stdout)?.lines().map(str::to_owned).collect();
    let distinct = codes.iter().collect::<HashSet<_>>().len();
    if distinct != usize::try_from(count)? {
        return Err(format!("{count} codes were wanted, {distinct} were made").into());
    }
    println!("\n{count} codes made in {:.1} s, no two the same", began.elapsed().as_secs_f64());
    Ok(codes)
}

/// What requests came to.
pub(crate) struct Asked {
    /// In the order of the requests.
    pub(crate) answers: Vec<Vec<u8>>,
    pub(crate) per_s: f64,
}

/// Sends these over so many connections, each waiting for its answer, and says how fast; all answers must hold `good`.
pub(crate) fn ask_all(
    to: SocketAddr,
    what: &str,
    requests: &[String],
    connections: usize,
    good: &[u8],
) -> Result<Asked> {
    let began = Instant::now();
    let (mut waits_us, mut answers) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let share = requests.len().div_ceil(connections.max(1)).max(1);
        let asking: Vec<_> =
            requests.chunks(share).map(|requests| scope.spawn(move || ask(to, requests, good))).collect();
        for asked in asking {
            for (answer, wait_us) in asked.join().map_err(|_| "a client panicked")?? {
                answers.push(answer);
                waits_us.push(wait_us);
            }
        }
        Result::Ok(())
    })?;
    let per_s = requests.len() as f64 / began.elapsed().as_secs_f64();
    waits_us.sort_unstable();
    let ms = |share: f64| {
        let place = (waits_us.len() as f64 * share) as usize;
        f64::from(waits_us.get(place.min(waits_us.len().saturating_sub(1))).copied().unwrap_or(0)) / 1000.0
    };
    println!(
        "{} {what} over {connections} connections: {per_s:.0} per s, p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        waits_us.len(),
        ms(0.5),
        ms(0.99),
        ms(1.0),
    );
    Ok(Asked { answers, per_s })
}

/// One after the other; each answer, and how long it took, in microseconds.
fn ask(to: SocketAddr, requests: &[String], good: &[u8]) -> Result<Vec<(Vec<u8>, u32)>> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        let sent_at = Instant::now();
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            let mut buffer = [0; 1024];
            match stream.read(&mut buffer)? {
                0 => return Err("the gateway hung up".into()),
                bytes => answer.extend_from_slice(&buffer[..bytes]),
            }
        }
        let wait_us = u32::try_from(sent_at.elapsed().as_micros()).unwrap_or(u32::MAX);
        if !holds(&answer, good) {
            return Err(String::from_utf8_lossy(&answer).into());
        }
        answers.push((answer, wait_us));
    }
    Ok(answers)
}

fn request(to: SocketAddr, device: &str, code: &str) -> String {
    let pairs = [
        ("actCode", code),
        ("deviceID", device),
        ("partnerKey", "fake-key"),
        ("type", "1"),
        ("userAccount", device),
    ];
    let signature = signature::sign(&"fake-secret".into(), &signature::canonical(pairs));
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .append_pair(signature::PARAMETER, &signature)
        .finish();
    format!(
        "POST /v3/third/sdk/actCode/service HTTP/1.1\r\nHost: {to}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
