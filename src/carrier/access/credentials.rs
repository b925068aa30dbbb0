//! HTTP Basic credentials: reading what was sent, comparing in constant time. Malformed ones count
//! as none sent.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// What a caller must send.
#[derive(Debug)]
pub(super) struct Credentials {
    user: String,
    password: SecretString,
}

/// What a request sent.
pub(super) struct Sent {
    user: String,
    password: SecretString,
}

impl Credentials {
    pub(super) const fn new(user: String, password: SecretString) -> Self {
        Self { user, password }
    }

    /// Both are compared whatever the first comparison says; only lengths can be told by time.
    pub(super) fn match_sent(&self, sent: &Sent) -> bool {
        let user = self.user.as_bytes().ct_eq(sent.user.as_bytes());
        let password =
            self.password.expose_secret().as_bytes().ct_eq(sent.password.expose_secret().as_bytes());
        (user & password).into()
    }
}

/// The Basic credentials of a request: the scheme in any case, one blank or more, base64 of UTF-8
/// `user:password` where the password may hold colons.
pub(super) fn sent(headers: &HeaderMap) -> Option<Sent> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = plain.split_once(':')?;
    Some(Sent { user: user.to_owned(), password: password.into() })
}
