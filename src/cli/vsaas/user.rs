//! `vsaas user`: users of Watcher: who there is, one made with all that makes it one of an organization, and
//! one removed.

mod add;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::{Ended, Global};
use super::systems::Systems;
use super::{Where, ids, print_table, told};
use crate::ids::vsaas::{FolderId, OrganizationId, UserId};
use crate::ids::{Msisdn, UserAccount};
use crate::providers::Fault;
use crate::providers::watcher::{self, Member, names};
use crate::service::wanted::Owner;

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// All of them, or an organization's
    List(Where),
    /// Make a user of an organization; what broke off is finished by running it again
    Add(Add),
    /// Delete a user
    Remove {
        /// Its id, or its login
        user: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its login; a number or an account without @ gets the settings' login_domain
    login: String,
    /// Let them add and edit cameras
    #[arg(long)]
    editor: bool,
    /// Their organization, by Watcher's id; organization_id of the settings where it is left out
    #[arg(long, value_name = "ID")]
    org: Option<OrganizationId>,
    /// The folder they get rights in; folder_id of the settings, or the root folder, where it is left out
    #[arg(long, value_name = "ID")]
    folder: Option<FolderId>,
}

/// Whom a login that was given means.
#[derive(Debug, PartialEq, Eq)]
enum Called {
    /// A subscriber's user, as the worker would make it.
    Subscriber(Owner),
    /// Somebody who is none, by an address of their own.
    Person(String),
}

impl Called {
    /// A number in any spelling is its canonical one, an account is lower-cased (a tenant's is `TENANT/NAME`), either
    /// with or without our domain;
    /// anything else with an @ is a person's. `None` where nobody can be called so.
    fn of(text: &str, domain: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let of_ours = text.strip_suffix(&format!("@{}", domain.to_lowercase()));
        let bare = of_ours.unwrap_or(&text);
        if bare.contains('@') {
            return (of_ours.is_none() && is_address(bare)).then_some(Self::Person(text));
        }
        let number = Msisdn::parse(bare).ok().map(Owner::Number);
        let account = || UserAccount::from_full(bare).ok().map(Owner::Account);
        number.or_else(|| names::owner_of_key(bare)).or_else(account).map(Self::Subscriber)
    }

    fn login(&self, domain: &str) -> String {
        match self {
            Self::Subscriber(owner) => names::login(owner, domain),
            Self::Person(login) => login.clone(),
        }
    }

    /// What we call them; a person has no key of ours.
    fn key(&self) -> Option<String> {
        match self {
            Self::Subscriber(owner) => Some(names::key(owner)),
            Self::Person(_) => None,
        }
    }

    /// Their user: the one that bears their key before one that only logs in alike.
    async fn find(&self, systems: &Systems) -> Result<Option<watcher::User>, Fault> {
        let domain = &systems.settings.login_domain;
        let login = self.login(domain);
        let text = match self {
            Self::Subscriber(Owner::Number(number)) => number.in_full(),
            Self::Subscriber(Owner::Account(_)) | Self::Person(_) => &login,
        };
        let bears_key = |user: &watcher::User| self.key().is_some() && user.external_id == self.key();
        let suits = |user: &watcher::User| self.suits(user, domain);
        let mut found = systems.watcher.find_users(text, suits, bears_key, Systems::deadline()).await?;
        let at = found.iter().position(bears_key).unwrap_or(0);
        Ok((!found.is_empty()).then(|| found.swap_remove(at)))
    }

    fn suits(&self, user: &watcher::User, domain: &str) -> bool {
        let bears_key = matches!(self, Self::Subscriber(owner) if names::bears_key(user, owner, domain));
        bears_key || user.login.eq_ignore_ascii_case(&self.login(domain))
    }
}

/// Something before and something after one @, without blanks.
fn is_address(text: &str) -> bool {
    let fits = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.split_once('@').is_some_and(|(name, host)| fits(name) && fits(host) && !host.contains('@'))
}

pub(super) async fn run(global: &Global, systems: &Systems, command: User) -> Ended {
    match command {
        User::List(of) => list(global, systems, of).await,
        User::Add(add) => add.run(systems).await,
        User::Remove { user } => remove(systems, &user).await,
    }
}

async fn list(global: &Global, systems: &Systems, of: Where) -> Ended {
    let members = match of.org {
        Some(id) => match ids::given(systems, Some(id)).await? {
            Some(of) => Some(systems.watcher.members(of.id, Systems::deadline()).await?),
            None => None,
        },
        None => None,
    };
    let users = systems.watcher.users(Systems::deadline()).await?;
    let member =
        |user: &watcher::User| members.as_ref().map(|all| all.iter().find(|of| of.user_id == user.id));
    let rows = users.iter().filter_map(|user| match member(user) {
        Some(None) => None,
        Some(member) => Some(row(user, member)),
        None => Some(row(user, None)),
    });
    let heading = ["id", "login", "external_id", "enabled", "editor", "organizations"];
    print_table(global, "users", &heading, rows.collect());
    Ok(())
}

fn row(user: &watcher::User, member: Option<&Member>) -> Value {
    json!({
        "id": user.id,
        "login": user.login,
        "external_id": user.external_id,
        "enabled": user.enabled,
        "max_sessions": user.max_sessions,
        "editor": member.map(|member| member.is_editor),
        "organizations": user.organizations,
    })
}

/// An id goes before a login that is all digits.
async fn remove(systems: &Systems, given: &str) -> Ended {
    let called = Called::of(given, &systems.settings.login_domain);
    // No call looks a user up by its id alone: the list says who it is before it is deleted.
    let by_id = match given.parse::<UserId>() {
        Ok(id) => systems.watcher.users(Systems::deadline()).await?.into_iter().find(|user| user.id == id),
        Err(_) => None,
    };
    let user = match (by_id, &called) {
        (Some(user), _) => Some(user),
        (None, Some(called)) => called.find(systems).await?,
        (None, None) => {
            let is_it = |user: &watcher::User| user.login == given;
            let found = systems.watcher.find_users(given, is_it, is_it, Systems::deadline()).await?;
            found.into_iter().next()
        }
    };
    let Some(user) = user else { return Err(told(&format!("Watcher has no user {given}"))) };
    match systems.watcher.delete_user(user.id, Systems::deadline()).await {
        // Somebody else was faster.
        Ok(()) | Err(Fault::NotThere(_)) => {}
        Err(fault) => return Err(fault.into()),
    }
    super::super::say(format!("removed user {} ({})", user.id, user.login));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_is_called() {
        let called = |text| {
            let called = Called::of(text, "sdp.example")?;
            Some((called.key(), called.login("sdp.example")))
        };
        let subscriber = |key: &str| Some((Some(key.to_owned()), format!("{key}@sdp.example")));
        for spelling in ["0945989325", "+84945989325", "84945989325@SDP.example", " 0945989325@sdp.example"] {
            assert_eq!(called(spelling), subscriber("84945989325"), "{spelling}");
        }
        assert_eq!(called("Ann"), subscriber("ann"));
        assert_eq!(called("12"), subscriber("account=12"));
        for account in ["account=bob=shop.example", "account=bob=shop.example@sdp.example"] {
            assert_eq!(called(account), subscriber("account=bob=shop.example"), "as the worker calls bob");
        }
        assert_eq!(called("Ann@Example.org"), Some((None, "ann@example.org".to_owned())));
        for nobody in
            ["", " ", "a b", "@", "a@", "@b", "@sdp.example", "a@b@c", "a b@c", "a=b", "a@b@sdp.example"]
        {
            assert_eq!(called(nobody), None, "{nobody}");
        }
    }
}
