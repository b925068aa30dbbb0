//! One keep-alive connection to the gateway, opened when needed and again when it was closed. Leaves
//! judging the answer to `verdict`.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::prepare::Message;
use super::target::Target;

/// The largest answer that is read, in bytes.
const REPLY_BYTES_MAX: usize = 8 << 20;

/// What the gateway answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) reply: Bytes,
}

/// Why there is no answer; a sentence each.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("cannot connect: {0}")]
    Connect(std::io::Error),
    #[error("cannot be written as a request: {0}")]
    Request(hyper::http::Error),
    #[error("the answer is larger than {REPLY_BYTES_MAX} bytes")]
    Large,
    /// The flag: the connection had been used before, so the gateway may have closed it meanwhile.
    #[error("no answer: {0}")]
    Exchange(hyper::Error, bool),
    #[error("the answer broke off: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

/// A connection that may be open.
#[derive(Debug)]
pub(super) struct Connection {
    target: Arc<Target>,
    timeout: Duration,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(super) fn new(target: Arc<Target>, timeout: Duration) -> Self {
        Self { target, timeout, open: None }
    }

    /// Sends a message and reads the whole answer, within the timeout.
    ///
    /// # Errors
    /// A sentence saying why there is none.
    pub(super) async fn exchange(&mut self, message: &Message) -> Result<Answer, String> {
        let done = timeout(self.timeout, self.send_once_more(message)).await;
        let result = match done {
            Ok(result) => result.map_err(|error| chain(&error)),
            Err(_) => Err(format!("no answer within {} ms", self.timeout.as_millis())),
        };
        if result.is_err() {
            self.open = None;
        }
        result
    }

    /// A kept connection that the gateway closed before it read anything is no failure: the message
    /// goes out again over a new one, which notices allow because a repeated one has no second effect.
    async fn send_once_more(&mut self, message: &Message) -> Result<Answer, NoAnswer> {
        match self.send(message).await {
            Err(NoAnswer::Exchange(_, true)) => {
                self.open = None;
                self.send(message).await
            }
            other => other,
        }
    }

    async fn send(&mut self, message: &Message) -> Result<Answer, NoAnswer> {
        let request = self.request(message).map_err(NoAnswer::Request)?;
        let used = self.open.as_ref().is_some_and(|open| !open.is_closed());
        let mut sender = match self.open.take().filter(|_| used) {
            Some(open) => open,
            None => self.connect().await?,
        };
        sender.ready().await.map_err(|error| NoAnswer::Exchange(error, used))?;
        let response = sender.send_request(request).await.map_err(|error| NoAnswer::Exchange(error, used))?;
        let status = response.status().as_u16();
        let reply = body(response.into_body()).await?;
        self.open = Some(sender);
        Ok(Answer { status, reply })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, NoAnswer> {
        let stream = TcpStream::connect(&self.target.authority).await.map_err(NoAnswer::Connect)?;
        stream.set_nodelay(true).map_err(NoAnswer::Connect)?;
        let shaken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| NoAnswer::Exchange(error, false))?;
        // It ends with the sender; what went wrong on it comes back through the sender too.
        tokio::spawn(connection);
        Ok(sender)
    }

    fn request(&self, message: &Message) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let uri = format!("{}{}", self.target.base, message.path_and_query);
        let mut request = Request::builder()
            .method(message.method.clone())
            .uri(uri)
            .body(Full::from(message.body.clone()))?;
        let headers = request.headers_mut();
        message.headers.iter().for_each(|(name, value)| {
            headers.append(name, value.clone());
        });
        if !headers.contains_key(HOST) {
            headers.insert(HOST, self.target.authority.parse()?);
        }
        if let Some(value) =
            self.target.authorization.clone().filter(|_| !headers.contains_key(AUTHORIZATION))
        {
            headers.insert(AUTHORIZATION, value);
        }
        Ok(request)
    }
}

async fn body(body: Incoming) -> Result<Bytes, NoAnswer> {
    match Limited::new(body, REPLY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(NoAnswer::Large),
        Err(error) => Err(NoAnswer::Body(error)),
    }
}

/// An error and what is behind it, each said once.
fn chain(error: &NoAnswer) -> String {
    let mut text = error.to_string();
    let mut source = match error {
        NoAnswer::Exchange(error, _) => std::error::Error::source(error),
        _ => None,
    };
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
