//! The order of Debian versions (Debian Policy 5.6.12): epoch, upstream version, revision.

use std::cmp::Ordering;

/// Compares two Debian versions as dpkg does.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a_epoch, a_upstream, a_revision) = split(a);
    let (b_epoch, b_upstream, b_revision) = split(b);
    part(a_epoch, b_epoch)
        .then_with(|| part(a_upstream, b_upstream))
        .then_with(|| part(a_revision, b_revision))
}

fn split(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    (epoch, upstream, revision)
}

/// Non-digit runs by the modified ASCII order, digit runs by number, in turn.
fn part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (a_text, a_after) = cut(a, |c| !c.is_ascii_digit());
        let (b_text, b_after) = cut(b, |c| !c.is_ascii_digit());
        let (a_number, a_tail) = cut(a_after, |c| c.is_ascii_digit());
        let (b_number, b_tail) = cut(b_after, |c| c.is_ascii_digit());
        let a_number = a_number.trim_start_matches('0');
        let b_number = b_number.trim_start_matches('0');
        let order = text(a_text, b_text)
            .then_with(|| a_number.len().cmp(&b_number.len()))
            .then_with(|| a_number.cmp(b_number));
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (a_tail, b_tail);
    }
    Ordering::Equal
}

fn cut(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// `~` sorts before the end, the end before letters, letters before the rest.
fn text(a: &str, b: &str) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let (a, b) = (a.as_bytes(), b.as_bytes());
    (0..a.len().max(b.len()))
        .map(|i| weight(a.get(i)).cmp(&weight(b.get(i))))
        .find(|order| *order != Ordering::Equal)
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering::{self, Equal, Greater, Less};

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        let table: [(&str, Ordering, &str); 12] = [
            ("1.0-1", Equal, "1.0-1"),
            ("1.0-1", Less, "1.0-2"),
            ("1.0~rc1-1", Less, "1.0-1"),
            ("1.0~~", Less, "1.0~"),
            ("1.10", Greater, "1.9"),
            ("1:0.1", Greater, "9.9"),
            ("1.0", Equal, "1.0-0"),
            ("1.0+deb13u1", Greater, "1.0"),
            ("257.13-1~deb13u1", Less, "257.13-1"),
            ("6.12.107-1", Greater, "6.12.57-1"),
            ("1.0a", Less, "1.0+"),
            ("0.004", Equal, "0.4"),
        ];
        for (a, order, b) in table {
            assert_eq!(compare(a, b), order, "{a} against {b}");
            assert_eq!(compare(b, a), order.reverse(), "{b} against {a}");
        }
    }
}
