use super::*;

#[test]
fn distances_are_rounded_the_more_the_farther_they_are() {
    for (micros, text) in [
        (0, "now"),
        (999, "999us"),
        (1500, "1ms"),
        (59 * SECOND, "59s"),
        (61 * SECOND, "1min 1s"),
        (6 * MINUTE + 3, "6min"),
        (HOUR + 5 * MINUTE, "1h 5min"),
        (7 * HOUR, "7h"),
        (26 * HOUR, "1 day 2h"),
        (3 * DAY, "3 days"),
        (WEEK, "1 week"),
        (WEEK + DAY, "1 week 1 day"),
        (2 * MONTH + 3 * DAY, "2 months 3 days"),
        (2 * YEAR + MONTH, "2 years 1 month"),
    ] {
        assert_eq!(distance(micros), text);
    }
    assert_eq!(relative(5 * SECOND, 10 * SECOND), "5s ago");
    assert_eq!(relative(10 * SECOND, 5 * SECOND), "5s left");
}

#[test]
fn spans_have_a_fraction_below_a_minute() {
    for (micros, accuracy, text) in [
        (0, 1, "0"),
        (33_456, 1000, "33ms"),
        (33_456, 1, "33.456ms"),
        (1_234_567, 1000, "1.234s"),
        (1_200_000, 1000, "1.200s"),
        (2_000_123, 1000, "2.000s"),
        (62_345_678, 1000, "1min 2.345s"),
        (90 * SECOND, 1, "1min 30s"),
        (DAY + 3 * HOUR, 1, "1d 3h"),
        (7, 1, "7us"),
    ] {
        assert_eq!(span(micros, accuracy), text, "{micros}");
    }
}

#[test]
fn sizes_have_one_digit_after_the_point() {
    for (count, text) in [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1K"),
        (6_186_598, "5.8M"),
        (1 << 30, "1G"),
        (3 << 29, "1.5G"),
    ] {
        assert_eq!(bytes(count), text);
    }
}

#[test]
fn moments_are_printed_as_the_calendar_has_them() {
    let micros = 1_795_332_501 * SECOND;
    assert_eq!(Zone::Utc.text(micros), "Sun 2026-11-22 07:28:21 UTC");
    assert_eq!(Zone::Utc.micros((2026, 11, 22), (7, 28, 21)), Some(micros));
    assert_eq!(Zone::Utc.text(u64::MAX).len(), "Sun 586524-01-19 08:01:49 UTC".len());
}

#[test]
fn moments_are_read_as_people_write_them() {
    let now = Now { real: 1_795_332_501 * SECOND, mono: 0 };
    let text = |text: &str| parse_moment(text, now, Zone::Utc).map(|micros| Zone::Utc.text(micros));
    for (written, read) in [
        ("now", "Sun 2026-11-22 07:28:21 UTC"),
        ("today", "Sun 2026-11-22 00:00:00 UTC"),
        ("yesterday", "Sat 2026-11-21 00:00:00 UTC"),
        ("tomorrow", "Mon 2026-11-23 00:00:00 UTC"),
        ("2026-11-22", "Sun 2026-11-22 00:00:00 UTC"),
        ("Sun 2026-11-22 07:28:21 UTC", "Sun 2026-11-22 07:28:21 UTC"),
        ("2026-11-22T07:28", "Sun 2026-11-22 07:28:00 UTC"),
        ("23:59:58", "Sun 2026-11-22 23:59:58 UTC"),
        ("+5min", "Sun 2026-11-22 07:33:21 UTC"),
        ("1h ago", "Sun 2026-11-22 06:28:21 UTC"),
        ("@0", "Thu 1970-01-01 00:00:00 UTC"),
    ] {
        assert_eq!(text(written).as_deref(), Some(read), "{written}");
    }
    for wrong in ["", "soon", "Mon 2026-11-22", "2026-02-30", "25:00", "2026-13-01", "+", "1 2 3 4"]
    {
        assert_eq!(text(wrong), None, "{wrong}");
    }
}
