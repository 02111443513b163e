//! Lines as syslog(3) writes them to /dev/log: `<PRI>Mmm dd hh:mm:ss identifier[pid]: message`. Pure.

/// A line of a syslog client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// The level, if the line names one.
    pub priority: Option<u8>,
    /// The facility.
    pub facility: Option<u8>,
    /// The time as the client wrote it.
    pub timestamp: Option<&'a [u8]>,
    /// The name before the colon.
    pub identifier: Option<&'a [u8]>,
    /// The number in brackets.
    pub pid: Option<&'a [u8]>,
    /// The rest.
    pub message: &'a [u8],
}

/// Reads a datagram; whatever its bytes, it has at least a message.
pub fn parse(datagram: &[u8]) -> Line<'_> {
    let end = datagram
        .iter()
        .rposition(|byte| !matches!(byte, 0 | b'\n' | b' ' | b'\r'))
        .map_or(0, |last| last + 1);
    let (level, rest) = prefix(&datagram[..end]);
    let mut line = Line::default();
    if let Some(level) = level {
        line.priority = Some(u8::try_from(level & 7).unwrap_or(6));
        line.facility = u8::try_from(level >> 3).ok();
    }
    let (timestamp, rest) = timestamp(rest);
    line.timestamp = timestamp;
    let (identifier, pid, message) = identifier(rest);
    (line.identifier, line.pid, line.message) = (identifier, pid, message);
    line
}

/// `<N>` before a line: the number, at most 1023, and what follows.
pub fn prefix(line: &[u8]) -> (Option<u32>, &[u8]) {
    let read = || {
        let inner = line.strip_prefix(b"<")?;
        let close = inner.iter().take(5).position(|byte| *byte == b'>')?;
        let digits = std::str::from_utf8(&inner[..close]).ok()?;
        let number = digits
            .parse::<u32>()
            .ok()
            .filter(|number| *number < 1024 && !digits.starts_with('+'))?;
        Some((number, &inner[close + 1..]))
    };
    match read() {
        Some((number, rest)) => (Some(number), rest),
        None => (None, line),
    }
}

/// `Oct 11 22:14:15 ` at the beginning of a line.
fn timestamp(line: &[u8]) -> (Option<&[u8]>, &[u8]) {
    const SHAPE: &[u8] = b"aaa d0 00:00:00 ";
    let Some(head) = line.get(..SHAPE.len()) else { return (None, line) };
    let fits = head.iter().zip(SHAPE).all(|(byte, want)| match want {
        b'a' => byte.is_ascii_alphabetic(),
        b'd' => byte.is_ascii_digit() || *byte == b' ',
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    });
    if fits { (Some(head), &line[SHAPE.len()..]) } else { (None, line) }
}

/// `identifier[pid]: ` at the beginning of a line: the two names and what follows.
pub fn identifier(line: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, &[u8]) {
    let none = (None, None, line);
    let Some(end) = line.iter().position(|byte| matches!(byte, b' ' | b':')) else { return none };
    let Some(after) = line[end..].strip_prefix(b":") else { return none };
    let word = &line[..end];
    if word.is_empty() || !(after.is_empty() || after.starts_with(b" ")) {
        return none;
    }
    let message = after.strip_prefix(b" ").unwrap_or(after);
    let bracket = word.iter().position(|byte| *byte == b'[');
    let pid = bracket.and_then(|open| word[open + 1..].strip_suffix(b"]"));
    match (bracket, pid) {
        (Some(open), Some(pid)) if open > 0 && !pid.is_empty() => {
            (Some(&word[..open]), Some(pid), message)
        }
        _ => (Some(word), None, message),
    }
}

#[cfg(test)]
mod tests;
