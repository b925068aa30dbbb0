//! `vsaas folders`: where an organization's cameras are, and with which id rights are granted there.

use clap::error::ErrorKind;
use serde_json::{Value, json};

use super::super::{Ended, Global, wrong_usage};
use super::systems::Systems;
use super::{ids, print_table};
use crate::ids::vsaas::OrganizationId;

pub(super) async fn run(global: &Global, systems: &Systems, org: Option<OrganizationId>) -> Ended {
    let Some(of) = ids::given(systems, org).await? else {
        wrong_usage(
            ErrorKind::MissingRequiredArgument,
            "--org is needed: the settings name no organization_id",
        );
    };
    let folders = systems.watcher.folders(of.id, Systems::deadline()).await?;
    let row = |folder: crate::providers::watcher::Folder| {
        json!({
            "id": folder.id,
            "title": folder.title,
            "parent_id": folder.parent_id,
            "cameras": folder.camera_count,
        })
    };
    let rows: Vec<Value> = folders.into_iter().map(row).collect();
    print_table(global, "folders", &["id", "title", "parent_id", "cameras"], rows);
    Ok(())
}
