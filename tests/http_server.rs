//! The server over real sockets on loopback, with a handler that only echoes.

#[path = "http_server/caps.rs"]
mod caps;
#[path = "http_server/deadlines.rs"]
mod deadlines;
#[path = "http_server/framing.rs"]
mod framing;
#[path = "http_server/kit.rs"]
mod kit;
#[path = "http_server/messages.rs"]
mod messages;
#[path = "http_server/stop.rs"]
mod stop;
#[path = "http_server/streams.rs"]
mod streams;
