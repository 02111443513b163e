use proptest::prelude::*;

use super::*;

/// 2024-02-29 12:34:56 UTC, a Thursday.
const NOW: u64 = 1_709_210_096_000_000;

#[test]
fn points_in_time_are_read() {
    let midnight = 1_709_164_800_000_000;
    let rows = [
        ("@1709210096", Some(NOW)),
        ("now", Some(NOW)),
        ("-1h", Some(NOW - 3_600_000_000)),
        ("+2min", Some(NOW + 120_000_000)),
        ("1h 30min ago", Some(NOW - 5_400_000_000)),
        ("today UTC", Some(midnight)),
        ("yesterday UTC", Some(midnight - DAY)),
        ("tomorrow UTC", Some(midnight + DAY)),
        ("2024-02-29 12:34:56 UTC", Some(NOW)),
        ("2024-02-29T12:34:56Z", Some(NOW)),
        ("24-02-29 12:34:56 UTC", Some(NOW)),
        ("2024-02-29T14:34:56+02:00", Some(NOW)),
        ("2024-02-29 07:34:56 -0500", Some(NOW)),
        ("Thu 2024-02-29 12:34:56.5 UTC", Some(NOW + 500_000)),
        ("2024-02-29 UTC", Some(midnight)),
        ("12:34 UTC", Some(NOW - 56_000_000)),
        ("2024-02-30 UTC", None),
        ("25:00", None),
        ("nonsense", None),
        ("", None),
    ];
    for (text, wanted) in rows {
        assert_eq!(parse(text, NOW), wanted, "{text}");
    }
}

proptest! {
    #[test]
    fn random_text_never_panics(text in "\\PC{0,40}", digits in "[-+@0-9:T. Z]{0,30}") {
        let _ = parse(&text, NOW);
        let _ = parse(&digits, NOW);
    }
}
