//! Words that are checked once and trusted afterwards: subscriber numbers, notice ids, devices and
//! the accounts of their users. A number and an account mask themselves wherever they are displayed;
//! only `in_full` shows them whole.

pub mod masked;
mod tenant;
pub mod visible;
pub mod vsaas;

use std::borrow::Cow;
use std::fmt;

pub use tenant::{BadTenant, Tenant};

/// A subscriber number (MSISDN) in its canonical spelling: digits only, `84` + 9 digits for every
/// Vietnamese form, any other number of 6 to 15 digits as it came (without a leading `+`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Msisdn(String);

/// The text is not a number of 6 to 15 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a subscriber number of 6 to 15 digits")]
pub struct BadMsisdn;

/// The national prefixes of VinaPhone's 11-digit plan (in use until September 2018) and what each
/// became. Only this carrier's are mapped: number portability began after the switch, so no
/// old-plan number of another carrier can reach us (source: carrier facts, quirk 18).
const OLD_PLAN: [(&str, &str); 5] =
    [("124", "84"), ("127", "81"), ("129", "82"), ("123", "83"), ("125", "85")];

impl Msisdn {
    /// Reads any spelling of a number. Blanks around it are forgiven, and so is what people write between digits:
    /// blanks, dots, hyphens, brackets (which may also open before the first digit and close behind the last).
    /// Anything else that is not a digit, but one leading `+`, is refused.
    ///
    /// # Errors
    /// [`BadMsisdn`] for an empty text, another character, or fewer than 6 or more than 15 digits.
    pub fn parse(text: &str) -> Result<Self, BadMsisdn> {
        let (international, digits) = written(text.trim())?;
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) {
            return Err(BadMsisdn);
        }
        let national = national(&digits, international).map(|part| ["84", &modern(part)].concat());
        Ok(Self(national.unwrap_or_else(|| digits.into_owned())))
    }

    /// Trusts a spelling that this type wrote earlier, as the ledger gives it back.
    #[must_use]
    pub fn from_canonical(text: String) -> Self {
        Self(text)
    }

    /// The whole number. For the ledger, the admin and partner surfaces and the carrier's answer;
    /// never for a log line.
    #[must_use]
    pub fn in_full(&self) -> &str {
        &self.0
    }
}

/// The fewest and the most digits of a number.
const DIGITS_MIN: usize = 6;
const DIGITS_MAX: usize = 15;

/// What may stand between the digits of a number, as in `+84 (0) 91…`.
fn parts_digits(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '\u{2010}' | '\u{2011}' | '(' | ')' | '[' | ']')
}

/// The digits of a written number, and whether a `+` is before them.
fn written(text: &str) -> Result<(bool, Cow<'_, str>), BadMsisdn> {
    let open = |c: char| matches!(c, '(' | '[' | ' ');
    let inner = text.trim_start_matches(open);
    let after = inner.strip_prefix('+');
    let bare = after.unwrap_or(inner).trim_start_matches(open).trim_end_matches([')', ']']);
    let is_digit = |c: char| c.is_ascii_digit();
    if !bare.starts_with(is_digit) || !bare.ends_with(is_digit) {
        return Err(BadMsisdn);
    }
    if bare.chars().all(is_digit) {
        return Ok((after.is_some(), Cow::Borrowed(bare)));
    }
    if !bare.chars().all(|c| is_digit(c) || parts_digits(c)) {
        return Err(BadMsisdn);
    }
    Ok((after.is_some(), Cow::Owned(bare.chars().filter(char::is_ascii_digit).collect())))
}

