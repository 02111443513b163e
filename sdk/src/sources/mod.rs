//! Where packages come from: reading the host's apt sources in both formats, choosing its Debian mirror,
//! and writing the sources of the private apt root. Pure: text in, values and text out.

/// Names a Debian mirror's main suite may have on a host. Other distributions name theirs otherwise.
const SUITES: [&str; 11] = [
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "sid",
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
];

/// One suite at one place, as the host's configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) uri: String,
    pub(crate) suite: String,
    pub(crate) components: Vec<String>,
    pub(crate) signed_by: String,
}

/// The places of one Debian mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    /// Holds the suite and its `-updates`.
    pub(crate) main: String,
    /// Holds the `-security` suite.
    pub(crate) security: String,
    /// Whether a mirror without `-updates` or `-security` will do. So it is where the user named the
    /// mirror; a host whose configured security archive does not answer must not go without it.
    pub(crate) partial: bool,
}

/// Reads a deb822 file (`*.sources`). Stanzas that are disabled or hold no binary packages are left out.
pub(crate) fn parse_deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let plain: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect();
    for stanza in plain.split("\n\n") {
        let (types, uris, suites) =
            (words(stanza, "Types"), words(stanza, "URIs"), words(stanza, "Suites"));
        let disabled = words(stanza, "Enabled").first().is_some_and(|value| {
            matches!(value.to_ascii_lowercase().as_str(), "no" | "false" | "0")
        });
        if disabled || !types.iter().any(|kind| kind == "deb") {
            continue;
        }
        let signed_by = words(stanza, "Signed-By").join(" ");
        for uri in &uris {
            for suite in &suites {
                sources.push(Source {
                    uri: uri.clone(),
                    suite: suite.clone(),
                    components: words(stanza, "Components"),
                    signed_by: signed_by.clone(),
                });
            }
        }
    }
    sources
}

/// The words of a field, continuation lines included.
fn words(stanza: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in stanza.lines() {
        if line.starts_with([' ', '\t']) {
            if inside {
                found.extend(line.split_whitespace().map(str::to_owned));
            }
        } else if let Some((key, value)) = line.split_once(':') {
            inside = key.trim().eq_ignore_ascii_case(name);
            if inside {
                found.extend(value.split_whitespace().map(str::to_owned));
            }
        }
    }
    found
}

/// Reads a one-line-style file (`sources.list`, `*.list`).
pub(crate) fn parse_list(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb")?;
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut parts = rest.split_whitespace().map(str::to_owned);
    Some(Source {
        uri: parts.next()?,
        suite: parts.next()?,
        components: parts.collect(),
        signed_by: options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="))
            .unwrap_or_default()
            .to_owned(),
    })
}

/// The Debian mirror among a host's sources; none on a host that has no Debian sources.
///
/// Archives of third parties use suite names of Debian too, so a source counts the more the more it looks
/// like Debian itself: its `-updates` are at the same place, its folder is called `debian`, Debian's keyring signs it.
pub(crate) fn choose(sources: &[Source]) -> Option<Mirror> {
    let usable = |source: &&Source| {
        !source.uri.starts_with("cdrom:") && source.components.iter().any(|name| name == "main")
    };
    let score = |source: &Source| {
        let updates = format!("{}-updates", source.suite);
        let beside = |other: &Source| same(&other.uri, &source.uri) && other.suite == updates;
        u8::from(sources.iter().any(beside)) * 4
            + u8::from(folder(&source.uri) == "debian") * 2
            + u8::from(source.signed_by.contains("debian-archive"))
    };
    let mut best: Option<(&Source, u8)> = None;
    for source in sources.iter().filter(usable) {
        let score = score(source);
        if SUITES.contains(&source.suite.as_str()) && score > best.map_or(0, |(_, score)| score) {
            best = Some((source, score));
        }
    }
    let (main, _) = best?;
    let security = sources.iter().filter(usable).find(|source| {
        source.suite == format!("{}-security", main.suite)
            || source.suite == format!("{}/updates", main.suite)
    });
    Some(Mirror {
        main: main.uri.clone(),
        security: security.map_or_else(|| beside(&main.uri), |source| source.uri.clone()),
        partial: security.is_none(),
    })
}

/// The mirror a user named.
pub(crate) fn from_url(url: &str) -> Mirror {
    Mirror { main: url.to_owned(), security: beside(url), partial: true }
}

/// The security archive's usual place beside a mirror: `.../debian` and `.../debian-security`.
fn beside(uri: &str) -> String {
    format!("{}-security", uri.trim_end_matches('/'))
}

fn folder(uri: &str) -> &str {
    uri.trim_end_matches('/').rsplit('/').next().unwrap_or(uri)
}

fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

/// The sources of the private apt root, in deb822 form. With `whole` unset only the suite itself is named.
pub(crate) fn write(mirror: &Mirror, suite: &str, keyring: &str, whole: bool) -> String {
    let stanza = |uri: &str, suites: &str| {
        format!(
            "Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\nArchitectures: amd64\nSigned-By: {keyring}\n"
        )
    };
    if whole {
        format!(
            "{}\n{}",
            stanza(&mirror.main, &format!("{suite} {suite}-updates")),
            stanza(&mirror.security, &format!("{suite}-security"))
        )
    } else {
        stanza(&mirror.main, suite)
    }
}

#[cfg(test)]
mod tests;
