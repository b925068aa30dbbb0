//! The carrier's `ACCESSGW` message, of which the subscription notify is one kind, and our answer
//! to it. The carrier's misspellings live here. Which fields a notify must have, and what they
//! mean, is left to `carrier`.

use super::Unreadable;
use super::code::Code;
use super::fields::{Folded, Slot};
use super::reply;
use super::xml::Reader;

/// A message as it was read: nothing is required and nothing interpreted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessGw {
    /// `MODULE`; `SDP` in a notify.
    pub module: Option<String>,
    /// `MESSAGE_TYPE` or `MESSAGETYPE`; `NOTIFY` in a notify.
    pub message_type: Option<String>,
    /// What `COMMAND` holds.
    pub fields: Notify,
    /// A known field that was given twice with different values, by the carrier's name for it. Its
    /// first value is the one kept.
    pub twice: Option<&'static str>,
}

/// The fields of a notify: trimmed, and `None` where empty or absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notify {
    /// `queueID`: this notification in the carrier's queue.
    pub queue_id: Option<String>,
    /// `resultCode`: 0 where the carrier's own operation went well.
    pub result_code: Option<String>,
    /// `errorDesc`: the text beside `resultCode`.
    pub error_desc: Option<String>,
    /// `startTime`: when sending began, epoch milliseconds.
    pub start_time: Option<String>,
    /// `startTimeCP`: when the receiver was reached, epoch milliseconds.
    pub start_time_cp: Option<String>,
    /// `cpURL`: the address the carrier believes it is calling.
    pub cp_url: Option<String>,
    /// `regID`: the registration, over all its renewals.
    pub reg_id: Option<String>,
    /// `msisdn`: the subscriber, in any of the spellings of a number.
    pub msisdn: Option<String>,
    /// `regType`: 1 registers, 2 cancels.
    pub reg_type: Option<String>,
    /// `channel`: where the subscriber asked, an open list.
    pub channel: Option<String>,
    /// `service_id`: the service by number.
    pub service_id: Option<String>,
    /// `package_id`: the package by number.
    pub package_id: Option<String>,
    /// `originalprice`: the list price.
    pub original_price: Option<String>,
    /// `price`: what was charged.
    pub price: Option<String>,
    /// `commandcode`: the SMS that asked, as a human typed it.
    pub command_code: Option<String>,
    /// `serviceCode`: the service by name.
    pub service_code: Option<String>,
    /// `packageCode`: the package by name.
    pub package_code: Option<String>,
    /// `subpackageCode`: part of no identity.
    pub subpackage_code: Option<String>,
    /// `autoRenew`: 1 where the package renews itself.
    pub auto_renew: Option<String>,
    /// `subcribeTime` (sic): the start, 14 digits of local time.
    pub subscribe_time: Option<String>,
    /// `expiredTime`: the end of the first cycle, exclusive, 14 digits of local time.
    pub expired_time: Option<String>,
    /// `updateTime`: of a cancel, when it took place.
    pub update_time: Option<String>,
}

/// What the answer repeats of the notify, as it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotifyEcho<'a> {
    /// [`Notify::queue_id`].
    pub queue_id: Option<&'a str>,
    /// [`Notify::msisdn`].
    pub msisdn: Option<&'a str>,
    /// [`Notify::service_id`].
    pub service_id: Option<&'a str>,
    /// [`Notify::package_id`].
    pub package_id: Option<&'a str>,
}

