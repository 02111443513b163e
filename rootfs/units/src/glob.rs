//! Shell patterns: `*`, `?`, `[a-z]`, `[!a]`, `\x` (glob(7)). Pure.

/// Whether a text has characters that make it a pattern.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Whether a name matches a pattern (fnmatch(3) without flags).
///
/// `*` is tried from the last one seen, so the time is at most the product of the lengths.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut here) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while here < name.len() {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, here));
            at += 1;
            continue;
        }
        if let Some(next) = one(&pattern, at, name[here]) {
            at = next;
            here += 1;
        } else if let Some((star_at, taken)) = star {
            star = Some((star_at, taken + 1));
            at = star_at + 1;
            here = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// Whether one character matches what stands at `at`; gives where the pattern goes on.
fn one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => match class(pattern, at, c) {
            Some((held, next)) => held.then_some(next),
            // A bracket that is never closed is itself.
            None => (c == '[').then_some(at + 1),
        },
        '\\' if at + 1 < pattern.len() => (pattern[at + 1] == c).then_some(at + 2),
        own => (own == c).then_some(at + 1),
    }
}

/// `[...]` from its bracket: whether the character is in it, and where it ends.
fn class(pattern: &[char], start: usize, c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(start + 1), Some('!' | '^'));
    let first = start + 1 + usize::from(negated);
    let mut at = first;
    let mut held = false;
    loop {
        let low = *pattern.get(at)?;
        if low == ']' && at > first {
            return Some((held != negated, at + 1));
        }
        let range =
            pattern.get(at + 1) == Some(&'-') && pattern.get(at + 2).is_some_and(|c| *c != ']');
        let high = if range { pattern[at + 2] } else { low };
        held |= (low..=high).contains(&c);
        at += if range { 3 } else { 1 };
    }
}

#[cfg(test)]
mod tests;
