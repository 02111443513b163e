use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn facts() -> Facts {
    let host = Host {
        machine_id: "0123456789abcdef0123456789abcdef".into(),
        boot_id: String::new(),
        hostname: "box".into(),
        pretty_hostname: String::new(),
        kernel_release: "6.12.5-cloud".into(),
        architecture: "x86-64".into(),
        os_release: BTreeMap::from([
            ("ID".to_owned(), "keelson".to_owned()),
            ("VERSION_ID".to_owned(), "1.10".to_owned()),
        ]),
    };
    Facts { first_boot: true, host, command_line: vec!["quiet".into(), "a=b".into()] }
}

fn condition(test: Test, negated: bool, trigger: bool) -> Condition {
    Condition { test, negated, trigger }
}

#[test]
fn plain_conditions_all_hold_and_one_trigger_is_enough() {
    let there = || Test::PathExists("/proc".into());
    let absent = || Test::PathExists("/no/such/path".into());
    for (conditions, expected) in [
        (vec![], true),
        (vec![condition(there(), false, false)], true),
        (vec![condition(absent(), true, false)], true),
        (vec![condition(there(), false, false), condition(absent(), false, false)], false),
        (vec![condition(there(), false, true), condition(absent(), false, true)], true),
        (vec![condition(absent(), false, true)], false),
        (vec![condition(Test::FirstBoot(true), false, false)], true),
        (vec![condition(Test::FirstBoot(false), false, false)], false),
    ] {
        assert_eq!(all(&conditions, &facts().each(&conditions)), expected, "{conditions:?}");
    }
}

#[test]
fn tests_look_at_the_machine() {
    for (test, expected) in [
        (Test::PathExistsGlob("/pro[a-d]/self/stat*".into()), true),
        (Test::PathExistsGlob("/proc/no-such-*".into()), false),
        (Test::PathIsMountPoint("/proc".into()), true),
        (Test::PathIsReadWrite("/no/such".into()), false),
        (Test::FileNotEmpty("/proc".into()), false),
        (Test::DirectoryNotEmpty("/proc".into()), true),
        (Test::Architecture("x86-64".into()), true),
        (Test::Architecture("arm64".into()), false),
        (Test::KernelCommandLine("a".into()), true),
        (Test::KernelCommandLine("a=b".into()), true),
        (Test::KernelCommandLine("a=c".into()), false),
        (Test::Version(">=6.1".into()), true),
        (Test::Version("kernel >= 6.1 <7".into()), true),
        (Test::Version("systemd > 300".into()), false),
        (Test::Version("6.12.*".into()), true),
        (Test::Host("0123456789abcdef0123456789abcdef".into()), true),
        (Test::OSRelease("ID=keelson VERSION_ID>=1.9".into()), true),
        (Test::OSRelease("ID=debian".into()), false),
        (Test::Memory(">=1M".into()), true),
        (Test::CPUs("0".into()), true),
        (Test::User("root".into()), true),
        (Test::User("nobody".into()), false),
        (Test::Credential("../x".into()), false),
        (Test::KernelModuleLoaded("no_such_module".into()), false),
    ] {
        assert_eq!(facts().test(&test), expected, "{test:?}");
    }
}

#[test]
fn versions_are_ordered_as_the_specification_says() {
    let order = [
        "~1",
        "",
        "ab",
        "abb",
        "abc",
        "0001",
        "002",
        "12",
        "122",
        "122.9",
        "123~rc1",
        "123",
        "123-a",
        "123-a.1",
        "123-a1",
        "123-3",
        "123-3.1",
        "123^patch1",
        "123^1",
        "123.a-1",
        "123.1-1",
        "123a-1",
        "124",
    ];
    for (at, left) in order.iter().enumerate() {
        for (other, right) in order.iter().enumerate() {
            assert_eq!(version::compare_versions(left, right), at.cmp(&other), "{left} {right}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_is_harmful(left in ".{0,40}", right in ".{0,40}") {
        let _order = version::compare_versions(&left, &right);
        let _matches = files::matches(&left, &right);
        let _all = version::compare_all(&left, &right);
    }
}
