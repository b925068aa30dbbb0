//! Whose organization is which, and who has rights in the one that all share.

use std::collections::{HashMap, HashSet};

use super::what::What;
use super::{List, Surveyor};
use crate::ids::vsaas::OrganizationId;
use crate::providers::watcher::FolderUser;
use crate::providers::{Fault, Page};
use crate::service::wanted::Owner;

/// The organizations of all subscribers.
#[derive(Debug, Default)]
pub(super) struct Homes {
    /// Where users and cameras land that are nobody's yet.
    pub(super) default: Option<OrganizationId>,
    /// Those that billing says are ours; none where nobody says so.
    ours: Option<HashSet<OrganizationId>>,
    /// The hashes of their titles, which tell their subscribers.
    titles: HashMap<OrganizationId, u64>,
}

impl Homes {
    pub(super) fn len(&self) -> usize {
        self.titles.len()
    }
}

impl Surveyor<'_> {
    pub(super) fn is_home(&self, owner: &Owner, at: OrganizationId) -> bool {
        match self.keeper.settings.organization_id {
            Some(shared) => shared == at,
            None => self.homes.titles.get(&at) == Some(&self.hash(&self.keeper.title(owner))),
        }
    }

    /// The subscriber's own organization among some.
    pub(super) fn own(&self, owner: &Owner, among: &[OrganizationId]) -> Option<OrganizationId> {
        let is_own = |at: &OrganizationId| self.is_home(owner, *at);
        among.iter().copied().find(is_own).filter(|_| self.keeper.settings.organization_id.is_none())
    }

    pub(super) async fn read_homes(&mut self) -> Result<Page, Fault> {
        let keeper = self.keeper;
        self.homes.default = self.calls.ask(|| keeper.default_organization(keeper.deadline())).await?;
        if keeper.settings.organization_id.is_none() {
            self.homes.ours = self.calls.ask(|| keeper.own_organizations(keeper.deadline())).await?;
        }
        self.turn_to(Some(List::Organizations));
        Ok(Page::default())
    }

    pub(super) async fn read_organizations(&mut self) -> Result<Page, Fault> {
        let (keeper, offset, shared) = (self.keeper, self.walk.offset, self.keeper.settings.organization_id);
        let page = self.calls.ask(|| keeper.client.organizations_page(offset, keeper.deadline())).await?;
        let (is_legible, mut is_new) = (!page.rows.is_empty(), false);
        for one in page.rows {
            let title = self.hash(&one.title);
            is_new |= self.homes.titles.insert(one.id, title).is_none();
            if shared == Some(one.id) {
                keeper.tell_room(&one);
            }
        }
        match shared {
            // All else of them is of no concern where one is everybody's.
            Some(shared) if self.homes.titles.contains_key(&shared) => {
                self.turn_to(Some(List::Rights(shared)))
            }
            Some(shared) => self.walked(page.next, (is_legible, is_new), Some(List::Rights(shared)))?,
            None => self.walked(page.next, (is_legible, is_new), Some(List::Users))?,
        }
        if shared.is_none() && self.list == Some(List::Users) {
            let Homes { default, ours, titles } = &mut self.homes;
            let is_ours = |id: &OrganizationId| ours.as_ref().is_none_or(|ours| ours.contains(id));
            titles.retain(|id, _| is_ours(id) && Some(*id) != *default);
        }
        Ok(Page { odd: page.odd, ..Page::default() })
    }

    /// Where nobody may look, that is told of, and cameras are compared all the same.
    pub(super) async fn read_rights(&mut self, shared: OrganizationId) -> Result<Page, Fault> {
        match self.read_members(shared).await {
            Err(fault) if fault.is_of_one() || matches!(fault, Fault::NotThere(_)) => {
                self.seeing = None;
                self.turn_to(Some(List::Users));
                let on = match self.keeper.settings.folder_id {
                    Some(folder) => format!("folder {folder}"),
                    None => "the root folder".to_owned(),
                };
                Ok(Page { refused: Some((What::Refused.of(&on), fault.to_string())), ..Page::default() })
            }
            read => read,
        }
    }

    async fn read_members(&mut self, shared: OrganizationId) -> Result<Page, Fault> {
        let (keeper, offset) = (self.keeper, self.walk.offset);
        let folder = self.calls.ask(|| keeper.folder(shared, keeper.deadline())).await?;
        let place = (shared, folder);
        let ask = || keeper.client.folder_users_page(place, offset, keeper.deadline());
        let page = self.calls.ask(ask).await?;
        let seeing = self.seeing.get_or_insert_default();
        let (is_legible, before) = (!page.rows.is_empty(), seeing.len());
        seeing.extend(page.rows.into_iter().map(|FolderUser(user)| user));
        let is_new = seeing.len() > before;
        self.walked(page.next, (is_legible, is_new), Some(List::Users))?;
        Ok(Page { odd: page.odd, ..Page::default() })
    }
}
