//! The table against the recipe, and the parsers of our own applets.

use std::collections::BTreeSet;

use super::mount::Options;
use super::{Applet, Run, dmesg, free, lsmod, names, ps};

/// The recipe that makes the links.
const RECIPE: &str = include_str!("../../../packages/coreutils.toml");

fn names_linked_by_the_recipe() -> Vec<String> {
    let recipe: toml::Table = RECIPE.parse().expect("the recipe is TOML");
    let links = recipe["link"].as_array().expect("the recipe has links");
    let name = |link: &toml::Value| {
        let path = link["path"].as_str().expect("a path is text");
        path.rsplit('/').next().expect("a path has a name").to_owned()
    };
    links.iter().map(name).collect()
}

#[test]
fn the_recipe_links_every_applet_once() {
    let mut linked = names_linked_by_the_recipe();
    linked.sort_unstable();
    assert_eq!(linked, names());
}

#[test]
fn the_links_of_the_recipe_lead_to_the_program() {
    let recipe: toml::Table = RECIPE.parse().expect("the recipe is TOML");
    for link in recipe["link"].as_array().expect("the recipe has links") {
        let (path, to) = (link["path"].as_str(), link["to"].as_str());
        let expected = match path.and_then(|path| path.strip_prefix("usr/")) {
            Some(path) if path.starts_with("bin/") => "coreutils",
            Some(path) if path.starts_with("sbin/") => "../bin/coreutils",
            _ => panic!("{path:?} is in neither bin nor sbin"),
        };
        assert_eq!(to, Some(expected), "{path:?}");
    }
}

#[test]
fn no_name_is_in_the_table_twice() {
    let names = names();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn an_error_of_our_own_applets_gives_status_1() {
    let applet = Applet { name: "fails", run: Run::Own(|_| Err("as it should".to_owned())) };
    assert_eq!(applet.run(vec!["fails".into()]), 1);
}

#[test]
fn kernel_records_become_the_lines_people_know() {
    for (record, line) in [
        ("6,339,5140900,-;NET: Registered\n SUBSYSTEM=acpi\n", "[    5.140900] NET: Registered"),
        ("4,1,0,-;Linux version 6.12\n", "[    0.000000] Linux version 6.12"),
        ("no prefix\n", "[    0.000000] no prefix"),
    ] {
        assert_eq!(dmesg::format(record), line);
    }
}

#[test]
fn used_memory_is_total_less_available() {
    let meminfo =
        "MemTotal: 2048 kB\nMemFree: 512 kB\nMemAvailable: 1024 kB\nBuffers: 1 kB\nCached: 2 kB\n";
    let table = free::table(meminfo, 1);
    let cells: Vec<_> = table.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    assert_eq!(cells, ["Mem:", "2048", "1024", "512", "0", "3", "1024"]);
}

#[test]
fn modules_without_users_show_none() {
    assert_eq!(
        lsmod::row("dm_mod 225280 1 dm_verity, Live 0x0"),
        format!("{:<24} {:>8}  1 dm_verity", "dm_mod", 225_280)
    );
    assert_eq!(lsmod::row("loop 40960 0 - Live 0x0"), format!("{:<24} {:>8}  0", "loop", 40_960));
}

#[test]
fn a_kernel_thread_shows_its_name_in_brackets() {
    assert_eq!(ps::command("", "kthreadd"), "[kthreadd]");
    assert_eq!(
        ps::command("/usr/bin/containerd\0--log-level\0debug\0", "containerd"),
        "/usr/bin/containerd --log-level debug"
    );
}

#[test]
fn a_status_without_a_parent_is_no_process() {
    assert_eq!(ps::parse(1, "Name:\tinit\nState:\tS (sleeping)\n"), None);
    assert!(
        ps::parse(1, "Name:\tinit\nState:\tS (sleeping)\nPPid:\t0\nUid:\t0\t0\t0\t0\n").is_some()
    );
}

#[test]
fn mount_options_split_into_flags_and_the_file_systems_own() {
    let mut options = Options::default();
    options.add("ro,noexec,size=1m,defaults,rw,mode=0700");
    assert_eq!(options.flags, rustix::mount::MountFlags::NOEXEC);
    assert_eq!(options.data(), "size=1m,mode=0700");
}
