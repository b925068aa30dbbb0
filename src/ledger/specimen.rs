//! A notice that nobody sent, for trying whether one could be kept: a register as most are, of a number that
//! no subscriber has.

use super::Rules;
use super::raw::Raw;
use super::received::Received;
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::subscription::notice::{Content, Notice, Reading, RegType, SentIds};

/// Sorts after the identities of all notices with a queueID, as the newest ones do, and is none's.
const IDENTITY: &str = "q~";

/// After the country code there is never a 0.
const NUMBER: &str = "84000000000";

/// As large as messages are.
const BODY_BYTES: usize = 1024;

/// The notice as if it came now.
pub(super) fn specimen(rules: &Rules, now: Timestamp) -> Received {
    let offer = rules.catalog.offers().first();
    let sent = SentIds {
        service_id: offer.map(|offer| offer.service_id.clone()),
        package_id: offer.map(|offer| offer.package_id.clone()),
        ..SentIds::default()
    };
    let number = Msisdn::from_canonical(NUMBER.to_owned());
    let content = Content {
        reg_id: Some("0".to_owned()),
        subscribe_at: Some(now),
        auto_renew: true,
        ..Content::of(number, RegType::Register, sent)
    };
    let notice = Notice {
        name: IDENTITY.to_owned(),
        queue_id: Some("0".to_owned()),
        event_at: Some(now),
        start_at: Some(now),
        ..Notice::of(content)
    };
    let raw = Raw { method: "POST".to_owned(), body: vec![b'.'; BODY_BYTES].into(), ..Raw::default() };
    Received {
        reading: Reading::Notice(Box::new(notice)),
        raw,
        caller: "probe".to_owned(),
        received_at: now,
        answer: 0,
    }
}
