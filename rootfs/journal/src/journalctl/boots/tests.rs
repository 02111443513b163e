use super::*;

#[test]
fn boots_are_chosen_by_offset_and_identity() {
    let boots: Vec<Boot> = (1..=3)
        .map(|n| Boot { id: Id([n; 16]), first: u64::from(n), last: u64::from(n) })
        .collect();
    let id = |n: u8| Ok(Some(Id([n; 16])));
    let named = |n: u8, offset| BootChoice::Id(Id([n; 16]).to_string(), offset);
    let rows = [
        (BootChoice::All, Id([3; 16]), Ok(None)),
        (BootChoice::Offset(0), Id([2; 16]), id(2)),
        (BootChoice::Offset(0), Id([9; 16]), id(3)),
        (BootChoice::Offset(-1), Id([3; 16]), id(2)),
        (BootChoice::Offset(1), Id([3; 16]), id(1)),
        (named(2, 0), Id([3; 16]), id(2)),
        (named(2, 1), Id([3; 16]), id(3)),
        (named(2, -1), Id([3; 16]), id(1)),
    ];
    for (choice, current, wanted) in rows {
        assert_eq!(choose(&boots, &choice, current), wanted, "{choice:?}");
    }
    for choice in [BootChoice::Offset(-3), BootChoice::Offset(4), named(7, 0), named(1, -1)] {
        assert!(choose(&boots, &choice, Id([3; 16])).is_err(), "{choice:?}");
    }
}
