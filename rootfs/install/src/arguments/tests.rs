use super::*;

fn wish(line: &str) -> Result<Wish> {
    parse(line.split_whitespace().map(OsString::from).collect())
}

fn install(line: &str) -> Install {
    match wish(line) {
        Ok(Wish::Install(install)) => *install,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn every_option_is_taken() {
    let all = install(
        "/dev/vda --image http://x/disk.raw.zst --key k --config c.ign --platform ec2 --save-partlabel data* \
         --save-partlabel x --wipe --no-boot-entry --dry-run -q",
    );
    let expected = Install {
        target: Target::Device("/dev/vda".into()),
        image: Some("http://x/disk.raw.zst".into()),
        key: Some("k".into()),
        config: Some("c.ign".into()),
        platform: Some(Platform::Ec2),
        save: vec!["data*".into(), "x".into()],
        wipe: true,
        boot_entry: Some(false),
        dry_run: true,
        quiet: true,
    };
    assert_eq!(all, expected);
    assert_eq!(
        install("--target-file x --size 8G").target,
        Target::File("x".into(), Some(8 << 30))
    );
    assert_eq!(install("/dev/vda --boot-entry").boot_entry, Some(true));
    assert_eq!(install("/dev/vda").boot_entry, None);
    // A file may have any name.
    for path in ["./ftp://x", "/a://b", "a:b"] {
        let line = format!("/dev/vda --image {path}");
        assert_eq!(install(&line).image.as_deref(), Some(path));
    }
    assert_eq!(wish("list --json").expect("good"), Wish::List { json: true });
    assert_eq!(wish("--from-kernel").expect("good"), Wish::FromKernel);
    assert!(matches!(wish("--help").expect("good"), Wish::Print(HELP)));
}

#[test]
fn what_is_used_wrongly_is_said() {
    for (line, text) in [
        ("", "which disk?"),
        ("/dev/vda /dev/vdb", "one disk at a time"),
        ("/dev/vda --target-file x", "one disk at a time"),
        ("/dev/vda --size 8G", "--size is for --target-file"),
        ("--target-file x --size 8.5G", "a number of bytes with K, M, G or T"),
        ("--target-file x --size 100", "no number of whole sectors"),
        ("--target-file x --boot-entry", "--boot-entry is for a disk"),
        ("/dev/vda --platform metl", "did you mean `metal`"),
        ("/dev/vda --force", "--force"),
        ("/dev/vda --image ftp://x/disk.raw.zst", "--image ftp://x/disk.raw.zst: a path, or a URL"),
        ("/dev/vda --config file:///x.ign", "--config file:///x.ign: a path, or a URL"),
        ("/dev/vda --image HTTP://x/disk.raw.zst", "with http:// or https://"),
    ] {
        let error = wish(line).expect_err(line).to_string();
        assert!(error.contains(text), "{line}: {error}");
    }
}

#[test]
fn nothing_stands_beside_from_kernel() {
    for other in [
        "--dry-run",
        "--no-boot-entry",
        "--wipe",
        "--image x",
        "--save-partlabel x",
        "--size 8G",
        "--target-file x",
        "--json",
        "-q",
        "/dev/vda",
        "list",
    ] {
        let error = wish(&format!("{other} --from-kernel")).expect_err(other).to_string();
        assert_eq!(error, "--from-kernel takes everything from the kernel command line", "{other}");
    }
}

#[test]
fn the_kernel_command_line_says_all_of_it() {
    let (install, then) = of_kernel(
        "usrhash=00 quiet keelson.install.device=/dev/disk/by-id/x keelson.install.config=http://y/z.ign \
         keelson.install.wipe keelson.install.platform=proxmox keelson.install.image=http://y/disk.raw.zst \
         keelson.install.save-partlabel=data keelson.install.save-partlabel=log keelson.install.then=poweroff",
    )
    .expect("understood");
    let mut expected = Install::on(Target::Device("/dev/disk/by-id/x".into()));
    expected.config = Some("http://y/z.ign".into());
    expected.wipe = true;
    expected.platform = Some(Platform::Proxmox);
    expected.image = Some("http://y/disk.raw.zst".into());
    expected.save = vec!["data".into(), "log".into()];
    assert_eq!((install, then), (expected, Then::PowerOff));
    for (line, text) in [
        ("keelson.install.wipe", "no keelson.install.device="),
        ("keelson.install.device=vda", "no path in /dev"),
        ("keelson.install.device=/dev/vda keelson.install.then=halt", "reboot, poweroff or stay"),
        (
            "keelson.install.device=/dev/vda keelson.install.wpie",
            "keelson.install.wpie on the kernel command line",
        ),
        ("keelson.install.device=", "has no value"),
        (
            "keelson.install.device=/dev/vda keelson.install.wipe=",
            "keelson.install.wipe= has no value",
        ),
        (
            "keelson.install.device=/dev/vda keelson.install.wipe=\"\"",
            "keelson.install.wipe= has no value",
        ),
        (
            "keelson.install.device=/dev/vda keelson.install.config=tftp://y/z.ign",
            "keelson.install.config tftp://y/z.ign: a path, or a URL",
        ),
        (
            "keelson.install.device=/dev/vda keelson.install.wipe=nein",
            "keelson.install.wipe=nein: yes or no was expected",
        ),
    ] {
        let error = of_kernel(line).expect_err(line).to_string();
        assert!(error.contains(text), "{line}: {error}");
    }
}

#[test]
fn quoted_words_of_the_kernel_command_line_stay_whole() {
    let (install, _) = of_kernel(
        "keelson.install.device=/dev/vda keelson.install.save-partlabel=\"Basic data partition\" \
         \"keelson.install.save-partlabel=my data\"\n",
    )
    .expect("understood");
    assert_eq!(install.save, ["Basic data partition", "my data"]);
}

#[test]
fn the_kernel_command_line_wipes_only_where_it_says_so() {
    for (word, expected) in [
        ("", false),
        ("keelson.install.wipe", true),
        ("keelson.install.wipe=1", true),
        ("keelson.install.wipe=yes", true),
        ("keelson.install.wipe=true", true),
        ("keelson.install.wipe=on", true),
        ("keelson.install.wipe=0", false),
        ("keelson.install.wipe=no", false),
        ("keelson.install.wipe=false", false),
        ("keelson.install.wipe=off", false),
        ("keelson.install.wipe keelson.install.wipe=off", false),
    ] {
        let (install, _) =
            of_kernel(&format!("keelson.install.device=/dev/vda {word}")).expect("understood");
        assert_eq!(install.wipe, expected, "{word}");
    }
}
