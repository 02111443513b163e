//! Brings the names of the UKIs and GRUB's environment into agreement, so that a disk that is moved between BIOS and
//! UEFI boots what is good on either.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use keelson_format::bios::{self, Agreement, Environment, agree};
use keelson_format::uki;
use keelson_format::version::Version;

use super::Outcome;

/// Why the two do not agree.
#[derive(Debug, thiserror::Error)]
#[error("{what} {path} on the EFI system partition: {source}")]
pub(super) struct AgreementError {
    what: &'static str,
    path: String,
    source: io::Error,
}

/// What has to be written.
#[derive(Debug)]
pub(super) struct Change {
    good: Version,
    agreement: Agreement,
    /// What was wrong with the environment, where it could not be read.
    damage: Option<String>,
    /// The environment as it is, where its length is right: then it is written in place.
    present: Option<Vec<u8>>,
}

/// What has to be written below `root` after a boot of `good` that came up; `None` where there is no GRUB or all
/// agree.
pub(super) fn find(root: &Path, good: &Version) -> Result<Option<Change>, AgreementError> {
    if !root.join(bios::FOLDER).is_dir() {
        return Ok(None);
    }
    let list = fs::read_dir(root.join(uki::FOLDER)).and_then(|entries| {
        entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()
    });
    let list = list.map_err(error("listing", uki::FOLDER))?;
    let names: Vec<String> = list.into_iter().filter_map(|name| name.into_string().ok()).collect();
    let present = match fs::read(root.join(bios::ENVIRONMENT_PATH)) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => None,
        read => Some(read.map_err(error("reading", bios::ENVIRONMENT_PATH))?),
    };
    let parsed = present.as_deref().map(Environment::parse);
    let (known, damage) = match parsed {
        Some(Ok(environment)) => (environment, None),
        Some(Err(damage)) => (Environment::default(), Some(damage.to_string())),
        None => (Environment::default(), Some("it was missing".to_owned())),
    };
    let has_entry = |version: &Version| root.join(bios::entry_path(version)).is_file();
    let agreement = agree(&names, &known, Some(good), has_entry);
    let wanted = agreement.environment.to_bytes();
    if agreement.renames.is_empty() && damage.is_none() && known == agreement.environment {
        return Ok(None);
    }
    let present = present.filter(|bytes| bytes.len() == wanted.len());
    Ok(Some(Change { good: good.clone(), agreement, damage, present }))
}

impl Change {
    /// Writes it. A power failure leaves each file as it was or as it must be, and the next good boot goes on.
    pub(super) fn apply(self, root: &Path) -> Result<Vec<Outcome>, AgreementError> {
        let mut outcomes = Vec::new();
        let folder = root.join(uki::FOLDER);
        let good = uki::UkiName { version: self.good.clone(), tries: uki::Tries::Good, done: 0 }
            .to_string();
        for (from, to) in self.agreement.renames {
            fs::rename(folder.join(&from), folder.join(&to))
                .and_then(|()| File::open(&folder)?.sync_all())
                .map_err(error("renaming", &from))?;
            outcomes.push(if to == good {
                Outcome::Renamed { from, to }
            } else {
                Outcome::Counted { from, to }
            });
        }
        let wanted = self.agreement.environment.to_bytes();
        if self.present.as_ref() != Some(&wanted) {
            write(root, &wanted, self.present.is_some())
                .map_err(error("writing", bios::ENVIRONMENT_PATH))?;
            outcomes.push(Outcome::Environment { damage: self.damage });
        }
        Ok(outcomes)
    }
}

/// Writes the environment: its first sector holds all that is said, so in place it is whole at any moment.
fn write(root: &Path, block: &[u8], in_place: bool) -> io::Result<()> {
    let path = root.join(bios::ENVIRONMENT_PATH);
    if in_place {
        let file = File::options().write(true).open(&path)?;
        file.write_all_at(block, 0)?;
        return file.sync_all();
    }
    let new = path.with_extension("new");
    fs::write(&new, block)?;
    File::open(&new)?.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(root.join(bios::FOLDER))?.sync_all()
}

fn error(what: &'static str, path: &str) -> impl FnOnce(io::Error) -> AgreementError {
    move |source| AgreementError { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
