//! The order of records, and their first lines.

use proptest::prelude::*;

use super::*;

fn record(name: &str, time: u64, content: &str) -> Record {
    let content = content.as_bytes().to_owned();
    Record { path: PathBuf::new(), name: name.to_owned(), time, content }
}

#[test]
fn the_parts_of_a_dump_are_read_from_its_first_lines_to_its_last() {
    let records = [
        record("console-ramoops-0", 3, "no dump\n"),
        record("d", 2, "Panic#2 Part1\nlast\n"),
        record("c", 2, "Panic#2 Part10\nearlier\n"),
        record("b", 1, "Oops#1 Part1\noops\n"),
        // Writing takes its time.
        record("a", 3, "Panic#2 Part11\nfirst\n"),
    ];
    let dumps = dumps(&records);
    let names: Vec<Vec<&str>> =
        dumps.iter().map(|dump| dump.iter().map(|record| record.name.as_str()).collect()).collect();
    assert_eq!(names, [vec!["b"], vec!["a", "c", "d"], vec!["console-ramoops-0"]]);
}

#[test]
fn only_the_kernels_own_first_line_is_a_header() {
    for (content, expected) in [
        ("Panic#1 Part15\n<4>x", Some(("Panic#1", 15))),
        ("Oops#2 Part1", Some(("Oops#2", 1))),
        ("Panic#1 Part\n", None),
        ("Panic Part1\n", None),
        ("#1 Party\n", None),
        ("", None),
    ] {
        let expected = expected.map(|(dump, part)| (dump.as_bytes(), part));
        assert_eq!(header(content.as_bytes()), expected, "{content}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_header_or_none(content: Vec<u8>, reason in "[A-Z][a-z]{1,8}", part: u32) {
        header(&content);
        let text = format!("{reason}#1 Part{part}\n");
        let dump = format!("{reason}#1");
        prop_assert_eq!(header(text.as_bytes()), Some((dump.as_bytes(), part)));
    }
}
