//! Machines without a disk boot from the network: iPXE by TFTP and by HTTP, on BIOS and on UEFI, and
//! the firmware's own PXE and HTTP boot of the single-file UKI. `/usr` is verified as from a disk.

use std::path::Path;
use std::time::Duration;

use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::http::HttpServer;
use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::pe::Pe;
use keelson_qemu_tests::{
    Disk, Ending, Firmware, Machine, Network, NetworkBoot, NetworkClient, Setup, oci, variables,
};
use tempfile::TempDir;

use crate::live::ran_live_and_ends;
use crate::secure_boot::DENIED;
use crate::{BOARD, BOOT, END, IMPATIENT, Outcome};

const SCRIPT: &str = "keelson.ipxe";
/// A script of the site's own, which chains ours.
const SITE: &str = "site.ipxe";
const UKI: &str = "keelson-netboot.efi";

/// Memory in MiB that every way of booting gets by with.
const MEMORY: u32 = 1024;
/// What is enough where iPXE on BIOS fetches by HTTP. It works with 256 too, four times as slowly: programs are then
/// read again and again.
const SMALL_BIOS: u32 = 320;
/// What is enough for the single file by HTTP on UEFI, wherever the kernel's stub happens to put the kernel.
const SMALL_UKI: u32 = 576;

/// A machine without a disk that boots `file`, and that runs a container when it is up.
fn setup(name: &str, tftp: &Path, file: String, client: NetworkClient) -> Setup {
    let mut setup = Setup::new(name, Path::new("")).ignition(&config());
    setup.disk = Disk::Absent;
    setup.memory_mib = MEMORY;
    // The firmware's own clients take minutes for the single file where QEMU translates.
    setup.limit = Some(Duration::from_mins(10));
    setup.network = Network::Outside;
    setup.network_boot = Some(NetworkBoot { tftp: tftp.to_owned(), file, client });
    setup
}

/// What runs the container, and tells what it sees.
fn config() -> Config {
    let image = oci::NAME;
    let script = format!(
        "ctr images import /var/lib/probe.tar\n\
         ctr run --rm {image} hello {program} one two\n\
         echo \"container $?\"\n\
         echo \"root $(stat -f -c %T /)\"\n\
         echo \"backing $(cat /sys/block/loop0/loop/backing_file)\"\n\
         grep -E 'MemTotal|MemAvailable|Shmem:' /proc/meminfo\n\
         cat /run/keelson/boot.json\n\
         echo DONE\n",
        program = oci::PROGRAM
    );
    Config::new().file("/var/lib/probe.tar", 0o644, &BOARD.container_image).script(
        "netboot-test",
        "containerd.service",
        &script,
    )
}

/// Boots it: `/usr` must be verified, a container must run, and the console must be clean.
fn runs_a_container(setup: &Setup) -> Result<Machine, Box<dyn std::error::Error>> {
    let mut machine = Machine::boot(&BOARD.tools, setup)?;
    machine.wait_for("keelson: /usr came with the initramfs", BOOT)?;
    machine.wait_for("signature of /usr is good", BOOT)?;
    machine.wait_for("live: / is in memory", BOOT)?;
    // Its name went with the initramfs, its bytes are held once, by the device.
    let backing = "backing /keelson-usr/usr.erofs (deleted)";
    ran_live_and_ends(&mut machine, &[backing, "\"usr\": \"/dev/loop0\""])?;
    Ok(machine)
}

fn pxe() -> std::path::PathBuf {
    let folder = BOARD.artifacts.path("pxe");
    let made = folder.is_dir() && BOARD.artifacts.path(UKI).is_file();
    assert!(made, "make them: cargo xtask build-image --format pxe,netboot");
    folder
}

/// The artifacts, by HTTP.
fn web() -> Result<HttpServer, std::io::Error> {
    HttpServer::start(pxe().parent().expect("it is in the build's folder"))
}

/// Copies of the files that iPXE fetches, of which a test changes one.
fn changed(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Result<TempDir, std::io::Error> {
    let folder = scratch()?;
    for file in fs_err::read_dir(pxe())? {
        let file = file?;
        fs_err::os::unix::fs::symlink(file.path(), folder.path().join(file.file_name()))?;
    }
    let path = folder.path().join(name);
    let mut bytes = fs_err::read(&path)?;
    change(&mut bytes);
    fs_err::remove_file(&path)?;
    fs_err::write(&path, bytes)?;
    Ok(folder)
}

fn place(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|window| window == wanted).expect("it is there")
}

