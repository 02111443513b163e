//! Comparisons of numbers and versions, with their operators (systemd.unit(5), `ConditionVersion=`).

use std::cmp::Ordering;

/// Operators, the longer ones first.
const OPERATORS: [&str; 12] = ["!$=", "$=", "!=", "<>", "<=", ">=", "==", "=", "<", ">", "!", ""];

fn operator(text: &str) -> (&'static str, &str) {
    let found =
        OPERATORS.iter().find_map(|operator| Some((*operator, text.strip_prefix(operator)?)));
    let (operator, rest) = found.unwrap_or(("", text));
    (operator, rest.trim())
}

fn holds(operator: &str, order: Ordering) -> bool {
    match operator {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        "!=" | "<>" | "!" => order.is_ne(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        _ => order.is_eq(),
    }
}

/// `>= 4`, `1G`; without an operator at least.
pub(super) fn compare_number(text: &str, value: u64) -> bool {
    let (operator, rest) = operator(text.trim());
    let operator = if operator.is_empty() { ">=" } else { operator };
    let number = keelson_units::value::size(rest).or_else(|| rest.parse().ok());
    number.is_some_and(|number| holds(operator, value.cmp(&number)))
}

/// Several tests with white space between them; one without an operator is a pattern.
pub(super) fn compare_all(text: &str, value: &str) -> bool {
    let mut words = text.split_whitespace().peekable();
    let mut all = true;
    while let Some(word) = words.next() {
        let lone = !operator(word).0.is_empty() && operator(word).1.is_empty();
        let next = words.next_if(|_| lone).unwrap_or_default();
        all &= compare_text(&format!("{word}{next}"), value);
    }
    all
}

/// `=x`, `!=x`, `<1.2`, `$=glob*`, or a pattern alone.
pub(super) fn compare_text(test: &str, value: &str) -> bool {
    let (operator, rest) = operator(test.trim());
    let rest = rest.trim_matches('"');
    match operator {
        "" | "$=" => super::files::matches(rest, value),
        "!$=" => !super::files::matches(rest, value),
        "=" | "!=" => (rest == value) == (operator == "="),
        operator => holds(operator, compare_versions(value, rest)),
    }
}

/// The order of the UAPI group's version format specification.
pub(super) fn compare_versions(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"~-^.".contains(byte);
    loop {
        left = &left[left.iter().position(is_part).unwrap_or(left.len())..];
        right = &right[right.iter().position(is_part).unwrap_or(right.len())..];
        for mark in *b"~-^." {
            let (l, r) = (left.first() == Some(&mark), right.first() == Some(&mark));
            let ended = left.is_empty() || right.is_empty();
            match (l, r) {
                // A tilde is before the end of the text, and that before the others.
                (true, false) if mark == b'~' => return Ordering::Less,
                (false, true) if mark == b'~' => return Ordering::Greater,
                (true, false) => return if ended { Ordering::Greater } else { Ordering::Less },
                (false, true) => return if ended { Ordering::Less } else { Ordering::Greater },
                (true, true) => {
                    left = &left[1..];
                    right = &right[1..];
                }
                (false, false) => {}
            }
        }
        if left.is_empty() || right.is_empty() {
            return left.len().cmp(&right.len());
        }
        let digits = left[0].is_ascii_digit() || right[0].is_ascii_digit();
        let take = |text: &[u8]| {
            let part =
                |byte: &u8| if digits { byte.is_ascii_digit() } else { byte.is_ascii_alphabetic() };
            text.iter().position(|byte| !part(byte)).unwrap_or(text.len())
        };
        let (l, r) = (take(left), take(right));
        let order = if digits {
            let trim = |text: &[u8]| {
                text[text.iter().position(|byte| *byte != b'0').unwrap_or(text.len())..].to_vec()
            };
            let (l, r) = (trim(&left[..l]), trim(&right[..r]));
            l.len().cmp(&r.len()).then(l.cmp(&r))
        } else {
            left[..l].cmp(&right[..r])
        };
        if order.is_ne() {
            return order;
        }
        left = &left[l..];
        right = &right[r..];
    }
}
