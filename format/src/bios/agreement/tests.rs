use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn environment(entries: &[(&str, Tries)]) -> Environment {
    Environment::new(entries.iter().map(|(text, tries)| (version(text), *tries)))
}

/// What becomes of files, environment and the good version.
fn check(
    files: &[&str],
    known: &[(&str, Tries)],
    good: Option<&str>,
    expected: &[(&str, Tries)],
    renames: &[(&str, &str)],
) {
    let good = good.map(version);
    let agreement = agree(&names(files), &environment(known), good.as_ref(), |_| true);
    assert_eq!(agreement.environment, environment(expected), "{files:?} {known:?}");
    let renames: Vec<_> =
        renames.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    assert_eq!(agreement.renames, renames, "{files:?} {known:?}");
}

#[test]
fn a_good_boot_is_noted_in_both_places() {
    use Tries::{Good, Left};
    // On BIOS the environment was counted down, on UEFI the name; the other place knows nothing of it.
    for (file, known) in [
        ("keelson_2+3.efi", Left(2)),
        ("keelson_2+2-1.efi", Left(3)),
        ("keelson_2.efi", Left(2)),
        ("keelson_2+2-1.efi", Good),
    ] {
        let renames = [(file, "keelson_2.efi")];
        let renames = if file == "keelson_2.efi" { &[][..] } else { &renames[..] };
        check(
            &["keelson_1.efi", file],
            &[("2", known), ("1", Good)],
            Some("2"),
            &[("2", Good), ("1", Good)],
            renames,
        );
    }
}

#[test]
fn tries_that_were_used_up_on_one_firmware_are_on_the_other() {
    use Tries::{Good, Left};
    check(
        &["keelson_1.efi", "keelson_2+3.efi"],
        &[("2", Left(0)), ("1", Good)],
        Some("1"),
        &[("2", Left(0)), ("1", Good)],
        &[("keelson_2+3.efi", "keelson_2+0-3.efi")],
    );
    check(
        &["keelson_1.efi", "keelson_2+0-3.efi"],
        &[("2", Left(3)), ("1", Good)],
        Some("1"),
        &[("2", Left(0)), ("1", Good)],
        &[],
    );
}

#[test]
fn what_is_gone_is_forgotten_and_what_is_new_is_learnt() {
    use Tries::{Good, Left};
    check(
        &["keelson_2.efi", "keelson_3+3.efi", "readme.txt"],
        &[("2", Good), ("1", Good)],
        Some("2"),
        &[("3", Left(3)), ("2", Good)],
        &[],
    );
    let files = names(&["keelson_2.efi", "keelson_3+3.efi"]);
    let agreement = agree(&files, &Environment::default(), None, |v| v.as_str() == "2");
    assert_eq!(agreement.environment, environment(&[("2", Good)]));
}

#[test]
fn the_version_that_came_up_is_kept_however_old() {
    let files = names(
        &["1", "2", "3", "4", "5"]
            .map(|v| format!("keelson_{v}.efi"))
            .each_ref()
            .map(String::as_str),
    );
    let agreement = agree(&files, &Environment::default(), Some(&version("1")), |_| true);
    let entries = agreement.environment.entries().iter().map(|(v, _)| v.as_str());
    assert_eq!(entries.collect::<Vec<_>>(), ["5", "4", "3", "1"]);
}

#[test]
fn two_names_of_one_version_are_left_alone() {
    check(&["keelson_1+2-1.efi", "keelson_1.efi"], &[], Some("1"), &[("1", Tries::Good)], &[]);
}

proptest! {
    #[test]
    fn agreeing_again_changes_nothing(
        files in prop::collection::vec("keelson_[1-6](\\+[0-9]{1,2}(-[0-3])?)?.efi", 0..8),
        known in prop::collection::vec((1..7_u8, 0..11_u8), 0..5),
        good in prop::option::of(1..7_u8),
    ) {
        let tries = |left| if left == 10 { Tries::Good } else { Tries::Left(left) };
        let known = Environment::new(
            known.into_iter().map(|(v, left)| (version(&v.to_string()), tries(left))),
        );
        let good = good.map(|v| version(&v.to_string()));
        let first = agree(&files, &known, good.as_ref(), |_| true);
        let mut renamed = files.clone();
        for (from, to) in &first.renames {
            prop_assert!(!renamed.contains(to));
            let at = renamed.iter().position(|name| name == from).expect("a file there is");
            renamed[at].clone_from(to);
        }
        let read = Environment::parse(&first.environment.to_bytes()).expect("a block");
        let second = agree(&renamed, &read, good.as_ref(), |_| true);
        prop_assert_eq!(&second.environment, &read);
        prop_assert!(second.renames.is_empty(), "{:?}", second.renames);
        // Nothing that is good is counted again, and nothing gains a try.
        for (version, tries) in read.entries() {
            let before = known.tries(version).unwrap_or(Tries::Left(9));
            prop_assert!(*tries == Tries::Good || *tries == before.both(*tries));
        }
    }
}
