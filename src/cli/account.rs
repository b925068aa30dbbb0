//! `account`: one account's whole story.

use clap::Subcommand;

use super::subscriber::text;
use super::{Ended, Failure, Global, block_on, open};
use crate::clock::Clock;
use crate::ids::UserAccount;
use crate::story;

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Devices with their services, orders, payments, coupons, vouchers and transfers, newest first
    Show {
        /// Its name; of a tenant's TENANT/NAME
        #[arg(value_parser = UserAccount::from_full)]
        account: UserAccount,
    },
}

pub(super) fn run(global: &Global, Account::Show { account }: Account) -> Ended {
    let story = block_on(async {
        let ledger = open::ledger(global).await?;
        let story = story::account(&ledger, &account, Clock::system().now()).await?;
        ledger.close().await;
        Ok::<_, Failure>(serde_json::to_value(story)?)
    })??;
    global.print(&story, || text(&story["user_account"], &story));
    Ok(())
}
