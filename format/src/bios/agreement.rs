//! Brings the two states of the boot together: the names of the UKIs and GRUB's environment.

use super::{Environment, MOST_ENTRIES};
use crate::uki::{MOST_TRIES, Tries, UkiName};
use crate::version::Version;

/// What must be written so that both loaders know the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The environment as it must be.
    pub environment: Environment,
    /// UKIs that must be renamed: from, to. None of the new names is taken.
    pub renames: Vec<(String, String)>,
}

/// What both loaders must know, from what each of them does.
///
/// `names` are the files of `EFI/Linux`; others than our UKIs are passed over. `environment` is what
/// GRUB knows, `good` the version that has come up. A UKI is good where one of them says so; else it has
/// the fewer tries: a disk may be moved from BIOS to UEFI and back in the midst of them. UKIs that
/// `has_entry` denies cannot be started on BIOS and are not in the environment.
///
/// Doing what the result says and asking again gives the same environment and nothing to rename.
pub fn agree(
    names: &[String],
    environment: &Environment,
    good: Option<&Version>,
    has_entry: impl Fn(&Version) -> bool,
) -> Agreement {
    let mut ukis: Vec<UkiName> = Vec::new();
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    let mut renames = Vec::new();
    for (text, name) in sorted.iter().filter_map(|text| Some((*text, UkiName::parse(text)?))) {
        // Of two with one version the name without a counter comes first; the other is left alone.
        let twins = ukis.iter().any(|uki| uki.version == name.version);
        let taken = names.contains(&UkiName { tries: Tries::Good, ..name.clone() }.to_string());
        if twins || (name.tries != Tries::Good && taken) {
            continue;
        }
        // A name may count further than the environment can.
        let counted = name.tries.both(Tries::Left(MOST_TRIES));
        let known = environment.tries(&name.version).unwrap_or(counted);
        let tries = if good == Some(&name.version) { Tries::Good } else { counted.both(known) };
        let agreed = name.with(tries);
        if tries != counted && !names.contains(&agreed.to_string()) {
            renames.push((text.clone(), agreed.to_string()));
        }
        ukis.push(agreed);
    }
    ukis.retain(|uki| has_entry(&uki.version));
    ukis.sort_by(|a, b| b.version.compare(&a.version));
    // The version that is known to be good stays, however old it is.
    if let Some(place) = ukis.iter().position(|uki| good == Some(&uki.version))
        && place >= MOST_ENTRIES
    {
        ukis.swap(place, MOST_ENTRIES - 1);
    }
    ukis.truncate(MOST_ENTRIES);
    let entries = ukis.into_iter().map(|uki| (uki.version, uki.tries));
    Agreement { environment: Environment::new(entries), renames }
}

#[cfg(test)]
mod tests;
