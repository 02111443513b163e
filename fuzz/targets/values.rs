//! The values of unit files: words, escapes, calendar events, times and sizes.

#![no_main]

use std::path::Path;

use keelson_units::calendar::{Calendar, Zones};
use keelson_units::{escape, fstab, value, words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let _ = words::split(&text);
    let _ = (value::time_span(&text), value::size(&text), value::permyriad(&text));
    let _ = (value::mode(&text), value::processors(&text), value::nanoseconds(&text));
    let _ = fstab::parse(&text, Path::new("/etc/fstab"), &mut Vec::new());
    // A zero byte cannot be in a name.
    if !text.contains('\0') {
        assert_eq!(escape::unescape(&escape::escape(&text)).as_deref(), Some(&*text));
    }
    if let Ok(calendar) = text.parse::<Calendar>() {
        let again: Calendar = calendar.to_string().parse().expect("the normal form is one");
        let zones = Zones::new(Path::new("/nowhere"));
        let base = 1_767_225_600_000_000;
        let next = calendar.next_after(base, &zones);
        assert_eq!(next, again.next_after(base, &zones), "{text} is not {calendar}");
        assert!(next.is_none_or(|next| next > base), "{calendar} elapses in the past");
    }
});
