//! The log: store, service and reader.
//!
//! `store` is the format and its files; `service` receives lines and appends them; `journalctl`, `cat` and `tail` are
//! what people and programs call. Only the service writes a store.

pub mod cat;
pub mod civil;
pub mod clock;
pub mod entry;
pub mod journalctl;
pub mod service;
pub mod store;
pub mod tail;
