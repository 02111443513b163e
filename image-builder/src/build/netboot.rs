//! The artifacts of a network boot: `pxe/` for loaders that fetch kernel and initramfs, and
//! `keelson-netboot.efi`, one signed UKI with everything, for the firmware's own HTTP boot.

use fs_err as fs;

use super::BuildError;
use super::formats::Source;
use crate::{authenticode, netboot, stage, uki};

/// The folder of the files for network loaders.
const PXE: &str = "pxe";

/// Writes `pxe/`. The kernel keeps its distribution's signature and gets none of ours: Secure Boot
/// checks neither command line nor initramfs of a bare kernel, so trusting it would let any be booted.
pub(super) fn pxe(source: &Source<'_>) -> Result<(), BuildError> {
    let parts = Parts::of(&fs::read(source.folder.join("keelson.efi"))?)?;
    let folder = source.folder.join(PXE);
    fs::create_dir_all(&folder)?;
    let line = netboot::command_line(&parts.command_line);
    let title = format!("Keelson {} for {}", source.release.version, source.release.board);
    fs::write(folder.join("vmlinuz"), &parts.linux)?;
    fs::write(folder.join("initramfs.cpio.zst"), &parts.initrd)?;
    fs::write(folder.join("cmdline"), format!("{line}\n"))?;
    fs::write(folder.join("keelson.ipxe"), netboot::ipxe_script(&title, &line))?;
    Ok(fs::write(folder.join("usr.img"), netboot::usr_image(source.folder)?)?)
}

/// Writes `keelson-netboot.efi`: the UKI of the disk with `usr.img` behind its initramfs.
pub(super) fn single_file(source: &Source<'_>) -> Result<(), BuildError> {
    let stub = stage::build_file(source.plan, source.inputs, &source.plan.boot.stub)?.read()?;
    let mut parts = Parts::of(&fs::read(source.folder.join("keelson.efi"))?)?;
    parts.initrd.extend(netboot::usr_image(source.folder)?);
    let unsigned = uki::assemble(&uki::Parts {
        stub: &stub,
        os_release: &parts.os_release,
        cmdline: &netboot::command_line(&parts.command_line),
        uname: &source.release.kernel,
        sbat: "",
        linux: &parts.linux,
        initrd: &parts.initrd,
    })?;
    let signed = authenticode::sign(&unsigned, source.keys.db())?;
    Ok(fs::write(source.folder.join("keelson-netboot.efi"), signed)?)
}

/// What the UKI of the disk is made of, with its exact bytes.
struct Parts {
    os_release: String,
    command_line: String,
    linux: Vec<u8>,
    initrd: Vec<u8>,
}

impl Parts {
    fn of(image: &[u8]) -> Result<Self, BuildError> {
        let section = |name: &'static str| {
            let content = uki::section(image, name).map_err(uki::UkiError::Stub)?;
            content.ok_or(uki::UkiError::Empty { name })
        };
        let text = |name| section(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Ok(Self {
            os_release: text(".osrel")?,
            command_line: text(".cmdline")?,
            linux: section(".linux")?.to_vec(),
            initrd: section(".initrd")?.to_vec(),
        })
    }
}
