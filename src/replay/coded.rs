//! Bodies in a content coding: looked at as what is inside, and sent in the same coding again. One that cannot
//! be decoded is sent as it is.

use std::borrow::Cow;

use hyper::header::CONTENT_ENCODING;

use super::case::Case;
use crate::wire::coding;
use crate::wire::content::KEPT_BYTES_MAX;

impl Case {
    /// The body, its codings taken off where they can be.
    pub(crate) fn inside(&self) -> Cow<'_, [u8]> {
        let codings = self.codings();
        coding::decode(codings.as_deref(), &self.body, KEPT_BYTES_MAX).unwrap_or(Cow::Borrowed(&self.body))
    }

    /// The body as it goes out when `inside` is in it: the recorded bytes where nothing changed.
    pub(crate) fn outside(&self, inside: Vec<u8>) -> Vec<u8> {
        if inside == *self.inside() {
            return self.body.clone();
        }
        coding::encode(self.codings().as_deref(), &inside).unwrap_or(inside)
    }

    fn codings(&self) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(name, _)| name == CONTENT_ENCODING)?;
        value.to_str().ok().map(str::to_owned)
    }
}
