//! Turns a board into images: board text -> checked board -> plan -> tree -> sealed `/usr` -> UKI ->
//! disk -> formats. The format writers are pure; [`build`] is the one module that does IO.

pub mod addon;
pub mod authenticode;
pub mod bios;
pub mod board;
pub mod build;
pub mod cpio;
pub mod diff;
mod elf;
pub mod erofs;
mod esp;
mod initramfs;
pub mod keys;
pub mod manifest;
pub mod netboot;
pub mod pkcs7;
pub mod plan;
pub mod recipe;
pub mod sbom;
pub mod stage;
pub mod tree;
pub mod uki;
pub mod verity;
