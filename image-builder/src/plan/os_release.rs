//! `usr/lib/os-release` (os-release(5)): what host, loader and tools show of a release.

use keelson_format::version::Version;

/// The text for a board's release. Version and board name need no escapes within quotes.
pub(super) fn text(board: &str, version: &Version) -> String {
    format!(
        "ID=keelson\n\
         NAME=\"Keelson\"\n\
         PRETTY_NAME=\"Keelson {version} ({board})\"\n\
         VERSION=\"{version}\"\n\
         VERSION_ID=\"{version}\"\n\
         VARIANT_ID=\"{board}\"\n\
         IMAGE_ID=\"keelson-{board}\"\n\
         IMAGE_VERSION=\"{version}\"\n"
    )
}
