//! Tasks: how fast a worker claims, sends and settles what notices owe, with a provider that only says
//! done. The tasks are made first, by notices about numbers with a device each; then a worker starts.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::{holds, is_whole};
use crate::process::{self, Server};

const SETTINGS: &str = "[worker]\nenabled = false\n[[partner]]\nname = 'load'\ntoken = 'fake-token'\n";

/// Connections that bind and notify.
const SENDERS: u32 = 32;

/// How often it is looked whether the worker is done.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long the worker may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Has so many tasks made in the ledger of a folder, and carried out by a worker; how many a second.
pub(crate) fn run(folder: &Path, tasks: u32) -> Result<f64> {
    std::fs::write(folder.join(process::SETTINGS), SETTINGS)?;
    let gateway = Server::gateway(folder, None, None)?;
    let to = gateway.address;
    std::thread::scope(|scope| {
        let senders: Vec<_> =
            (0..SENDERS).map(|sender| scope.spawn(move || owe(to, sender, tasks))).collect();
        senders.into_iter().try_for_each(|sender| sender.join().map_err(|_| "a sender panicked")?)
    })?;
    let began = Instant::now();
    let worker = process::gateway(folder, None).arg("work").stderr(Stdio::null()).spawn()?;
    let worked = wait(folder, began);
    end(worker)?;
    worked?;
    let per_s = f64::from(tasks) / began.elapsed().as_secs_f64();
    println!(
        "\n{tasks} tasks claimed, sent and settled by one worker beside an idle gateway: {per_s:.0} per s"
    );
    std::fs::remove_file(folder.join(process::SETTINGS))?;
    gateway.stop()?;
    Ok(per_s)
}

/// SIGTERM, and its end.
fn end(mut worker: Child) -> Result<()> {
    Command::new("kill").args(["-TERM", &worker.id().to_string()]).status()?;
    worker.wait()?;
    Ok(())
}

fn wait(folder: &Path, began: Instant) -> Result<()> {
    loop {
        std::thread::sleep(LOOK_EVERY);
        let open = ["due", "running"].map(|state| is_any(folder, state));
        match open {
            [Ok(false), Ok(false)] => return Ok(()),
            [Err(error), _] | [_, Err(error)] => return Err(error),
            _ if began.elapsed() > PATIENCE => return Err("the worker is not done in time".into()),
            _ => {}
        }
    }
}

fn is_any(folder: &Path, state: &str) -> Result<bool> {
    let mut list = process::gateway(folder, None);
    let listed = list.args(["tasks", "list", "--limit=1", "--json", "--state", state]).stdout(Stdio::piped());
    let listed = listed.stderr(Stdio::null()).output()?;
    if !listed.status.success() {
        return Err("tasks list failed".into());
    }
    Ok(holds(&listed.stdout, b"\"attempts\""))
}

/// Binds every so-many-th device and has its number registered.
fn owe(to: SocketAddr, sender: u32, tasks: u32) -> Result<()> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    for nth in (sender..tasks).step_by(usize::try_from(SENDERS)?) {
        let body = format!("{{\"user_account\":\"app-{nth}\"}}");
        let bind = format!(
            "PUT /v1/subscribers/8491{nth:07}/devices/cam-{nth} HTTP/1.1\r\nHost: {to}\r\n\
             Authorization: Bearer fake-token\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(&mut stream, &bind, b"\"device_id\"")?;
        let body = format!(
            "<ACCESSGW><MODULE>SDP</MODULE><MESSAGE_TYPE>NOTIFY</MESSAGE_TYPE><COMMAND><queueID>{}</queueID>\
             <msisdn>8491{nth:07}</msisdn><regType>1</regType><channel>SMS</channel><service_id>1000625</service_id>\
             <package_id>1003013</package_id><autoRenew>1</autoRenew><subcribeTime>20260310095958</subcribeTime>\
             <expiredTime>20300101000000</expiredTime></COMMAND></ACCESSGW>",
            7_000_000_000_u64 + u64::from(nth)
        );
        let notice = format!(
            "POST /vascloud/v1/notify_reg HTTP/1.1\r\nHost: {to}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(&mut stream, &notice, b"<error_id>0</error_id>")?;
    }
    Ok(())
}

fn ask(stream: &mut TcpStream, request: &str, expected: &[u8]) -> Result<()> {
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    while !is_whole(&answer) {
        let mut buffer = [0; 2048];
        match stream.read(&mut buffer)? {
            0 => return Err("the gateway hung up".into()),
            bytes => answer.extend_from_slice(&buffer[..bytes]),
        }
    }
    if holds(&answer, expected) { Ok(()) } else { Err(String::from_utf8_lossy(&answer).into()) }
}
