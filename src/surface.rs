//! What a surface is: on which listeners and paths it answers, and how. [`crate::routes`] leads requests to it without
//! knowing it, and one line of `app/surfaces.rs` plugs it in.

use std::borrow::Cow;

use hyper::Method;

use crate::server::{Request, Response};

/// What is listened on; each may have several sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// The carrier's own, where `carrier.listen` is set; where it is not, the main one leads to its surfaces.
    Carrier,
    /// `server.listen`.
    Main,
    /// `admin.listen`.
    Admin,
}

impl Listener {
    /// In the order in which they are opened.
    pub const ALL: [Self; 3] = [Self::Carrier, Self::Main, Self::Admin];

    /// Its name, as sockets are passed under.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Main => "main",
            Self::Admin => "admin",
        }
    }
}

/// One way to a surface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<C> {
    /// The method; none where the surface takes every one and answers the wrong ones itself.
    pub method: Option<Method>,
    /// As `matchit` reads it, with up to two items in braces.
    pub path: Cow<'static, str>,
    /// What it is for.
    pub call: C,
}

impl<C> Route<C> {
    /// For one method; others of the path are answered 405.
    #[must_use]
    pub const fn of(method: Method, path: &'static str, call: C) -> Self {
        Self { method: Some(method), path: Cow::Borrowed(path), call }
    }

    /// For every method.
    #[must_use]
    pub fn whatever_the_method(path: impl Into<Cow<'static, str>>, call: C) -> Self {
        Self { method: None, path: path.into(), call }
    }
}

/// Somebody whom we answer.
pub trait Surface: Send + Sync + 'static {
    /// What its paths are for.
    type Call: Copy + Send + Sync + 'static;

    /// As whose its answers are counted.
    const NAME: &'static str;

    /// Where it answers.
    const LISTENERS: &'static [Listener];

    /// Below this prefix it answers for paths that are nobody's too, as this call.
    const ELSEWHERE: Option<(&'static str, Self::Call)> = None;

    /// Its paths.
    fn routes() -> Vec<Route<Self::Call>>;

    /// Answers one request, always in its own words. `items`: what stands in the path's braces, in order and as it was
    /// sent; empty where nothing does.
    fn answer(
        &self,
        call: Self::Call,
        items: [&str; 2],
        request: Request,
    ) -> impl Future<Output = Response> + Send;
}
