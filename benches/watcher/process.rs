//! A build of the gateway in a folder of its own: serving, what is asked of it over HTTP, and its commands with the
//! memory that they took.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::world::{Subscriber, TOKEN};

/// How long a gateway may take to begin or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// No command is waited for longer.
const COMMAND_MAX: Duration = Duration::from_secs(1800);

/// How far the carrier's clock is ahead of UTC.
const CARRIERS_ZONE: chrono::Duration = chrono::Duration::hours(7);

/// How the last line of a comparison begins that came to its end.
const SUMMARY: &str = "cameras ";

/// Connections that bind and register.
const SENDERS: usize = 16;

/// One of the binaries.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
}

/// A gateway that serves, ended with this value.
pub(crate) struct Gateway {
    child: Child,
    main: SocketAddr,
    admin: SocketAddr,
    client: Client,
}

/// What became of tasks so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tasks {
    pub(crate) done: usize,
    pub(crate) dead: usize,
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// What it came to, or what it complained about last where it was broken off.
    pub(crate) summary: String,
    pub(crate) took: Duration,
    /// The most memory it had, in KiB.
    pub(crate) peak_kib: u64,
}

impl Build {
    fn command(&self, folder: &Path, settings: &str) -> Result<Command> {
        std::fs::write(folder.join("settings.toml"), settings)?;
        let mut command = Command::new(&self.binary);
        command.current_dir(folder).env_clear().env("SDP_GATEWAY_CONFIG", "settings.toml");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    }

