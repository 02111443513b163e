//! `.network`, `.netdev` and `.link` files and the kernel's `ip=`, read into checked values.

pub mod addressing;
pub mod dhcp;
pub mod files;
pub mod keys;
pub mod link;
pub mod link_section;
pub mod matching;
pub mod netdev;
pub mod network;
pub mod rule;
pub mod value;
