use super::*;

#[test]
fn programs_are_told_from_threads_of_the_kernel_and_zombies() {
    let cases = [
        ("7 (a b) c) S 1 7 7 0 -1 4194560 1 2", Some("a b) c")),
        ("2 (kthreadd) S 0 0 0 0 -1 2129984 0", None),
        ("9 (gone) Z 1 9 9 0 -1 4194560 0", None),
        ("nonsense", None),
    ];
    for (line, expected) in cases {
        assert_eq!(program(line), expected, "{line}");
    }
}
