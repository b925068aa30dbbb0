//! `vsaas user`: users of Watcher: who there is, one made with all that makes it one of an organization, and
//! one removed.

mod add;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::{Ended, Global};
use super::systems::Systems;
use super::{Where, ids, print_table, told};
use crate::ids::Msisdn;
use crate::ids::vsaas::{FolderId, OrganizationId};
use crate::providers::Fault;
use crate::providers::watcher::{self, Member};

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
    /// Its login; a number or a key without @ gets the settings' login_domain
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

/// What a user is called: by us, and where it logs in.
struct Called {
    key: String,
    login: String,
}

impl Called {
    /// As the worker calls subscribers: a number in any spelling is its canonical one, an account is
    /// lower-cased, and one with an @ is its own login.
    fn of(text: &str, domain: &str) -> Self {
        let text = text.trim().to_lowercase();
        let own = format!("@{}", domain.to_lowercase());
        let bare = text.strip_suffix(&own).unwrap_or(&text);
        let key = Msisdn::parse(bare).map_or_else(|_| bare.to_owned(), |number| number.in_full().to_owned());
        let login = if key.contains('@') { key.clone() } else { format!("{key}@{domain}") };
        Self { key, login }
    }

    fn suits(&self, user: &watcher::User) -> bool {
        user.login.eq_ignore_ascii_case(&self.login) || user.external_id.as_ref() == Some(&self.key)
    }
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
        "editor": member.map(|member| member.is_editor),
        "organizations": user.organizations,
    })
}

/// An id goes before a login that is all digits.
async fn remove(systems: &Systems, given: &str) -> Ended {
    let called = Called::of(given, &systems.settings.login_domain);
    let id = given.parse().ok();
    let users = systems.watcher.users(Systems::deadline()).await?;
    let by_id = users.iter().find(|user| Some(user.id) == id);
    let Some(user) = by_id.or_else(|| users.iter().find(|user| called.suits(user))) else {
        return Err(told(&format!("Watcher has no user {given}")));
    };
    match systems.watcher.delete_user(user.id, Systems::deadline()).await {
        // Somebody else was faster.
        Ok(()) | Err(Fault::NotThere(_)) => {}
        Err(fault) => return Err(fault.into()),
    }
    super::super::print(&format!("removed user {} ({})\n", user.id, user.login));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_is_called() {
        let called = |text| {
            let called = Called::of(text, "sdp.example");
            (called.key, called.login)
        };
        let number = ("84945989325".to_owned(), "84945989325@sdp.example".to_owned());
        for spelling in ["0945989325", "+84945989325", "84945989325@SDP.example", " 0945989325@sdp.example"] {
            assert_eq!(called(spelling), number, "{spelling}");
        }
        assert_eq!(called("Ann"), ("ann".to_owned(), "ann@sdp.example".to_owned()));
        assert_eq!(called("Ann@Example.org"), ("ann@example.org".to_owned(), "ann@example.org".to_owned()));
    }
}
