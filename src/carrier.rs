//! Being written.

pub mod access;
