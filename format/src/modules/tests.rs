use proptest::prelude::*;

use super::*;

fn module(name: &str, depends: &[&str], aliases: &[&str], soft_before: &[&str]) -> Module {
    let own = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
    Module {
        name: name.to_owned(),
        path: format!("kernel/drivers/{name}.ko"),
        depends: own(depends),
        aliases: own(aliases),
        soft_before: own(soft_before),
    }
}

fn index() -> ModuleIndex {
    ModuleIndex::new([
        module("ext4", &["jbd2", "mbcache"], &["fs-ext4"], &["crc32c"]),
        module("jbd2", &[], &[], &[]),
        module("mbcache", &[], &[], &[]),
        module("crc32c_generic", &[], &["crc32c"], &[]),
        module("virtio_blk", &["virtio"], &["virtio:d00000002v*"], &[]),
        module("virtio", &[], &[], &[]),
        module("nvme", &["jbd2"], &["pci:v*d*sv*sd*bc01sc08i02*"], &[]),
    ])
}

#[test]
fn an_index_survives_its_files() {
    let index = index();
    let read = ModuleIndex::parse(&index.to_dep(), &index.to_alias(), &index.to_softdep());
    assert_eq!(read, Ok(index));
}

#[test]
fn what_is_needed_comes_first() {
    let index = index();
    let ext4 = index.get("ext4").expect("is there");
    let order: Vec<_> = index.closure(ext4).expect("complete").iter().map(|m| &*m.name).collect();
    assert_eq!(order, ["jbd2", "mbcache", "ext4"]);
    let lame = ModuleIndex::new([module("a", &["b"], &[], &[])]);
    let missing = lame.closure(lame.get("a").expect("is there"));
    assert_eq!(missing, Err(MissingModule { needed: "b".into(), by: "a".into() }));
}

#[test]
fn aliases_match_as_in_a_shell() {
    let index = index();
    for (text, expected) in [
        ("virtio:d00000002v00001AF4", vec!["virtio_blk"]),
        ("pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02", vec!["nvme"]),
        ("virtio-blk", vec!["virtio_blk"]),
        ("virtio:d00000001v00001AF4", vec![]),
    ] {
        let found: Vec<_> = index.matching(text).iter().map(|m| m.name.as_str()).collect();
        assert_eq!(found, expected, "{text}");
    }
    for (pattern, text, expected) in [
        ("usb:v*ic08isc0[46]*", "usb:v1ic08isc06x", true),
        ("usb:v*ic08isc0[!46]*", "usb:v1ic08isc06x", false),
        ("a[0-9]c", "a5c", true),
        ("a[0-9c", "a5c", false),
        ("*", "", true),
        ("?", "", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn damaged_indexes_are_refused_with_file_and_line() {
    let error = |result: Result<ModuleIndex, IndexError>| result.expect_err("damaged").to_string();
    assert_eq!(error(ModuleIndex::parse("a b\n", "", "")), "modules.dep line 1: no `:`");
    assert_eq!(
        error(ModuleIndex::parse("", "# c\nalias x\n", "")),
        "modules.alias line 2: expected `alias PATTERN NAME`"
    );
    assert_eq!(
        error(ModuleIndex::parse("", "", "softdep a pre: b")),
        "modules.softdep line 1: softdep of a module that is not there"
    );
}

proptest! {
    #[test]
    fn matching_never_panics(pattern in "[ab*?\\[\\]!^-]{0,12}", text in "[ab-]{0,8}") {
        let _ = matches(&pattern, &text);
    }

    #[test]
    fn parsing_never_panics(a in ".{0,60}", b in ".{0,60}", c in ".{0,60}") {
        let _ = ModuleIndex::parse(&a, &b, &c);
    }
}
