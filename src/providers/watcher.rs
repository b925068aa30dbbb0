//! Flussonic Watcher, API v2: cameras, users, organizations and their folders. Leaves tariffs, and the making of
//! organizations, to [`billing`](super::billing).
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
pub use client::{Client, PAGE, Page};
pub use folder::Folder;
pub use keeper::{BadPreset, Keeper, Should};
pub use member::{Member, Role};
pub use organization::{Organization, Preset};
pub use playback::{Playback, Port, Ports, Unplayable, Viewer};
pub use user::User;
