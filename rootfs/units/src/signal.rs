//! Names of signals (signal(7)); the numbers are those of Linux on x86-64 and arm64.

/// The first real-time signal a program may use.
const RTMIN: i32 = 34;
/// The last real-time signal.
const RTMAX: i32 = 64;

/// The number of `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3`.
pub fn number(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (1..=RTMAX).contains(&number).then_some(number);
    }
    let name = text.strip_prefix("SIG").unwrap_or(text);
    if let Some((_, number)) = SIGNALS.iter().find(|(known, _)| *known == name) {
        return Some(*number);
    }
    let number = if let Some(offset) = name.strip_prefix("RTMIN") {
        RTMIN.checked_add(if offset.is_empty() {
            0
        } else {
            offset.strip_prefix('+')?.parse().ok()?
        })
    } else {
        let offset = name.strip_prefix("RTMAX")?;
        RTMAX.checked_sub(if offset.is_empty() {
            0
        } else {
            offset.strip_prefix('-')?.parse().ok()?
        })
    }?;
    (RTMIN..=RTMAX).contains(&number).then_some(number)
}

/// The name with its `SIG`: `SIGTERM`, `SIGRTMIN+3`.
pub fn name(number: i32) -> Option<String> {
    if let Some((name, _)) = SIGNALS.iter().find(|(_, known)| *known == number) {
        return Some(format!("SIG{name}"));
    }
    match number {
        RTMIN => Some("SIGRTMIN".to_owned()),
        number if (RTMIN..=RTMAX).contains(&number) => Some(format!("SIGRTMIN+{}", number - RTMIN)),
        _ => None,
    }
}

/// Name without `SIG`, and number; where two names have one number, the usual one is first.
const SIGNALS: &[(&str, i32)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("IOT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("POLL", 29),
    ("PWR", 30),
    ("SYS", 31),
];

#[cfg(test)]
mod tests;
