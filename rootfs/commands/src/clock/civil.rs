//! Moments by the calendar, in the host's time zone.

use super::SECOND;

/// Which time zone moments are printed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// That of `/etc/localtime` or `$TZ`.
    Local,
    /// UTC.
    Utc,
}

/// A moment taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// 0 is Sunday.
    pub weekday: u8,
    /// Seconds east of Greenwich.
    pub offset: i64,
    /// `UTC`, `CEST`.
    pub zone: String,
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl Zone {
    /// `Sun 2026-11-22 07:28:21 UTC` of microseconds since 1970.
    pub fn text(self, micros: u64) -> String {
        let Some(civil) = self.civil(micros) else {
            return "--- XXXX-XX-XX XX:XX:XX".to_owned();
        };
        let Civil { year, month, day, hour, minute, second, zone, weekday, .. } = civil;
        let weekday = WEEKDAYS[usize::from(weekday) % 7];
        format!("{weekday} {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} {zone}")
    }

    /// A moment taken apart; none where the C library cannot.
    pub fn civil(self, micros: u64) -> Option<Civil> {
        let seconds = i64::try_from(micros / SECOND).ok()?;
        let parts = split(self, seconds)?;
        let small = |value: i32| u8::try_from(value).unwrap_or(0);
        Some(Civil {
            year: parts.tm_year.checked_add(1900)?,
            month: small(parts.tm_mon + 1),
            day: small(parts.tm_mday),
            hour: small(parts.tm_hour),
            minute: small(parts.tm_min),
            second: small(parts.tm_sec),
            weekday: small(parts.tm_wday),
            offset: parts.tm_gmtoff,
            zone: zone_name(&parts, self),
        })
    }

    /// The microseconds since 1970 of a local date and time; the zone's own rule where a clock change makes two or none.
    pub fn micros(self, date: (i32, u8, u8), time: (u8, u8, u8)) -> Option<u64> {
        let seconds = join(self, date, time);
        u64::try_from(seconds).ok()?.checked_mul(SECOND)
    }
}

#[expect(
    unsafe_code,
    reason = "the C library knows the time zone; no kept small crate reads all forms of it"
)]
fn split(zone: Zone, seconds: i64) -> Option<libc::tm> {
    // SAFETY: tm is plain numbers and a pointer that may be null; both functions fill it or return null.
    unsafe {
        let mut parts: libc::tm = std::mem::zeroed();
        let filled = match zone {
            Zone::Local => libc::localtime_r(&raw const seconds, &raw mut parts),
            Zone::Utc => libc::gmtime_r(&raw const seconds, &raw mut parts),
        };
        (!filled.is_null()).then_some(parts)
    }
}

#[expect(unsafe_code, reason = "tm_zone points to the C library's name of the zone")]
fn zone_name(parts: &libc::tm, zone: Zone) -> String {
    if zone == Zone::Utc || parts.tm_zone.is_null() {
        return "UTC".to_owned();
    }
    // SAFETY: the name is a C string that lives until the next tzset, which only this thread could call.
    unsafe { std::ffi::CStr::from_ptr(parts.tm_zone) }.to_string_lossy().into_owned()
}

#[expect(unsafe_code, reason = "mktime has the rules of the zone")]
fn join(
    zone: Zone,
    (year, month, day): (i32, u8, u8),
    (hour, minute, second): (u8, u8, u8),
) -> i64 {
    // SAFETY: tm is plain numbers and a pointer that may be null; both functions read and normalize it.
    unsafe {
        let mut parts: libc::tm = std::mem::zeroed();
        parts.tm_year = year.saturating_sub(1900);
        parts.tm_mon = i32::from(month) - 1;
        parts.tm_mday = i32::from(day);
        parts.tm_hour = i32::from(hour);
        parts.tm_min = i32::from(minute);
        parts.tm_sec = i32::from(second);
        parts.tm_isdst = -1;
        match zone {
            Zone::Local => libc::mktime(&raw mut parts),
            Zone::Utc => libc::timegm(&raw mut parts),
        }
    }
}
