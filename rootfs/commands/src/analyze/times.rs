//! `time` and `blame`.

use keelson_control::{Timings, UnitTiming};

use crate::clock::span;

/// Spans are given to the millisecond.
pub const ACCURACY: u64 = 1000;

/// How long the parts of the boot took.
pub fn summary(timings: &Timings) -> String {
    let kernel_end = if timings.initramfs > 0 { timings.initramfs } else { timings.userspace };
    let parts = [
        ("firmware", timings.firmware),
        ("loader", timings.loader),
        ("kernel", kernel_end),
        ("initrd", timings.userspace.saturating_sub(kernel_end)),
        ("userspace", timings.finished.saturating_sub(timings.userspace)),
    ];
    let given = parts.iter().filter(|(_, time)| *time > 0);
    let texts: Vec<String> =
        given.map(|(name, time)| format!("{} ({name})", span(*time, ACCURACY))).collect();
    let total = timings.firmware + timings.loader + timings.finished;
    let mut out =
        format!("Startup finished in {} = {} \n", texts.join(" + "), span(total, ACCURACY));
    if let Some(goal) = goal(timings) {
        let reached = span(goal.activated.saturating_sub(timings.userspace), ACCURACY);
        put!(out, "{} reached after {reached} in userspace.\n", goal.name);
    }
    out
}

/// What the boot went for: the default target, by either of its names.
pub fn goal(timings: &Timings) -> Option<&UnitTiming> {
    let names = ["graphical.target", "multi-user.target", "default.target"];
    let unit =
        |name: &&str| timings.units.iter().find(|unit| unit.name == **name && unit.activated > 0);
    names.iter().find_map(unit)
}

/// How long a unit took to start; none where it never was up.
pub fn took(unit: &UnitTiming) -> Option<u64> {
    (unit.activating > 0 && unit.activated >= unit.activating)
        .then(|| unit.activated - unit.activating)
}

/// Units by the time they took, the longest first.
pub fn blame(timings: &Timings) -> String {
    let mut units: Vec<(u64, &str)> =
        timings.units.iter().filter_map(|unit| Some((took(unit)?, unit.name.as_str()))).collect();
    units.retain(|(time, _)| *time > 0);
    units.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let spans: Vec<String> = units.iter().map(|(time, _)| span(*time, ACCURACY)).collect();
    let width = spans.iter().map(String::len).max().unwrap_or(0);
    let mut out = String::new();
    for (span, (_, name)) in spans.iter().zip(units) {
        put!(out, "{span:>width$} {name}\n");
    }
    out
}

#[cfg(test)]
pub(crate) use tests::timings as tests_timings;

#[cfg(test)]
mod tests;
