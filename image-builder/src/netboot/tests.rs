use super::*;

/// A build's folder with a `/usr` of a few bytes.
fn build() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in FILES.into_iter().zip([&b"data"[..], b"tree", b"{}\n"]) {
        std::fs::write(folder.path().join(name), content).expect("it is written");
    }
    folder
}

#[test]
fn usr_img_holds_the_three_files_under_their_names_and_ends_on_a_block() {
    let image = usr_image(build().path()).expect("an archive");
    assert_eq!(image.len() % ALIGNMENT, 0);
    let text = String::from_utf8_lossy(&image);
    let names = ["keelson-usr\0", "usr.erofs\0", "usr.verity\0", "usr.sig.json\0", "TRAILER!!!\0"];
    let places: Vec<_> = names.iter().map(|name| text.find(name).expect(name)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(image.starts_with(b"070701"));
}

#[test]
fn usr_img_depends_on_nothing_but_the_files() {
    let [first, second] = [build(), build()].map(|build| usr_image(build.path()));
    assert_eq!(first.expect("an archive"), second.expect("an archive"));
}

#[test]
fn a_build_without_a_sealed_usr_has_no_usr_img() {
    let build = build();
    std::fs::remove_file(build.path().join("usr.verity")).expect("it is there");
    let error = usr_image(build.path()).expect_err("a file is missing");
    assert!(error.to_string().contains("usr.verity"), "{error}");
}

#[test]
fn the_script_fetches_beside_itself_and_boots_live() {
    let line = command_line("usrhash=ab quiet");
    let metal = Platform::Metal.command_line();
    assert_eq!(line, format!("usrhash=ab quiet {metal} keelson.live rootfstype=ramfs"));
    let script = ipxe_script("Keelson 1.0 for amd64-usr", &line);
    let commands: Vec<_> = script.lines().filter(|line| !line.starts_with('#')).collect();
    let by_name = "initrd=initramfs.cpio.zst initrd=usr.img";
    let kernel = format!("kernel vmlinuz {by_name} {line} ${{options}}");
    assert_eq!(commands, [&kernel, "initrd initramfs.cpio.zst", "initrd usr.img", "boot"]);
    assert!(script.starts_with("#!ipxe\n"));
}
