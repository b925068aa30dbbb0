//! Flussonic Watcher, API v2, by the vendor's reference (2023-02, "v21.02"): cameras, users, organizations and their
//! folders. Leaves tariffs, and the making of organizations where it manages them, to [`billing`](super::billing).
//!
//! ```text
//! client         how it is called; lists that come in pages
//! camera         a camera: its preset, whether it is enabled, where it plays
//! user           who may look
//! names          what a subscriber's are called
//! organization   whose cameras they are; the presets to choose from
//! member         a user in an organization
//! folder         where cameras are, and rights in it
//! playback       the URLs of a camera's streamer
//! keeper         the provider: has all of that be as it should
//! ```

mod camera;
mod client;
mod folder;
mod keeper;
mod member;
pub mod names;
mod organization;
mod playback;
mod user;

pub use camera::{Camera, CameraChange};
pub use client::{Client, Page, Walk};
pub use folder::{Folder, FolderUser};
pub use keeper::Keeper;
pub use member::{Member, Role};
pub use organization::{Organization, Preset, Room};
pub use playback::{Playback, Port, Ports, Unplayable, Viewer};
pub use user::User;
