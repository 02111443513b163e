use super::*;

#[test]
fn prints_that_fail_are_told_from_other_panics() {
    for (words, expected) in [
        ("failed printing to stderr: No space left on device (os error 28)", Some(Ending::Unheard)),
        ("failed printing to stderr: Broken pipe (os error 32)", Some(Ending::Unheard)),
        ("failed printing to stdout: Broken pipe (os error 32)", Some(Ending::NoReader)),
        ("failed printing to stdout: disk full", Some(Ending::Lost("disk full"))),
        (
            "called `Result::unwrap()` on an `Err` value: Os { code: 32, kind: BrokenPipe }",
            Some(Ending::Unheard),
        ),
        (
            "called `Result::unwrap()` on an `Err` value: Os { code: 28, kind: StorageFull }",
            Some(Ending::Lost("No space left on device")),
        ),
        ("index out of bounds: the len is 1 but the index is 1", None),
    ] {
        assert_eq!(ending(words), expected, "{words}");
    }
}
