//! `vsaas user add`: the steps that make somebody a user of an organization, each looking before it acts, so
//! that a run after one that broke off does what is left and nothing twice.

use clap::error::ErrorKind;

use super::super::super::{Ended, Failure, say, wrong_usage};
use super::super::systems::Systems;
use super::super::{ids, told};
use super::{Add, Called};
use crate::ids::vsaas::{FolderId, OrganizationId};
use crate::providers::Fault;
use crate::providers::watcher::{Folder, Organization, Role, User};

/// Where the user is to be, looked up before anything is changed.
struct Place {
    organization: OrganizationId,
    folder: FolderId,
    /// Where new users land.
    default: Option<OrganizationId>,
}

impl Add {
    pub(super) async fn run(&self, systems: &Systems) -> Ended {
        let Some(called) = Called::of(&self.login, &systems.settings.login_domain) else {
            wrong_usage(
                ErrorKind::InvalidValue,
                "LOGIN is a number, an account, or an address with one @ and without blanks",
            );
        };
        let place = self.place(systems).await?;
        let (user, is_new) = self.user(systems, &called, &place).await?;
        self.join(systems, &user, is_new, &place).await?;
        leave_default(systems, &user, &place).await
    }

    async fn place(&self, systems: &Systems) -> Result<Place, Failure> {
        let Some(id) = self.org.or(systems.settings.organization_id) else {
            wrong_usage(
                ErrorKind::MissingRequiredArgument,
                "--org is needed: the settings name no organization_id",
            );
        };
        let all = systems.watcher.organizations(Systems::deadline()).await?;
        let organization = ids::watched(systems, &all, id).await?.id;
        let is_default = |of: &&Organization| of.is_default;
        let default =
            systems.settings.default_organization_id.or(all.iter().find(is_default).map(|of| of.id));
        if default == Some(organization) {
            return Err(told(&format!("{id} is the default organization, which users are removed from")));
        }
        let folders = systems.watcher.folders(organization, Systems::deadline()).await?;
        let folder = self.folder(systems, organization, &folders)?;
        Ok(Place { organization, folder, default })
    }

    /// The settings' folder is one of the settings' organization.
    fn folder(&self, systems: &Systems, of: OrganizationId, folders: &[Folder]) -> Result<FolderId, Failure> {
        let settings = &systems.settings;
        let of_settings = settings.folder_id.filter(|_| settings.organization_id == Some(of));
        match self.folder.or(of_settings) {
            Some(id) if folders.iter().any(|folder| folder.id == id) => Ok(id),
            Some(id) => Err(told(&format!(
                "the organization {of} has no folder {id}: see `vsaas folders --org {of}`"
            ))),
            None => Folder::root(folders)
                .map(|root| root.id)
                .ok_or_else(|| told(&format!("the organization {of} has no root folder"))),
        }
    }

    /// Who edits cameras is no subscriber, and has no key of ours.
    /// The user, and whether it was made just now.
    async fn user(&self, systems: &Systems, called: &Called, place: &Place) -> Result<(User, bool), Failure> {
        let (watcher, domain) = (&systems.watcher, &systems.settings.login_domain);
        if let Some(user) = called.find(systems).await? {
            say(format!("user {} ({}) is there already", user.id, user.login));
            return Ok((user, false));
        }
        let (login, key) = (called.login(domain), called.key().filter(|_| !self.editor));
        // Who is made straight in an organization is a reader there, and nobody makes an editor of one.
        let at = (!self.editor).then_some(place.organization);
        let made = watcher.create_user(&login, key.as_deref(), at, Systems::deadline()).await;
        let user = made.map_err(go_on)?;
        say(format!(
            "made user {} ({}); nobody knows its password: have Watcher reset it to let them in",
            user.id, user.login
        ));
        Ok((user, true))
    }

    async fn join(&self, systems: &Systems, user: &User, is_new: bool, place: &Place) -> Ended {
        let (watcher, of) = (&systems.watcher, place.organization);
        let mut member = watcher.member(of, (user.id, &user.login), Systems::deadline()).await?;
        if self.editor && member.as_ref().is_some_and(|member| !member.is_editor) {
            // There is no call that turns a reader into an editor.
            watcher.remove_member(of, user.id, Systems::deadline()).await.map_err(go_on)?;
            member = None;
        }
        match &member {
            Some(member) => {
                let role = if member.is_editor { "an editor" } else { "a reader" };
                let since =
                    if is_new { format!("{role} from the start") } else { format!("is {role} already") };
                say(format!("organization {of}: {since}"));
            }
            None => {
                let (role, word) =
                    if self.editor { (Role::Editor, "an editor") } else { (Role::Reader, "a reader") };
                watcher.add_member(of, user.id, role, Systems::deadline()).await.map_err(go_on)?;
                say(format!("organization {of}: joined as {word}"));
            }
        }
        let folder = (of, place.folder);
        if member.is_some() && watcher.has_rights(folder, user.id, Systems::deadline()).await? {
            say(format!("folder {}: has rights already", place.folder));
            return Ok(());
        }
        watcher.grant_folder(folder, user.id, Systems::deadline()).await.map_err(go_on)?;
        say(format!("folder {}: rights granted", place.folder));
        Ok(())
    }
}

async fn leave_default(systems: &Systems, user: &User, place: &Place) -> Ended {
    let Some(default) = place.default.filter(|id| user.organizations.contains(id)) else { return Ok(()) };
    match systems.watcher.remove_member(default, user.id, Systems::deadline()).await {
        Ok(()) | Err(Fault::NotThere(_)) => say(format!("organization {default}: left, the default one")),
        Err(fault) => return Err(go_on(fault)),
    }
    Ok(())
}

/// What failed on the way.
fn go_on(fault: Fault) -> Failure {
    match fault {
        Fault::Again { why, .. } | Fault::Unsure(why) => {
            told(&format!("{why}; run it again: it goes on where this ended"))
        }
        other => other.into(),
    }
}
