//! `Condition...=` of units, looked at when a unit is about to start.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{Access, access};

use crate::unit::{Condition, Test};

/// Whether a unit with these conditions is started: all plain ones hold, and one of the `|` ones where there are any.
pub fn hold(conditions: &[Condition], first_boot: bool) -> bool {
    let holds = |condition: &Condition| test(&condition.test, first_boot) != condition.negated;
    let mut triggers = conditions.iter().filter(|condition| condition.trigger).peekable();
    let triggered = triggers.peek().is_none() || triggers.any(holds);
    triggered && conditions.iter().filter(|condition| !condition.trigger).all(holds)
}

fn test(test: &Test, first_boot: bool) -> bool {
    match test {
        Test::PathExists(path) => path.exists(),
        Test::PathIsDirectory(path) => path.is_dir(),
        Test::PathIsSymbolicLink(path) => path.is_symlink(),
        Test::PathIsReadWrite(path) => path.exists() && access(path, Access::WRITE_OK).is_ok(),
        Test::FileNotEmpty(path) => {
            fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0)
        }
        Test::FileIsExecutable(path) => fs::metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0),
        Test::DirectoryNotEmpty(path) => {
            fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
        }
        Test::FirstBoot(wanted) => first_boot == *wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(hold(&conditions, true), expected, "{conditions:?}");
        }
    }
}
