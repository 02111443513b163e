//! The text of the private root's `apt.conf`.

use std::fmt::Write as _;
use std::path::Path;

use super::AptError;

/// What of the host's `Acquire::` settings goes on to apply: how to reach the network, and how the
/// administrator wants validity judged. Everything else of the host's configuration stays out.
const KEPT: [&str; 8] = [
    "acquire::http",
    "acquire::https",
    "acquire::ftp",
    "acquire::retries",
    "acquire::forceipv4",
    "acquire::forceipv6",
    "acquire::check-valid-until",
    "acquire::check-date",
];

/// Whether a setting of the host, by its full name, is kept.
pub(super) fn is_kept(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    KEPT.iter().any(|kept| {
        key.strip_prefix(kept).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

/// The configuration of a root in `root`. `kept` are settings of the host as `apt-config dump` prints
/// them, names and values.
pub(super) fn write(root: &Path, kept: &[(String, String)]) -> Result<String, AptError> {
    let place = |relative: &str| root.join(relative).display().to_string();
    let mut settings: Vec<(String, String)> = [
        // Paths of our own: nothing of the host's apt state is read or written.
        ("Dir::State", place("state")),
        ("Dir::State::lists", place("state/lists")),
        ("Dir::State::status", place("status")),
        ("Dir::State::extended_states", place("state/extended_states")),
        ("Dir::Cache", place("cache")),
        ("Dir::Cache::archives", place("cache/archives")),
        ("Dir::Log", place("log")),
        ("Dir::Etc::sourcelist", "/dev/null".to_owned()),
        ("Dir::Etc::sourceparts", place("sources")),
        ("Dir::Etc::main", "/dev/null".to_owned()),
        ("Dir::Etc::parts", "/dev/null".to_owned()),
        ("Dir::Etc::preferences", "/dev/null".to_owned()),
        ("Dir::Etc::preferencesparts", "/dev/null".to_owned()),
        ("Dir::Etc::trusted", "/dev/null".to_owned()),
        ("Dir::Etc::trustedparts", "/dev/null".to_owned()),
        ("APT::Architecture", "amd64".to_owned()),
        ("APT::Architectures::", "amd64".to_owned()),
        ("APT::Install-Recommends", "false".to_owned()),
        ("APT::Install-Suggests", "false".to_owned()),
        // No other user to drop to: the cache belongs to the user who builds.
        ("APT::Sandbox::User", String::new()),
        ("Acquire::Languages", "none".to_owned()),
        ("Acquire::AllowInsecureRepositories", "false".to_owned()),
        ("Acquire::AllowWeakRepositories", "false".to_owned()),
        ("Acquire::GzipIndexes", "false".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    if !kept.iter().any(|(key, _)| key.eq_ignore_ascii_case("Acquire::Retries")) {
        settings.push(("Acquire::Retries".to_owned(), "3".to_owned()));
    }
    settings.extend(kept.iter().cloned());
    let mut text = String::new();
    for (key, value) in settings {
        if value.contains(['"', '\n']) {
            return Err(AptError::Quote(value));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key} \"{value}\";");
    }
    Ok(text)
}
