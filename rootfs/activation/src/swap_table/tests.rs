//! Reading and comparing tables.

use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;

use super::{Entry, Table, parse};

const HEAD: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

#[test]
fn a_table_is_read_with_its_escapes() {
    let text = format!(
        "{HEAD}/dev/dm-1 partition\t8388604\t\t0\t\t-2\n/swap\\040file file\t\t1048572\t\t12\t\t5\n"
    );
    let expected = [
        Entry { path: "/dev/dm-1".into(), is_file: false, kib: 8_388_604, priority: -2 },
        Entry { path: "/swap file".into(), is_file: true, kib: 1_048_572, priority: 5 },
    ];
    assert_eq!(parse(&text), expected);
}

#[test]
fn what_came_and_went_is_told() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{HEAD}/dev/a partition 1 0 -2").unwrap();
    let mut table = Table::open_at(file.path()).unwrap();
    std::fs::write(file.path(), format!("{HEAD}/dev/b partition 1 0 -2\n")).unwrap();
    assert_eq!(
        table.update().unwrap(),
        (vec![PathBuf::from("/dev/b")], vec![PathBuf::from("/dev/a")])
    );
    assert_eq!(table.update().unwrap(), (vec![], vec![]));
}

proptest! {
    #[test]
    fn any_text_is_read(text in "[ -~\\n\\t]{0,200}") {
        parse(&text);
    }
}
