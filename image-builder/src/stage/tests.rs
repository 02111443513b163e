use keelson_sdk::{Entry, EntryKind};

use super::*;

fn entry(path: &str, kind: EntryKind) -> Entry {
    Entry { path: path.to_owned(), mode: 0o644, uid: 0, gid: 0, kind }
}

fn file() -> EntryKind {
    EntryKind::File { size: 0, sha256: keelson_sdk::Digest::of("") }
}

fn link(target: &str) -> EntryKind {
    EntryKind::Symlink { target: target.to_owned() }
}

fn package(entries: Vec<Entry>) -> Package {
    Package {
        name: "p".to_owned(),
        version: "1".to_owned(),
        architecture: "amd64".to_owned(),
        sha256: keelson_sdk::Digest::of(""),
        size: 0,
        dir: PathBuf::from("/unpacked/p"),
        entries,
        control: keelson_sdk::Control::default(),
    }
}

#[test]
fn libraries_are_found_behind_the_links_of_their_packages() {
    let packages = [
        package(vec![
            entry("usr/lib/x86_64-linux-gnu/libz.so.1", link("libz.so.1.3")),
            entry("usr/lib/x86_64-linux-gnu/libz.so.1.3", file()),
            entry("usr/lib/x86_64-linux-gnu/loop.so", link("loop.so")),
        ]),
        package(vec![entry("usr/lib64/ld.so", link("/lib/x86_64-linux-gnu/ld.so"))]),
        package(vec![entry("usr/lib/x86_64-linux-gnu/ld.so", file())]),
    ];
    for (path, found) in [
        (
            "usr/lib/x86_64-linux-gnu/libz.so.1",
            Some("/unpacked/p/usr/lib/x86_64-linux-gnu/libz.so.1.3"),
        ),
        ("usr/lib64/ld.so", Some("/unpacked/p/usr/lib/x86_64-linux-gnu/ld.so")),
        ("usr/lib/x86_64-linux-gnu/loop.so", None),
        ("usr/lib/x86_64-linux-gnu/nothing.so", None),
    ] {
        let file = package_file(&packages, path).map(|(_, file)| file);
        assert_eq!(file.as_deref(), found.map(Path::new), "{path}");
    }
}

#[test]
fn modules_stay_packed_where_the_kernel_unpacks_them_itself() {
    let debian =
        "CONFIG_MODULE_COMPRESS=y\nCONFIG_MODULE_COMPRESS_XZ=y\nCONFIG_MODULE_DECOMPRESS=y\n";
    for (config, suffix, expected) in [
        (debian, ".xz", true),
        (debian, ".zst", false),
        ("CONFIG_MODULE_COMPRESS_ZSTD=y\nCONFIG_MODULE_DECOMPRESS=y\n", ".zst", true),
        ("CONFIG_MODULE_COMPRESS_XZ=y\n# CONFIG_MODULE_DECOMPRESS is not set\n", ".xz", false),
        ("", ".xz", false),
    ] {
        assert_eq!(kernel::unpacks(config, suffix), expected, "{suffix} with {config:?}");
    }
}

#[test]
fn an_image_without_a_kernel_is_refused() {
    let inputs = Inputs {
        packages: vec![package(vec![entry("usr/bin/x", file())])],
        programs: BTreeMap::new(),
        workspace: PathBuf::new(),
    };
    assert!(matches!(kernel::find(&inputs), Err(StageError::NoKernel)));
}
