//! Which path is whose on a listener: a table, path and method to a surface's call. It knows no surface by name.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};

use crate::json;
use crate::server::{Request, Response};
use crate::surface::{Listener, Route, Surface};
use crate::telemetry::SurfaceMeters;

/// One listener's paths.
pub struct Routes {
    listener: Listener,
    paths: matchit::Router<Vec<Way>>,
    /// By prefix, whose the paths are that are not in the table.
    elsewhere: Vec<(&'static str, Box<dyn Answer>)>,
}

/// A path's way for one method, or for every one.
struct Way {
    method: Option<Method>,
    to: Box<dyn Answer>,
}

/// A call of some surface.
trait Answer: Send + Sync {
    /// In a box of its own: a request has room for its own answering and not for the largest.
    fn answer<'a>(
        &'a self,
        items: [&'a str; 2],
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Response> + Send + 'a>>;
}

struct To<S: Surface> {
    surface: Arc<S>,
    call: S::Call,
    meters: SurfaceMeters,
}

impl<S: Surface> Answer for To<S> {
    fn answer<'a>(
        &'a self,
        items: [&'a str; 2],
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Response> + Send + 'a>> {
        Box::pin(async move {
            let response = self.surface.answer(self.call, items, request).await;
            self.meters.answered(response.status().as_u16());
            response
        })
    }
}

impl Routes {
    /// A listener's table, without a path yet.
    #[must_use]
    pub fn of(listener: Listener) -> Self {
        Self { listener, paths: matchit::Router::new(), elsewhere: Vec::new() }
    }

    /// Leads to a surface.
    pub fn add<S: Surface>(&mut self, surface: &Arc<S>) {
        let meters = SurfaceMeters::new(S::NAME);
        let to = |call| Box::new(To { surface: Arc::clone(surface), call, meters: meters.clone() });
        let mut table: Vec<(Cow<'static, str>, Vec<Way>)> = Vec::new();
        for Route { method, path, call } in S::routes() {
            let way = Way { method, to: to(call) };
            match table.iter_mut().find(|(known, _)| *known == path) {
                Some((_, ways)) => ways.push(way),
                None => table.push((path, vec![way])),
            }
        }
        for (path, ways) in table {
            if let Err(error) = self.paths.insert(path.as_ref(), ways) {
                tracing::warn!(%path, %error, "two surfaces have one path: the second is not heard on it");
            }
        }
        if let Some((prefix, call)) = S::ELSEWHERE {
            self.elsewhere.push((prefix, to(call)));
        }
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request) -> Response {
        let path = request.uri.path().to_owned();
        let Ok(found) = self.paths.at(&path) else { return self.unknown(&path, request).await };
        let mut items = found.params.iter().map(|(_, value)| value);
        let items = [items.next().unwrap_or_default(), items.next().unwrap_or_default()];
        // A HEAD is a GET whose body the server leaves out.
        let asked = if request.method == Method::HEAD { Method::GET } else { request.method.clone() };
        let fits = |way: &&Way| way.method.as_ref().is_none_or(|method| *method == asked);
        match found.value.iter().find(fits) {
            Some(way) => way.to.answer(items, request).await,
            None => json::method_not_allowed(&methods(found.value), self.json_surface(), request.peer),
        }
    }

    /// A path in nobody's table: plain text, but in a surface's own words below its prefix.
    async fn unknown(&self, path: &str, request: Request) -> Response {
        match self.elsewhere.iter().find(|(prefix, _)| path.starts_with(prefix)) {
            Some((_, to)) => to.answer([""; 2], request).await,
            None => not_found(),
        }
    }

    /// Whose word a wrong method gets, for the log: surfaces of other grammars answer it themselves.
    const fn json_surface(&self) -> &'static str {
        match self.listener {
            Listener::Admin => "admin",
            Listener::Main | Listener::Carrier => "partner",
        }
    }
}

fn methods(ways: &[Way]) -> String {
    let names: Vec<&str> = ways.iter().filter_map(|way| Some(way.method.as_ref()?.as_str())).collect();
    names.join(", ")
}

fn not_found() -> Response {
    let mut response = Response::new(http_body_util::Full::from("not found\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