impl AccessGw {
    /// Reads the element `ACCESSGW` that `reader` has just opened.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let mut message = Self::default();
        while let Some(name) = reader.child()? {
            let name = Folded::new(name);
            if name.as_bytes() == b"command" {
                message.read_command(reader)?;
            } else if let Some(slot) = message.head(&name) {
                slot.take(&reader.own_text()?);
            } else {
                reader.skip()?;
            }
        }
        Ok(message)
    }

    fn read_command(&mut self, reader: &mut Reader<'_>) -> Result<(), Unreadable> {
        while let Some(name) = reader.child()? {
            match self.field(&Folded::new(name)) {
                Some(slot) => slot.take(&reader.own_text()?),
                None => reader.skip()?,
            }
        }
        Ok(())
    }

    /// Reads parameters, under the same names with the same forgiveness.
    pub fn from_params<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut message = Self::default();
        for (name, value) in pairs {
            if let Some(slot) = message.slot(name.as_ref()) {
                slot.take(value.as_ref());
            }
        }
        message
    }

    /// Whether `name` is, in any of its spellings, that of something a notify carries.
    #[must_use]
    pub fn knows(name: &str) -> bool {
        Self::default().slot(name).is_some()
    }

    /// What the answer repeats of this message.
    #[must_use]
    pub fn echo(&self) -> NotifyEcho<'_> {
        let Notify { queue_id, msisdn, service_id, package_id, .. } = &self.fields;
        NotifyEcho {
            queue_id: queue_id.as_deref(),
            msisdn: msisdn.as_deref(),
            service_id: service_id.as_deref(),
            package_id: package_id.as_deref(),
        }
    }

    /// The place of a parameter, which may belong to the head or to the command.
    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        let name = Folded::new(name);
        if matches!(name.as_bytes(), b"module" | b"messagetype") {
            self.head(&name)
        } else {
            self.field(&name)
        }
    }

    fn head(&mut self, name: &Folded) -> Option<Slot<'_>> {
        let (name, value) = match name.as_bytes() {
            b"module" => ("MODULE", &mut self.module),
            b"messagetype" => ("MESSAGE_TYPE", &mut self.message_type),
            _ => return None,
        };
        Some(Slot { name, value, twice: &mut self.twice })
    }

    fn field(&mut self, name: &Folded) -> Option<Slot<'_>> {
        let fields = &mut self.fields;
        let (name, value) = match name.as_bytes() {
            b"queueid" => ("queueID", &mut fields.queue_id),
            b"resultcode" => ("resultCode", &mut fields.result_code),
            b"errordesc" => ("errorDesc", &mut fields.error_desc),
            b"starttime" => ("startTime", &mut fields.start_time),
            b"starttimecp" => ("startTimeCP", &mut fields.start_time_cp),
            b"cpurl" => ("cpURL", &mut fields.cp_url),
            b"regid" => ("regID", &mut fields.reg_id),
            b"msisdn" => ("msisdn", &mut fields.msisdn),
            b"regtype" => ("regType", &mut fields.reg_type),
            b"channel" => ("channel", &mut fields.channel),
            b"serviceid" => ("service_id", &mut fields.service_id),
            b"packageid" => ("package_id", &mut fields.package_id),
            b"originalprice" => ("originalprice", &mut fields.original_price),
            b"price" => ("price", &mut fields.price),
            b"commandcode" => ("commandcode", &mut fields.command_code),
            b"servicecode" => ("serviceCode", &mut fields.service_code),
            b"packagecode" => ("packageCode", &mut fields.package_code),
            b"subpackagecode" => ("subpackageCode", &mut fields.subpackage_code),
            b"autorenew" => ("autoRenew", &mut fields.auto_renew),
            // The carrier's guide has the first spelling, its other documents the second.
            b"subcribetime" | b"subscribetime" => ("subcribeTime", &mut fields.subscribe_time),
            b"expiredtime" | b"expiretime" => ("expiredTime", &mut fields.expired_time),
            b"updatetime" => ("updateTime", &mut fields.update_time),
            _ => return None,
        };
        Some(Slot { name, value, twice: &mut self.twice })
    }
}

/// Writes the answer to a notify: one line, no XML declaration.
#[must_use]
pub fn render(code: Code, echo: &NotifyEcho<'_>) -> String {
    let mut answer = reply::begin(
        "<ACCESSGW><MODULE>SDP NOTIFIER</MODULE><MESSAGE_TYPE>RESPONSE</MESSAGE_TYPE><COMMAND>",
        &[echo.queue_id, echo.msisdn, echo.service_id, echo.package_id],
    );
    reply::element(&mut answer, "error_id", Some(code.error_id()));
    reply::element(&mut answer, "error_desc", Some(code.notify_desc()));
    reply::element(&mut answer, "queueID", echo.queue_id);
    reply::element(&mut answer, "msisdn", echo.msisdn);
    reply::element(&mut answer, "service_id", echo.service_id);
    reply::element(&mut answer, "package_id", echo.package_id);
    answer.push_str("</COMMAND></ACCESSGW>");
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> AccessGw {
        AccessGw::from_params(pairs.iter().copied())
    }

    #[test]
    fn parameters_are_as_forgiven_as_tags() {
        let message = from(&[
            ("MESSAGETYPE", "NOTIFY"),
            ("Service_Id", " 1 "),
            ("EXPIRE_TIME", "20171004000000"),
            ("subscribeTime", "20171003164946"),
            ("x", "y"),
            ("price", ""),
        ]);
        assert_eq!(message.message_type.as_deref(), Some("NOTIFY"));
        assert_eq!(message.fields.service_id.as_deref(), Some("1"));
        assert_eq!(message.fields.expired_time.as_deref(), Some("20171004000000"));
        assert_eq!(message.fields.subscribe_time.as_deref(), Some("20171003164946"));
        assert_eq!((message.fields.price, message.twice), (None, None));
    }

    #[test]
    fn a_field_that_contradicts_itself_is_named() {
        for (pairs, expected) in [
            (&[("msisdn", "1"), ("MSISDN", " 1")][..], None),
            (&[("msisdn", ""), ("msisdn", "1")], None),
            (&[("msisdn", "1"), ("msisdn", "2")], Some("msisdn")),
            (&[("expire_Time", "1"), ("expiredTime", "2")], Some("expiredTime")),
            (&[("MODULE", "1"), ("module", "2")], Some("MODULE")),
            (&[("other", "1"), ("other", "2")], None),
        ] {
            assert_eq!(from(pairs).twice, expected, "{pairs:?}");
        }
    }

    #[test]
    fn the_answer_is_exact() {
        let echo =
            NotifyEcho { queue_id: Some("5196664"), msisdn: Some("</msisdn>"), ..NotifyEcho::default() };
        assert_eq!(
            render(Code::Kept, &echo),
            "<ACCESSGW><MODULE>SDP NOTIFIER</MODULE><MESSAGE_TYPE>RESPONSE</MESSAGE_TYPE><COMMAND>\
             <error_id>0</error_id><error_desc>successfully</error_desc><queueID>5196664</queueID>\
             <msisdn>&lt;/msisdn&gt;</msisdn><service_id/><package_id/></COMMAND></ACCESSGW>"
        );
    }
}
