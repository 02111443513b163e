//! What is on the EFI system partition: the loader, its configuration, the keys to enrol, the UKI.

use keelson_format::version::Version;

use crate::keys::KeySet;
use keelson_disk::content::Content;
use keelson_disk::fat::Entry;

/// The files of a new ESP, in the order in which they lie on it.
///
/// `loader` and `uki` are signed images. The keys for Secure Boot lie in `loader/keys/auto`; the
/// loader offers to enrol them where the firmware is in setup mode and never does it unasked.
pub fn entries(
    loader: &[u8],
    uki: Vec<u8>,
    version: &Version,
    menu_timeout: u8,
    keys: &KeySet,
) -> Vec<Entry> {
    let config = format!("timeout {menu_timeout}\nsecure-boot-enroll manual\n");
    let mut entries = vec![
        Entry::file("EFI/BOOT/BOOTX64.EFI", loader.to_vec()),
        Entry::file("EFI/systemd/systemd-bootx64.efi", loader.to_vec()),
        Entry::file("loader/loader.conf", config.into_bytes()),
        Entry::file("loader/entries.srel", b"type1\n".to_vec()),
    ];
    if let Some(enrolment) = keys.enrolment() {
        for (name, auth) in
            [("PK", &enrolment.pk_auth), ("KEK", &enrolment.kek_auth), ("db", &enrolment.db_auth)]
        {
            entries.push(Entry::file(format!("loader/keys/auto/{name}.auth"), auth.clone()));
        }
    }
    let uki = Content::Bytes(uki);
    entries.push(Entry::file(format!("EFI/Linux/{}", version.uki_name()), uki));
    entries
}
