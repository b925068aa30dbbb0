//! What a subscriber's user and organization are called at Watcher, so that nobody else's is ever taken for them.
//! A number's user logs in with the number. A partner names accounts as it likes: one that could be read as a number
//! or as a person's address is marked, with a sign that no account can have.

use super::User;
use crate::ids::{Msisdn, Tenant, UserAccount};
use crate::service::wanted::Owner;

/// Before an account that is not plain; its `@` become the `=` that no account can have.
const MARK: &str = "account=";

/// Before a tenant, an `=` and one of its accounts, spelled likewise: of two tenants' accounts of one name each has a
/// user.
const TENANT: &str = "tenant=";

/// Whose a user is, and by what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// By our key: nobody else gives users one.
    Key,
    /// Only by what it logs in with, which of a number is enough.
    Login,
    /// It logs in like an account's user and does not bear its key: somebody else made it.
    Stranger,
}

/// What we call a subscriber's user, its `external_id`: the login without its domain.
#[must_use]
pub fn key(owner: &Owner) -> String {
    match owner {
        Owner::Account(account) if let Some(tenant) = account.tenant() => {
            format!("{TENANT}{tenant}={}", account.name().replace('@', "="))
        }
        Owner::Account(account) if !is_plain(account) => {
            format!("{MARK}{}", account.in_full().replace('@', "="))
        }
        Owner::Account(_) | Owner::Number(_) => owner.in_full().to_owned(),
    }
}

/// What a subscriber's user logs in with.
#[must_use]
pub fn login(owner: &Owner, domain: &str) -> String {
    format!("{}@{domain}", key(owner))
}

/// The title of a subscriber's own organization.
#[must_use]
pub fn title(owner: &Owner, domain: &str) -> String {
    match owner {
        Owner::Number(number) => number.in_full().to_owned(),
        Owner::Account(_) => login(owner, domain),
    }
}

/// The subscriber of a key.
#[must_use]
pub fn owner_of_key(text: &str) -> Option<Owner> {
    // A number's key is its canonical spelling: `12-34-56`, which people also write for one, is an account's.
    let number = Msisdn::parse(text).ok().filter(|number| number.in_full() == text);
    let owner = match (number, text.strip_prefix(MARK)) {
        (Some(number), _) => Owner::Number(number),
        (None, Some(marked)) => Owner::Account(UserAccount::parse(&marked.replace('=', "@")).ok()?),
        (None, None) => Owner::Account(match text.strip_prefix(TENANT) {
            Some(of_tenant) => of_a_tenant(of_tenant)?,
            None => UserAccount::parse(text).ok()?,
        }),
    };
    (key(&owner) == text).then_some(owner)
}

fn of_a_tenant(text: &str) -> Option<UserAccount> {
    let (tenant, name) = text.split_once('=')?;
    let (tenant, account) = (Tenant::parse(tenant).ok()?, UserAccount::parse(&name.replace('=', "@")).ok()?);
    Some(account.within(Some(&tenant)))
}

/// Whose user it may be.
#[must_use]
pub fn owner_of(user: &User, domain: &str) -> Option<(Owner, Mark)> {
    let by_key = user.external_id.as_deref().and_then(owner_of_key);
    if let Some(owner) = by_key.filter(|owner| bears_key(user, owner, domain)) {
        return Some((owner, Mark::Key));
    }
    let login = user.login.to_lowercase();
    let owner = owner_of_key(login.strip_suffix(&format!("@{}", domain.to_lowercase()))?)?;
    let mark = if matches!(owner, Owner::Number(_)) { Mark::Login } else { Mark::Stranger };
    Some((owner, mark))
}

/// Whether a user bears a subscriber's key. An account's has its login too: another system's key may be the same
/// word.
#[must_use]
pub fn bears_key(user: &User, owner: &Owner, domain: &str) -> bool {
    user.external_id.as_deref() == Some(key(owner).as_str())
        && (matches!(owner, Owner::Number(_)) || user.login.eq_ignore_ascii_case(&login(owner, domain)))
}

/// Neither digits, as a number's key is, nor an address.
fn is_plain(account: &UserAccount) -> bool {
    let text = account.in_full();
    let digits = text.strip_prefix('+').unwrap_or(text);
    !text.contains('@') && !digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::vsaas::UserId;

    const DOMAIN: &str = "sdp.example";

    fn account(text: &str) -> Owner {
        Owner::Account(UserAccount::from_full(text).expect("an account"))
    }

    fn number() -> Owner {
        Owner::Number(Msisdn::parse("84912000001").expect("a number"))
    }

    fn user(login: &str, external_id: Option<&str>) -> User {
        let external_id = external_id.map(str::to_owned);
        let (login, organizations) = (login.to_owned(), Vec::new());
        User { id: UserId(1), login, enabled: true, external_id, organizations, max_sessions: None }
    }

    #[test]
    fn no_account_meets_a_number_or_a_person() {
        for (owner, key) in [
            (number(), "84912000001"),
            (account("Ann"), "ann"),
            (account("+ann"), "+ann"),
            (account("account-12"), "account-12"),
            (account("84912000001"), "account=84912000001"),
            (account("+84912000001"), "account=+84912000001"),
            (account("12"), "account=12"),
            (account("912-000-001"), "912-000-001"),
            (account("84.912.000.001"), "84.912.000.001"),
            (account("+"), "account=+"),
            (account("demo@example.org"), "account=demo=example.org"),
            (account("84912000001@sdp.example"), "account=84912000001=sdp.example"),
            (account("@@"), "account==="),
            (account("reseller-a/ann"), "tenant=reseller-a=ann"),
            (account("reseller-b/ann"), "tenant=reseller-b=ann"),
            (account("12/84912000001@sdp.example"), "tenant=12=84912000001=sdp.example"),
        ] {
            assert_eq!(super::key(&owner), key);
            assert_eq!(login(&owner, DOMAIN), format!("{key}@sdp.example"));
            assert_eq!(owner_of_key(key), Some(owner), "and back");
        }
        for none in [
            "",
            "a b",
            "0912000001",
            "12",
            "ANN",
            "a@b",
            "account=ann",
            "a=b",
            "tenant=ann",
            "tenant==a",
            "tenant=A=a",
        ] {
            assert_eq!(owner_of_key(none), None, "{none}");
        }
    }

    #[test]
    fn whose_a_user_is() {
        for (login, external_id, expected) in [
            ("84912000001@SDP.example", None, Some((number(), Mark::Login))),
            ("84912000001@sdp.example", Some("x-7"), Some((number(), Mark::Login))),
            ("renamed@example.org", Some("84912000001"), Some((number(), Mark::Key))),
            ("ann@sdp.example", Some("ann"), Some((account("ann"), Mark::Key))),
            ("ann@sdp.example", None, Some((account("ann"), Mark::Stranger))),
            ("ann@sdp.example", Some("bob"), Some((account("ann"), Mark::Stranger))),
            ("boss@example.org", Some("ann"), None),
            ("demo@example.org", Some("demo@example.org"), None),
        ] {
            assert_eq!(owner_of(&user(login, external_id), DOMAIN), expected, "{login} {external_id:?}");
        }
    }
}
