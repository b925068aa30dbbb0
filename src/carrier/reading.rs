//! Reads what an `ACCESSGW` says as what the rules know: a notice's values, or why it is none. The same for a message
//! just received and for one that the ledger kept and has read again.

use chrono::FixedOffset;

use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::raw::Raw;
use crate::subscription::notice::{
    Glimpse, Notice, Reading, Reads, RegType, SentIds, Statement, names_a_row,
};
use crate::subscription::odd::{TimeField, Times};
use crate::wire::accessgw::{AccessGw, Notify};
use crate::wire::content::Sent;
use crate::wire::request;

/// Tells what a message under an ACCESSGW root is. `received_at` is its first receipt.
#[must_use]
pub fn read(message: &AccessGw, reads: &Reads, received_at: Timestamp) -> Reading {
    let fields = &message.fields;
    let is = |sent: &Option<String>, name: &str| sent.as_deref() == Some(name);
    if message.twice.is_some() {
        return Reading::Unreadable(glimpse(fields));
    }
    if !is(&message.module, "SDP") || !is(&message.message_type, "NOTIFY") {
        return Reading::WrongMessage(glimpse(fields));
    }
    match notice(fields, reads, received_at) {
        Some(notice) => Reading::Notice(Box::new(notice)),
        None => Reading::Unreadable(glimpse(fields)),
    }
}

/// Reads a kept message again; none where no message is in its bytes.
#[must_use]
pub fn read_again(raw: &Raw, reads: &Reads, received_at: Timestamp) -> Option<Reading> {
    let message = request::notify(&raw.method, &raw.query, &sent(raw)).ok()?;
    Some(read(&message, reads, received_at))
}

/// A message's body with what is needed to read it.
pub(super) fn sent(raw: &Raw) -> Sent<'_> {
    Sent {
        content_type: raw.content_type.as_deref(),
        content_encoding: raw.content_encoding.as_deref(),
        body: &raw.body,
    }
}

fn glimpse(fields: &Notify) -> Glimpse {
    Glimpse {
        msisdn: fields.msisdn.as_deref().and_then(|text| Msisdn::parse(text).ok()),
        reg_type: fields.reg_type.clone(),
        queue_id: fields.queue_id.clone(),
        sent: ids(fields),
    }
}

fn ids(fields: &Notify) -> SentIds {
    SentIds {
        service_id: fields.service_id.clone(),
        package_id: fields.package_id.clone(),
        service_code: fields.service_code.clone(),
        package_code: fields.package_code.clone(),
    }
}

fn notice(fields: &Notify, reads: &Reads, received_at: Timestamp) -> Option<Notice> {
    let reg_type_sent = fields.reg_type.clone()?;
    let reg_type = reads.reg_type(&reg_type_sent);
    let statement = Statement {
        msisdn: Msisdn::parse(fields.msisdn.as_deref()?).ok()?,
        sent: ids(fields),
        name: name(fields, reg_type)?,
        queue_id: fields.queue_id.clone(),
        reg_id: fields.reg_id.clone(),
        channel: fields.channel.clone(),
        price: fields.price.clone(),
        auto_renew: fields.auto_renew.as_deref().is_none_or(|text| text == "1"),
        failed: fields.result_code.as_deref().is_some_and(|code| code.bytes().any(|digit| digit != b'0')),
        times: times(fields, reads.utc_offset),
        reg_type_sent,
        reg_type,
    };
    statement.notice(received_at)
}

/// The row of the carrier's queue; without one, the registration and what tells one operation of it from another.
fn name(fields: &Notify, reg_type: RegType) -> Option<String> {
    if let Some(queue_id) = fields.queue_id.as_deref().filter(|text| names_a_row(text)) {
        return Some(format!("q:{queue_id}"));
    }
    let reg_id = fields.reg_id.as_deref()?;
    let moment = match reg_type {
        RegType::Cancel => fields.update_time.as_deref().or(fields.start_time.as_deref()),
        _ => None,
    };
    let parts = [Some(reg_id), fields.reg_type.as_deref(), fields.subscribe_time.as_deref(), moment];
    let parts = parts.map(|part| part.unwrap_or_default().replace('|', "||"));
    Some(format!("r:{}", parts.join(" | ")))
}

/// `offset` is the zone of 14-digit times.
fn times(fields: &Notify, offset: FixedOffset) -> Times {
    let mut times = Times::default();
    let mut time = |field: TimeField, text: &Option<String>| {
        let text = text.as_deref()?;
        let at = match field {
            TimeField::StartTime | TimeField::StartTimeCp => Timestamp::from_carrier_or_epoch(text, offset),
            _ => Timestamp::from_carrier(text, offset),
        };
        times.odd.mark_if(at.is_none(), field);
        at
    };
    time(TimeField::StartTimeCp, &fields.start_time_cp);
    let start_at = time(TimeField::StartTime, &fields.start_time);
    let subscribe_at = time(TimeField::SubscribeTime, &fields.subscribe_time);
    let expire_at = time(TimeField::ExpiredTime, &fields.expired_time);
    let update_at = time(TimeField::UpdateTime, &fields.update_time);
    Times { start_at, subscribe_at, expire_at, update_at, ..times }
}
