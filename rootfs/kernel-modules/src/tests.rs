use std::fs;

use super::*;

const RELEASE: [(&str, &str); 4] = [
    (
        "modules.dep",
        "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n\
         kernel/fs/jbd2/jbd2.ko:\n\
         kernel/crypto/crc32c_generic.ko:\n\
         kernel/drivers/net/a-b.ko:\n",
    ),
    (
        "modules.alias",
        "alias fs-ext4 ext4\nalias crc32c crc32c_generic\nalias pci:v00001AF4* a_b\n",
    ),
    ("modules.softdep", "softdep ext4 pre: crc32c\n"),
    ("modules.builtin", "kernel/fs/proc-fs.ko\n"),
];

fn release(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("keelson-modules-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a scratch folder");
    for (file, text) in RELEASE {
        fs::write(folder.join(file), text).expect("a scratch file");
    }
    folder
}

#[test]
fn soft_dependencies_are_resolved_through_aliases_and_come_first() {
    let folder = release("soft");
    let modules = Modules::open(&folder).expect("an index");
    let ext4 = modules.index.get("ext4").expect("ext4");
    let names: Vec<_> =
        modules.order(ext4).expect("a closure").into_iter().map(|(m, n)| (&*m.name, n)).collect();
    assert_eq!(names, [("jbd2", true), ("crc32c_generic", false), ("ext4", true)]);
    fs::remove_dir_all(folder).expect("removing the scratch folder");
}

#[test]
fn built_in_is_no_error_and_unknown_is() {
    let folder = release("builtin");
    let modules = Modules::open(&folder).expect("an index");
    let mut present = BTreeSet::new();
    assert_eq!(modules.load_into(&mut present, "proc_fs", "").expect("built in"), []);
    let error = modules.load_into(&mut present, "nothing", "").expect_err("unknown");
    assert_eq!(error.to_string(), format!("there is no module nothing in {}", folder.display()));
    assert!(modules.knows("pci:v00001AF4d0") && !modules.knows("pci:v00001AF5d0"));
    fs::remove_dir_all(folder).expect("removing the scratch folder");
}

#[test]
fn what_is_present_is_not_loaded_again_and_a_missing_file_is_named() {
    let folder = release("present");
    let modules = Modules::open(&folder).expect("an index");
    let mut present: BTreeSet<String> =
        ["jbd2", "crc32c_generic", "ext4"].into_iter().map(str::to_owned).collect();
    assert_eq!(modules.load_into(&mut present, "fs-ext4", "").expect("all there"), []);
    let error = modules.load_into(&mut present, "a-b", "").expect_err("no such file");
    let path = folder.join("kernel/drivers/net/a-b.ko");
    assert_eq!(
        error.to_string(),
        format!("opening {}: No such file or directory (os error 2)", path.display())
    );
    fs::remove_dir_all(folder).expect("removing the scratch folder");
}

#[test]
fn modprobe_d_decides_what_a_name_loads_and_in_which_order() {
    let folder = release("modprobe-d");
    let mut modules = Modules::open(&folder).expect("an index");
    modules.config.take(
        "alias my-fs ext4\nalias ext4 off\nalias pci:v00001AF4d1 proc-fs\nblacklist a_b\n\
         softdep jbd2 pre: a-b none post: ext4\ninstall crc32c_generic /bin/true\n",
        Path::new("/x.conf"),
    );
    let names = |alias: &str| {
        let found = modules.matching(alias);
        found.map(|found| found.iter().map(|m| m.name.clone()).collect::<Vec<_>>()).ok()
    };
    for (alias, expected) in [
        ("my_fs", Some(vec!["ext4"])),
        ("fs-ext4", Some(vec!["ext4"])),
        ("ext4", None),
        ("pci:v00001AF4d0", Some(vec![])),
        ("pci:v00001AF4d1", Some(vec![])),
        ("a-b", Some(vec!["a_b"])),
        ("none", None),
    ] {
        let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
        assert_eq!(names(alias), expected, "{alias}");
    }
    let jbd2 = modules.index.get("jbd2").expect("jbd2");
    let order = modules.order(jbd2).expect("an order");
    let order: Vec<_> = order.into_iter().map(|(m, needed)| (&*m.name, needed)).collect();
    let soft = [("a_b", false), ("jbd2", true), ("crc32c_generic", false), ("ext4", false)];
    assert_eq!(order, soft);
    let error = modules.load_into(&mut BTreeSet::new(), "crc32c", "").expect_err("a command");
    assert!(error.to_string().starts_with("/x.conf:6: crc32c_generic is not loaded"), "{error}");
    fs::remove_dir_all(folder).expect("removing the scratch folder");
}

#[test]
fn a_missing_index_is_named() {
    let error = Modules::open(Path::new("/nowhere")).expect_err("no index");
    assert!(error.to_string().starts_with("reading /nowhere/modules.dep: "), "{error}");
}

#[test]
fn only_live_modules_count_as_loaded() {
    let text = "ext4 1 1 - Live 0x0\nhalf 1 0 - Loading 0x0\njbd2 1 1 ext4, Live 0x0\n";
    assert_eq!(kernel::parse_loaded(text).into_iter().collect::<Vec<_>>(), ["ext4", "jbd2"]);
}

#[test]
fn aliases_are_those_of_buses_of_two_classes_and_of_the_processor() {
    let sys = release("sys");
    for (place, alias) in [
        ("bus/pci/devices/0000:00:01.0", "pci:v1"),
        ("bus/virtio/devices/virtio0", "virtio:d2"),
        ("class/input/input0", "input:b0"),
        ("class/dmi/id", "dmi:bvn"),
        ("devices/system/cpu", "cpu:type:x86"),
    ] {
        fs::create_dir_all(sys.join(place)).expect("folders");
        fs::write(sys.join(place).join("modalias"), format!("{alias}\n")).expect("a file");
    }
    fs::create_dir_all(sys.join("bus/pnp/devices/00:01")).expect("a device without an alias");
    let found: Vec<_> = coldplug::modaliases(&sys).into_iter().collect();
    assert_eq!(found, ["cpu:type:x86", "dmi:bvn", "input:b0", "pci:v1", "virtio:d2"]);
    fs::remove_dir_all(sys).expect("removing the scratch folder");
}
