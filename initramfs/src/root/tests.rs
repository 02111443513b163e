use super::*;

fn scratch(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("keelson-root-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

#[test]
fn an_empty_root_gets_folders_and_links_and_a_second_time_changes_nothing() {
    let root = scratch("populate");
    for _ in 0..2 {
        populate(&root).expect("an ordinary folder");
        for (name, mode) in FOLDERS {
            let found = fs::metadata(root.join(name)).expect(name).permissions().mode() & 0o7777;
            assert_eq!(found, mode, "{name}");
        }
        for (name, target) in LINKS {
            assert_eq!(fs::read_link(root.join(name)).expect(name), Path::new(target));
        }
    }
    fs::remove_dir_all(root).expect("removing the scratch folder");
}

#[test]
fn a_wrong_link_is_replaced_and_a_folder_in_its_place_is_named() {
    let root = scratch("links");
    symlink("elsewhere", root.join("bin")).expect("a link");
    links(&root).expect("replaced");
    assert_eq!(fs::read_link(root.join("bin")).expect("a link"), Path::new("usr/bin"));
    fs::remove_file(root.join("lib")).expect("removing a link");
    fs::create_dir(root.join("lib")).expect("a folder");
    let error = links(&root).expect_err("a folder is in the way");
    assert!(error.to_string().starts_with("/lib is not a link to usr/lib: "), "{error}");
    fs::remove_dir_all(root).expect("removing the scratch folder");
}
