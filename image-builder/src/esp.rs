//! What is on the EFI system partition: the loader, its configuration, the files of the platform, the
//! keys to enrol, the UKI.

use keelson_disk::content::Content;
use keelson_disk::fat::Entry;
use keelson_format::platform::{ADDON_PATH, CFG_PATH};

use crate::board::Enroll;
use crate::keys::KeySet;

/// What an ESP is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// systemd-boot, signed.
    pub loader: &'a [u8],
    /// The UKI, signed.
    pub uki: Content,
    /// Its name in `EFI/Linux`.
    pub uki_name: String,
    /// Seconds for which the loader shows its menu.
    pub menu_timeout: u8,
    /// When the loader enrols the keys.
    pub enroll: Enroll,
    /// The add-on of the platform, signed.
    pub addon: Vec<u8>,
    /// The fragment of the platform for GRUB.
    pub cfg: Vec<u8>,
    /// What else GRUB reads, where the disk also boots on BIOS.
    pub bios: Vec<Entry>,
}

/// The files of a new ESP, in the order in which they lie on it.
///
/// What comes before the files of the platform has one length in every build with the same keys, so
/// these have a known place. The keys for Secure Boot lie in `loader/keys/auto`.
pub fn entries(parts: Parts<'_>, keys: &KeySet) -> Vec<Entry> {
    let Parts { loader, menu_timeout, enroll, .. } = parts;
    let config = format!("timeout {menu_timeout}\nsecure-boot-enroll {}\n", enroll.name());
    let mut entries = vec![
        Entry::file("EFI/BOOT/BOOTX64.EFI", loader.to_vec()),
        Entry::file("EFI/systemd/systemd-bootx64.efi", loader.to_vec()),
        Entry::file("loader/loader.conf", config.into_bytes()),
        Entry::file(ADDON_PATH, parts.addon),
        Entry::file(CFG_PATH, parts.cfg),
        Entry::file("loader/entries.srel", b"type1\n".to_vec()),
    ];
    if let Some(enrolment) = keys.enrolment() {
        for (name, auth) in
            [("PK", &enrolment.pk_auth), ("KEK", &enrolment.kek_auth), ("db", &enrolment.db_auth)]
        {
            entries.push(Entry::file(format!("loader/keys/auto/{name}.auth"), auth.clone()));
        }
    }
    entries.push(Entry::file(format!("EFI/Linux/{}", parts.uki_name), parts.uki));
    entries.extend(parts.bios);
    entries
}
