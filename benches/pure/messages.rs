//! The interface description's own samples.

pub(crate) const NOTIFY: &str = include_str!("../../fixtures/0020-seed-register/request.xml");
pub(crate) const CHECK: &str = include_str!("../../fixtures/0010-seed-check/request.xml");
pub(crate) const NOTIFY_QUERY: &str = include_str!("../../fixtures/0470-get-register/request.query");

/// The body in one more envelope.
pub(crate) fn soap(body: &str) -> String {
    format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Header/>\
         <soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
}
