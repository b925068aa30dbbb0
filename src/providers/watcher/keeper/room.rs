//! How full an organization is: said where it is why something was refused, and warned of before.

use std::time::Duration;

use tokio::time::Instant;

use super::Keeper;
use crate::ids::vsaas::OrganizationId;
use crate::providers::watcher::Organization;
use crate::providers::{Fault, Why};
use crate::service::wanted::Owner;
use crate::telemetry;

/// As subscribers are added, the organization that all share is looked at no more often.
const LOOK_EVERY: Duration = Duration::from_secs(600);

impl Keeper {
    /// A refusal, with how many of `of` (`users`, `cameras`) the organization has where these are all it may have.
    /// Whatever else is the matter, the refusal stays what it is.
    pub(super) async fn for_want_of_room(
        &self,
        fault: Fault,
        (owner, home): (&Owner, OrganizationId),
        of: &'static str,
        deadline: Instant,
    ) -> Fault {
        let Fault::Never(why) = fault else { return fault };
        let found = match self.settings.organization_id {
            Some(shared) => self.shared(shared, deadline).await,
            None => {
                let (title, is_it) = (self.title(owner), |of: &Organization| of.id == home);
                let titled = self.client.organizations_titled(&title, is_it, deadline).await;
                titled.ok().and_then(|all| all.into_iter().find(is_it))
            }
        };
        let room = found.and_then(|found| found.rooms().find(|room| room.of == of && room.is_full()));
        match room {
            Some(room) => {
                let text = format!("{}; organization {home} is full: {room}", why.text);
                Fault::Never(Why { text, ..why })
            }
            None => Fault::Never(why),
        }
    }

    /// Tells how full the organization is that all share, now and then. Whether it could be looked at is nobody's
    /// concern who has just been added.
    pub(super) async fn watch_room(&self, home: OrganizationId, deadline: Instant) {
        if self.settings.organization_id != Some(home) {
            return;
        }
        {
            let mut looked_at = self.room_looked_at.lock().await;
            if looked_at.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
                return;
            }
            *looked_at = Some(Instant::now());
        }
        if let Some(found) = self.shared(home, deadline).await {
            self.tell_room(&found);
        }
    }

    /// Tells how full an organization is: metrics, and a warning where little is left.
    pub(super) fn tell_room(&self, organization: &Organization) {
        let provider = self.client.provider();
        for room in organization.rooms() {
            telemetry::room(provider, room.of, room.used, room.limit);
            if room.is_scarce() {
                let (of, used, limit) = (room.of, room.used, room.limit);
                let organization = organization.id.0;
                tracing::warn!(
                    provider,
                    organization,
                    of,
                    used,
                    limit,
                    "an organization at Watcher is nearly full"
                );
            }
        }
    }

    async fn shared(&self, shared: OrganizationId, deadline: Instant) -> Option<Organization> {
        self.client.find_organization(|of| of.id == shared, deadline).await.ok().flatten()
    }
}