/// iPXE on BIOS fetches files of which one is changed: `message` must appear, and the machine must
/// restart without having reached PID 1.
fn refused(name: &str, message: &str, file: &str, change: impl FnOnce(&mut Vec<u8>)) -> Outcome {
    let folder = changed(file, change)?;
    let chain = format!("#!ipxe\nset options {}\nchain {SCRIPT}\n", IMPATIENT.join(" "));
    fs_err::write(folder.path().join(SITE), chain)?;
    let server = HttpServer::start(folder.path())?;
    let mut setup = setup(name, folder.path(), server.url(SITE), NetworkClient::Ipxe);
    setup.firmware = Firmware::Bios;
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for(message, BOOT)?;
    machine.expect_end(&Ending::Reset, END)?;
    let text: String = machine.lines().into_iter().map(|line| line.text + "\n").collect();
    assert!(!text.contains("PID 1 of Keelson"), "it went on:\n{text}");
    Ok(())
}

#[test]
fn ipxe_on_bios_fetches_by_http_and_little_memory_is_enough() -> Outcome {
    let server = web()?;
    let script = server.url("pxe/keelson.ipxe");
    let mut setup = setup("pxe-bios-http", &pxe(), script, NetworkClient::Ipxe);
    setup.firmware = Firmware::Bios;
    setup.memory_mib = SMALL_BIOS;
    setup.processors = 2;
    runs_a_container(&setup)?;
    let files = ["keelson.ipxe", "vmlinuz", "initramfs.cpio.zst", "usr.img"];
    assert_eq!(server.requests(), files.map(|file| format!("GET /pxe/{file}")));
    Ok(())
}

#[test]
fn ipxe_on_uefi_hands_over_both_archives() -> Outcome {
    let (server, folder) = (web()?, scratch()?);
    // The firmware fetches iPXE, which looks for `autoexec.ipxe` where it came from.
    fs_err::copy(BOARD.tools.path("usr/lib/ipxe/ipxe-amd64.efi"), folder.path().join("ipxe.efi"))?;
    let chain = format!("#!ipxe\ndhcp\nchain {}\n", server.url("pxe/keelson.ipxe"));
    fs_err::write(folder.path().join("autoexec.ipxe"), chain)?;
    let client = NetworkClient::Firmware;
    runs_a_container(&setup("pxe-uefi-http", folder.path(), "ipxe.efi".to_owned(), client))?;
    Ok(())
}

#[test]
fn ipxe_on_bios_fetches_by_tftp_and_a_script_that_chains_ours_adds_words_and_a_configuration()
-> Outcome {
    let folder = changed(SCRIPT, |script| {
        let ours = String::from_utf8_lossy(script);
        let more = ours.replace("initrd usr.img\n", "initrd usr.img\ninitrd config.img\n");
        *script = more.into_bytes();
    })?;
    let archive = newc("config.ign", config().to_json().as_bytes());
    fs_err::write(folder.path().join("config.img"), archive)?;
    let chain = format!("#!ipxe\nset options keelson.word=spoken\nchain {SCRIPT}\n");
    fs_err::write(folder.path().join(SITE), chain)?;
    let client = NetworkClient::Ipxe;
    let mut setup = setup("pxe-bios-tftp", folder.path(), SITE.to_owned(), client);
    setup.firmware = Firmware::Bios;
    setup.network = Network::Isolated;
    setup.fw_cfg.clear();
    let machine = runs_a_container(&setup)?;
    let text: String = machine.lines().into_iter().map(|line| line.text + "\n").collect();
    for said in ["keelson.word=spoken", "provision: applied /config.ign", "first boot: provisioned"]
    {
        assert!(text.contains(said), "`{said}` is not in\n{text}");
    }
    Ok(())
}

/// A cpio archive of one file.
fn newc(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, mode, content) in [(name, 0o100_644, content), ("TRAILER!!!", 0, &b""[..])] {
        let fields = [0, mode, 0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0];
        archive.extend(b"070701");
        archive.extend(fields.iter().flat_map(|field| format!("{field:08x}").into_bytes()));
        for part in [&[name.as_bytes(), b"\0"].concat(), content] {
            archive.extend(part);
            archive.resize(archive.len().next_multiple_of(4), 0);
        }
    }
    archive
}

