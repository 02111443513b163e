use super::*;

#[test]
fn nothing_is_left_open_in_the_script() {
    let script = script(5);
    assert!(!script.contains('@'), "{script}");
    for line in [
        "load_env --file /loader/bios/grubenv version_1 tries_1 version_2 tries_2 version_3 tries_3 version_4 tries_4",
        "  for counter in \"\" +3 +2-1 +1-2 +0-3; do",
        "  for number in 1 2 3 4; do",
        "    set keelson_loaded=\"\"",
        "set timeout=5",
    ] {
        assert!(script.lines().any(|found| found == line), "{line}\n{script}");
    }
}
