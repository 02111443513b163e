//! Passwords in the text of `/etc/shadow` (shadow(5)).

/// The text with `hash` as the password of `user`, who gets a line if there is none. Other fields stay.
pub fn with_password(text: &str, user: &str, hash: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let is_theirs = |line: &&mut String| line.split(':').next() == Some(user);
    if let Some(line) = lines.iter_mut().find(is_theirs) {
        let rest = line.splitn(3, ':').nth(2).unwrap_or("::::::").to_owned();
        *line = format!("{user}:{hash}:{rest}");
    } else {
        lines.push(format!("{user}:{hash}:::::::"));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_of_the_user_changes() {
        let text = "root:*:1::::::\ncore:*:::::::\n";
        for (user, expected) in [
            ("core", "root:*:1::::::\ncore:$6$a$b:::::::\n"),
            ("root", "root:$6$a$b:1::::::\ncore:*:::::::\n"),
            ("new", "root:*:1::::::\ncore:*:::::::\nnew:$6$a$b:::::::\n"),
        ] {
            let once = with_password(text, user, "$6$a$b");
            assert_eq!(once, expected);
            assert_eq!(with_password(&once, user, "$6$a$b"), once, "twice");
        }
    }
}
