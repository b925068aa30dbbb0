//! The carrier's `RQST` message, the question before a registration, and our answer to it, the
//! `RPLY`. Which fields a check must have, and what they mean, is left to `carrier`.

use super::Unreadable;
use super::code::Code;
use super::fields::{Folded, Slot};
use super::reply;
use super::xml::Reader;

/// A message as it was read: nothing is required and nothing interpreted. Fields are trimmed, and
/// `None` where empty or absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rqst {
    /// `name`: `CheckServiceInfo`, or nothing.
    pub name: Option<String>,
    /// `requestid`: this question.
    pub request_id: Option<String>,
    /// `service_url`: an address, of no use here.
    pub service_url: Option<String>,
    /// `msisdn`: the subscriber, in any of the spellings of a number.
    pub msisdn: Option<String>,
    /// `channel`: where the subscriber asks, an open list.
    pub channel: Option<String>,
    /// `service`: the service by number.
    pub service: Option<String>,
    /// `package`: the package by number.
    pub package: Option<String>,
    /// `note`: free text.
    pub note: Option<String>,
    /// A known field that was given twice with different values, by the carrier's name for it. Its
    /// first value is the one kept.
    pub twice: Option<&'static str>,
}

/// What the answer repeats of the check, as it was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckEcho<'a> {
    /// [`Rqst::request_id`].
    pub request_id: Option<&'a str>,
    /// [`Rqst::msisdn`].
    pub msisdn: Option<&'a str>,
    /// [`Rqst::service`].
    pub service: Option<&'a str>,
    /// [`Rqst::package`].
    pub package: Option<&'a str>,
}

impl Rqst {
    /// Reads the element `RQST` that `reader` has just opened.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let mut message = Self::default();
        while let Some(name) = reader.child()? {
            match message.slot(name) {
                Some(slot) => slot.take(&reader.own_text()?),
                None => reader.skip()?,
            }
        }
        Ok(message)
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

    /// Whether `name` is, in any of its spellings, that of something a check carries.
    #[must_use]
    pub fn knows(name: &str) -> bool {
        Self::default().slot(name).is_some()
    }

    /// What the answer repeats of this message.
    #[must_use]
    pub fn echo(&self) -> CheckEcho<'_> {
        CheckEcho {
            request_id: self.request_id.as_deref(),
            msisdn: self.msisdn.as_deref(),
            service: self.service.as_deref(),
            package: self.package.as_deref(),
        }
    }

    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        let (name, value) = match Folded::new(name).as_bytes() {
            b"name" => ("name", &mut self.name),
            b"requestid" => ("requestid", &mut self.request_id),
            b"serviceurl" => ("service_url", &mut self.service_url),
            b"msisdn" => ("msisdn", &mut self.msisdn),
            b"channel" => ("channel", &mut self.channel),
            b"service" => ("service", &mut self.service),
            b"package" => ("package", &mut self.package),
            b"note" => ("note", &mut self.note),
            _ => return None,
        };
        Some(Slot { name, value, twice: &mut self.twice })
    }
}

/// Writes the answer to a check: one line, no XML declaration. `status` is 0 or 1; what it means is
/// a setting.
#[must_use]
pub fn render(code: Code, status: u8, echo: &CheckEcho<'_>) -> String {
    let mut answer = reply::begin(
        "<RPLY name=\"CheckServiceInfo\">",
        &[echo.request_id, echo.msisdn, echo.service, echo.package],
    );
    reply::element(&mut answer, "requestid", echo.request_id);
    reply::element(&mut answer, "msisdn", echo.msisdn);
    reply::element(&mut answer, "service", echo.service);
    reply::element(&mut answer, "package", echo.package);
    reply::element(&mut answer, "status", Some(&status.to_string()));
    reply::element(&mut answer, "error_id", Some(code.error_id()));
    reply::element(&mut answer, "error_desc", Some(code.check_desc()));
    answer.push_str("</RPLY>");
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_as_forgiven_as_tags() {
        let pairs =
            [("REQUEST_ID", "7"), ("Service", " 1 "), ("serviceUrl", "http://x"), ("package_id", "2")];
        let message = Rqst::from_params(pairs);
        assert_eq!(message.request_id.as_deref(), Some("7"));
        assert_eq!(message.service.as_deref(), Some("1"));
        assert_eq!(message.service_url.as_deref(), Some("http://x"));
        assert_eq!((message.package, message.twice), (None, None));
        assert_eq!(Rqst::from_params([("note", "1"), ("NOTE", "2")]).twice, Some("note"));
    }

    #[test]
    fn the_answer_is_exact() {
        let echo = CheckEcho {
            request_id: Some("1494245578082"),
            msisdn: Some("84912555755"),
            ..CheckEcho::default()
        };
        assert_eq!(
            render(Code::BadParameters, 1, &echo),
            "<RPLY name=\"CheckServiceInfo\"><requestid>1494245578082</requestid>\
             <msisdn>84912555755</msisdn><service/><package/><status>1</status><error_id>1</error_id>\
             <error_desc>Sai hoac thieu tham so</error_desc></RPLY>"
        );
    }
}