    /// Has it serve in a folder that may hold a ledger of its own.
    pub(crate) async fn serve(&self, folder: &Path, settings: &str) -> Result<Gateway> {
        let (main, admin) = (free_address()?, free_address()?);
        let mut command = self.command(folder, settings)?;
        command
            .arg("serve")
            .env("SDP_GATEWAY__SERVER__LISTEN", main.to_string())
            .env("SDP_GATEWAY__ADMIN__LISTEN", admin.to_string())
            .stderr(File::create(folder.join("log"))?);
        let client = Client::builder().tls_certs_only([]).no_proxy().build()?;
        let mut gateway = Gateway { child: command.spawn()?, main, admin, client };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(main).is_err() || TcpStream::connect(admin).is_err() {
            if Instant::now() > until || gateway.child.try_wait()?.is_some() {
                return Err(self.failed("does not start", &folder.join("log")));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(gateway)
    }

    /// Runs a command of it to its end, whatever that is.
    pub(crate) async fn run(&self, folder: &Path, settings: &str, arguments: &[&str]) -> Result<Ran> {
        let [out, err] = ["out", "err"].map(|name| folder.join(name));
        let mut command = self.command(folder, settings)?;
        command.args(arguments).stdout(File::create(&out)?).stderr(File::create(&err)?);
        let began = Instant::now();
        let mut child = command.spawn()?;
        let (status, mut peak_kib) = (format!("/proc/{}/status", child.id()), 0);
        while child.try_wait()?.is_none() {
            if began.elapsed() > COMMAND_MAX {
                child.kill()?;
                child.wait()?;
                return Err(self.failed("does not end", &err));
            }
            // What it had at most never falls, so that the last look is the one that counts.
            peak_kib = peak_kib.max(high_water_kib(&status));
            sleep(Duration::from_millis(5)).await;
        }
        let (took, [out, err]) = (began.elapsed(), [out, err].map(std::fs::read_to_string));
        let (out, err) = (out?, err?);
        let whole = out.lines().last().filter(|line| line.starts_with(SUMMARY));
        let summary = whole.or(err.lines().last()).unwrap_or_default().to_owned();
        Ok(Ran { summary, took, peak_kib })
    }

    fn failed(&self, what: &str, log: &Path) -> Box<dyn std::error::Error + Send + Sync> {
        let log = std::fs::read_to_string(log).unwrap_or_default();
        format!("{} {what}:\n{log}", self.binary.display()).into()
    }
}

impl Gateway {
    /// Binds all cameras of these subscribers.
    pub(crate) async fn bind(&self, subscribers: &[Subscriber]) -> Result<()> {
        let (client, main) = (self.client.clone(), self.main);
        each(subscribers, move |subscriber| {
            let client = client.clone();
            async move {
                let number = subscriber.number();
                for camera in subscriber.cameras() {
                    let url = format!("http://{main}/v1/subscribers/{number}/devices/{camera}");
                    let body = format!("{{\"user_account\":\"app-{number}\"}}");
                    let answer = client.put(url).bearer_auth(TOKEN).body(body).send().await?;
                    expect(answer.text().await?, "\"device_id\"")?;
                }
                Ok(())
            }
        })
        .await
    }

    /// Has all of them register, as the carrier tells it.
    pub(crate) async fn register(&self, subscribers: &[Subscriber]) -> Result<()> {
        let (client, main) = (self.client.clone(), self.main);
        each(subscribers, move |subscriber| {
            let client = client.clone();
            async move {
                let request = client.post(format!("http://{main}/vascloud/v1/notify_reg"));
                let answer = request.header("content-type", "text/xml").body(register(subscriber));
                expect(answer.send().await?.text().await?, "<error_id>0</error_id>")
            }
        })
        .await
    }

    /// What became of tasks so far.
    pub(crate) async fn tasks(&self) -> Result<Tasks> {
        let answer = self.client.get(format!("http://{}/api/v1/stats", self.admin)).send().await?;
        let stats: serde_json::Value = serde_json::from_str(&answer.text().await?)?;
        let count = |state: &str| {
            usize::try_from(stats["tasks"][state].as_u64().unwrap_or_default()).unwrap_or(usize::MAX)
        };
        Ok(Tasks { done: count("done"), dead: count("dead") })
    }

    /// Looks every so often until so many tasks have ended, or the time is over; what is then.
    pub(crate) async fn until_ended(&self, tasks: usize, every: Duration, until: Instant) -> Result<Tasks> {
        loop {
            let now = self.tasks().await?;
            if now.done + now.dead >= tasks || Instant::now() >= until {
                return Ok(now);
            }
            sleep(every).await;
        }
    }

    /// SIGTERM, and its end.
    pub(crate) async fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                return Err("a gateway does not stop".into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does it for each, several at once.
async fn each<F>(
    subscribers: &[Subscriber],
    does: impl Fn(Subscriber) -> F + Clone + Send + 'static,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send,
{
    let mut senders: JoinSet<Result<()>> = JoinSet::new();
    for sender in 0..SENDERS {
        let of_sender: Vec<Subscriber> = subscribers.iter().skip(sender).step_by(SENDERS).copied().collect();
        let does = does.clone();
        senders.spawn(async move {
            for subscriber in of_sender {
                does(subscriber).await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    Ok(())
}

/// A register of the day's offer, of an hour ago and for twelve from now.
fn register(subscriber: Subscriber) -> String {
    let (number, now) = (subscriber.number(), chrono::Utc::now() + CARRIERS_ZONE);
    let at = |hours| (now + chrono::Duration::hours(hours)).format("%Y%m%d%H%M%S").to_string();
    let (subscribed, expires) = (at(-1), at(12));
    format!(
        "<ACCESSGW><MODULE>SDP</MODULE><MESSAGE_TYPE>NOTIFY</MESSAGE_TYPE><COMMAND><queueID>7{number}</queueID>\
         <msisdn>{number}</msisdn><regType>1</regType><channel>SMS</channel><service_id>1000625</service_id>\
         <package_id>1003013</package_id><autoRenew>1</autoRenew><subcribeTime>{subscribed}</subcribeTime>\
         <expiredTime>{expires}</expiredTime></COMMAND></ACCESSGW>"
    )
}

fn expect(answer: String, words: &str) -> Result<()> {
    if answer.contains(words) { Ok(()) } else { Err(answer.into()) }
}

fn high_water_kib(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    high.and_then(|kib| kib.trim().parse().ok()).unwrap_or(0)
}

/// Free until somebody else takes it.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
