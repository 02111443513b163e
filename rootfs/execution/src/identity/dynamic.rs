//! Users that are given out while a service runs (`DynamicUser=`), kept by number below /run.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use keelson_units::model::{DirectoryKind, ExecSettings};

use crate::accounts::{Accounts, User};
use crate::directories;
use crate::spawn::SpawnError;
use crate::stage::Stage;

/// The numbers (systemd's UIDS-GIDS).
const FIRST: u32 = 61184;
const LAST: u32 = 65519;
/// One file for each number given out; it holds the name.
const FOLDER: &str = "/run/systemd/dynamic-uid";

/// The user of a unit; none where a user of that name is in `/etc/passwd`, which is taken instead.
pub fn allocate(
    exec: &ExecSettings,
    unit: &str,
    accounts: &Accounts,
) -> Result<Option<User>, SpawnError> {
    let name = exec.user.clone().unwrap_or_else(|| name_of(unit));
    if exec.user.is_some() && accounts.knows(&name) && accounts.user(&name).is_ok() {
        return Ok(None);
    }
    let uid = take(Path::new(FOLDER), &name, present_owner(exec), accounts)
        .map_err(SpawnError::at(Stage::User))?;
    Ok(Some(User { name, uid, gid: uid, home: "/".into(), shell: "/usr/sbin/nologin".into() }))
}

/// Gives the number of a unit back.
pub fn free(uid: u32) -> io::Result<()> {
    match fs::remove_file(Path::new(FOLDER).join(uid.to_string())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Takes the number that the name hashes to, or the next that is free. `wanted` is tried first.
fn take(folder: &Path, name: &str, wanted: Option<u32>, accounts: &Accounts) -> io::Result<u32> {
    fs::create_dir_all(folder)?;
    let count = LAST - FIRST + 1;
    let from = hash(name) % count;
    let candidates = (0..count).map(|step| FIRST + (from + step) % count);
    for uid in wanted.into_iter().chain(candidates) {
        if accounts.has_number(uid) {
            continue;
        }
        let file = folder.join(uid.to_string());
        match fs::read_to_string(&file) {
            Ok(holder) if holder == name => return Ok(uid),
            Ok(_) => {}
            Err(_) => {
                fs::write(&file, name)?;
                return Ok(uid);
            }
        }
    }
    Err(io::Error::other("every number for dynamic users is in use"))
}

/// The owner of a folder that an earlier run left behind.
fn present_owner(exec: &ExecSettings) -> Option<u32> {
    let folders = directories::all(exec).filter(|(kind, _)| *kind != DirectoryKind::Configuration);
    let places: Vec<PathBuf> =
        folders.map(|(kind, folder)| directories::place(exec, kind, &folder.path)).collect();
    let owners = places.iter().filter_map(|path| fs::metadata(path).ok()).map(|found| found.uid());
    owners.into_iter().find(|uid| (FIRST..=LAST).contains(uid))
}

/// A user's name from that of a unit: what may not stand in one is replaced.
fn name_of(unit: &str) -> String {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    let text: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .collect();
    let valid = text.len() <= 31 && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if valid && text == stem { text } else { format!("_du{:08x}", hash(stem)) }
}

/// FNV-1a, which is the same on every machine and day.
fn hash(text: &str) -> u32 {
    text.bytes()
        .fold(0x811c_9dc5, |sum: u32, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_others_get_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let accounts = Accounts::default();
        let first = take(folder.path(), "a", None, &accounts).expect("free");
        assert_eq!(take(folder.path(), "a", None, &accounts).expect("its own"), first);
        let second = take(folder.path(), "b", Some(first), &accounts).expect("free");
        assert_ne!(second, first);
        assert!((FIRST..=LAST).contains(&first) && (FIRST..=LAST).contains(&second));
    }

    #[test]
    fn numbers_of_the_files_are_not_given_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let taken = FIRST + hash("a") % (LAST - FIRST + 1);
        let accounts = Accounts::from_text(&format!("x:x:{taken}:{taken}::/:\n"), "");
        assert_ne!(take(folder.path(), "a", None, &accounts).expect("free"), taken);
    }

    #[test]
    fn units_whose_name_is_no_users_get_one_by_number() {
        assert_eq!(name_of("node-exporter.service"), "node-exporter");
        assert!(name_of("foo@bar.service").starts_with("_du"));
    }
}
