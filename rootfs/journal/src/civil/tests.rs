use super::*;

#[test]
fn dates_and_counts_of_days_agree() {
    for day in (0..100_000).step_by(13) {
        let (year, month, number) = date(day);
        assert_eq!(days(year, month, number), Some(day));
    }
    for wrong in [(2023, 2, 29), (2024, 13, 1), (2024, 4, 31), (2024, 1, 0)] {
        assert_eq!(days(wrong.0, wrong.1, wrong.2), None);
    }
}

#[test]
fn a_moment_is_shown_in_utc() {
    let civil = Civil::utc(1_709_210_096_123_456);
    assert_eq!(civil.rfc3339_micros(), "2024-02-29T12:34:56.123456Z");
    assert_eq!((civil.weekday_name(), civil.month_name()), ("Thu", "Feb"));
}
