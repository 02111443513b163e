//! The order of versions (UAPI.10, "Version Format Specification", "Version comparison").

use std::cmp::Ordering;

/// Which of two texts of letters, digits, `.`, `-`, `~` and `^` is newer.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        // A tilde is older than anything, the end included.
        if let Some(order) = separator(&mut a, &mut b, b'~') {
            return order;
        }
        if a.is_empty() || b.is_empty() {
            return a.len().min(1).cmp(&b.len().min(1));
        }
        for mark in [b'-', b'^', b'.'] {
            if let Some(order) = separator(&mut a, &mut b, mark) {
                return order;
            }
        }
        let digits = [a, b].iter().any(|text| text.first().is_some_and(u8::is_ascii_digit));
        let (x, y) = if digits {
            (take(&mut a, u8::is_ascii_digit), take(&mut b, u8::is_ascii_digit))
        } else {
            (take(&mut a, u8::is_ascii_alphabetic), take(&mut b, u8::is_ascii_alphabetic))
        };
        let order = if digits { number(x, y) } else { x.cmp(y) };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Where only one text has this character, it is the older one; where both have, they go on behind it.
fn separator(a: &mut &[u8], b: &mut &[u8], mark: u8) -> Option<Ordering> {
    match (a.strip_prefix(&[mark]), b.strip_prefix(&[mark])) {
        (Some(rest_a), Some(rest_b)) => (*a, *b) = (rest_a, rest_b),
        (Some(_), None) => return Some(Ordering::Less),
        (None, Some(_)) => return Some(Ordering::Greater),
        (None, None) => {}
    }
    None
}

fn take<'a>(text: &mut &'a [u8], of: impl Fn(&u8) -> bool) -> &'a [u8] {
    let end = text.iter().position(|byte| !of(byte)).unwrap_or(text.len());
    let (taken, rest) = text.split_at(end);
    *text = rest;
    taken
}

/// Compares digits by their value; no digits are less than any.
fn number(a: &[u8], b: &[u8]) -> Ordering {
    let value = |text: &[u8]| text.iter().skip_while(|digit| **digit == b'0').count();
    let significant = |text: &[u8]| text[text.len() - value(text)..].to_vec();
    (!a.is_empty())
        .cmp(&!b.is_empty())
        .then_with(|| value(a).cmp(&value(b)))
        .then_with(|| significant(a).cmp(&significant(b)))
}
