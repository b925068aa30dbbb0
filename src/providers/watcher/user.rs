//! Users of Watcher. Leaves what they may see to members and folders.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::client::{Client, or_default};
use crate::ids::vsaas::{OrganizationId, UserId};
use crate::providers::rest::Call;
use crate::providers::{Fault, Why};

/// A user.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// What Watcher calls it.
    pub id: UserId,
    /// What it logs in with.
    pub login: String,
    /// Whether it can.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What we call it: a subscriber's key.
    #[serde(default, deserialize_with = "text")]
    pub external_id: Option<String>,
    /// Where it is a member; of a user just made, the default organization.
    #[serde(default, deserialize_with = "or_default")]
    pub organizations: Vec<OrganizationId>,
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

/// A key that is all digits may come as a number; one that is empty is none.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    })
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

    /// The first user that suits, in as many pages as it takes to find it.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn find_user(
        &self,
        suits: impl Fn(&User) -> bool,
        deadline: Instant,
    ) -> Result<Option<User>, Fault> {
        self.walk(users, |user: &User| user.id, |user| suits(&user).then_some(user), deadline).await
    }

    /// Makes a user, which becomes a member of the default organization. Its password is random and nobody
    /// ever learns it: who is to log in has Watcher send them a new one.
    ///
    /// # Errors
    /// [`Fault`]; of a login that is taken [`Fault::Again`].
    pub async fn create_user(
        &self,
        login: &str,
        external_id: Option<&str>,
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
        self.0.read(Call::post("/users", body), deadline).await
    }

    /// Has a user able to log in, or not. Its cameras go on as they are.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is none of that id.
    pub async fn enable_user(&self, id: UserId, enabled: bool, deadline: Instant) -> Result<(), Fault> {
        self.0.done(Call::put("/users/{}", json!({ "enabled": enabled })).at(id), deadline).await
    }

    /// Deletes a user.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where it was deleted before.
    pub async fn delete_user(&self, id: UserId, deadline: Instant) -> Result<(), Fault> {
        self.0.done(Call::delete("/users/{}").at(id), deadline).await
    }
}
