//! Tests of sets of tools, made of programs of the host and of packages made here.

use std::process::Command;

use fs_err as fs;

use super::{Tools, ToolsError};
use crate::cache::Cache;
use crate::deb::{Control, tests as debs};
use crate::digest::Digest;
use crate::progress::Progress;
use crate::store::Package;

fn package(folder: &std::path::Path, name: &str, members: &[debs::Member<'_>]) -> Package {
    let deb = folder.join(format!("{name}.deb"));
    debs::make_deb(&deb, name, "1", "zst", members);
    let dir = folder.join(name);
    fs::create_dir(&dir).expect("mkdir");
    let (_, entries) = crate::deb::unpack(&deb, &dir).expect("unpacks");
    Package {
        name: name.to_owned(),
        version: "1".to_owned(),
        architecture: "all".to_owned(),
        sha256: Digest::of(name),
        size: 1,
        dir,
        entries,
        control: Control::default(),
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("is text")
}

#[test]
fn scripts_run_and_find_their_siblings_and_their_arguments_arrive() {
    let folder = tempfile::tempdir().expect("tempdir");
    let cache = Cache::open(&folder.path().join("cache")).expect("opens");
    let parts = [
        package(
            folder.path(),
            "one",
            &[(debs::FILE, "./usr/bin/outer", "#!/bin/sh\ninner \"$1\"\n", 0o755)],
        ),
        package(
            folder.path(),
            "two",
            &[(debs::FILE, "./sbin/inner", "#!/bin/sh\necho \"<$1>\"\n", 0o755)],
        ),
    ];
    let tools = Tools::compose(&cache, &parts, &Progress::quiet()).expect("composes");
    assert_eq!(run(tools.command("outer").expect("known").arg("a b")), "<a b>\n");
    assert_eq!(run(Command::new(tools.bin().join("inner")).arg("x")), "<x>\n");
    assert!(matches!(tools.command("nonesuch"), Err(ToolsError::Unknown(_))));
    assert!(tools.path("usr/sbin/inner").is_file());
}

#[test]
fn a_damaged_set_is_made_again() {
    let folder = tempfile::tempdir().expect("tempdir");
    let cache = Cache::open(&folder.path().join("cache")).expect("opens");
    let parts = [package(
        folder.path(),
        "one",
        &[(debs::FILE, "./usr/bin/a", "#!/bin/sh\necho one\n", 0o755)],
    )];
    let tools = Tools::compose(&cache, &parts, &Progress::quiet()).expect("composes");
    fs::remove_file(tools.path("usr/bin/a")).expect("removes");
    let again = Tools::compose(&cache, &parts, &Progress::quiet()).expect("composes");
    assert_eq!(run(&mut again.command("a").expect("known")), "one\n");
}

#[test]
fn two_packages_with_one_file_are_named() {
    let folder = tempfile::tempdir().expect("tempdir");
    let cache = Cache::open(&folder.path().join("cache")).expect("opens");
    let file = [(debs::FILE, "./usr/bin/a", "x", 0o755)];
    let parts = [package(folder.path(), "one", &file), package(folder.path(), "two", &file)];
    let error =
        Tools::compose(&cache, &parts, &Progress::quiet()).expect_err("refused").to_string();
    assert_eq!(error, "the packages one and two both have the file usr/bin/a");
}

#[test]
fn programs_do_not_see_the_callers_times_and_libraries() {
    let folder = tempfile::tempdir().expect("tempdir");
    let cache = Cache::open(&folder.path().join("cache")).expect("opens");
    let parts = [package(
        folder.path(),
        "one",
        &[(debs::FILE, "./usr/bin/a", "#!/bin/sh\nexit 0\n", 0o755)],
    )];
    let tools = Tools::compose(&cache, &parts, &Progress::quiet()).expect("composes");
    let command = tools.command("a").expect("known");
    for name in ["SOURCE_DATE_EPOCH", "LD_PRELOAD", "LD_LIBRARY_PATH"] {
        assert!(command.get_envs().any(|set| set == (name.as_ref(), None)), "{name}");
    }
}
