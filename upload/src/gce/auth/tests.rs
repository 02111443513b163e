use super::*;

#[test]
fn the_project_is_read_from_the_section_core_alone() {
    let text =
        "[compute]\nproject = other\n[core]\naccount = a@b\nproject = mine \n[x]\nproject = no\n";
    assert_eq!(core_project(text).as_deref(), Some("mine"));
    assert_eq!(core_project("[core]\n[x]\nproject = no\n"), None);
}
