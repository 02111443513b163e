//! Shell patterns: `*`, `?`, `[a-z]`, `[!a-z]` and a backslash before a plain character (glob(7)).

/// Whether the whole of `text` fits.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last star stands and how much of the text it has taken so far.
    let mut star = None::<(usize, usize)>;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if let Some(next) = one(&pattern, p, text[t]) {
            p = next;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Where the pattern goes on if its part at `at` takes `c`.
fn one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => class(pattern, at, c),
        '\\' if at + 1 < pattern.len() => (pattern[at + 1] == c).then_some(at + 2),
        plain => (plain == c).then_some(at + 1),
    }
}

fn class(pattern: &[char], at: usize, c: char) -> Option<usize> {
    let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    // A closing bracket right at the start is one of the characters.
    let Some(end) = (first + 1..pattern.len()).find(|index| pattern[*index] == ']') else {
        return (c == '[').then_some(at + 1);
    };
    let inside = &pattern[first..end];
    let mut index = 0;
    let mut found = false;
    while index < inside.len() {
        if let [low, '-', high, ..] = inside[index..] {
            found |= (low..=high).contains(&c);
            index += 3;
        } else {
            found |= inside[index] == c;
            index += 1;
        }
    }
    (found != negated).then_some(end + 1)
}

#[cfg(test)]
mod tests;
