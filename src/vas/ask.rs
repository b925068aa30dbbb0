//! What an app asks: who asks for whom, and the parameters by name and type. A value is read as it was signed, so a
//! number may be sent as text and a list as the text of one.

use std::fmt::Display;
use std::str::FromStr;

use hyper::HeaderMap;
use hyper::header::HOST;
use secrecy::SecretString;
use serde_json::Value;

use super::refusal::Refusal;
use crate::clock::Zone;
use crate::config::Partner;
use crate::ids::{DeviceId, UserAccount};
use crate::signed::check;
use crate::signed::params::Params;

/// One request.
pub(super) struct Ask<'a> {
    /// Who signed it.
    partner: &'a Partner,
    params: &'a Params,
    headers: &'a HeaderMap,
}

impl<'a> Ask<'a> {
    /// What that partner sent.
    pub(super) const fn new(partner: &'a Partner, params: &'a Params, headers: &'a HeaderMap) -> Self {
        Self { partner, params, headers }
    }

    /// Where it was sent, as its sender calls us.
    pub(super) fn host(&self) -> Option<&'a str> {
        self.headers.get(HOST)?.to_str().ok()
    }

    /// What it was signed with.
    pub(super) fn secret(&self) -> Option<&'a SecretString> {
        check::secret(self.params, self.partner)
    }

    /// For whom it is: the partner's tenant's account of that name.
    pub(super) fn account(&self) -> Result<UserAccount, Refusal> {
        let account = self.named("userAccount", UserAccount::parse)?;
        Ok(account.within(self.partner.tenant.as_ref()))
    }

    /// The device it is about; whose that is, [`Vas::own_device`](super::Vas::own_device) tells.
    pub(super) fn device(&self) -> Result<DeviceId, Refusal> {
        self.named("deviceId", DeviceId::parse)
    }

    /// A parameter; none where it is absent or empty.
    pub(super) fn optional(&self, name: &str) -> Option<&'a str> {
        self.params.get(name)
    }

    /// A parameter, without the blanks around it.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.optional(name).ok_or_else(|| fault(name, "is missing"))
    }

    /// A whole number.
    pub(super) fn integer<N: FromStr>(&self, name: &str) -> Result<N, Refusal> {
        self.text(name)?.parse().map_err(|_| fault(name, "is no whole number, or too large a one"))
    }

    /// A list of at least one and at most `max` texts; a number in it is a text.
    pub(super) fn texts(&self, name: &str, max: usize) -> Result<Vec<String>, Refusal> {
        let text = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let listed: Option<Vec<Value>> = serde_json::from_str(self.text(name)?).ok();
        let texts: Option<Vec<String>> = listed.and_then(|all| all.into_iter().map(text).collect());
        let fits = texts.filter(|texts| (1..=max).contains(&texts.len()));
        fits.ok_or_else(|| fault(name, &format!("is no list of 1 to {max} texts")))
    }

    /// By whose calendar days are counted: `timezone`, else the one given.
    pub(super) fn zone(&self, usual: Zone) -> Result<Zone, Refusal> {
        const WRONG: &str = "is neither seconds east of UTC nor GMT+8, +08:00 or an IANA name";
        let Some(text) = self.optional("timezone") else { return Ok(usual) };
        Zone::parse(text).ok_or_else(|| fault("timezone", WRONG))
    }

    /// A parameter that `parse` takes.
    pub(super) fn named<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Refusal> {
        parse(self.text(name)?).map_err(|error| fault(name, &format!("is {error}")))
    }
}

/// A parameter is not as it must be.
pub(super) fn fault(name: &str, what: &str) -> Refusal {
    Refusal::Parameter(format!("{name} {what}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::borrow::Cow;

    use super::*;
    use crate::wire::content::Content;

    fn partner(tenant: Option<&str>) -> Partner {
        let text = tenant.map_or(String::new(), |tenant| format!("tenant = '{tenant}'\n"));
        toml::from_str(&format!("name = 'app'\n{text}")).unwrap()
    }

    /// What `look` makes of the parameter `p`, or of what else the body holds.
    fn read<T>(body: &str, look: impl FnOnce(&Ask<'_>) -> Result<T, Refusal>) -> Result<T, String> {
        let content = Content::Whole(None, Cow::Borrowed(body.as_bytes()));
        let (partner, params) = (partner(Some("reseller-a")), Params::object(None, &content).unwrap());
        look(&Ask::new(&partner, &params, &HeaderMap::new())).map_err(|refusal| refusal.msg().to_owned())
    }

    #[test]
    fn values_may_be_numbers_or_texts() {
        let integer = |body: &str| read(body, |ask| ask.integer::<u32>("p"));
        assert_eq!([integer("{\"p\":2}"), integer("{\"p\":\" 2 \"}")], [Ok(2), Ok(2)]);
        for wrong in ["-1", "1.0", "1e0", "4294967296", "\"two\"", "true", "[2]"] {
            let told = integer(&format!("{{\"p\":{wrong}}}"));
            assert_eq!(told.unwrap_err(), "p is no whole number, or too large a one", "{wrong}");
        }
        for absent in ["{}", "{\"p\":null}", "{\"p\":\" \"}"] {
            assert_eq!(integer(absent).unwrap_err(), "p is missing");
        }
        assert_eq!(read("{\"p\":1.50}", |ask| Ok(ask.text("p")?.to_owned())), Ok("1.50".to_owned()));
    }

    #[test]
    fn lists_hold_texts_and_have_bounds() {
        let texts = |value: &str| read(&format!("{{\"p\":{value}}}"), |ask| ask.texts("p", 2));
        let both = Ok(vec!["a".to_owned(), "1".to_owned()]);
        assert_eq!([texts("[ \"a\", 1 ]"), texts("\"[\\\"a\\\",1]\"")], [both.clone(), both]);
        for wrong in ["[]", "[1,2,3]", "[[1]]", "[null]", "[true]", "{}", "\"a\"", "1"] {
            assert_eq!(texts(wrong).unwrap_err(), "p is no list of 1 to 2 texts", "{wrong}");
        }
    }

    #[test]
    fn zones_have_a_default_and_are_never_guessed() {
        let usual = Zone::parse("+07:00").unwrap();
        let zone = |value: &str| read(&format!("{{\"timezone\":{value}}}"), |ask| ask.zone(usual));
        assert_eq!(zone("null"), Ok(usual));
        for east_8 in ["28800", "\"28800\"", "\"GMT+8\"", "\"UTC+8\"", "\"+08:00\""] {
            assert_eq!(zone(east_8), Ok(Zone::parse("28800").unwrap()), "{east_8}");
        }
        assert_ne!(zone("\"Etc/GMT+8\"").unwrap(), Zone::parse("28800").unwrap());
        for wrong in ["\"+0800\"", "8", "\"Hanoi\"", "28800.5", "[28800]"] {
            assert!(zone(wrong).unwrap_err().starts_with("timezone is neither seconds"), "{wrong}");
        }
    }

    #[test]
    fn an_account_is_the_partners_tenants() {
        let account =
            |body: &str| read(body, |ask| ask.account()).map(|account| account.in_full().to_owned());
        assert_eq!(account("{\"userAccount\":\"Ann\"}"), Ok("reseller-a/ann".to_owned()));
        assert_eq!(account("{}").unwrap_err(), "userAccount is missing");
        let wrong = account("{\"userAccount\":\"a/b\"}").unwrap_err();
        assert!(wrong.starts_with("userAccount is not 1 to 64"), "{wrong}");
    }
}
