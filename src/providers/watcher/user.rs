//! Users of Watcher. Leaves what they may see to members and folders.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use tokio::time::Instant;

use super::client::{Client, Page};
use crate::ids::vsaas::{OrganizationId, UserId};
use crate::providers::loose;
use crate::providers::rest::Call;
use crate::providers::{Fault, Why};

/// A user.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// What Watcher calls it.
    pub id: UserId,
    /// What it logs in with; empty where Watcher does not say.
    #[serde(default, deserialize_with = "login")]
    pub login: String,
    /// Whether it can; so is one of which Watcher does not say it.
    #[serde(default = "yes", deserialize_with = "is_enabled")]
    pub enabled: bool,
    /// What we call it: a subscriber's key. One that is all digits may come as a number.
    #[serde(default, deserialize_with = "loose::text")]
    pub external_id: Option<String>,
    /// Where it is a member; of a user made without an organization, the default one.
    #[serde(default, deserialize_with = "loose::ids")]
    pub organizations: Vec<OrganizationId>,
    /// How many sessions it may have at once; none: no limit, or none that Watcher tells.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub max_sessions: Option<u64>,
}

/// Logins and keys are numbers of subscribers.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let organizations = self.organizations.len();
        write!(f, "User {{ id: {}, enabled: {}, organizations: {organizations} }}", self.id, self.enabled)
    }
}

fn yes() -> bool {
    true
}

fn login<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    loose::text(deserializer).map(Option::unwrap_or_default)
}

fn is_enabled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    loose::flag(deserializer).map(|is| is.unwrap_or_else(yes))
}

/// What an answer to a change shows.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Enabled {
    #[serde(deserialize_with = "loose::flag")]
    enabled: Option<bool>,
}

fn users() -> Call {
    Call::get("/users")
}

impl Client {
    /// All users of the domain.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn users(&self, deadline: Instant) -> Result<Vec<User>, Fault> {
        self.all(users, |user: &User| user.id, deadline).await
    }

    /// A page of all users, from `offset` on.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn users_page(&self, offset: usize, deadline: Instant) -> Result<Page<User>, Fault> {
        self.page(users(), offset, deadline).await
    }

    /// The users that suit among those that have `text` in what Watcher searches, the oldest first; one that is
    /// `enough` ends the search.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn find_users(
        &self,
        text: &str,
        suits: impl Fn(&User) -> bool,
        is_enough: impl Fn(&User) -> bool,
        deadline: Instant,
    ) -> Result<Vec<User>, Fault> {
        self.search((users, text), |user: &User| user.id, suits, is_enough, deadline).await
    }

    /// Makes a user, straight in an organization where one is given, else in the default one. Its password is random
    /// and nobody ever learns it: who is to log in has Watcher send them a new one.
    ///
    /// # Errors
    /// [`Fault`]; of a login that is taken, or where the organization is full, [`Fault::Never`] (400 at Watcher).
    pub async fn create_user(
        &self,
        login: &str,
        external_id: Option<&str>,
        organization: Option<OrganizationId>,
        deadline: Instant,
    ) -> Result<User, Fault> {
        let mut random = [0; 24];
        if getrandom::fill(&mut random).is_err() {
            let why = Why::new("the operating system gave no random bytes");
            return Err(Fault::Again { why, after: None });
        }
        let mut body = json!({ "login": login, "password": URL_SAFE_NO_PAD.encode(random) });
        if let Some(external_id) = external_id {
            body["external_id"] = json!(external_id);
        }
        if let Some(organization) = organization {
            body["organization_id"] = json!(organization);
        }
        self.rest.read(Call::post("/users", body), deadline).await
    }

    /// Has a user able to log in, or not. Its cameras go on as they are.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is none of that id, [`Fault::Never`] where the answer shows that it was
    /// not done.
    pub async fn enable_user(&self, id: UserId, enabled: bool, deadline: Instant) -> Result<(), Fault> {
        let call = Call::put("/users/{}", json!({ "enabled": enabled })).at(id);
        let answer = self.rest.done(call, deadline).await?;
        // Words of another shape say nothing of it.
        let after = Enabled::deserialize(answer).unwrap_or_default().enabled;
        match after.filter(|after| *after != enabled) {
            None => Ok(()),
            Some(_) => {
                let text = "Watcher, PUT /users/{}: it was done, by its answer, and the user is as it was";
                Err(Fault::Never(Why::of_one(text)))
            }
        }
    }

    /// Deletes a user.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where it was deleted before.
    pub async fn delete_user(&self, id: UserId, deadline: Instant) -> Result<(), Fault> {
        self.rest.done(Call::delete("/users/{}").at(id), deadline).await.map(drop)
    }
}
