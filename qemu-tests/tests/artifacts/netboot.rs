//! The artifacts of a network boot, judged by programs that others wrote.

use fs_err::File;
use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::pe::Pe;
use sha2::{Digest as _, Sha256};

use crate::{BOARD, Outcome, judged};

const UKI: &str = "keelson-netboot.efi";
const FILES: [&str; 3] = ["usr.erofs", "usr.verity", "usr.sig.json"];

fn artifact(name: &str) -> Result<Vec<u8>, std::io::Error> {
    fs_err::read(BOARD.artifacts.path(name))
}

#[test]
fn usr_img_is_an_archive_of_the_sealed_usr() -> Outcome {
    let image = BOARD.artifacts.path("pxe/usr.img");
    assert_eq!(fs_err::metadata(&image)?.len() % 512, 0);
    let folder = scratch()?;
    let stdin = File::open(&image)?.into_parts().0;
    let mut command = BOARD.tools.command("cpio")?;
    command.args(["-i", "-d", "-v", "--no-absolute-filenames"]).current_dir(folder.path());
    let words = judged(command.stdin(stdin))?;
    let names: Vec<_> = words.lines().filter(|line| line.starts_with("keelson-usr")).collect();
    let expected = FILES.map(|name| format!("keelson-usr/{name}"));
    assert_eq!(names[0], "keelson-usr");
    assert_eq!(names[1..], expected);
    for name in FILES {
        let unpacked = fs_err::read(folder.path().join("keelson-usr").join(name))?;
        assert!(unpacked == artifact(name)?, "{name} in the archive is another");
    }
    Ok(())
}

#[test]
fn the_single_file_is_the_three_parts_in_one_signed_uki() -> Outcome {
    let path = BOARD.artifacts.path(UKI);
    let folder = scratch()?;
    let [der, pem] = ["signer.der", "signer.pem"].map(|name| folder.path().join(name));
    fs_err::write(&der, Pe::parse(&artifact("keelson.efi")?)?.signer_certificate()?)?;
    let mut command = BOARD.tools.command("openssl")?;
    judged(command.args(["x509", "-inform", "DER", "-in"]).arg(&der).arg("-out").arg(&pem))?;
    let words = judged(BOARD.tools.command("sbverify")?.arg("--cert").arg(&pem).arg(&path))?;
    assert!(words.contains("Signature verification OK"), "{words}");
    assert!(!words.contains("warning"), "{words}");

    let words = judged(BOARD.tools.command("ukify")?.arg("inspect").arg(&path))?;
    let line = String::from_utf8(artifact("pxe/cmdline")?)?;
    assert!(words.contains(line.trim_end()), "{line} is not in\n{words}");
    let archives = [artifact("pxe/initramfs.cpio.zst")?, artifact("pxe/usr.img")?].concat();
    for (section, content) in [(".linux", artifact("pxe/vmlinuz")?), (".initrd", archives)] {
        let digest = hex::encode(Sha256::digest(&content));
        let said = words.split(&format!("{section}:")).nth(1).ok_or(section)?;
        let said: String = said.lines().take(3).collect();
        assert!(said.contains(&format!("{} bytes", content.len())), "{section}: {said}");
        assert!(said.contains(&digest), "{section}: {said}, expected {digest}");
    }
    Ok(())
}

#[test]
fn a_bare_kernel_is_not_signed_by_the_release() -> Outcome {
    let certificate = Pe::parse(&artifact("keelson.efi")?)?.signer_certificate()?;
    let kernel = artifact("pxe/vmlinuz")?;
    let held = kernel.windows(certificate.len()).any(|window| window == certificate);
    assert!(!held, "with Secure Boot it would start with any command line and initramfs");
    Ok(())
}

#[test]
fn the_script_is_ipxes_and_names_what_is_there() -> Outcome {
    let script = String::from_utf8(artifact("pxe/keelson.ipxe")?)?;
    let line = String::from_utf8(artifact("pxe/cmdline")?)?;
    assert!(script.starts_with("#!ipxe\n"), "{script}");
    assert!(script.contains(line.trim_end()), "{line} is not in\n{script}");
    let hash = BOARD.artifacts.release.usr.root_hash;
    assert!(line.contains(&format!("usrhash={hash}")), "{line}");
    for words in script.lines().map(|line| line.split(' ').collect::<Vec<_>>()) {
        if let ["kernel" | "initrd", file, ..] = words[..] {
            assert!(BOARD.artifacts.path(&format!("pxe/{file}")).is_file(), "{file}");
        }
    }
    Ok(())
}
