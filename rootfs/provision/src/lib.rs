//! Applies an Ignition configuration (spec 3.0 to 3.5) to the root of a new host.
//!
//! text -> `positions` + JSON value -> `decode` -> [`config::Config`] -> `plan` -> `apply`. Everything up to `plan` is
//! checked before the first byte is written.

pub mod apply;
pub mod config;
pub mod data_url;
pub mod decode;
pub mod oem;
pub mod plan;
pub mod positions;
pub mod root;
pub mod shadow;
pub mod source;
pub mod units;
