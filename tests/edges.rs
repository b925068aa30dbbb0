//! Where HTTP meets what is sent in earnest: bodies in codings and in parts, what is no HTTP at all, requests
//! that are never finished, and the ledger's files among other users'.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/signed.rs"]
mod signed;

#[path = "edges/activation.rs"]
mod activation;
#[path = "edges/below_http.rs"]
mod below_http;
#[path = "edges/codings.rs"]
mod codings;
#[path = "edges/files.rs"]
mod files;
#[path = "edges/half_sent.rs"]
mod half_sent;
