//! Disk images: what is on one (partition table, file systems), and the formats it is shipped in.
//!
//! The builder and the installer compose the same disk from the same parts with this crate, so an
//! installed disk is `disk.raw` bit for bit. No clock, no randomness, no host path reaches an output.

pub mod bios;
pub mod content;
pub mod fat;
pub mod formats;
pub mod gpt;
pub mod iso;
pub mod platform;
pub mod raw;
pub mod recipe;
pub mod sparse;
