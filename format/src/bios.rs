//! What boots on BIOS: the files that GRUB reads from the ESP, and the state that it shares with UEFI.
//!
//! GRUB takes kernel and initramfs out of the UKI in `EFI/Linux`; an [entry] beside its script says
//! where in the file they lie. How often a new UKI may still be tried is said twice: in the UKI's name,
//! where systemd-boot counts (Boot Loader Specification, "Boot counting"), and in the [`Environment`],
//! where GRUB does, which cannot rename. [`agree`] brings the two together.
//!
//! The paths are on installed disks and in the core image in front of them: changing one breaks both.

mod agreement;
mod entry;
mod environment;
mod sections;

pub use agreement::{Agreement, agree};
pub use entry::{EntryError, entry};
pub use environment::{Environment, EnvironmentError, MOST_ENTRIES};
pub use sections::{Section, SectionsError, sections};

use crate::version::Version;

/// The folder on the ESP of all that GRUB reads.
pub const FOLDER: &str = "loader/bios";
/// GRUB's script.
pub const SCRIPT_PATH: &str = "loader/bios/grub.cfg";
/// The [`Environment`].
pub const ENVIRONMENT_PATH: &str = "loader/bios/grubenv";
/// The device that the script opens the UKI as; entries name it.
pub const LOOP_DEVICE: &str = "keelson";
/// What an entry sets when kernel and initramfs are loaded.
pub const LOADED: &str = "keelson_loaded";
/// What the platform's fragment sets: words for the end of the command line.
pub const PLATFORM_WORDS: &str = "keelson_platform";

/// The path on the ESP of a version's entry.
pub fn entry_path(version: &Version) -> String {
    format!("{FOLDER}/keelson_{version}.cfg")
}
