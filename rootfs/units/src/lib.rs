//! systemd unit files: syntax, directives, search path, installation.
//!
//! `text` gives lines, `words`, `specifiers` and `value` their parts, `settings` their meaning, `model` says what a unit
//! is. Nothing here starts a process or knows what runs; only the loader and the installer touch the file system, below
//! a root folder they are given.

pub mod calendar;
pub mod directives;
pub mod escape;
pub mod exit_status;
pub mod facts;
pub mod fstab;
pub mod glob;
pub mod install;
pub mod loader;
pub mod model;
pub mod names;
mod settings;
pub mod signal;
pub mod specifiers;
pub mod text;
pub mod value;
pub mod words;
