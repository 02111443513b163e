//! The files that make a disk that of a platform: `platforms/ID.addon.efi` and `platforms/ID.cfg`.

use std::path::Path;

use fs_err as fs;
use keelson_format::platform::Platform;

use super::BuildError;
use crate::addon;
use crate::keys::KeySet;

/// The folder of the artifacts.
const FOLDER: &str = "platforms";

/// What a platform has on the ESP.
pub(super) struct Files {
    /// The add-on, signed.
    pub(super) addon: Vec<u8>,
    /// The fragment for GRUB.
    pub(super) cfg: Vec<u8>,
}

/// Writes the files of every platform; gives those of the platform that `disk.raw` is for.
pub(super) fn write(stub: &[u8], keys: &KeySet, folder: &Path) -> Result<Files, BuildError> {
    let folder = folder.join(FOLDER);
    fs::create_dir(&folder)?;
    let files = |platform: Platform| -> Result<Files, BuildError> {
        let addon = addon::assemble(stub, &platform.command_line(), keys.db())?;
        Ok(Files { addon, cfg: platform.grub_cfg() })
    };
    for platform in Platform::ALL {
        let Files { addon, cfg } = files(platform)?;
        fs::write(folder.join(format!("{platform}.addon.efi")), addon)?;
        fs::write(folder.join(format!("{platform}.cfg")), cfg)?;
    }
    files(Platform::Metal)
}
