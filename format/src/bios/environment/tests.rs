use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

fn block(lines: &str) -> Vec<u8> {
    let mut block = format!("{MARK}{lines}").into_bytes();
    block.resize(BYTES, b'#');
    block
}

#[test]
fn the_newest_stands_first_and_the_block_is_grubs() {
    let environment = Environment::new([
        (version("0.9"), Tries::Good),
        (version("0.10"), Tries::Left(3)),
        (version("0.9"), Tries::Left(1)),
    ]);
    let bytes = environment.to_bytes();
    assert_eq!(bytes, block("version_1=0.10\ntries_1=3\nversion_2=0.9\ntries_2=\n"));
    assert_eq!(Environment::parse(&bytes), Ok(environment));
}

#[test]
fn what_grub_wrote_is_read_and_other_variables_are_passed_over() {
    let environment = Environment::parse(&block("saved_entry=0\ntries_1=2\nversion_1=1\n"));
    assert_eq!(
        environment.as_ref().map(Environment::entries),
        Ok(&[(version("1"), Tries::Left(2))][..])
    );
}

#[test]
fn damage_is_named() {
    let value = |name: &str, value: &str| EnvironmentError::Value {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    for (bytes, error) in [
        (Vec::new(), EnvironmentError::Length(0)),
        (vec![b'#'; BYTES], EnvironmentError::Mark),
        (block("version_1\n"), EnvironmentError::Line(2)),
        (block("version_1=a b\n"), value("version_1", "a b")),
        (block("version_1=1\ntries_1=x\n"), value("tries_1", "x")),
        (block("version_1=1\ntries_1=12\n"), value("tries_1", "12")),
        (block("version_1=1\nversion_2=1\n"), EnvironmentError::Twice(version("1"))),
    ] {
        assert_eq!(Environment::parse(&bytes), Err(error));
    }
}

#[test]
fn four_long_versions_fit_in_one_sector() {
    let long = |end: &str| version(&format!("{}{end}", "1".repeat(62)));
    let entries = ["1", "2", "3", "4", "5"].map(|end| (long(end), Tries::Left(9)));
    let bytes = Environment::new(entries).to_bytes();
    assert_eq!(bytes.len(), BYTES);
    assert!(bytes[LINES..].iter().all(|byte| *byte == b'#'));
    let read = Environment::parse(&bytes).expect("a block");
    assert_eq!((read.entries().len(), read.tries(&long("1"))), (MOST_ENTRIES, None));
}

proptest! {
    #[test]
    fn no_bytes_break_the_parser(lines in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = [MARK.as_bytes(), &lines].concat();
        bytes.resize(BYTES, b'#');
        if let Ok(environment) = Environment::parse(&bytes) {
            prop_assert_eq!(Environment::parse(&environment.to_bytes()), Ok(environment));
        }
        let _any = Environment::parse(&lines);
    }

    #[test]
    fn lines_like_grubs_do_not_break_it(lines in "((version|tries)_[0-5]=[0-9a.]{0,3}\n){0,8}") {
        let _any = Environment::parse(&block(&lines));
    }
}
