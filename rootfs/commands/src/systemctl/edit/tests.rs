use super::*;

fn options(root: &Path) -> Options {
    Options { root: Some(root.to_owned()), ..Options::default() }
}

#[test]
fn properties_become_drop_ins_of_their_own() {
    let root = tempfile::tempdir().expect("a folder");
    let words = ["ssh", "CPUWeight=50", "MemoryMax=1G"].map(str::to_owned);
    assert_eq!(set_property(&words, &options(root.path())).expect("written"), 0);
    let folder = root.path().join("etc/systemd/system.control/ssh.service.d");
    let text = fs::read_to_string(folder.join("50-CPUWeight.conf")).expect("there");
    assert_eq!(text, "# Made by \"systemctl set-property\".\n[Service]\nCPUWeight=50\n");
    assert!(folder.join("50-MemoryMax.conf").exists());
    for wrong in [
        ["ssh", "Bogus=1"],
        ["ssh", "CPUWeight"],
        ["ssh", "TasksMax=lots"],
        ["a.timer", "CPUWeight=1"],
    ] {
        assert!(
            set_property(&wrong.map(str::to_owned), &options(root.path())).is_err(),
            "{wrong:?}"
        );
    }
    assert!(!folder.join("50-TasksMax.conf").exists());
}