/// A machine whose firmware fetches `keelson-netboot.efi` from `server`, with an entry for it in its
/// variables, which are in `folder`.
fn http_boot(
    name: &str,
    folder: &Path,
    server: &HttpServer,
) -> Result<Setup, Box<dyn std::error::Error>> {
    let store = folder.join("variables.fd");
    if !store.is_file() {
        fs_err::copy(BOARD.tools.path("usr/share/OVMF/OVMF_VARS_4M.fd"), &store)?;
    }
    variables::boot_from_url(&store, &server.url(UKI))?;
    let mut setup = setup(name, folder, String::new(), NetworkClient::Firmware);
    setup.firmware = Firmware::Kept(store);
    Ok(setup)
}

/// Makes a store of variables in `folder`, with which the firmware starts what signed the release and nothing else.
fn secured(folder: &Path) -> Result<Firmware, Box<dyn std::error::Error>> {
    let certificate = Pe::parse(&fs_err::read(BOARD.artifacts.path(UKI))?)?.signer_certificate()?;
    let empty = BOARD.tools.path("usr/share/OVMF/OVMF_VARS_4M.fd");
    let store = folder.join("variables.fd");
    variables::enrol(&empty, &store, &certificate)?;
    Ok(Firmware::SecureBoot(store))
}

#[test]
fn the_firmware_fetches_the_single_file_by_tftp_and_secure_boot_takes_it() -> Outcome {
    let (variables, folder) = (scratch()?, pxe());
    let folder = folder.parent().expect("it is in the build's folder");
    let mut setup = setup("uki-tftp", folder, UKI.to_owned(), NetworkClient::Firmware);
    setup.network = Network::Isolated;
    setup.firmware = secured(variables.path())?;
    let machine = runs_a_container(&setup)?;
    let lines = machine.lines();
    assert!(
        lines.iter().any(|line| line.text.contains("Secure boot enabled")),
        "{}",
        machine.log()
    );
    Ok(())
}

#[test]
fn the_firmware_fetches_the_single_file_by_http_and_little_memory_is_enough() -> Outcome {
    let (server, folder) = (web()?, scratch()?);
    let mut setup = http_boot("uki-http", folder.path(), &server)?;
    setup.memory_mib = SMALL_UKI;
    setup.processors = 2;
    runs_a_container(&setup)?;
    assert_eq!(server.requests().last(), Some(&format!("GET /{UKI}")));
    Ok(())
}

#[test]
fn secure_boot_refuses_a_changed_single_file() -> Outcome {
    let folder = scratch()?;
    let mut bytes = fs_err::read(BOARD.artifacts.path(UKI))?;
    let at = place(&bytes, b"usrhash=") + 8;
    bytes[at] ^= 1;
    fs_err::write(folder.path().join(UKI), bytes)?;
    let server = HttpServer::start(folder.path())?;
    let firmware = secured(folder.path())?;
    let setup = Setup { firmware, ..http_boot("uki-http-changed", folder.path(), &server)? };
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for_any(&DENIED, BOOT)?;
    let text: String = machine.lines().into_iter().map(|line| line.text + "\n").collect();
    assert!(!text.contains("Linux version"), "the kernel was started:\n{text}");
    Ok(())
}

#[test]
fn a_changed_byte_of_usr_is_refused() -> Outcome {
    refused("pxe-usr-data", "is corrupted", "usr.img", |image| {
        // The superblock of EROFS, 1024 bytes into the file, which every mount reads.
        let at = place(image, &0xe0f5_e1e2_u32.to_le_bytes());
        image[at + 100] ^= 1;
    })
}

#[test]
fn a_changed_byte_of_the_signature_is_refused() -> Outcome {
    let message = "REFUSED: loop2: the signature by key";
    refused("pxe-signature", message, "usr.img", |image| {
        let statement = place(image, b"keelson-usr 1");
        let at = statement + place(&image[statement..], b"data-size ") + 10;
        image[at] = if image[at] == b'7' { b'8' } else { b'7' };
    })
}

#[test]
fn a_usr_of_another_version_is_refused() -> Outcome {
    refused("pxe-other", "REFUSED: loop2: signed for root hash", SCRIPT, |script| {
        let at = place(script, b"usrhash=") + 8;
        script[at] = if script[at] == b'0' { b'1' } else { b'0' };
    })
}

#[test]
fn a_usr_that_was_cut_off_is_refused() -> Outcome {
    refused("pxe-cut-off", "REFUSED: /keelson-usr/usr.verity is not in the initramfs", "usr.img", {
        |image| image.truncate(image.len() / 2)
    })
}
