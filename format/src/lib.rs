//! What the builder writes and the host reads: partition table, verity, signatures, command line,
//! release manifest and module index, each written and parsed by the same code.
//!
//! Nothing here does IO: functions take and give values, text or bytes. Every constant that is part
//! of an on-disk format breaks installed systems when it changes; such constants say so.

pub mod bios;
pub mod boot;
pub mod cmdline;
pub mod disk;
pub mod guid;
pub mod modules;
pub mod platform;
pub mod release;
pub mod signature;
pub mod size;
pub mod uki;
pub mod verity;
pub mod version;
