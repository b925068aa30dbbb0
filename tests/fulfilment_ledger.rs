//! What subscriptions, codes and orders become on devices, and what is owed for it, through the ledger on
//! both engines: SQLite always, PostgreSQL where `SDP_GATEWAY_TEST_POSTGRES` names a server to make
//! databases on.

#[path = "fulfilment_ledger/codes.rs"]
mod codes;
#[path = "fulfilment_ledger/devices.rs"]
mod devices;
#[path = "fulfilment_ledger/history.rs"]
mod history;
#[path = "fulfilment_ledger/orders.rs"]
mod orders;
#[path = "fulfilment_ledger/purchases.rs"]
mod purchases;
#[path = "fulfilment_ledger/shop.rs"]
mod shop;
#[path = "fulfilment_ledger/tasks.rs"]
mod tasks;
#[path = "fulfilment_ledger/vouchers.rs"]
mod vouchers;
#[path = "fulfilment_ledger/wanted.rs"]
mod wanted;
#[path = "fulfilment_ledger/world.rs"]
mod world;
