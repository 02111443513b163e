//! What network loaders fetch: `usr.img`, an initramfs archive with the sealed `/usr`, and the script
//! that has iPXE fetch kernel, initramfs and `usr.img`.

use std::path::Path;

use keelson_disk::content::Content;
use keelson_format::cmdline::LIVE;
use keelson_format::platform::Platform;

use crate::cpio::{self, CpioError, Entry, Node};

/// Where `/init` finds the files. Written here, read by the crate `initramfs`.
const FOLDER: &str = "keelson-usr";
/// The files of a sealed `/usr`, in a build's folder and in the archive.
const FILES: [&str; 3] = ["usr.erofs", "usr.verity", "usr.sig.json"];
/// Keeps the initramfs in a file system without a limit. The kernel's choice, tmpfs, takes half of the
/// memory at most, and the archive would not fit in where it otherwise does: twice, packed and unpacked.
const NO_LIMIT: &str = "rootfstype=ramfs";
/// The archive is a multiple of this, so that whatever a loader puts behind it is aligned.
const ALIGNMENT: usize = 512;

/// `usr.img` of the sealed `/usr` in a build's folder: a cpio archive, not compressed, as its content is.
pub fn usr_image(build: &Path) -> Result<Vec<u8>, CpioError> {
    let folder = Entry { path: FOLDER.to_owned(), mode: 0o755, node: Node::Directory };
    let file = |name: &str| Entry {
        path: format!("{FOLDER}/{name}"),
        mode: 0o644,
        node: Node::File(Content::File(build.join(name))),
    };
    let entries: Vec<_> = std::iter::once(folder).chain(FILES.map(file)).collect();
    let mut image = Vec::new();
    cpio::write(&mut image, &entries)?;
    image.resize(image.len().next_multiple_of(ALIGNMENT), 0);
    Ok(image)
}

/// The kernel command line of a network boot: that of the UKI, which names the root hash, and the
/// words of a machine of one's own. `/` is in memory.
pub fn command_line(of_uki: &str) -> String {
    format!("{of_uki} {} {LIVE} {NO_LIMIT}", Platform::Metal.command_line())
}

/// The script for iPXE. It names the files without their server: iPXE looks for them where the script
/// was, by TFTP or HTTP.
///
/// `initrd=` is for UEFI, where iPXE before 2021 shows the files to the kernel by name alone; a later
/// one hands them over itself, and on BIOS the word says nothing.
pub fn ipxe_script(title: &str, command_line: &str) -> String {
    format!(
        "#!ipxe\n\
         # {title}: live from the network. The initramfs verifies usr.img by the root hash below and by its\n\
         # signature. A script that chains this one may set `options` to further words for the kernel.\n\
         kernel vmlinuz initrd=initramfs.cpio.zst initrd=usr.img {command_line} ${{options}}\n\
         initrd initramfs.cpio.zst\n\
         initrd usr.img\n\
         boot\n"
    )
}

#[cfg(test)]
mod tests;
