use super::*;

#[test]
fn modules_without_users_show_none() {
    assert_eq!(
        row("dm_mod 225280 1 dm_verity, Live 0x0"),
        format!("{:<24} {:>8}  1 dm_verity", "dm_mod", 225_280)
    );
    assert_eq!(row("loop 40960 0 - Live 0x0"), format!("{:<24} {:>8}  0", "loop", 40_960));
}
