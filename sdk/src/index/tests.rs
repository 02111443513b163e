//! Tests of reading package indexes.

use super::Index;
use crate::digest::Digest;

/// A stanza of a made index.
pub(crate) fn stanza(name: &str, version: &str, section: &str, depends: &str) -> String {
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\nSection: {section}\nDepends: {depends}\nDescription: text\n Depends: not this\nSize: 5\nSHA256: {}\n\n",
        Digest::of(format!("{name}{version}"))
    )
}

#[test]
fn the_newest_version_of_all_suites_is_the_candidate() {
    let mut index = Index::default();
    index.add(&stanza("runc", "1.1-2", "admin", "libc6"));
    index.add(&stanza("runc", "1.1-10", "admin", "libc6"));
    index.add(&stanza("runc", "1.1-9", "admin", "libc6"));
    assert_eq!(index.candidate("runc").expect("there").version, "1.1-10");
    assert!(index.version("runc", "1.1-9").is_some());
    assert!(index.version("runc", "1.1-3").is_none());
    assert_eq!(index.len(), 1);
}

#[test]
fn relations_give_names_alone() {
    let mut index = Index::default();
    index.add(&stanza("a", "1", "libs", "b (>= 2), c:any | d [amd64], e(= 1)"));
    let depends = &index.candidate("a").expect("there").depends;
    assert_eq!(depends, &[vec!["b"], vec!["c", "d"], vec!["e"]]);
}

#[test]
fn a_stanza_without_digest_is_left_out() {
    let mut index = Index::default();
    index.add("Package: a\nVersion: 1\nArchitecture: all\nSize: 1\n\n");
    assert!(index.candidate("a").is_none());
}
