//! Domain names as DHCP and router advertisements carry them (RFC 1035 section 3.1, with compression of section 4.1.4).

/// The longest name in text.
const LONGEST: usize = 253;
/// More names than anybody has; a bound on what a stranger may send.
const MOST: usize = 32;

/// The name, if it is one: labels of letters, digits, `-` and `_`. It may land in `/etc/resolv.conf` and in a shell.
pub fn checked(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.');
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
    };
    (name.len() <= LONGEST && name.split('.').all(label)).then(|| name.to_owned())
}

/// A checked name as the kernel takes it for the host's: its first label, and 64 bytes, where it is longer than that.
pub fn host(name: &str) -> &str {
    const MOST: usize = 64;
    if name.len() <= MOST {
        return name;
    }
    let label = name.split('.').next().unwrap_or(name);
    label.get(..MOST).unwrap_or(label)
}

/// Reads names behind one another; what is malformed ends the list, what is no host name is passed over.
pub fn read_list(bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0;
    while at < bytes.len() && names.len() < MOST {
        let Some((name, next)) = read_name(bytes, at) else { break };
        names.extend(checked(&name));
        at = next;
    }
    names
}

/// One name at `start`, and where the next one begins.
fn read_name(bytes: &[u8], start: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut next = None;
    let mut at = start;
    loop {
        match *bytes.get(at)? {
            0 => return Some((name, next.unwrap_or(at + 1))),
            length @ 1..=63 => {
                let label = bytes.get(at + 1..at + 1 + usize::from(length))?;
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(&String::from_utf8_lossy(label));
                at += 1 + usize::from(length);
            }
            high @ 0xc0.. => {
                let target = usize::from(high & 0x3f) << 8 | usize::from(*bytes.get(at + 1)?);
                next = next.or(Some(at + 2));
                // Only backwards, so that every pointer followed comes nearer to the start.
                if target >= at {
                    return None;
                }
                at = target;
            }
            _ => return None,
        }
        if name.len() > LONGEST {
            return None;
        }
    }
}

/// The name in DNS form without compression.
pub fn write(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty() && label.len() <= 63) {
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests;
