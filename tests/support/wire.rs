//! Bodies as they come, read as XML: what the gateway does in two steps, since it asks between them what a body is.

use sdp_gateway::wire::{Message, Unreadable, decode, read_text};

pub(crate) fn read_xml(body: &[u8], charset: Option<&str>) -> Result<Message, Unreadable> {
    read_text(&decode::text(body, charset))
}

pub(crate) fn looks_like_xml(body: &[u8], charset: Option<&str>) -> bool {
    decode::is_markup(&decode::text(body, charset))
}
