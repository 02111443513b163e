//! Tests of the lock's text and of the selection from it.

use super::{Lock, Pin, closure};
use crate::digest::Digest;

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn pin(depends: &[&str]) -> Pin {
    Pin {
        version: "1:2.0~rc1-1".to_owned(),
        architecture: "amd64".to_owned(),
        size: 7,
        sha256: Digest::of("x"),
        depends: depends.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[test]
fn a_written_lock_reads_back_as_itself() {
    let mut lock = Lock::empty("trixie");
    lock.image.insert("runc".to_owned(), pin(&["libc6"]));
    lock.image.insert("libc6".to_owned(), pin(&[]));
    lock.tools.insert("mtools".to_owned(), pin(&[]));
    let text = lock.to_toml();
    assert_eq!(Lock::parse(&text, "x.lock").expect("parses"), lock);
    assert!(text.find("libc6").expect("there") < text.find("runc").expect("there"));
}

#[test]
fn mistakes_are_shown_with_line_and_column() {
    let pin = |extra: &str| {
        format!(
            "schema = 1\nsuite = \"trixie\"\n[[image]]\nname = \"a\"\nversion = \"1\"\narchitecture = \"amd64\"\nsize = 1\nsha256 = \"{ZEROS}\"\n{extra}"
        )
    };
    let table = [
        ("schema = 2\nsuite = \"trixie\"\n".to_owned(), "b.lock:1:10: schema 2 is unknown"),
        (
            "schema = 1\nsuite = \"a b\"\n".to_owned(),
            "b.lock:2:9: \"a b\" is no name of a Debian suite",
        ),
        ("suite = \"trixie\"\n".to_owned(), "b.lock:1:1: missing field `schema`"),
        (pin("colour = 1\n"), "b.lock:9:1: unknown field `colour`"),
        (pin("depends = [\"b\"]\n"), "b.lock:9:12: package b is needed here but not listed"),
        (
            pin(&pin("").replace("schema = 1\nsuite = \"trixie\"\n", "")),
            "b.lock:10:8: package a is listed twice",
        ),
        (pin("").replace("amd64", "mips"), "b.lock:6:16: architecture \"mips\""),
        (pin("").replace(ZEROS, "ABC"), "b.lock:8:10: a SHA-256 digest is"),
        ("schema = = 1\n".to_owned(), "b.lock:1:10: "),
    ];
    for (text, start) in table {
        let error = Lock::parse(&text, "b.lock").expect_err(&text).to_string();
        assert!(error.starts_with(start), "{error}\nshould start with\n{start}");
    }
}

#[test]
fn the_selection_follows_what_packages_bring_along() {
    let mut lock = Lock::empty("trixie");
    for (name, depends) in [("a", &["b"][..]), ("b", &["c", "a"]), ("c", &[]), ("d", &[])] {
        lock.image.insert(name.to_owned(), pin(depends));
    }
    let names = ["a".to_owned(), "zebra".to_owned()];
    let (found, absent) = closure(&lock.image, &names);
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(absent.into_iter().collect::<Vec<_>>(), ["zebra"]);
}
