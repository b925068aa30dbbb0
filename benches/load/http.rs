//! hyper as plainly as it goes, for the servers that the gateway is compared with.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Result;

/// Serves on a free port, which it prints, until the process is ended. `answer` gets the whole body;
/// nothing from it is a failure of ours.
pub(crate) fn serve<F, A>(start: impl Future<Output = Result<F>>) -> Result<()>
where
    F: Fn(Bytes) -> A + Send + Sync + 'static,
    A: Future<Output = Option<Bytes>> + Send + 'static,
{
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let answer = Arc::new(start.await?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request| handle(Arc::clone(&answer), request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}

async fn handle<F, A>(
    answer: Arc<F>,
    request: Request<hyper::body::Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible>
where
    F: Fn(Bytes) -> A,
    A: Future<Output = Option<Bytes>>,
{
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let answered = answer(body).await;
    let failed = answered.is_none();
    let mut response = Response::new(Full::new(answered.unwrap_or_default()));
    if failed {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    Ok(response)
}
