use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn host() -> (tempfile::TempDir, Options) {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("usr/lib/systemd/system");
    fs::create_dir_all(&folder).expect("made");
    for (name, text) in [
        ("a.service", "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"),
        ("b.service", "[Service]\nExecStart=/bin/true\n"),
        ("multi-user.target", "[Unit]\nDescription=M\n"),
        ("rescue.target", "[Unit]\nDescription=R\n"),
    ] {
        fs::write(folder.join(name), text).expect("written");
    }
    symlink("multi-user.target", folder.join("default.target")).expect("linked");
    let options = Options { root: Some(root.path().to_owned()), quiet: true, ..Options::default() };
    (root, options)
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn units_are_enabled_masked_and_back() {
    let (root, options) = host();
    let link = root.path().join("etc/systemd/system/multi-user.target.wants/a.service");
    assert_eq!(is_enabled(&words("a"), &options).expect("asked"), 1);
    assert_eq!(change("enable", &words("a"), &options).expect("enabled"), 0);
    assert_eq!(
        fs::read_link(&link).expect("a link"),
        Path::new("/usr/lib/systemd/system/a.service")
    );
    assert_eq!(is_enabled(&words("a"), &options).expect("asked"), 0);
    change("disable", &words("a.service"), &options).expect("disabled");
    assert!(fs::symlink_metadata(&link).is_err());
    change("mask", &words("b"), &options).expect("masked");
    let mask = root.path().join("etc/systemd/system/b.service");
    assert_eq!(fs::read_link(&mask).expect("a link"), Path::new("/dev/null"));
    assert_eq!(is_enabled(&words("b"), &options).expect("asked"), 1);
    change("unmask", &words("b"), &options).expect("unmasked");
    assert!(fs::symlink_metadata(&mask).is_err());
    assert_eq!(is_enabled(&words("none"), &options).expect("asked"), 4);
    assert!(change("enable", &words("none"), &options).is_err());
}

#[test]
fn the_default_target_is_a_link() {
    let (root, options) = host();
    set_default(&words("rescue"), &options).expect("set");
    let link = root.path().join("etc/systemd/system/default.target");
    assert_eq!(
        fs::read_link(&link).expect("a link"),
        Path::new("/usr/lib/systemd/system/rescue.target")
    );
    set_default(&words("multi-user.target"), &options).expect("set again");
    assert_eq!(
        fs::read_link(&link).expect("a link"),
        Path::new("/usr/lib/systemd/system/multi-user.target")
    );
    assert!(set_default(&words("none.target"), &options).is_err());
}

#[test]
fn files_are_listed_with_their_state() {
    let (root, _) = host();
    let mut loader = Loader::new(root.path(), Facts::default());
    let mut files = loader.known_names();
    files.retain(|file| file.name.kind() == UnitKind::Service);
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let text = list_text(&files, &Options::default(), &Screen::plain(crate::clock::Now::default()));
    let lines: Vec<Vec<&str>> =
        text.lines().take(3).map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(lines[1..], [["a.service", "disabled"], ["b.service", "static"]]);
    assert!(text.ends_with("\n2 unit files listed.\n"), "{text}");
}
