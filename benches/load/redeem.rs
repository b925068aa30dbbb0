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

/// Makes so many codes and has them redeemed over so many connections.
pub(crate) fn run(parent: &Path, codes: u32, connections: usize) -> Result<()> {
    let folder = preload::folder(parent, "redeem", 0)?;
    std::fs::write(folder.join(process::SETTINGS), PARTNER)?;
    let gateway = Server::gateway(&folder, None, None)?;
    let codes = generate(&folder, codes)?;
    let began = Instant::now();
    let address = gateway.address;
    let mut waits_us = std::thread::scope(|scope| {
        let share = codes.len().div_ceil(connections.max(1)).max(1);
        let redeemers = codes.chunks(share).enumerate();
        let redeemers: Vec<_> =
            redeemers.map(|(at, codes)| scope.spawn(move || redeem(address, at, codes))).collect();
        let waits =
            redeemers.into_iter().map(|redeemer| redeemer.join().map_err(|_| "a redeemer panicked")?);
        waits.collect::<Result<Vec<_>>>()
    })?
    .concat();
    let seconds = began.elapsed().as_secs_f64();
    waits_us.sort_unstable();
    let ms = |share: f64| {
        let place = (waits_us.len() as f64 * share) as usize;
        f64::from(waits_us.get(place.min(waits_us.len() - 1)).copied().unwrap_or(0)) / 1000.0
    };
    println!(
        "{} redeemed over {connections} connections: {:.0} per s, p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        waits_us.len(),
        waits_us.len() as f64 / seconds,
        ms(0.5),
        ms(0.99),
        ms(1.0),
    );
    gateway.stop()
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

/// Redeems them one after the other; how long each took, in microseconds.
fn redeem(to: SocketAddr, at: usize, codes: &[String]) -> Result<Vec<u32>> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    let mut waits_us = Vec::with_capacity(codes.len());
    for (nth, code) in codes.iter().enumerate() {
        let request = request(to, &format!("cam-{at}-{nth}"), code);
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
        waits_us.push(u32::try_from(sent_at.elapsed().as_micros()).unwrap_or(u32::MAX));
        if !holds(&answer, b"\"resultCode\":\"1001\"") {
            return Err(String::from_utf8_lossy(&answer).into());
        }
    }
    Ok(waits_us)
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
