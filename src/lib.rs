//! **sdp-gateway** stands between a mobile carrier's SDP and a cloud-camera business. The carrier
//! posts XML when a subscriber registers or cancels, or asks before one does; the gateway answers in
//! its grammar, keeps every notice durably and exactly once, and tells partners and operators what a
//! subscriber holds. Partners bind devices to numbers and accounts, apps redeem activation codes on them;
//! what is in force on a device follows.
//!
//! # One notify, walked
//!
//! ```text
//! carrier ──XML──▶ server ▶ routes ▶ carrier/notify
//!                                      parse    wire/request, wire/accessgw; carrier/reading
//!                                      record   ledger/commit: many notices, one transaction, one fsync
//!                                                 identity   known? a repeat or a conflict
//!                                                 resolve    subscription/judge with the catalog
//!                                                 decide     subscription/decide: one step of the fold
//!                                                 owe        ledger/fulfil: services on devices, tasks
//!                                      render   wire/accessgw + wire/code
//! carrier ◀──XML── server ◀────────────┘        after the commit
//!       then, in the worker:  claim (ledger/fulfil) ▶ send (providers) ▶ settle (ledger/fulfil)
//! ```
//!
//! # What is absent
//!
//! `wire` does no I/O and knows no business. `subscription`, `service`, `order` and `outbox` are free of async, SQL,
//! HTTP and the clock: what a number holds is a pure fold of its notices, and what is in force on its
//! devices follows from that, their bindings and the time. `subscription` and the ledger know no grammar: a reply is
//! text that is stored, and what was kept is read again by a function that the ledger is opened with. Providers see no
//! ledger, and say how a task went as a value; the worker knows neither SQL nor HTTP. Surfaces contain no SQL. Only
//! [`clock`] asks the system's time; only [`config`] reads the environment (what systemd says there is [`systemd`]'s).
//! No write transaction lives in a request that a client could cancel by hanging up: the ledger's writer owns them all.
//!
//! # Modules, in reading order
//!
//! * [`ids`], [`clock`], [`money`]: numbers, times and amounts, checked once and trusted afterwards. Whose a device or an
//!   account is, of several tenants, is part of the account's name; partners see what `story/view` shows.
//! * [`wire`]: bytes to messages and codes to replies.
//! * [`catalog`]: the offers, and which of them a message means; the packages, coupons and promotions of camera apps.
//! * [`subscription`]: every rule of a notice.
//! * [`service`]: every rule of what is in force on a device: windows, queues, transfer, retention.
//! * [`order`]: what camera apps buy: orders, coupons and payments, each with its life; terms by the calendar.
//! * [`stock`]: activation codes as values, and a code's life. [`outbox`]: what providers owe, and a task's life.
//! * [`ledger`]: the journal, its fold, group commit, reads; what operators put right (`ledger/operate`,
//!   `ledger/repair`), written down in `ledger/audit`, and what they laid aside (`ledger/aside`); folds made again, of an
//!   older ledger or for another setting (`ledger/refold`); devices, tasks and codes in `ledger/fulfil`; orders,
//!   payments and coupons in `ledger/shop`; copies from one engine to the other, backups and their way back
//!   (`ledger/sqlite/restore`).
//! * [`http`]: one call of ours to somebody else.
//! * [`providers`]: who carries out what was granted; they see no ledger. Some carry out steps, others
//!   (`providers/watcher/keeper`) bring about what should be on a device by now (`service/wanted`).
//! * [`payments`]: how orders are paid, and what Alipay and WeChat say when they call back; they see no ledger either.
//! * [`reconcile`]: what a provider that keeps a state has (`providers/state`), compared with what should be there, and
//!   mended.
//! * [`worker`]: has them do it: claim, send, settle; what ends by itself, at its second; and that comparison, every so
//!   often. Whatever is sent to a provider, tasks and codes redeemed while somebody waits, goes out through
//!   `worker/sender`.
//! * [`server`]: HTTP. [`surface`], [`routes`]: what a surface is, and whose each path is.
//! * [`carrier`], [`partner`], [`activation`], [`vas`], [`flussonic`], [`admin`]: who calls us; [`json`] and [`story`]
//!   are what the JSON ones share, [`signed`] is what those that partners sign share.
//! * [`app`]: builds all of it from the settings, and takes new ones meanwhile. [`cli`]: the commands.
//!   [`replay`]: recorded messages, sent again.
//! * Leaves: [`config`] (settings), [`telemetry`] (logs and metrics), [`limits`] (rates), [`signature`]
//!   (of partners, of plays and of payment systems), [`systemd`] (sockets handed over, readiness, the watchdog),
//!   [`system`] (descriptors), [`lifeline`] (parts of the process that it does not survive).
//!
//! `tests/architecture.rs` holds the layers and the absences to the source. The server stands below
//! the surfaces here, since they use its requests and it knows none of them.
//!
//! # Words
//!
//! Each has one meaning in the source; the carrier's and vendors' own words live in `wire` and `providers`.
//!
//! | word | what it means here |
//! |---|---|
//! | identity | the idempotency key of a carrier's operation; its *holder* is the notice that has it |
//! | judge | to say of a notice whether it reaches the fold, or is parked ([`subscription::judge`]) |
//! | fold | what a number holds, made of all its notices in their order; *step* is the fold of the newest alone |
//! | hold | how a service is held: by a window of a right, or as seconds that were paid ([`service::hold`]) |
//! | advance | to bring holdings to a moment: what began or ended by itself until then |
//! | outbox, task | what providers owe, a row each ([`outbox`]); its *ordering key* is what it waits in line for |
//! | claim, lease | to take a task up, for a time and under a secret |
//! | errand, attempted | a task as its provider gets it, and what the provider says became of it |
//! | settle, settlement | to write what an attempt came to, under the lease's secret ([`outbox::Settlement`]) |
//! | lane | one provider's limits and health, in the worker |
//! | deed | one write: what it locks, prefetches and does, and what it answers (`ledger/commit`) |
//! | reconcile | to compare what a provider keeps with what should be there, and to mend it |
//! | periodic job | what comes round every so often and is done by one worker of all |
//! | surface | who calls us on which paths, in whose grammar ([`surface`]) |
//!
//! # Where a change goes
//!
//! A new field: `wire/accessgw.rs`, `carrier/reading.rs` where a rule needs it, and a fixture. Notices from elsewhere:
//! a `subscription::notice::Statement` of each. A rule: an arm of `subscription/decide.rs` and a row
//! of its table; of what is in force on a device, `service/arrange.rs` and a picture of its tests. A step of
//! a task's life: `outbox/life.rs`, of an activation code's `stock/code/life.rs`, of an order's `order/life.rs`, and
//! its row of their tables. A code: a row of `wire/code.rs`. An offer: `config/catalog.toml`. An endpoint: a row of
//! its surface and its place in `openapi.json`; a method of camera apps: its file in `vas/` and its line of
//! `vas/method.rs`. A surface: its file here, a line of `app/surfaces.rs`. A write of the ledger: its file (what is
//! asked, what comes of it, its `Deed`) beside `ledger/record.rs`, in `ledger/fulfil/` or `ledger/shop/`, and its name
//! there. A step of the schema: its file in `ledger/migrations/`, where the build finds it. A kind of provider: its file in `providers/`, its arms of `providers.rs`, its keys in `config/provider.rs`;
//! one that keeps a state also the two traits of `providers/state.rs`. A way to pay: its file in `payments/`, its word
//! in `payments/pay_type.rs`, its line in `payments.rs`, its keys in `config/payments/`. A setting: its section in
//! `config/` and `config/default.toml`.

pub mod activation;
pub mod admin;
pub mod app;
pub mod carrier;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod flussonic;
pub mod http;
pub mod ids;
pub mod json;
pub mod ledger;
pub mod lifeline;
pub mod limits;
pub mod money;
pub mod order;
pub mod outbox;
pub mod partner;
pub mod payments;
pub mod providers;
pub mod reconcile;
pub mod replay;
pub mod routes;
pub mod server;
pub mod service;
pub mod signature;
pub mod signed;
pub mod stock;
pub mod story;
pub mod subscription;
pub mod surface;
pub mod system;
pub mod systemd;
pub mod telemetry;
pub mod vas;
pub mod wire;
pub mod worker;
