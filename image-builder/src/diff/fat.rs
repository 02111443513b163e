//! The files of two FAT volumes.

use super::contents;
use super::{Difference, Property, Side};
use keelson_disk::fat::{Found, ReadError, Reader};

/// The first difference, in the order of A; files that only B has come last.
pub(super) fn first_difference(
    partition: &str,
    a: &Reader<'_>,
    b: &Reader<'_>,
) -> Result<Option<Difference>, ReadError> {
    let (in_a, in_b) = (a.files()?, b.files()?);
    let only_in = |found: &Found, side| Difference::OnlyIn {
        partition: partition.to_owned(),
        path: found.path.clone(),
        side,
    };
    for here in &in_a {
        let Some(there) = in_b.iter().find(|there| there.path == here.path) else {
            return Ok(Some(only_in(here, Side::A)));
        };
        let kind = |found: &Found| if found.is_directory { "folder" } else { "file" }.to_owned();
        let properties = [
            (Property::Type, kind(here), kind(there)),
            (Property::ShortName, here.short.clone(), there.short.clone()),
        ];
        if let Some((property, a, b)) = properties.into_iter().find(|(_, a, b)| a != b) {
            let (partition, path) = (partition.to_owned(), here.path.clone());
            return Ok(Some(Difference::File { partition, path, property, a, b }));
        }
        if here.is_directory {
            continue;
        }
        if let Some(offset) = contents::first_difference(a.reader(here)?, b.reader(there)?)? {
            return Ok(Some(Difference::Contents {
                partition: partition.to_owned(),
                path: here.path.clone(),
                offset,
                a_bytes: here.bytes,
                b_bytes: there.bytes,
            }));
        }
    }
    let new = in_b.iter().find(|there| in_a.iter().all(|here| here.path != there.path));
    Ok(new.map(|there| only_in(there, Side::B)))
}
