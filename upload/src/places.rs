//! How the places of the providers are written. What exists is theirs to know; what cannot is refused before a byte is
//! sent.

/// A region of Amazon: an area, directions and a number, such as `eu-central-1`.
pub fn amazon_region(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let (number, words) = parts.split_last().unwrap_or((&"", &[]));
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let known = words.len() >= 2 && words.iter().all(is_word) && is_number;
    checked(text, known, "a region such as eu-central-1 was expected, and no zone of it")
}

/// A project of Google: its id or its number, perhaps behind an organization's domain and a colon.
pub fn google_project(text: &str) -> Result<String, String> {
    let (domain, id) = text.split_once(':').unwrap_or(("a", text));
    let known = domain.split('.').all(is_label) && is_label(id);
    checked(text, known, "a project's id was expected: small letters, digits and hyphens")
}

/// A region or a group of regions of Google, such as `europe-west3` or `eu`.
pub fn google_location(text: &str) -> Result<String, String> {
    let is_zone = text.rsplit('-').next().is_some_and(|last| last.len() == 1) && text.contains('-');
    let known = is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase()) && !is_zone;
    checked(text, known, "a location such as eu or europe-west3 was expected, and no zone of it")
}

/// A region of Azure by its name or as it is shown, such as `westeurope` or `West Europe`.
pub fn azure_region(text: &str) -> Result<String, String> {
    let known = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
    checked(text, known, "a region such as westeurope was expected")
}

/// A label of a host name (RFC 1123), in small letters.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn checked(text: &str, known: bool, what: &str) -> Result<String, String> {
    if known { Ok(text.to_owned()) } else { Err(what.to_owned()) }
}

#[cfg(test)]
mod tests;
