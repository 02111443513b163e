use super::*;
use crate::clock::Now;

fn table() -> Table {
    let mut table = Table::new(&["", "UNIT FILE", ">LEFT", "DESCRIPTION"]);
    table.row(vec!["●".into(), "a.service".into(), Cell::valued("5s", 5), "The first one".into()]);
    table.row(vec!["".into(), "long-name.service".into(), "10min".into(), "".into()]);
    table
}

#[test]
fn columns_are_as_wide_as_their_widest_field() {
    let screen = Screen::plain(Now::default());
    assert_eq!(
        table().text(&screen, true),
        "  UNIT FILE          LEFT DESCRIPTION\n\
         ● a.service            5s The first one\n  long-name.service 10min -\n"
    );
    assert_eq!(table().text(&screen, false).lines().count(), 2);
}

#[test]
fn a_narrow_terminal_cuts_the_widest_columns() {
    let screen = Screen { width: Some(32), ..Screen::plain(Now::default()) };
    let text = table().text(&screen, true);
    assert!(text.lines().all(|line| line.chars().count() <= 32), "{text}");
    assert!(text.contains("long-name.… 10min"), "{text}");
}

#[test]
fn json_has_the_headings_as_keys_and_no_marks() {
    assert_eq!(
        table().json(false),
        "[{\"description\":\"The first one\",\"left\":5,\"unit_file\":\"a.service\"},\
         {\"description\":null,\"left\":\"10min\",\"unit_file\":\"long-name.service\"}]\n"
    );
}
