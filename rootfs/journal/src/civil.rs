//! Dates and times of day, in UTC or the zone of this host.

use std::mem::MaybeUninit;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// A moment as a calendar and a clock show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Civil {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 60.
    pub second: u32,
    /// Microseconds of the second.
    pub micros: u32,
    /// 0 (Sunday) to 6.
    pub weekday: u32,
    /// Seconds east of UTC.
    pub offset: i64,
    /// The zone's short name.
    pub zone: String,
}

impl Civil {
    /// The moment `micros` microseconds after 1970 in UTC.
    pub fn utc(micros: u64) -> Self {
        let seconds = i64::try_from(micros / 1_000_000).unwrap_or(0);
        let (year, month, day) = date(seconds.div_euclid(86_400));
        let rest = u32::try_from(seconds.rem_euclid(86_400)).unwrap_or(0);
        Self {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            micros: u32::try_from(micros % 1_000_000).unwrap_or(0),
            weekday: u32::try_from((seconds.div_euclid(86_400) + 4).rem_euclid(7)).unwrap_or(0),
            offset: 0,
            zone: "UTC".to_owned(),
        }
    }

    /// The same in the zone of this host.
    pub fn local(micros: u64) -> Self {
        let (offset, zone) = zone_at(i64::try_from(micros / 1_000_000).unwrap_or(0));
        let shifted = micros.saturating_add_signed(offset * 1_000_000);
        Self { offset, zone, ..Self::utc(shifted) }
    }

    /// `Oct`
    pub fn month_name(&self) -> &'static str {
        MONTHS[usize::try_from(self.month.clamp(1, 12) - 1).unwrap_or(0)]
    }

    /// `Mon`
    pub fn weekday_name(&self) -> &'static str {
        WEEKDAYS[usize::try_from(self.weekday % 7).unwrap_or(0)]
    }

    /// `2024-01-31T12:00:00.123456Z`, or with the offset `+01:00`.
    pub fn rfc3339_micros(&self) -> String {
        let Self { year, month, day, hour, minute, second, micros, .. } = self;
        let zone = if self.offset == 0 { "Z".to_owned() } else { self.offset_text() };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}{zone}")
    }

    /// `+01:00`
    pub fn offset_text(&self) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs() / 60;
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// Microseconds since 1970 of a date and a time of day; in the zone of this host unless `utc`.
pub fn micros_of(year: i64, month: u32, day: u32, seconds_of_day: i64, utc: bool) -> Option<u64> {
    let seconds = days(year, month, day)? * 86_400 + seconds_of_day;
    let offset = |at: i64| if utc { 0 } else { zone_at(at).0 };
    // The offset in force then is that of the moment it leads to; a second look settles the hours around a change.
    let seconds = seconds - offset(seconds - offset(seconds));
    u64::try_from(seconds).ok()?.checked_mul(1_000_000)
}

/// Days since 1970 of a date of the Gregorian calendar; `None` if it has no such day.
pub fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1970..=9999).contains(&year) {
        return None;
    }
    // Years begin in March, so that the leap day is the last.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let count = years * 365 + years / 4 - years / 100
        + years / 400
        + i64::from((153 * months + 2) / 5 + day)
        - 1;
    let count = count - 719_468;
    (date(count) == (year, month, day)).then_some(count)
}

/// The date so many days after 1970.
fn date(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1))
}

/// Seconds east of UTC in the zone of this host at a moment, and the zone's name.
#[expect(unsafe_code, reason = "the C library knows the zone, and has no safe binding")]
fn zone_at(seconds: i64) -> (i64, String) {
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values of the right types; a zeroed `tm` is a valid one.
    let parts = unsafe {
        libc::localtime_r(&raw const seconds, parts.as_mut_ptr());
        parts.assume_init()
    };
    if parts.tm_zone.is_null() {
        return (0, "UTC".to_owned());
    }
    // SAFETY: localtime_r sets `tm_zone` to a NUL-terminated string the C library keeps.
    let zone = unsafe { std::ffi::CStr::from_ptr(parts.tm_zone) };
    (parts.tm_gmtoff, zone.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