/// The national part (9 digits, or 10 of a known old prefix), told by length and never by prefix:
/// `84841234567` is complete although what follows `84` begins with 84 again. Before it stands nothing, `0`, or the
/// country's 84, which `00` may come before and a trunk `0` after.
fn national(digits: &str, international: bool) -> Option<&str> {
    let is_part = |part: &str| match part.len() {
        9 => !part.starts_with('0'),
        10 => old_prefix(part).is_some(),
        _ => false,
    };
    let after = |heads: &[&str]| {
        let mut parts = heads.iter().filter_map(|head| digits.strip_prefix(head));
        parts.find(|part| is_part(part))
    };
    let abroad = after(&["84", "840"]);
    let at_home =
        || after(&["0084", "00840", "0"]).or((digits.len() == 9 && is_part(digits)).then_some(digits));
    if international { abroad } else { abroad.or_else(at_home) }
}

fn old_prefix(national: &str) -> Option<&'static str> {
    let found = OLD_PLAN.iter().find(|(old, _)| national.starts_with(old));
    found.map(|(_, new)| *new)
}

fn modern(national: &str) -> Cow<'_, str> {
    match old_prefix(national) {
        Some(new) if national.len() == 10 => Cow::Owned([new, &national[3..]].concat()),
        _ => Cow::Borrowed(national),
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, tail) = if self.0.len() >= 11 { (5, 3) } else { (2, 2) };
        write!(f, "{}***{}", &self.0[..head], &self.0[self.0.len() - tail..])
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Msisdn({self})")
    }
}

/// A row of the journal: positive, rising in the order of first receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoticeId(pub i64);

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A device (a camera), as the caller spells it: 1 to 64 of `A-Z a-z 0-9 . _ : @ + -`, and neither
/// `.` nor `..`, which a path would swallow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(String);

/// The account of a device's user, of a tenant or of none: accounts of one name of two tenants are two. Accounts
/// compare lower-cased, so it is kept so. It may hold a subscriber number and masks itself like one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserAccount(String);

/// The text is no name of a device or an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 1 to 64 letters, digits or any of . _ : @ + - (and neither . nor ..)")]
pub struct BadName;

const NAME_BYTES_MAX: usize = 64;

fn check_name(text: &str) -> Result<&str, BadName> {
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && text != "." && text != "..";
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:@+-".contains(&b);
    if fits && text.bytes().all(allowed) { Ok(text) } else { Err(BadName) }
}

impl DeviceId {
    /// Checks a device's id; nothing is trimmed or folded.
    ///
    /// # Errors
    /// [`BadName`] for another length, another character, `.` and `..`.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        check_name(text).map(|name| Self(name.to_owned()))
    }

    /// The id as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl UserAccount {
    /// Checks an account and lower-cases it.
    ///
    /// # Errors
    /// [`BadName`] for another length, another character, `.` and `..`.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        check_name(text).map(|name| Self(name.to_ascii_lowercase()))
    }

    /// The same name's account of a tenant.
    #[must_use]
    pub fn within(&self, tenant: Option<&Tenant>) -> Self {
        Self(tenant.map_or_else(|| self.name().to_owned(), |tenant| format!("{tenant}{OF}{}", self.name())))
    }

    /// Reads what [`in_full`](Self::in_full) gave.
    ///
    /// # Errors
    /// [`BadName`] where it did not.
    pub fn from_full(text: &str) -> Result<Self, BadName> {
        match text.split_once(OF) {
            Some((tenant, name)) => {
                Ok(Self::parse(name)?.within(Some(&Tenant::parse(tenant).map_err(|BadTenant| BadName)?)))
            }
            None => Self::parse(text),
        }
    }

    /// The whole account, lower-cased, behind its tenant where it has one: `TENANT/NAME`. For the ledger and what is
    /// one system for all tenants; never for a log line.
    #[must_use]
    pub fn in_full(&self) -> &str {
        &self.0
    }

    /// What its partner calls it. Never for a log line.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts().1
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.parts().0
    }

    fn parts(&self) -> (Option<&str>, &str) {
        self.0.split_once(OF).map_or((None, &self.0), |(tenant, name)| (Some(tenant), name))
    }
}

/// Between a tenant and an account's name, neither of which can have it.
const OF: char = '/';

impl fmt::Display for UserAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        let shown = if name.len() >= 8 { 3 } else { 1 };
        write!(f, "{}***", &name[..shown])
    }
}

