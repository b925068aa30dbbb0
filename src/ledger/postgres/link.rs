//! A session with the server, on which any number of statements go in one trip: all are sent before the
//! first is answered, and the server does one after the other.
//!
//! Why not sqlx, which reads and migrates: it sends a statement when the one before has been answered, so a
//! batch of 28 notices took six trips, and waited longer for the two ends to wake each other (3.9 ms on two
//! cores) than with the same statements in two trips (2.5 ms).

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error as _;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::future::{FutureExt, join_all, maybe_done};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_postgres::config::Host;
use tokio_postgres::error::Severity;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, WasNull, WrongType};
use tokio_postgres::{Client, Config, Error, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::ledger::ServerError;

/// A value for a statement's `$1` and so on.
type Parameter<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// One statement with its values.
pub(in crate::ledger) struct Ask<'a> {
    sql: Cow<'a, str>,
    parameters: Vec<Parameter<'a>>,
    /// Sent as text each time, and not prepared.
    plain: bool,
}

impl<'a> Ask<'a> {
    /// A statement that is prepared when it is first asked.
    pub(in crate::ledger) fn new(sql: impl Into<Cow<'a, str>>) -> Self {
        Self { sql: sql.into(), parameters: Vec::new(), plain: false }
    }

    /// Commands without values, of which several may be in one text. Nothing is read of their answers.
    pub(in crate::ledger) fn plain(sql: impl Into<Cow<'a, str>>) -> Self {
        Self { plain: true, ..Self::new(sql) }
    }

    /// The next value.
    pub(in crate::ledger) fn with(mut self, value: impl ToSql + Sync + Send + 'a) -> Self {
        self.parameters.push(Box::new(value));
        self
    }
}

/// What reads and writes the socket. It goes on only while somebody waits for an answer.
type Wire = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A session.
pub(in crate::ledger) struct Link {
    client: Client,
    /// None: it has ended.
    wire: Option<Wire>,
    statements: HashMap<String, Statement>,
    /// Of the last trip's statements.
    unsent: usize,
    /// Our end of the connection.
    local_port: Option<u16>,
}

impl Link {
    /// Connects. The socket is made here, so that it is known which one: who sees it come from another has a
    /// proxy before him.
    pub(super) async fn open(config: &Config, tls: MakeRustlsConnect) -> Result<Self, ServerError> {
        let (client, wire, local_port): (Client, Wire, _) = match (config.get_hosts(), config.get_ports()) {
            ([Host::Tcp(host)], [port]) => {
                let stream = dial(host, *port).await.map_err(ServerError::Dial)?;
                let local_port = stream.local_addr().ok().map(|address| address.port());
                let (client, wire) = config.connect_raw(stream, of_stream(tls, host)?).await?;
                (client, Box::pin(wire), local_port)
            }
            _ => {
                let (client, wire) = config.connect(tls).await?;
                (client, Box::pin(wire), None)
            }
        };
        Ok(Self { client, wire: Some(wire), statements: HashMap::new(), unsent: 0, local_port })
    }

    /// Our port, where there is one.
    pub(super) fn local_port(&self) -> Option<u16> {
        self.local_port
    }

    /// Asks one.
    pub(in crate::ledger) async fn ask(&mut self, ask: Ask<'_>) -> Result<Vec<Row>, Error> {
        Ok(self.ask_all(vec![ask]).await?.pop().unwrap_or_default())
    }

