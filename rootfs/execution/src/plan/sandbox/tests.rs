use super::*;

#[test]
fn maps_are_those_of_the_manual() {
    let identity = Identity { uid: Some(5), gid: None, ..Identity::default() };
    for (private, expected) in [
        (Protect::No, None),
        (Protect::Yes, Some(("0 0 1\n5 5 1\n", "0 0 1\n"))),
        (Protect::Full, Some(("0 0 65536\n", "0 0 65536\n"))),
        (Protect::Strict, Some(("0 0 1\n1 1 4294967294\n", "0 0 1\n1 1 4294967294\n"))),
    ] {
        let expected =
            expected.map(|(uids, gids)| (uids.as_bytes().to_vec(), gids.as_bytes().to_vec()));
        assert_eq!(maps(private, &identity), expected, "{private:?}");
    }
}