impl fmt::Debug for UserAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserAccount({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, canonical: &str) {
        let number = Msisdn::parse(text).map(|m| m.in_full().to_owned());
        assert_eq!(number.as_deref(), Ok(canonical), "{text}");
    }

    #[test]
    fn every_spelling_meets_its_canonical_number() {
        check("84945989325", "84945989325");
        check("+84945989325", "84945989325");
        check(" 0945989325\n", "84945989325");
        check("945989325", "84945989325");
        check("841241234567", "84841234567");
        check("+841241234567", "84841234567");
        check("01241234567", "84841234567");
        check("84841234567", "84841234567");
        check("0841234567", "84841234567");
        check("841275864123", "84815864123");
        check("0084945989325", "84945989325");
        check("840945989325", "84945989325");
        check("+84 (0) 945-989.325", "84945989325");
        check("84229292282", "84229292282");
    }

    #[test]
    fn other_numbers_stay_as_they_are() {
        check("84848883", "84848883");
        check("841991234567", "841991234567");
        check("012345", "012345");
        check("+4915112345678", "4915112345678");
        check("840045989325", "840045989325");
        check("012345678", "012345678");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "  ", "12345", "1234567890123456", "84x45989325", "++8494598932", "٠٩٤٥٩٨٩٣٢٥"]
        {
            assert_eq!(Msisdn::parse(text), Err(BadMsisdn), "{text}");
        }
    }

    #[test]
    fn a_number_masks_itself() {
        let number = Msisdn::parse("84945989325").expect("a number");
        assert_eq!(format!("{number} {number:?}"), "84945***325 Msisdn(84945***325)");
        assert_eq!(Msisdn::parse("123456").expect("a number").to_string(), "12***56");
    }

    #[test]
    fn names_of_devices_and_accounts() {
        for good in ["cam-1", "a", "...", "10001", "a.b_c:d@e+f-g", &"x".repeat(64)] {
            assert_eq!(DeviceId::parse(good).map(|d| d.to_string()).as_deref(), Ok(good));
            assert!(UserAccount::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", " a", "a b", "a/b", "a%", "ä", "a\n", &"x".repeat(65)] {
            assert_eq!(DeviceId::parse(bad), Err(BadName), "{bad}");
            assert_eq!(UserAccount::parse(bad), Err(BadName), "{bad}");
        }
    }

    #[test]
    fn accounts_compare_lower_cased_and_mask_themselves() {
        let account = UserAccount::parse("84945989325@SDP.example").expect("an account");
        assert_eq!(UserAccount::parse("84945989325@sdp.Example"), Ok(account.clone()));
        assert_eq!(account.in_full(), "84945989325@sdp.example");
        assert_eq!(format!("{account} {account:?}"), "849*** UserAccount(849***)");
        assert_eq!(UserAccount::parse("Ann").expect("an account").to_string(), "a***");
    }

    #[test]
    fn two_tenants_accounts_of_one_name_are_two() {
        let ann = UserAccount::parse("Ann").expect("an account");
        let tenant = Tenant::parse("Reseller-A").expect("a tenant");
        let theirs = ann.within(Some(&tenant));
        assert_eq!(
            (theirs.in_full(), theirs.name(), theirs.tenant()),
            ("reseller-a/ann", "ann", Some("reseller-a"))
        );
        assert_eq!((ann.in_full(), ann.name(), ann.tenant()), ("ann", "ann", None));
        assert_eq!((theirs.to_string(), theirs.within(None)), ("a***".to_owned(), ann.clone()));
        assert_eq!(UserAccount::from_full("reseller-a/ann"), Ok(theirs));
        assert_eq!(UserAccount::from_full("ann"), Ok(ann));
        for bad in ["/ann", "a/", "a/b/c", "a b/c", "A\u{e4}/c"] {
            assert_eq!(UserAccount::from_full(bad), Err(BadName), "{bad}");
        }
    }
}