    /// Asks several in one trip, and gives the rows of each. All are sent whatever becomes of those before:
    /// what depends on others belongs in a transaction, which an error spoils for all that follow.
    ///
    /// # Errors
    /// The first one's that failed. What cannot be sent is not, and neither is what follows it.
    pub(in crate::ledger) async fn ask_all(&mut self, asks: Vec<Ask<'_>>) -> Result<Vec<Vec<Row>>, Error> {
        self.unsent = asks.len();
        for ask in asks.iter().filter(|ask| !ask.plain) {
            self.prepare(&ask.sql).await?;
        }
        let (client, statements) = (&self.client, &self.statements);
        let mut sent = Vec::with_capacity(asks.len());
        for ask in &asks {
            let mut answer = Box::pin(maybe_done(answer(client, statements, ask)));
            // The first poll hands it to the wire, which rests: only a failure to do so is ready at once.
            answer.as_mut().now_or_never();
            let is_refused = matches!(answer.as_mut().output_mut(), Some(Err(_)));
            sent.push(answer);
            if is_refused {
                break;
            }
            self.unsent -= 1;
        }
        drive(&mut self.wire, async {
            join_all(sent.iter_mut().map(Pin::as_mut)).await;
            sent.iter_mut().filter_map(|answer| answer.as_mut().take_output()).collect()
        })
        .await
    }

    /// Whether the last trip left without its last statement.
    pub(super) fn is_unsent(&self) -> bool {
        self.unsent > 0
    }

    async fn prepare(&mut self, sql: &str) -> Result<(), Error> {
        if !self.statements.contains_key(sql) {
            let statement = drive(&mut self.wire, self.client.prepare(sql)).await?;
            self.statements.insert(sql.to_owned(), statement);
        }
        Ok(())
    }

    /// Ends the session in good order.
    pub(in crate::ledger) async fn close(self) {
        let Self { client, wire, .. } = self;
        drop(client);
        if let Some(wire) = wire {
            // What is lost here is a farewell.
            let _ = wire.await;
        }
    }
}

/// The addresses of a name in turn.
async fn dial(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let mut failure = std::io::ErrorKind::AddrNotAvailable.into();
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn of_stream(
    mut tls: MakeRustlsConnect,
    host: &str,
) -> Result<<MakeRustlsConnect as MakeTlsConnect<TcpStream>>::TlsConnect, ServerError> {
    MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls, host).map_err(|never| match never {})
}

async fn answer(
    client: &Client,
    statements: &HashMap<String, Statement>,
    ask: &Ask<'_>,
) -> Result<Vec<Row>, Error> {
    match statements.get(&*ask.sql) {
        Some(statement) if !ask.plain => {
            let values: Vec<&(dyn ToSql + Sync)> = ask.parameters.iter().map(|value| &**value as _).collect();
            client.query(statement, &values).await
        }
        _ => client.batch_execute(&ask.sql).await.map(|()| Vec::new()),
    }
}

/// Waits for what is asked of a session, and has its socket read and written meanwhile.
async fn drive<T>(
    wire: &mut Option<Wire>,
    asked: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut asked = pin!(asked);
    poll_fn(|context| {
        // Sends, when it is polled for the first time.
        if let Poll::Ready(result) = asked.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        let ended = wire.as_mut().map(|wire| wire.as_mut().poll(context));
        // What has come is told before the end; and with the wire goes all that could still be waited for.
        if let Some(Poll::Ready(_)) = ended {
            *wire = None;
        }
        match (asked.as_mut().poll(context), ended) {
            (Poll::Pending, Some(Poll::Ready(Err(error)))) => Poll::Ready(Err(error)),
            (Poll::Ready(Err(told)), Some(Poll::Ready(Err(error)))) if told.is_closed() => {
                Poll::Ready(Err(error))
            }
            (polled, _) => polled,
        }
    })
    .await
}

/// Whether the server ended the session, is not the one that takes writes any more, or does not know itself.
pub(super) fn is_cut(error: &Error) -> bool {
    match error.as_db_error() {
        // What is fatal ends the session: shut down, crashed, starting up, idle for too long. And a standby is
        // read-only. A proxy or a foreign server's table tells of connections of its own (class 08), and that
        // nobody knows how a statement ended (40003).
        Some(told) => {
            let is_fatal = matches!(told.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
            let code = told.code().code();
            is_fatal || code.starts_with("08") || matches!(code, "25006" | "40003")
        }
        None => !error.source().is_some_and(|source| source.is::<WrongType>() || source.is::<WasNull>()),
    }
}
